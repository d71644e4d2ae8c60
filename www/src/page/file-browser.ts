import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import type { DatasetFacts, FileEntry, ObjectFacts, ShelfFile } from "../protocol";
import { base, buttons } from "../style/shared";
import {
  EMPTY_TREE,
  type EntryRow,
  failed,
  type MoreRow,
  move,
  PAGE,
  type Row,
  read,
  reading,
  rows,
  setOpen,
  type Tree,
} from "./browser-tree";
import { browserStyles } from "./file-browser.styles";
import "./data-plot";
import { entryCell } from "./file-cells";
import { formatBytes, formatShape, plural } from "./format";
import { icons } from "./icons";
import type { NotebookStore } from "./notebook-store";
import { StoreController } from "./store-controller";

/** The tree of one file's groups and datasets, and what is known of the one that is selected. */
@customElement("chunkbook-file-browser")
export class FileBrowser extends LitElement {
  static override styles = [base, buttons, browserStyles];

  @property({ attribute: false }) store!: NotebookStore;
  @property({ attribute: false }) file!: ShelfFile;
  @state() private tree: Tree = EMPTY_TREE;
  /** The row that is selected; the one that keys act on. */
  @state() private current: string | null = null;
  @state() private facts: { path: string; known: ObjectFacts | null; error: string | null } | null = null;

  constructor() {
    super();
    new StoreController(this);
  }

  protected override firstUpdated(): void {
    void this.#read("/", 0);
  }

  protected override render(): TemplateResult {
    const all = rows(this.tree);
    const root = this.tree.branches.get("/");
    const waits =
      this.store.kernel.state === "busy" && [...this.tree.branches.values()].some((branch) => branch.loading);
    const stop = all.some((row) => row.path === this.current) ? this.current : (all[0]?.path ?? null);
    return html`
      ${waits ? html`<p class="note">Waits for the cell that runs.</p>` : nothing}
      ${
        root !== undefined && root.entries.length === 0 && root.error !== null
          ? html`<p class="note error">${root.error}</p>`
          : html`<div class="tree" role="tree" aria-label="Contents of ${this.file.name}" @keydown=${this.#keydown}>
              ${repeat(
                all,
                (row) => row.path,
                (row) => this.#renderRow(row, row.path === stop),
              )}
            </div>`
      }
      ${this.#renderFacts(all)}
    `;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("current") && this.current !== null && this.shadowRoot?.activeElement != null) {
      this.shadowRoot.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    }
  }

