import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { KernelState } from "../protocol";
import { base, buttons } from "../style/shared";
import { formatBytes, plural } from "./format";
import type { NotebookStore } from "./notebook-store";
import { StoreController } from "./store-controller";

const STATES: Readonly<Record<KernelState, string>> = {
  starting: "Starting",
  idle: "Idle",
  busy: "Busy",
  dead: "Dead",
};

/** What the kernel is doing and what it runs on. */
@customElement("chunkbook-kernel")
export class KernelStatus extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        position: relative;
      }
      summary {
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        min-height: 2.25rem;
        padding: 0 0.75rem;
        border: 1px solid var(--line);
        border-radius: 1.125rem;
        background: var(--surface);
        font: 500 0.875rem/1 var(--sans);
        white-space: nowrap;
        list-style: none;
        cursor: pointer;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary:hover {
        background: var(--hover);
      }
      .dot {
        width: 0.625rem;
        height: 0.625rem;
        border-radius: 50%;
        background: var(--accent);
      }
      .starting .dot {
        border: 2px solid var(--busy);
        background: transparent;
      }
      /* Still: a pulse would have the compositor draw sixty frames a second beside the threads that compute. */
      .busy .dot {
        background: var(--busy);
      }
      .dead .dot {
        border-radius: 2px;
        background: var(--error);
      }
      .threads {
        color: var(--ink-soft);
        font-weight: 400;
      }
      .about {
        position: absolute;
        top: calc(100% + 0.4rem);
        right: 0;
        z-index: 20;
        width: max-content;
        max-width: min(22rem, calc(100vw - 2rem));
        padding: 0.75rem 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow-raised);
        font-size: 0.875rem;
      }
      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.2rem 1rem;
        margin: 0;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        font-variant-numeric: tabular-nums;
      }
      @media (max-width: 40rem) {
        .threads {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) store!: NotebookStore;

  constructor() {
    super();
    new StoreController(this);
  }

  protected override render(): TemplateResult {
    const { state, info, failure, memory } = this.store.kernel;
    return html`
      <details class=${state} @keydown=${this.#keydown} @focusout=${this.#focusout}>
        <summary>
          <span class="dot"></span><span role="status"><span class="visually-hidden">Kernel: </span>${STATES[state]}</span>
          ${info === null ? nothing : html`<span class="threads">${plural(info.threads, "thread")}</span>`}
        </summary>
        <div class="about">
          <dl>
            <dt>Kernel</dt>
            <dd>${STATES[state]}${failure === null ? "" : `: ${failure}`}</dd>
            ${
              info === null
                ? nothing
                : html`
                  <dt>Threads</dt>
                  <dd>${info.threads}</dd>
                  <dt>Isolation</dt>
                  <dd>${info.isolated ? "Cross-origin isolated: threads share memory" : "Not isolated: one thread"}</dd>
                  <dt>Version</dt>
                  <dd>${info.version}</dd>
                `
            }
            ${
              memory === null
                ? nothing
                : html`<dt>Memory</dt>
                  <dd>${formatBytes(memory.used)}, at most ${formatBytes(memory.peak)}</dd>`
            }
          </dl>
        </div>
      </details>
    `;
  }

  #keydown(event: KeyboardEvent): void {
    if (event.key === "Escape") (event.currentTarget as HTMLDetailsElement).open = false;
  }

  #focusout(event: FocusEvent): void {
    const details = event.currentTarget as HTMLDetailsElement;
    if (!details.contains(event.relatedTarget as Node | null)) details.open = false;
  }
}
