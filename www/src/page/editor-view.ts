/** The editor of a cell: CodeMirror, with the page's keys and looks. */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { type EditorAction, editorAction } from "./command-keys";

/** What an editor is made of. */
export interface EditorOptions {
  text: string;
  language: "python" | "text";
  /** What assistive technology calls it. */
  label: string;
  changed(text: string): void;
  act(action: EditorAction): void;
}

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

/** An editor at the end of `parent`. */
export function createEditor(parent: HTMLElement, options: EditorOptions): EditorView {
  return new EditorView({
    parent,
    root: parent.getRootNode() as ShadowRoot,
    state: createEditorState(options),
  });
}

export function createEditorState({ text, language, label, changed, act }: EditorOptions): EditorState {
  const actions = keymap.of([
    {
      any(_view, event) {
        const action = editorAction(event);
        if (action !== null) act(action);
        return action !== null;
      },
    },
  ]);
  const ofLanguage: Extension =
    language === "python"
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
    doc: text,
    extensions: [
      Prec.highest(actions),
      ofLanguage,
      history(),
      drawSelection(),
      highlightSpecialChars(),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
      theme,
      // Tab indents here, so it must not lead here: it would never get past. Enter on the cell does.
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "-1" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) changed(update.state.doc.toString());
      }),
    ],
  });
}