  #renderRow(row: Row, isStop: boolean): TemplateResult {
    const indent = `--level: ${row.level - 1}`;
    if (row.kind === "note") {
      return html`<div class="row note ${row.tone}" role="none" style=${indent}>${row.text}</div>`;
    }
    const tabindex = isStop ? "0" : "-1";
    if (row.kind === "more") {
      return html`<div
        class="row more"
        role="treeitem"
        aria-level=${row.level}
        aria-selected="false"
        tabindex=${tabindex}
        style=${indent}
        @click=${() => this.#more(row)}
      >
        Show ${Math.min(PAGE, row.left)} more of ${row.left}
      </div>`;
    }
    const { entry } = row;
    return html`<div
      class="row ${entry.error === null ? "" : "broken"}"
      role="treeitem"
      aria-level=${row.level}
      aria-posinset=${row.position}
      aria-setsize=${row.siblings}
      aria-expanded=${row.open ?? nothing}
      aria-selected=${row.path === this.current}
      aria-label=${label(entry)}
      tabindex=${tabindex}
      style=${indent}
      title=${entry.error ?? row.path}
      @focus=${() => this.#select(row)}
      @click=${() => this.#click(row)}
      @dblclick=${() => this.#use(row)}
    >
      <span class="twist ${row.open === true ? "open" : ""}" aria-hidden="true">${row.open === null ? "" : icons.twist}</span>
      <span class="kind" aria-hidden="true">${entry.kind === "group" ? icons.open : entry.dataset === null ? icons.file : icons.grid}</span>
      <span class="name">${entry.name}</span>
      <span class="facts" aria-hidden="true">${brief(entry)}</span>
    </div>`;
  }

  #renderFacts(all: readonly Row[]): TemplateResult | typeof nothing {
    const row = all.find((other): other is EntryRow => other.kind === "entry" && other.path === this.current);
    if (row === undefined) return nothing;
    const { entry, path } = row;
    const facts = this.facts?.path === path ? this.facts : null;
    return html`<section class="details" aria-label="About ${path}">
      <header>
        <code>${path}</code>
        ${
          entry.error === null
            ? html`<button class="small" title="New cell that opens ${path}" @click=${() => this.#use(row)}>Use in a cell</button>`
            : nothing
        }
      </header>
      ${entry.link === null ? nothing : html`<p class="note">A link to <code>${entry.link}</code></p>`}
      ${entry.error === null ? nothing : html`<p class="note error">${entry.error}</p>`}
      ${facts?.error == null ? nothing : html`<p class="note error">${facts.error}</p>`}
      ${facts?.known?.dataset?.error == null ? nothing : html`<p class="note error">${facts.known.dataset.error}</p>`}
      ${facts?.known?.dataset == null ? nothing : renderDataset(facts.known.dataset)}
      ${
        entry.dataset?.numeric === true &&
        facts?.known?.dataset?.error === null &&
        facts.known.dataset.shape !== null
          ? html`<chunkbook-data-plot
              .store=${this.store}
              .name=${this.file.name}
              .path=${path}
              .facts=${facts.known.dataset}
            ></chunkbook-data-plot>`
          : nothing
      }
      ${facts?.known == null ? nothing : renderAttributes(facts.known)}
    </section>`;
  }

  #keydown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const all = rows(this.tree);
    const current = this.current ?? all[0]?.path ?? null;
    const row = all.find((other) => other.path === current);
    if (event.key === "Enter" || event.key === " ") {
      if (row?.kind === "more") this.#more(row);
      else if (row?.kind === "entry" && event.key === "Enter") this.#use(row);
      else if (row?.kind === "entry") this.#click(row);
    } else {
      const moved = move(all, current, event.key);
      if (moved === null) return;
      if ("to" in moved) this.#select(all.find((other) => other.path === moved.to));
      else this.#toggle("open" in moved ? moved.open : moved.close, "open" in moved);
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #click(row: EntryRow): void {
    this.#select(row);
    if (row.open !== null) this.#toggle(row.path, !row.open);
  }

  #select(row: Row | undefined): void {
    if (row === undefined) return;
    this.current = row.path;
    // What leads nowhere has said why in the listing.
    if (row.kind === "entry" && row.entry.error === null && this.facts?.path !== row.path)
      void this.#tell(row.path);
  }

  #toggle(group: string, open: boolean): void {
    this.tree = setOpen(this.tree, group, open);
    if (open && !this.tree.branches.has(group)) void this.#read(group, 0);
  }

  #more(row: MoreRow): void {
    const from = this.tree.branches.get(row.group)?.entries.length ?? 0;
    // The first of the new ones takes this row's place.
    this.current = null;
    void this.#read(row.group, from);
  }

  #use(row: EntryRow): void {
    if (row.entry.error !== null) return;
    this.store.useLines(entryCell(this.file.name, row.path, row.entry));
  }

  async #read(group: string, from: number): Promise<void> {
    this.tree = reading(this.tree, group);
    try {
      const listing = await this.store.kernel.browse(this.file.name, group, from, PAGE);
      this.tree = read(this.tree, group, from, listing);
    } catch (error) {
      this.tree = failed(this.tree, group, explain(error));
    }
  }

  async #tell(path: string): Promise<void> {
    this.facts = { path, known: null, error: null };
    let told: { path: string; known: ObjectFacts | null; error: string | null };
    try {
      told = { path, known: await this.store.kernel.browseObject(this.file.name, path), error: null };
    } catch (error) {
      told = { path, known: null, error: explain(error) };
    }
    // Another may have been selected meanwhile.
    if (this.facts?.path === path) this.facts = told;
  }
}

/** A name that may be broken behind its underscores rather than within a word. */
function breakable(name: string): unknown {
  return name.split(/(?<=_)/).map((part, index) => (index === 0 ? part : html`<wbr>${part}`));
}

function renderLine(name: string, value: unknown): TemplateResult {
  return html`<div><dt>${breakable(name)}</dt><dd>${value}</dd></div>`;
}

function renderDataset(dataset: DatasetFacts): TemplateResult {
  const { shape, maxshape, chunks, filters, fill } = dataset;
  return html`<dl>
    ${renderLine("shape", shape === null ? "none (empty)" : formatShape(shape))}
    ${renderLine("type", dataset.dtype)}
    ${growth(shape, maxshape) ? renderLine("may grow to", formatShape(maxshape.map((n) => n ?? "∞"))) : nothing}
    ${renderLine("layout", chunks === null ? (dataset.layout ?? "unknown") : `chunks of ${formatShape(chunks)}`)}
    ${filters.length === 0 ? nothing : renderLine("filters", filters.join(", "))}
    ${renderLine("size", sizes(dataset.logical, dataset.stored))}
    ${fill === null || Number(fill) === 0 || fill === "False" ? nothing : renderLine("fill value", fill)}
  </dl>`;
}

function renderAttributes({ attributes }: ObjectFacts): TemplateResult {
  if (attributes.length === 0) return html`<p class="note">No attributes</p>`;
  return html`<h4>${plural(attributes.length, "attribute")}</h4>
    <dl>
      ${attributes.map(({ name, text, error }) =>
        renderLine(name, error === null ? text : html`<span class="error">${error}</span>`),
      )}
    </dl>`;
}

function growth(shape: readonly number[] | null, maxshape: readonly (number | null)[]): boolean {
  return shape !== null && maxshape.some((limit, axis) => limit !== shape[axis]);
}

/** Logical and stored bytes, and the ratio of them where they differ. */
function sizes(logical: number, stored: number | null): string {
  if (stored === null) return formatBytes(logical);
  if (stored === logical) return `${formatBytes(logical)}, stored as is`;
  if (stored === 0) return `${formatBytes(logical)}, nothing stored yet`;
  return `${formatBytes(logical)}, stored in ${formatBytes(stored)} (${(logical / stored).toFixed(logical < stored * 10 ? 2 : 0)}×)`;
}

/** The words behind an entry's name. */
function brief({ kind, dataset, link, error }: FileEntry): string {
  if (error !== null) return "cannot be opened";
  const arrow = link === null ? "" : "↪ ";
  if (dataset === null) return kind === "other" ? `${arrow}type` : arrow;
  return `${arrow}${dataset.shape === null ? "empty" : formatShape(dataset.shape)} ${shortType(dataset.dtype)}`;
}

/** `compound (x: int32, …)` is too long for a line of the tree. */
function shortType(dtype: string): string {
  return dtype.startsWith("compound") ? "compound" : dtype;
}

function label(entry: FileEntry): string {
  // What is seen comes first and as it is seen, for those who speak to the page.
  const seen = `${entry.name} ${brief(entry)}`.trim();
  return `${seen}, ${entry.kind === "other" ? "object" : entry.kind}`;
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

declare global {
  interface HTMLElementTagNameMap {
    "chunkbook-file-browser": FileBrowser;
  }
}
