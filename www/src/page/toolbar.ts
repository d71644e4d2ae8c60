import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, buttons } from "../style/shared";
import { icons } from "./icons";
import "./kernel-status";
import "./menu";
import type { MenuItem } from "./menu";
import type { NotebookStore } from "./notebook-store";
import { StoreController } from "./store-controller";

/** What can be done with the notebook and the kernel; stays in sight. */
@customElement("chunkbook-toolbar")
export class Toolbar extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        position: sticky;
        top: 0;
        z-index: 10;
        border-block: 1px solid var(--line);
        background: var(--paper);
      }
      .bar {
        display: flex;
        align-items: center;
        gap: 0.3rem;
        max-width: 86rem;
        height: var(--toolbar-height);
        margin: 0 auto;
        padding: 0 1.25rem;
      }
      .gap {
        flex: 1;
      }
      .divider {
        width: 1px;
        height: 1.4rem;
        margin: 0 0.35rem;
        background: var(--line);
      }
      button:disabled {
        opacity: 0.45;
      }
      @media (max-width: 62rem) {
        .wordy {
          display: none;
        }
        button:not(.primary) {
          width: 2.25rem;
          padding: 0;
        }
      }
      @media (max-width: 40rem) {
        .bar {
          gap: 0.1rem;
          padding: 0 0.5rem;
        }
        .divider,
        .roomy {
          display: none;
        }
        .primary {
          padding: 0 0.6rem;
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
    const { state } = store.kernel;
    const id = store.selectedId;
    const busy = state === "busy";
    return html`
      <div class="bar" role="toolbar" aria-label="Notebook">
        <button class="primary" title="Run the selected cell and go to the next (Shift Enter)" @click=${() => store.runAndAdvance(id)}>
          ${icons.run} Run
        </button>
        ${this.#button("Run all", "Run every cell from the top", icons.runAll, () => void store.runAll())}
        ${this.#button("Run to here", "Run from the top to the selected cell", icons.runTo, () => void store.runTo(id), "quiet roomy")}
        ${this.#button("Interrupt", "Stop the running cell (I I)", icons.stop, () => store.interrupt(), "quiet", !busy)}
        ${this.#button("Restart", "Restart the kernel: variables go, files stay (0 0)", icons.restart, () => void store.restart())}
        <span class="divider"></span>
        ${this.#button("Code", "Insert a code cell below the selected one (B)", icons.plus, () =>
          store.insert(id, "below", "code", "", true),
        )}
        ${this.#button(
          "Text",
          "Insert a text cell below the selected one",
          icons.text,
          () => store.insert(id, "below", "markdown", "", true),
          "quiet roomy",
        )}
        ${this.#button("Undo delete", "Bring the deleted cell back (Z)", icons.undo, () => store.undoDelete(), "quiet roomy", !store.canUndoDelete)}
        <span class="gap"></span>
        <chunkbook-kernel .store=${store}></chunkbook-kernel>
        <chunkbook-menu label="More" .icon=${icons.more} .items=${this.#menu()}></chunkbook-menu>
      </div>
    `;
  }

  #button(
    name: string,
    title: string,
    icon: TemplateResult,
    run: () => void,
    classes = "quiet",
    disabled = false,
  ): TemplateResult {
    return html`<button class=${classes} aria-label=${name} title=${title} ?disabled=${disabled} @click=${run}>
      ${icon}<span class="wordy">${name}</span>
    </button>`;
  }

  #menu(): MenuItem[] {
    const { store } = this;
    const ask = (name: string) => () =>
      this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
    return [
      { label: "Restart and run all", icon: icons.restartRun, run: () => void store.restartAndRunAll() },
      { label: "Run to the selected cell", icon: icons.runTo, run: () => void store.runTo(store.selectedId) },
      {
        label: "Undo delete cell",
        icon: icons.undo,
        disabled: !store.canUndoDelete,
        run: () => store.undoDelete(),
      },
      { label: "Clear all outputs", icon: icons.erase, run: () => store.clearOutputs() },
      { label: "Open a notebook…", icon: icons.open, run: ask("open-notebook") },
      { label: "Download the notebook", icon: icons.download, run: ask("download-notebook") },
      ...(store.before === null
        ? []
        : [
            {
              label: `Go back to ${store.before.notebook.name}`,
              icon: icons.undo,
              run: () => store.goBack(),
            },
          ]),
      { label: "Begin the tutorial anew", icon: icons.restart, run: ask("reset-notebook") },
      { label: "Open the labs", icon: icons.sliders, run: ask("open-labs") },
      { label: "Keyboard shortcuts", icon: icons.keyboard, run: ask("help") },
    ];
  }
}
