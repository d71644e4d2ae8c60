import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { prose } from "../style/prose";
import { base, buttons, codeColours } from "../style/shared";
import "./cell-output";
import "./code-editor";
import "./progress-bar";
import type { CodeEditor } from "./code-editor";
import { type Command, CommandReader, type EditorAction } from "./command-keys";
import "./computation-view";
import { formatDuration } from "./format";
import { icons } from "./icons";
import type { Cell } from "./notebook";
import { cellStyles } from "./notebook-cell.styles";
import type { NotebookStore } from "./notebook-store";
import { controlsPart, richTextPart } from "./parts";
import { progressShown } from "./progress-text";
import { renderedByBuild } from "./rendered";

/**
 * One cell: its prompt, its text or editor, what it has put out, and what can be done with it.
 *
 * @fires help - The keys of command mode were asked for; bubbles.
 */
@customElement("chunkbook-cell")
export class NotebookCell extends LitElement {
  static override styles = [base, buttons, codeColours, prose, cellStyles];

  @property({ attribute: false }) store!: NotebookStore;
  @property({ attribute: false }) cell!: Cell;
  @property({ type: Boolean }) selected = false;
  @query("article") private frame!: HTMLElement;
  @query("chunkbook-editor") private editor!: CodeEditor | null;
  readonly #commands = new CommandReader();

