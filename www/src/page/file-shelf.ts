import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { ShelfFile } from "../protocol";
import { base, buttons } from "../style/shared";
import { shelfStyles } from "./file-shelf.styles";
import { formatBytes, plural } from "./format";
import { icons } from "./icons";
import type { NotebookStore } from "./notebook-store";
import { fileBrowserPart } from "./parts";
import { saveBlob, storedFile } from "./save";
import { StoreController } from "./store-controller";

/** A file that was written or dropped anew under the same name is another file. */
function identity({ name, size, lastModified }: ShelfFile): string {
  return [name, size, lastModified].join("/");
}

/** Files smaller than this read so fast where they lie that copying them gains nothing. */
const WORTH_STORING = 16 * 2 ** 20;

/**
 * The files that cells can open, and what can be done with each.
 *
 * @fires add-files - Files were picked; `detail` is a list of `File`. Bubbles.
 */
@customElement("chunkbook-shelf")
export class FileShelf extends LitElement {
  static override styles = [base, buttons, shelfStyles];

  @property({ attribute: false }) store!: NotebookStore;
  @query("input") private picker!: HTMLInputElement;
  /** File whose deletion waits to be confirmed. */
  @state() private deleting: string | null = null;
  @state() private copying: readonly string[] = [];
  /** Files whose contents are shown, by `identity`. */
  @state() private browsed: ReadonlySet<string> = new Set();
  readonly #startOpen = !window.matchMedia("(max-width: 62rem)").matches;

  constructor() {
    super();
    new StoreController(this);
  }

  protected override render(): TemplateResult {
    const { files } = this.store.shelf;
    return html`
      <details class="drawer" ?open=${this.#startOpen}>
        <summary>
          <span class="title">Files</span>
          <span class="count">${files.length === 0 ? "none yet" : plural(files.length, "file")}</span>
        </summary>
        ${
          files.length === 0
            ? html`<p class="empty">
              Drop an HDF5 file anywhere on the page. It is read where it lies: nothing is uploaded or loaded whole.
            </p>`
            : html`<ul>
              ${repeat(
                files,
                (file) => file.name,
                (file) => html`<li>${this.#renderFile(file)}</li>`,
              )}
            </ul>`
        }
        <button class="add" @click=${() => this.picker.click()}>${icons.plus} Add files</button>
        <input type="file" multiple class="visually-hidden" tabindex="-1" aria-label="Add files" @change=${this.#picked} />
        ${this.#renderStorage()}
      </details>
    `;
  }

  #renderFile(file: ShelfFile): TemplateResult {
    const copying = this.copying.includes(file.name);
    return html`
      <div class="name" title=${file.name}>${icons.file}<span>${file.name}</span></div>
      <div class="facts">
        <span class="badge ${file.kind}" title=${file.kind === "dropped" ? "Read where it lies on your disk" : "In the browser's own storage"}>
          ${file.kind}
        </span>
        ${formatBytes(file.size)}
        ${copying ? html`<span class="copying">copying…</span>` : nothing}
      </div>
      ${this.deleting === file.name ? this.#renderConfirmation(file) : this.#renderActions(file, copying)}
      ${
        this.browsed.has(identity(file))
          ? html`<chunkbook-file-browser .store=${this.store} .file=${file}></chunkbook-file-browser>`
          : nothing
      }
    `;
  }

  #renderActions(file: ShelfFile, blocked: boolean): TemplateResult {
    const { store } = this;
    return html`<div class="actions">
      <button class="small" ?disabled=${blocked} @click=${() => store.useFile(file)}>Use in a cell</button>
      <button
        class="quiet small icon-only"
        aria-label="Contents of ${file.name}"
        title="Contents of ${file.name}"
        aria-expanded=${this.browsed.has(identity(file))}
        ?disabled=${blocked}
        @click=${() => this.#browse(file)}
      >
        ${icons.list}
      </button>
      ${
        file.kind === "stored"
          ? this.#action(
              `Download ${file.name}`,
              icons.download,
              blocked,
              () => void this.#download(file.name),
            )
          : file.size >= WORTH_STORING
            ? this.#action(
                `Copy ${file.name} into the browser's storage, where it reads much faster`,
                icons.store,
                blocked,
                () => void this.#copy(file.name),
              )
            : nothing
      }
      ${
        file.kind === "stored"
          ? this.#action(`Delete ${file.name}`, icons.trash, blocked, () => {
              this.deleting = file.name;
            })
          : this.#action(
              `Take ${file.name} off the shelf`,
              icons.close,
              blocked,
              () => void store.removeFile(file.name),
            )
      }
    </div>`;
  }

  #action(label: string, icon: TemplateResult, disabled: boolean, run: () => void): TemplateResult {
    return html`<button class="quiet small icon-only" aria-label=${label} title=${label} ?disabled=${disabled} @click=${run}>
      ${icon}
    </button>`;
  }

  #renderConfirmation(file: ShelfFile): TemplateResult {
    return html`<div class="actions" role="group" aria-label="Delete ${file.name}?">
      <span class="question">Delete for good?</span>
      <button class="small danger" @click=${() => this.#delete(file.name)}>Delete</button>
      <button class="small quiet" @click=${() => this.#keep()}>Keep</button>
    </div>`;
  }

  #renderStorage(): TemplateResult | typeof nothing {
    const { usage, quota } = this.store.shelf;
    if (quota <= 0) return nothing;
    return html`<div class="storage">
      <label for="storage">Browser storage</label>
      <span>${formatBytes(usage)} of ${formatBytes(quota)}</span>
      <meter id="storage" min="0" max=${quota} high=${quota * 0.9} value=${usage}></meter>
    </div>`;
  }

  #picked(): void {
    const files = [...(this.picker.files ?? [])];
    // The same file can be picked again after it changed on disk.
    this.picker.value = "";
    this.dispatchEvent(
      new CustomEvent<File[]>("add-files", { detail: files, bubbles: true, composed: true }),
    );
  }

  #browse(file: ShelfFile): void {
    const browsed = new Set(this.browsed);
    if (!browsed.delete(identity(file))) {
      browsed.add(identity(file));
      void fileBrowserPart.load();
    }
    this.browsed = browsed;
  }

  async #download(name: string): Promise<void> {
    try {
      saveBlob(await storedFile(name), name);
    } catch (error) {
      this.store.notify(`${name} could not be downloaded: ${String(error)}`, { tone: "error" });
    }
  }

  async #copy(name: string): Promise<void> {
    this.copying = [...this.copying, name];
    await this.store.storeFile(name);
    this.copying = this.copying.filter((other) => other !== name);
  }

  #delete(name: string): void {
    this.deleting = null;
    void this.store.removeFile(name);
  }

  #keep(): void {
    this.deleting = null;
  }
}
