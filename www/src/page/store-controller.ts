import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { NotebookStore } from "./notebook-store";

/** Draws a component again whenever the store has changed. */
export class StoreController implements ReactiveController {
  #unsubscribe: (() => void) | null = null;

  constructor(private readonly host: ReactiveControllerHost & { store: NotebookStore }) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#unsubscribe = this.host.store.subscribe(() => this.host.requestUpdate());
  }

  hostDisconnected(): void {
    this.#unsubscribe?.();
  }
}
