import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { base, buttons } from "../style/shared";
import { isNotebookName } from "./file-cells";
import "./file-shelf";
import { formatBytes } from "./format";
import { icons } from "./icons";
import { parseNotebook, serializeNotebook } from "./ipynb";
import type { KeyHelp } from "./key-help";
import type { Notebook } from "./notebook";
import "./notebook-view";
import type { NotebookStore } from "./notebook-store";
import "./notices";
import "./page-header";
import { keyHelpPart, labsPart } from "./parts";
import { saveBlob } from "./save";
import { StoreController } from "./store-controller";
import "./toolbar";

/** The page: header, toolbar, notebook and shelf; takes files that are dropped anywhere on it. */
@customElement("chunkbook-app")
export class App extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        min-height: 100vh;
      }
      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 19rem;
        gap: 2.75rem;
        align-items: start;
        max-width: 86rem;
        margin: 0 auto;
        padding: 1.25rem 1.25rem 40vh;
      }
      aside {
        position: sticky;
        top: calc(var(--toolbar-height) + 1.25rem);
        max-height: calc(100vh - var(--toolbar-height) - 2.5rem);
        overflow: auto;
        border-radius: 12px;
      }
      .banner {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1rem;
        padding: 0.6rem 1.25rem;
        background: var(--busy-soft);
        font-size: 0.9375rem;
        line-height: 1.45;
      }
      .banner.dead {
        background: var(--error-soft);
      }
      .banner span {
        max-width: 60rem;
      }
      .drop {
        position: fixed;
        inset: 0;
        z-index: 40;
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 0.5rem;
        background: color-mix(in oklab, var(--paper) 94%, transparent);
        text-align: center;
        pointer-events: none;
      }
      .drop::before {
        content: "";
        position: absolute;
        inset: 1rem;
        border: 3px dashed var(--accent);
        border-radius: 16px;
      }
      .drop svg {
        width: 3rem;
        height: 3rem;
        color: var(--accent);
      }
      .drop strong {
        font-size: 1.5rem;
      }
      @media (max-width: 62rem) {
        main {
          grid-template-columns: minmax(0, 1fr);
          gap: 1rem;
        }
        aside {
          position: static;
          grid-row: 1;
          max-height: none;
        }
      }
      @media (max-width: 40rem) {
        main {
          padding: 0.75rem 0.75rem 40vh;
        }
      }
    `,
  ];

  @property({ attribute: false }) store!: NotebookStore;
  /** The notebook to go back to. */
  @property({ attribute: false }) tutorial!: () => Notebook;
  /** Why the page is not cross-origin isolated, in one sentence. */
  @property({ attribute: false }) notIsolated: string | null = null;
  @state() private dragging = false;
  @query("input[type=file]") private picker!: HTMLInputElement;
  @query("chunkbook-key-help") private help!: KeyHelp;

  constructor() {
    super();
    new StoreController(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("dragover", this.#dragOver);
    window.addEventListener("dragleave", this.#dragLeave);
    window.addEventListener("drop", this.#drop);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("dragover", this.#dragOver);
    window.removeEventListener("dragleave", this.#dragLeave);
    window.removeEventListener("drop", this.#drop);
  }

  protected override render(): TemplateResult {
    const { store } = this;
    return html`
      <div
        @open-notebook=${() => this.picker.click()}
        @download-notebook=${this.#download}
        @reset-notebook=${this.#reset}
        @open-labs=${this.#openLabs}
        @help=${this.#showHelp}
        @add-files=${(event: CustomEvent<File[]>) => this.#take(event.detail)}
      >
        <chunkbook-header .store=${store}></chunkbook-header>
        <chunkbook-toolbar role="region" aria-label="Tools" .store=${store}></chunkbook-toolbar>
        ${this.#renderBanner()}
        <main>
          <chunkbook-notebook .store=${store}></chunkbook-notebook>
          <aside aria-label="Files"><chunkbook-shelf .store=${store}></chunkbook-shelf></aside>
        </main>
        <chunkbook-notices .store=${store}></chunkbook-notices>
        <chunkbook-key-help></chunkbook-key-help>
        <input type="file" accept=".ipynb" class="visually-hidden" tabindex="-1" aria-hidden="true" @change=${this.#picked} />
        ${
          this.dragging
            ? html`<div class="drop">
              ${icons.open}<strong>Drop to add</strong>
              <span>HDF5 files go on the shelf and are read where they lie.<br />A notebook (.ipynb) is opened.</span>
            </div>`
            : nothing
        }
      </div>
    `;
  }

  #renderBanner(): TemplateResult | typeof nothing {
    const { state, failure } = this.store.kernel;
    if (state === "dead") {
      return html`<div class="banner dead" role="alert">
        <span>The kernel has stopped. ${failure} The notebook and the files are kept.</span>
        <button class="small" @click=${() => void this.store.restart()}>Restart the kernel</button>
      </div>`;
    }
    if (this.notIsolated === null) return nothing;
    return html`<div class="banner" role="note"><span>${this.notIsolated}</span></div>`;
  }

  #picked(): void {
    const files = [...(this.picker.files ?? [])];
    this.picker.value = "";
    this.#take(files);
  }

  /** Opens notebooks; puts everything else on the shelf. */
  #take(files: readonly File[]): void {
    for (const file of files) void (isNotebookName(file.name) ? this.#open(file) : this.#add(file));
  }

  async #open(file: File): Promise<void> {
    try {
      this.store.open(parseNotebook(await file.text(), file.name), `Opened ${file.name}.`);
    } catch (error) {
      this.store.notify(error instanceof Error ? error.message : String(error), { tone: "error" });
    }
  }

  async #add(file: File): Promise<void> {
    try {
      await this.store.addFile(file);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.store.notify(`${file.name} could not be added: ${reason}`, { tone: "error" });
      return;
    }
    const added = this.store.shelf.files.find(({ name }) => name === file.name);
    this.store.notify(`${file.name} (${formatBytes(file.size)}) is on the shelf.`, {
      ...(added === undefined
        ? {}
        : { action: { label: "Use in a cell", run: () => this.store.useFile(added) } }),
    });
  }

  #download(): void {
    const { notebook } = this.store;
    const text = serializeNotebook(notebook, { outputs: true });
    saveBlob(new Blob([text], { type: "application/x-ipynb+json" }), notebook.name);
  }

  async #openLabs(): Promise<void> {
    const part = await labsPart.load();
    if (part !== null) this.store.open(part.labs(), "These are the labs.");
  }

  async #showHelp(): Promise<void> {
    if ((await keyHelpPart.load()) === null) return;
    // Filled in only now, where it was not here before.
    await this.help.updateComplete;
    this.help.show();
  }

  #reset(): void {
    this.store.open(this.tutorial(), "This is the tutorial as it was at first.", false);
  }

  readonly #dragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.dragging = true;
  };

  readonly #dragLeave = (event: DragEvent): void => {
    // Leaving the window, as against going from one element of it to another.
    if (event.relatedTarget === null) this.dragging = false;
  };

  readonly #drop = (event: DragEvent): void => {
    this.dragging = false;
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.#take([...event.dataTransfer.files]);
  };
}
