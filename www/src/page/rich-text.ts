/** What shows text that is more than characters: Markdown, and the HTML and SVG of cells and notebooks, made safe. */
import { markdownToHtml } from "./markdown";
import { sanitizeHtml } from "./sanitize";

export { sanitizeHtml, sanitizeSvg } from "./sanitize";

/** The text of a cell as HTML that is safe to show. */
export function renderMarkdown(source: string): string {
  return sanitizeHtml(markdownToHtml(source));
}
