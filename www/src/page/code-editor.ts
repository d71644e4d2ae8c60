import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import { base, codeColours } from "../style/shared";

/** What a key pressed in the editor asks of its cell. */
export type EditorAction = "run-and-advance" | "run-in-place" | "run-and-insert" | "leave";

const theme = EditorView.theme({
  "&": { background: "transparent", color: "inherit", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "var(--code-line)" },
  ".cm-content": { padding: "0.625rem 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 0.75rem" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "& .cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    background: "color-mix(in oklab, var(--accent) 28%, transparent)",
  },
  "&.cm-focused .cm-matchingBracket": { background: "color-mix(in oklab, var(--accent) 25%, transparent)" },
});

/**
 * A CodeMirror editor as an element.
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
      .cm-editor {
        min-height: 2.5rem;
      }
    `,
  ];

  @property() value = "";
  /** Python, or plain text that wraps. */
  @property() language: "python" | "text" = "python";
  /** What assistive technology calls the editor. */
  @property() label = "";
  @query("div") private parent!: HTMLDivElement;
  #view: EditorView | null = null;

  protected override render(): TemplateResult {
    return html`<div></div>`;
  }

  protected override firstUpdated(): void {
    this.#view = new EditorView({
      parent: this.parent,
      root: this.renderRoot as ShadowRoot,
      state: this.#newState(),
    });
  }

  protected override updated(changed: PropertyValues<this>): void {
    const view = this.#view;
    if (view === null) return;
    if (changed.has("language") && changed.get("language") !== undefined) view.setState(this.#newState());
    else if (view.state.doc.toString() !== this.value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: this.value } });
    }
  }

  override focus(): void {
    this.#view?.focus();
  }

  #newState(): EditorState {
    const act = (action: EditorAction) => () => {
      this.dispatchEvent(new CustomEvent<EditorAction>("action", { detail: action }));
      return true;
    };
    const keys = keymap.of([
      { key: "Shift-Enter", run: act("run-and-advance") },
      { key: "Mod-Enter", run: act("run-in-place") },
      { key: "Ctrl-Enter", run: act("run-in-place") },
      { key: "Alt-Enter", run: act("run-and-insert") },
      { key: "Escape", run: act("leave") },
    ]);
    const language: Extension =
      this.language === "python"
        ? [
            python(),
            syntaxHighlighting(classHighlighter),
            closeBrackets(),
            bracketMatching(),
            indentOnInput(),
            indentUnit.of("    "),
          ]
        : EditorView.lineWrapping;
    return EditorState.create({
      doc: this.value,
      extensions: [
        Prec.highest(keys),
        language,
        history(),
        drawSelection(),
        highlightSpecialChars(),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
        theme,
        EditorView.contentAttributes.of({ "aria-label": this.label, tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          this.value = update.state.doc.toString();
          this.dispatchEvent(new CustomEvent<string>("source", { detail: this.value }));
        }),
      ],
    });
  }
}
