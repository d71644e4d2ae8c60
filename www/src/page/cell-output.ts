import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import type { CellError } from "../protocol";
import { base } from "../style/shared";
import "./graph-explorer";
import "./stream-view";
import type { Output, OutputData, PanelOutput } from "./notebook";
import type { NotebookStore } from "./notebook-store";
import { sanitizeHtml, sanitizeSvg } from "./sanitize";
import { StreamText } from "./stream-text";
import type { StreamView } from "./stream-view";

/** One output of a cell in the richest form there is. */
@customElement("chunkbook-output")
export class CellOutput extends LitElement {
  static override styles = [
    base,
    css`
      :host {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .error {
        padding: 0.6rem 0.75rem;
        border-left: 3px solid var(--error);
        border-radius: 0 6px 6px 0;
        background: var(--error-soft);
      }
      .error pre {
        margin: 0;
        font: var(--code-size) / var(--code-line) var(--mono);
        white-space: pre-wrap;
      }
      .error .summary {
        color: var(--error);
        font-weight: 600;
      }
      /* A box of its own: what a cell shows cannot lie over the page. */
      .rich {
        max-width: 100%;
        overflow: auto;
        contain: content;
      }
      chunkbook-graph-explorer {
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }
      .rich table {
        border-collapse: collapse;
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }
      .rich th,
      .rich td {
        padding: 0.25rem 0.75rem;
        border-bottom: 1px solid var(--line);
        text-align: right;
      }
      .rich svg,
      .rich img,
      img {
        max-width: 100%;
        height: auto;
      }
    `,
  ];

  /** Panels of controls have an element of their own. */
  @property({ attribute: false }) output!: Exclude<Output, PanelOutput>;
  @property({ attribute: false }) store: NotebookStore | null = null;

  protected override render(): TemplateResult {
    const output = this.output;
    switch (output.type) {
      case "stream":
        return html`<chunkbook-stream .text=${output.text} ?error=${output.name === "stderr"}></chunkbook-stream>`;
      case "error":
        return renderError(output.error);
      case "display":
      case "result":
        return renderData(output.data, this.store);
    }
  }

  // A stream's text grows in place, so the element around it is told by hand.
  protected override updated(): void {
    if (this.output.type === "stream") {
      this.renderRoot.querySelector<StreamView>("chunkbook-stream")?.requestUpdate();
    }
  }
}

function renderError(error: CellError): TemplateResult {
  const traceback = error.traceback.trimEnd();
  // The exception itself, which may have several lines, stands out from the frames that lead to it.
  const at = traceback.lastIndexOf(`\n${error.name}`);
  const [frames, summary] = at < 0 ? ["", traceback] : [traceback.slice(0, at + 1), traceback.slice(at + 1)];
  return html`<div class="error" role="group" aria-label=${error.name}>
    <pre>${frames}<span class="summary">${summary}</span></pre>
  </div>`;
}

function renderData(data: OutputData, store: NotebookStore | null): TemplateResult {
  const graph = data["application/vnd.chunkbook.graph+json"];
  if (graph !== undefined)
    return html`<chunkbook-graph-explorer .drawing=${graph} .store=${store}></chunkbook-graph-explorer>`;
  const svg = data["image/svg+xml"];
  if (svg !== undefined) return html`<div class="rich">${unsafeHTML(sanitizeSvg(svg))}</div>`;
  const markup = data["text/html"];
  if (markup !== undefined) return html`<div class="rich">${unsafeHTML(sanitizeHtml(markup))}</div>`;
  const png = data["image/png"];
  if (png !== undefined) return html`<img src="data:image/png;base64,${png}" alt=${data["text/plain"]} />`;
  return html`<chunkbook-stream .text=${new StreamText(data["text/plain"])}></chunkbook-stream>`;
}
