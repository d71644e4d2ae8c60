import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { base, buttons } from "../style/shared";
import { icons, logo } from "./icons";
import type { NotebookStore } from "./notebook-store";
import { StoreController } from "./store-controller";
import { currentTheme, nextTheme, setTheme, type Theme } from "./theme";

const THEMES: Readonly<Record<Theme, { name: string; icon: TemplateResult }>> = {
  system: { name: "as the system", icon: icons.system },
  light: { name: "light", icon: icons.sun },
  dark: { name: "dark", icon: icons.moon },
};

/** What this is, in a line, and the notebook's name. */
@customElement("chunkbook-header")
export class PageHeader extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1rem;
        max-width: 86rem;
        margin: 0 auto;
        padding: 1rem 1.25rem;
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        margin: 0;
        font-size: 1.3rem;
        font-weight: 700;
        letter-spacing: -0.025em;
        line-height: 1;
      }
      .logo {
        width: 1.75rem;
        height: 1.75rem;
        color: var(--accent);
      }
      .lit {
        fill: var(--busy);
      }
      .tagline {
        flex: 1;
        margin: 0;
        color: var(--ink-soft);
        font-size: 0.9375rem;
        line-height: 1.4;
        text-wrap: balance;
      }
      .document {
        display: flex;
        align-items: center;
        gap: 0.25rem;
      }
      input {
        width: 12rem;
        min-height: 2.25rem;
        padding: 0 0.5rem;
        border: 1px solid transparent;
        border-radius: 6px;
        background: transparent;
        color: var(--ink);
        font: 500 0.875rem var(--sans);
        text-align: right;
        text-overflow: ellipsis;
      }
      input:hover {
        border-color: var(--line-strong);
      }
      @media (max-width: 62rem) {
        .tagline {
          order: 3;
          flex-basis: 100%;
        }
        .document {
          margin-left: auto;
        }
      }
      @media (max-width: 40rem) {
        header {
          padding: 0.75rem;
        }
        input,
        .roomy {
          display: none;
        }
      }
    `,
  ];

  @property({ attribute: false }) store!: NotebookStore;
  @state() private theme: Theme = currentTheme();

  constructor() {
    super();
    new StoreController(this);
  }

  protected override render(): TemplateResult {
    const theme = THEMES[this.theme];
    return html`
      <header>
        <h1 class="brand">${logo} Chunkbook</h1>
        <p class="tagline">Arrays larger than memory, chunk by chunk, in this tab. Nothing is uploaded.</p>
        <div class="document">
          <input
            aria-label="Name of the notebook"
            spellcheck="false"
            .value=${this.store.notebook.name}
            @change=${this.#rename}
          />
          ${this.#button("Open a notebook", icons.open, "open-notebook", "quiet icon-only")}
          ${this.#button("Download the notebook", icons.download, "download-notebook", "quiet icon-only")}
          ${this.#button("Keyboard shortcuts", icons.keyboard, "help", "quiet icon-only roomy")}
          <button
            class="quiet icon-only"
            aria-label="Colours: ${theme.name}"
            title="Colours: ${theme.name}"
            @click=${this.#switchTheme}
          >${theme.icon}</button>
        </div>
      </header>
    `;
  }

  #button(label: string, icon: TemplateResult, event: string, classes: string): TemplateResult {
    return html`<button
      class=${classes}
      aria-label=${label}
      title=${label}
      @click=${() => this.dispatchEvent(new CustomEvent(event, { bubbles: true, composed: true }))}
    >${icon}</button>`;
  }

  #rename(event: Event): void {
    const input = event.currentTarget as HTMLInputElement;
    this.store.rename(input.value);
    input.value = this.store.notebook.name;
  }

  #switchTheme(): void {
    this.theme = nextTheme(this.theme);
    setTheme(this.theme);
  }
}
