import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, query } from "lit/decorators.js";
import { base, buttons } from "../style/shared";
import { KEY_HELP } from "./command-keys";
import { icons } from "./icons";

/** The keys, in a dialog. */
@customElement("chunkbook-key-help")
export class KeyHelp extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      dialog {
        width: min(34rem, calc(100vw - 2rem));
        max-height: calc(100vh - 4rem);
        padding: 1.25rem 1.5rem 1.5rem;
        border: 1px solid var(--line);
        border-radius: 12px;
        background: var(--surface);
        color: var(--ink);
        box-shadow: var(--shadow-raised);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
      }
      h2 {
        margin: 0;
        font-size: 1.125rem;
      }
      p {
        margin: 0.25rem 0 0.75rem;
        color: var(--ink-soft);
        font-size: 0.875rem;
      }
      dl {
        display: grid;
        grid-template-columns: max-content 1fr;
        gap: 0.45rem 1.25rem;
        margin: 0;
        font-size: 0.9375rem;
        line-height: 1.4;
      }
      dd {
        margin: 0;
      }
      kbd {
        padding: 0.1rem 0.4rem;
        border: 1px solid var(--line);
        border-bottom-width: 2px;
        border-radius: 4px;
        background: var(--sunken);
        font: 0.8125rem var(--mono);
      }
    `,
  ];

  @query("dialog") private dialog!: HTMLDialogElement;

  show(): void {
    this.dialog.showModal();
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-labelledby="title">
      <header>
        <h2 id="title">Keyboard shortcuts</h2>
        <button class="quiet icon-only" aria-label="Close" @click=${() => this.dialog.close()}>${icons.close}</button>
      </header>
      <p>These act while a cell is selected and its editor is not in use; those with Shift, Ctrl or Alt and Enter in the editor too.</p>
      <dl>
        ${KEY_HELP.map(
          ([
            keys,
            does,
          ]) => html`<dt>${keys.split(" ").map((key) => (key === "or" ? " or " : html`<kbd>${key}</kbd> `))}</dt>
            <dd>${does}</dd>`,
        )}
      </dl>
    </dialog>`;
  }
}
