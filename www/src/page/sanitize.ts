/**
 * HTML and SVG from cells and notebooks, made safe to show: no scripts, no forms, no event handlers.
 * What would be fetched from another origin is refused by the page's content security policy.
 */
import DOMPurify from "dompurify";

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName === "A" && node.hasAttribute("href")) {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer");
  }
});

const FORBIDDEN = ["form", "input", "button", "textarea", "select", "style", "link"];

export function sanitizeHtml(html: string): string {
  return DOMPurify.sanitize(html, { USE_PROFILES: { html: true, svg: true }, FORBID_TAGS: FORBIDDEN });
}

export function sanitizeSvg(svg: string): string {
  return DOMPurify.sanitize(svg, { USE_PROFILES: { svg: true, svgFilters: true }, FORBID_TAGS: ["style"] });
}
