/** Markdown of text cells to HTML, its fenced Python coloured as in the editors. */
import { pythonLanguage } from "@codemirror/lang-python";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import MarkdownIt from "markdown-it";

const markdown = new MarkdownIt({ html: true, highlight: highlight });

/** HTML that may hold what the author wrote as HTML: to be sanitised before it is shown. */
export function markdownToHtml(source: string): string {
  return markdown.render(source);
}

/** Fenced code as spans with classes; an empty answer leaves it to the renderer. */
function highlight(code: string, language: string): string {
  if (!/^(python|py)$/i.test(language)) return "";
  let html = "";
  highlightCode(
    code,
    pythonLanguage.parser.parse(code),
    classHighlighter,
    (text, classes) => {
      const escaped = markdown.utils.escapeHtml(text);
      html += classes === "" ? escaped : `<span class="${classes}">${escaped}</span>`;
    },
    () => {
      html += "\n";
    },
  );
  return html;
}
