import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { base, buttons } from "../style/shared";
import { icons } from "./icons";
import type { NotebookStore, Notice } from "./notebook-store";
import { StoreController } from "./store-controller";

/** How long a message is shown: longer where something can be done about it. */
const SHOWN_MS = 4_000;
const SHOWN_WITH_ACTION_MS = 8_000;

/**
 * Short messages below the shelf, where nothing is read, or over the foot of a narrow page. They go by themselves,
 * unless they tell of an error.
 */
@customElement("chunkbook-notices")
export class Notices extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        position: fixed;
        bottom: 1rem;
        left: 50%;
        z-index: 30;
        width: max-content;
        max-width: min(34rem, calc(100vw - 2rem));
        transform: translateX(-50%);
      }
      @media (min-width: 62.01rem) {
        :host {
          right: 1.25rem;
          left: auto;
          max-width: 19rem;
          transform: none;
        }
      }
      .notices {
        display: grid;
        gap: 0.5rem;
      }
      .notice {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        padding: 0.4rem 0.4rem 0.4rem 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow-raised);
        font-size: 0.875rem;
        line-height: 1.4;
        overflow-wrap: anywhere;
      }
      .notice.error {
        border-color: var(--error);
      }
      .text {
        flex: 1;
      }
    `,
  ];

  @property({ attribute: false }) store!: NotebookStore;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  constructor() {
    super();
    new StoreController(this);
  }

  protected override render(): TemplateResult {
    return html`<div class="notices" role="status">
      ${repeat(
        this.store.notices,
        (notice) => notice.id,
        (notice) => this.#renderNotice(notice),
      )}
    </div>`;
  }

  protected override updated(): void {
    for (const { id, tone, action } of this.store.notices) {
      if (tone === "info" && !this.#timers.has(id)) {
        this.#timers.set(
          id,
          setTimeout(() => this.#dismiss(id), action === undefined ? SHOWN_MS : SHOWN_WITH_ACTION_MS),
        );
      }
    }
  }

  #renderNotice({ id, text, tone, action }: Notice): TemplateResult {
    return html`<div class="notice ${tone}">
      <span class="text">${text}</span>
      ${
        action === undefined
          ? nothing
          : html`<button
            class="small"
            @click=${() => {
              this.#dismiss(id);
              action.run();
            }}
          >${action.label}</button>`
      }
      <button class="quiet small icon-only" aria-label="Dismiss" @click=${() => this.#dismiss(id)}>${icons.close}</button>
    </div>`;
  }

  #dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.store.dismiss(id);
  }
}
