import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { NotebookStore } from "./notebook-store";

/** Draws a component again whenever the store has changed. */
export class StoreController implements ReactiveController {
  #unsubscribe: (() => void) | null = null;

  constructor(private readonly host: ReactiveControllerHost & { store?: NotebookStore }) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#subscribe();
  }

  /** An element that was there before its part came is connected before it has its properties. */
  hostUpdate(): void {
    this.#subscribe();
  }

  hostDisconnected(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  #subscribe(): void {
    this.#unsubscribe ??= this.host.store?.subscribe(() => this.host.requestUpdate()) ?? null;
  }
}
