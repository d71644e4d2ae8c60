import type { EditorView } from "@codemirror/view";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { base, codeColours } from "../style/shared";
import { type EditorAction, editorAction } from "./command-keys";
import type { EditorOptions } from "./editor-view";
import { editorPart } from "./parts";
import { renderedByBuild } from "./rendered";

/**
 * The editor of a cell: CodeMirror as an element. Until that has come it is a plain text area of the same measures over
 * the coloured text, so that nothing moves, and what is typed meanwhile is kept with caret and selection.
 *
 * @fires source - The text changed; `detail` is the new text.
 * @fires action - A key asks something of the cell; `detail` is an `EditorAction`.
 */
@customElement("chunkbook-editor")
export class CodeEditor extends LitElement {
  static override styles = [
    base,
    codeColours,
    css`
      .cm-editor,
      .plain {
        min-height: 2.5rem;
      }
      .plain {
        display: grid;
        grid-template-columns: minmax(100%, max-content);
        overflow-x: auto;
      }
      .plain > * {
        grid-area: 1 / 1;
        width: 100%;
        min-width: 0;
        margin: 0;
        padding: 0.625rem 0.75rem;
        border: 0;
        font: var(--code-size) / var(--code-line) var(--mono);
        tab-size: 4;
        white-space: pre;
      }
      .plain.text > * {
        overflow-wrap: anywhere;
        white-space: break-spaces;
        word-break: break-word;
      }
      .plain.text {
        grid-template-columns: 100%;
      }
      textarea {
        overflow: hidden;
        outline: none;
        background: none;
        color: transparent;
        caret-color: var(--ink);
        resize: none;
      }
      textarea::selection {
        background: color-mix(in oklab, var(--accent) 28%, transparent);
        color: transparent;
      }
    `,
  ];

  @property() value = "";
  /** Python, or plain text that wraps. */
  @property() language: "python" | "text" = "python";
  /** What assistive technology calls the editor. */
  @property() label = "";
  @query(".editor") private parent!: HTMLDivElement;
  @query("textarea") private area!: HTMLTextAreaElement | null;
  @state() private view: EditorView | null = null;
  readonly #plainAtFirst = editorPart.module === null;
  /** The text before anything was typed into the text area, so that CodeMirror can undo that too. */
  #before: string | null = null;
  /** A pointer is down in the text area, or an input method composes there: it cannot be taken away yet. */
  #held = false;

  protected override render(): TemplateResult {
    return html`<div class="editor"></div>
      ${this.view === null && this.#plainAtFirst ? this.#renderPlain() : nothing}`;
  }

  protected override firstUpdated(): void {
    // At once where CodeMirror is here: nothing is drawn in between.
    if (editorPart.module !== null) this.#begin(editorPart.module);
    else void editorPart.here.then((module) => this.#begin(module));
  }

  protected override updated(changed: PropertyValues<this>): void {
    const { view } = this;
    if (view === null) return;
    if (changed.has("language") && changed.get("language") !== undefined) {
      const module = editorPart.module;
      if (module !== null) view.setState(module.createEditorState(this.#options(this.value)));
    } else if (view.state.doc.toString() !== this.value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: this.value } });
    }
  }

  override focus(): void {
    (this.view ?? this.area)?.focus();
  }

  #renderPlain(): TemplateResult {
    const coloured = this.language === "python" ? renderedByBuild(this.value) : undefined;
    // One line break more than the text has: a last one alone opens no line.
    return html`<div class="plain ${this.language}">
      <pre aria-hidden="true">${coloured === undefined ? this.value : unsafeHTML(coloured)}${"\n"}</pre>
      <textarea
        rows="1"
        cols="1"
        tabindex="-1"
        spellcheck="false"
        autocapitalize="off"
        autocomplete="off"
        aria-label=${this.label}
        .value=${live(this.value)}
        @focus=${() => void editorPart.load()}
        @pointerdown=${this.#pointerDown}
        @compositionstart=${() => this.#hold()}
        @compositionend=${() => this.#release()}
        @keydown=${this.#keydown}
        @input=${this.#input}
      ></textarea>
    </div>`;
  }

  #pointerDown(): void {
    this.#hold();
    const release = () => {
      window.removeEventListener("pointerup", release);
      window.removeEventListener("pointercancel", release);
      this.#release();
    };
    window.addEventListener("pointerup", release);
    window.addEventListener("pointercancel", release);
  }

  #keydown(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const action = editorAction(event);
    if (action !== null) {
      event.preventDefault();
      this.#act(action);
    } else if (event.key === "Tab" && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      const area = event.currentTarget as HTMLTextAreaElement;
      area.setRangeText("    ", area.selectionStart, area.selectionEnd, "end");
      this.#input(event);
    }
  }

  #input(event: Event): void {
    this.#before ??= this.value;
    this.#change((event.currentTarget as HTMLTextAreaElement).value);
  }

  #hold(): void {
    this.#held = true;
  }

  #release(): void {
    this.#held = false;
    // What was held may have a say in the text, the caret or the focus yet.
    if (editorPart.module !== null)
      setTimeout(() => void editorPart.here.then((module) => this.#begin(module)));
  }

  /** Puts CodeMirror in the place of the text area, with its text, selection and keyboard. */
  #begin(module: NonNullable<typeof editorPart.module>): void {
    if (this.view !== null || this.#held) return;
    const { area } = this;
    const view = module.createEditor(this.parent, this.#options(this.#before ?? this.value));
    if (this.#before !== null && this.#before !== this.value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: this.value } });
    }
    if (area !== null && this.shadowRoot?.activeElement === area) {
      const { selectionStart: start, selectionEnd: end, selectionDirection } = area;
      const [anchor, head] = selectionDirection === "backward" ? [end, start] : [start, end];
      view.dispatch({ selection: { anchor, head } });
      view.scrollDOM.scrollLeft = area.parentElement?.scrollLeft ?? 0;
      view.focus();
    }
    this.view = view;
  }

  #options(text: string): EditorOptions {
    return {
      text,
      language: this.language,
      label: this.label,
      changed: (value) => this.#change(value),
      act: (action) => this.#act(action),
    };
  }

  #change(text: string): void {
    this.value = text;
    this.dispatchEvent(new CustomEvent<string>("source", { detail: text }));
  }

  #act(action: EditorAction): void {
    this.dispatchEvent(new CustomEvent<EditorAction>("action", { detail: action }));
  }
}
