import type { ReactiveController, ReactiveControllerHost } from "lit";

/** Draws a component's canvas again after each update, and when its width or the theme has changed. */
export class CanvasController implements ReactiveController {
  readonly #resize = new ResizeObserver(() => this.draw());
  #observed: HTMLCanvasElement | null = null;
  readonly #theme = new MutationObserver(() => this.draw());
  readonly #system = window.matchMedia("(prefers-color-scheme: dark)");
  readonly #drawAgain = (): void => this.draw();

  constructor(
    host: ReactiveControllerHost,
    private readonly canvas: () => HTMLCanvasElement | null,
    private readonly draw: () => void,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.#theme.observe(document.documentElement, { attributes: true });
    this.#system.addEventListener("change", this.#drawAgain);
  }

  hostUpdated(): void {
    const canvas = this.canvas();
    // To be observed anew is to be told anew: the canvas would be drawn twice at each update.
    if (canvas !== null && canvas !== this.#observed) this.#resize.observe(canvas);
    this.#observed = canvas;
    this.draw();
  }

  hostDisconnected(): void {
    this.#resize.disconnect();
    this.#observed = null;
    this.#theme.disconnect();
    this.#system.removeEventListener("change", this.#drawAgain);
  }
}
