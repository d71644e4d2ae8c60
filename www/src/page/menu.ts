import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, buttons } from "../style/shared";

export interface MenuItem {
  label: string;
  icon: TemplateResult;
  run: () => void;
  disabled?: boolean;
}

/** A button that opens a list of things to do. */
@customElement("chunkbook-menu")
export class Menu extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        position: relative;
      }
      .items {
        position: absolute;
        top: calc(100% + 0.4rem);
        right: 0;
        z-index: 20;
        display: none;
        flex-direction: column;
        min-width: 13rem;
        padding: 0.3rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: var(--shadow-raised);
      }
      :host([open]) .items {
        display: flex;
      }
      :host([align="left"]) .items {
        right: auto;
        left: 0;
      }
      .items button {
        justify-content: flex-start;
        border: 0;
        font-weight: 400;
      }
    `,
  ];

  /** What the button is called. */
  @property() label = "";
  @property({ attribute: false }) icon!: TemplateResult;
  @property({ attribute: false }) items: readonly MenuItem[] = [];
  @property({ type: Boolean, reflect: true }) open = false;

  protected override render(): TemplateResult {
    return html`
      <div @keydown=${this.#keydown} @focusout=${this.#focusout}>
        <button
          class="quiet icon-only"
          aria-label=${this.label}
          title=${this.label}
          aria-haspopup="menu"
          aria-expanded=${this.open}
          @click=${this.#toggle}
        >${this.icon}</button>
        <div class="items" role="menu" aria-label=${this.label}>
          ${this.items.map(
            (item) => html`<button
              class="quiet"
              role="menuitem"
              ?disabled=${item.disabled ?? false}
              @click=${() => {
                this.open = false;
                item.run();
              }}
            >${item.icon} ${item.label}</button>`,
          )}
        </div>
      </div>
    `;
  }

  async #toggle(): Promise<void> {
    this.open = !this.open;
    await this.updateComplete;
    if (this.open) this.#enabled()[0]?.focus();
  }

  #enabled(): HTMLButtonElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLButtonElement>("[role=menuitem]:enabled")];
  }

  #keydown(event: KeyboardEvent): void {
    if (!this.open) return;
    const items = this.#enabled();
    const at = items.findIndex((item) => item.matches(":focus"));
    if (event.key === "Escape") {
      this.open = false;
      this.renderRoot.querySelector("button")?.focus();
    } else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items.at(at - 1)?.focus();
    else return;
    event.preventDefault();
  }

  #focusout(event: FocusEvent): void {
    if (!this.renderRoot.contains(event.relatedTarget as Node | null)) this.open = false;
  }
}