  protected override render(): TemplateResult {
    const { cell, selected } = this;
    const classes = `${cell.kind} ${cell.status} ${selected ? "selected" : ""}`;
    return html`
      <article
        class=${classes}
        tabindex="0"
        aria-label=${this.#name()}
        aria-busy=${cell.status === "running"}
        @keydown=${this.#keydown}
        @focusin=${() => this.store.noteSelected(cell.id)}
        @pointerdown=${() => this.store.noteSelected(cell.id)}
      >
        ${this.#renderPrompt()}
        <div class="body">${this.#renderSource()}</div>
        ${
          progressShown(cell.progress)
            ? html`<chunkbook-progress class="wide" .progress=${cell.progress}></chunkbook-progress>`
            : nothing
        }
        ${this.#renderOutputs()}
        ${
          cell.computations.length === 0
            ? nothing
            : html`<chunkbook-computation
                class="wide"
                .store=${this.store}
                .cell=${cell.id}
                .computations=${cell.computations}
              ></chunkbook-computation>`
        }
        ${this.#renderActions()}
      </article>
    `;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("cell")) return;
    const { cell } = this;
    if (cell.outputs.some(({ type }) => type === "panel") && controlsPart.module === null)
      void controlsPart.load();
    if (showsText(cell) && renderedByBuild(cell.source) === undefined && richTextPart.module === null) {
      void richTextPart.load().then(() => this.requestUpdate());
    }
  }

  /** Takes the keyboard: into the editor, or onto the cell. */
  async takeFocus(edit: boolean): Promise<void> {
    if (edit && this.cell.kind === "markdown" && this.cell.rendered) {
      this.store.setRendered(this.cell.id, false);
      await new Promise(requestAnimationFrame);
    }
    await this.updateComplete;
    if (edit && this.editor !== null) {
      await this.editor.updateComplete;
      this.editor.focus();
    } else {
      this.frame.focus();
    }
  }

  #name(): string {
    const { kind, count, status } = this.cell;
    if (kind !== "code") return kind === "markdown" ? "Text cell" : "Raw cell";
    if (status === "idle") return count === null ? "Code cell, not run" : `Code cell ${count}`;
    return status === "running" ? "Code cell, running" : "Code cell, waiting to run";
  }

  #renderPrompt(): TemplateResult {
    const { kind, count, status, ms } = this.cell;
    if (kind !== "code") return html`<div class="prompt"></div>`;
    const n = status === "idle" ? (count ?? " ") : "*";
    return html`<div class="prompt">
      <span class="in">In&nbsp;[${n}]:</span>
      ${status === "idle" && ms !== null ? html`<span class="ms" title="Time this cell took">${formatDuration(ms)}</span>` : nothing}
    </div>`;
  }

  #renderSource(): TemplateResult {
    const { cell } = this;
    if (showsText(cell)) {
      const text = renderedByBuild(cell.source) ?? richTextPart.module?.renderMarkdown(cell.source);
      if (text === undefined) return html`<div class="prose unrendered">${cell.source}</div>`;
      return html`<div class="prose" @dblclick=${() => this.takeFocus(true)}>
        ${unsafeHTML(text)}
      </div>`;
    }
    return html`<chunkbook-editor
      class="source"
      .value=${cell.source}
      .language=${cell.kind === "code" ? "python" : "text"}
      .label=${cell.kind === "code" ? "Code" : "Text, in Markdown"}
      @source=${(event: CustomEvent<string>) => this.store.setSource(cell.id, event.detail)}
      @action=${(event: CustomEvent<EditorAction>) => this.#perform(event.detail)}
    ></chunkbook-editor>`;
  }

  #renderOutputs(): TemplateResult | typeof nothing {
    const { outputs } = this.cell;
    if (outputs.length === 0) return nothing;
    return html`<div class="outputs" role="group" aria-label="Output">
      ${repeat(
        outputs,
        (_output, index) => index,
        (output) => html`
          <div class="prompt out">
            ${output.type === "result" ? html`Out[${output.count ?? " "}]:` : nothing}
          </div>
          ${
            output.type === "panel"
              ? html`<chunkbook-panel .store=${this.store} .output=${output} .cell=${this.cell.id}></chunkbook-panel>`
              : html`<chunkbook-output .output=${output} .store=${this.store}></chunkbook-output>`
          }
        `,
      )}
    </div>`;
  }

  #renderActions(): TemplateResult {
    const { cell, store } = this;
    const code = cell.kind === "code";
    return html`<div class="actions" role="toolbar" aria-label="Cell">
      ${
        code
          ? this.#action("Run this cell", icons.run, () => void store.run(cell.id))
          : this.#action(
              cell.rendered ? "Edit this text" : "Show as text",
              cell.rendered ? icons.edit : icons.text,
              () => (cell.rendered ? void this.takeFocus(true) : store.setRendered(cell.id, true)),
            )
      }
      ${this.#action("Run all cells to here", icons.runTo, () => void store.runTo(cell.id))}
      ${this.#action("Move up", icons.up, () => store.move(cell.id, -1))}
      ${this.#action("Move down", icons.down, () => store.move(cell.id, 1))}
      ${this.#action("Insert a code cell below", icons.plus, () => store.insert(cell.id, "below", "code", "", true))}
      ${this.#action(
        code ? "Make it a text cell" : "Make it a code cell",
        code ? icons.text : icons.code,
        () => store.setKind(cell.id, code ? "markdown" : "code"),
      )}
      ${this.#action("Delete this cell", icons.trash, () => store.delete(cell.id))}
    </div>`;
  }

  #action(label: string, icon: TemplateResult, run: () => void): TemplateResult {
    // Reached with Tab in the selected cell alone: seven stops in each of forty cells would wall off the page.
    return html`<button
      class="quiet small icon-only"
      aria-label=${label}
      title=${label}
      tabindex=${this.selected ? 0 : -1}
      @click=${run}
    >${icon}</button>`;
  }

  #keydown(event: KeyboardEvent): void {
    // Keys pressed in the editor, on a button or in a graph are theirs.
    if (event.composedPath()[0] !== this.frame) return;
    const command = this.#commands.read(event, event.timeStamp);
    if (command === null) return;
    event.preventDefault();
    this.#perform(command);
  }

  #perform(command: Command | EditorAction): void {
    const { store } = this;
    const { id } = this.cell;
    switch (command) {
      case "run-and-advance":
        store.runAndAdvance(id);
        break;
      case "run-in-place":
        void store.run(id);
        store.select(id, false);
        break;
      case "run-and-insert":
        void store.run(id);
        store.insert(id, "below", "code", "", true);
        break;
      case "edit":
        void this.takeFocus(true);
        break;
      case "leave":
        this.frame.focus();
        break;
      case "select-previous":
        store.selectNeighbour(-1);
        break;
      case "select-next":
        store.selectNeighbour(1);
        break;
      case "insert-above":
        store.insert(id, "above", "code");
        break;
      case "insert-below":
        store.insert(id, "below", "code");
        break;
      case "delete":
        store.delete(id);
        break;
      case "undo-delete":
        store.undoDelete();
        break;
      case "to-markdown":
        store.setKind(id, "markdown");
        break;
      case "to-code":
        store.setKind(id, "code");
        break;
      case "move-up":
        store.move(id, -1);
        break;
      case "move-down":
        store.move(id, 1);
        break;
      case "interrupt":
        store.interrupt();
        break;
      case "restart":
        void store.restart();
        break;
      case "help":
        this.dispatchEvent(new CustomEvent("help", { bubbles: true, composed: true }));
        break;
    }
  }
}

/** Whether a cell is shown as text, not as its source. */
function showsText({ kind, rendered, source }: Cell): boolean {
  return kind === "markdown" && rendered && source.trim() !== "";
}
