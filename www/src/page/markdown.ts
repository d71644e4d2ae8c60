/** Markdown of text cells to HTML, its fenced Python coloured as in the editors. */
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/python";
import MarkdownIt from "markdown-it";

const markdown = new MarkdownIt({ html: true, highlight });

// The notebook stays open beside what it links to.
markdown.renderer.rules.link_open = (tokens, index, options, _env, renderer) => {
  tokens[index]?.attrSet("rel", "noopener noreferrer");
  tokens[index]?.attrSet("target", "_blank");
  return renderer.renderToken(tokens, index, options);
};

/** HTML that may hold what the author wrote as HTML: to be sanitised before it is shown. */
export function markdownToHtml(source: string): string {
  return markdown.render(source);
}

/** Fenced Python as spans with classes; an empty answer leaves other code to the renderer. */
function highlight(code: string, language: string): string {
  return /^(python|py)$/i.test(language) ? codeToHtml(code) : "";
}

/** Python as spans with classes. */
export function codeToHtml(code: string): string {
  let html = "";
  highlightCode(
    code,
    parser.parse(code),
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
