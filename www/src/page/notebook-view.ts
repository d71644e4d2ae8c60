import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { base, buttons } from "../style/shared";
import { icons } from "./icons";
import "./notebook-cell";
import type { NotebookCell } from "./notebook-cell";
import type { NotebookStore } from "./notebook-store";
import { StoreController } from "./store-controller";

/** The cells, one below the other; takes the keyboard where the store asks. */
@customElement("chunkbook-notebook")
export class NotebookView extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      chunkbook-cell {
        margin-bottom: 0.35rem;
      }
      /* What the pointer is over has its actions where those of the selected cell reach. */
      @media (min-width: 62.01rem) {
        chunkbook-cell:hover ~ chunkbook-cell,
        chunkbook-cell:has(~ chunkbook-cell:hover) {
          --actions-opacity: 0;
        }
      }
      .add {
        display: flex;
        gap: 0.5rem;
        margin: 1rem 0 0 5.5rem;
      }
      @media (max-width: 40rem) {
        .add {
          margin-left: 0.5rem;
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
    const { store } = this;
    const { cells } = store.notebook;
    const last = cells.at(-1)?.id ?? "";
    return html`
      ${repeat(
        cells,
        (cell) => cell.id,
        (cell) => html`<chunkbook-cell
          data-id=${cell.id}
          .store=${store}
          .cell=${cell}
          ?selected=${cell.id === store.selectedId}
        ></chunkbook-cell>`,
      )}
      <div class="add">
        <button class="small" @click=${() => store.insert(last, "below", "code", "", true)}>${icons.plus} Code</button>
        <button class="small" @click=${() => store.insert(last, "below", "markdown", "", true)}>${icons.plus} Text</button>
      </div>
    `;
  }

  protected override updated(): void {
    const request = this.store.takeFocusRequest();
    if (request === null) return;
    const cell = this.renderRoot.querySelector<NotebookCell>(
      `chunkbook-cell[data-id="${CSS.escape(request.id)}"]`,
    );
    void cell?.takeFocus(request.edit);
  }
}
