import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import type { CellError } from "../protocol";
import { base } from "../style/shared";
import "./stream-view";
import type { Output, OutputData, PanelOutput } from "./notebook";
import type { NotebookStore } from "./notebook-store";
import { richTextPart, viewsPart } from "./parts";
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
        --shade: color-mix(in oklab, var(--ink) 16%, transparent);
        /* A shadow at either side where there is more: its cover scrolls away with what is shown. */
        background:
          linear-gradient(to right, var(--paper) 30%, transparent) left / 2rem 100% local no-repeat,
          linear-gradient(to left, var(--paper) 30%, transparent) right / 2rem 100% local no-repeat,
          linear-gradient(to right, var(--shade), transparent) left / 0.6rem 100% scroll no-repeat,
          linear-gradient(to left, var(--shade), transparent) right / 0.6rem 100% scroll no-repeat;
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

  /** What is wider than its box is scrolled with keys too, which takes a stop of Tab: none where all is in sight. */
  readonly #sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      target.toggleAttribute("tabindex", target.scrollWidth > target.clientWidth);
      if (target.hasAttribute("tabindex")) target.setAttribute("tabindex", "0");
    }
  });

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

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes.disconnect();
  }

  // A stream's text grows in place, so the element around it is told by hand.
  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("output")) void this.#fetchParts();
    this.#sizes.disconnect();
    const rich = this.renderRoot.querySelector<HTMLElement>(".rich");
    if (rich !== null) this.#sizes.observe(rich);
    if (this.output.type === "stream") {
      this.renderRoot.querySelector<StreamView>("chunkbook-stream")?.requestUpdate();
    }
  }

  /** What this output needs and the page does not have yet. */
  async #fetchParts(): Promise<void> {
    const { output } = this;
    if (output.type !== "display" && output.type !== "result") return;
    const form = richestForm(output.data);
    if (form === GRAPH && viewsPart.module === null) await viewsPart.load();
    if ((form === "image/svg+xml" || form === "text/html") && richTextPart.module === null) {
      await richTextPart.load();
      this.requestUpdate();
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

const GRAPH = "application/vnd.chunkbook.graph+json";
const FORMS = [GRAPH, "image/svg+xml", "text/html", "image/png", "text/plain"] as const;

function richestForm(data: OutputData): (typeof FORMS)[number] {
  return FORMS.find((form) => data[form] !== undefined) ?? "text/plain";
}

function renderData(data: OutputData, store: NotebookStore | null): TemplateResult {
  const plain = data["text/plain"];
  const form = richestForm(data);
  switch (form) {
    case GRAPH:
      return html`<chunkbook-graph-explorer .drawing=${data[form]} .store=${store}></chunkbook-graph-explorer>`;
    case "image/svg+xml":
      return renderRich((safe) => safe.sanitizeSvg(data[form] ?? ""), plain);
    case "text/html":
      return renderRich((safe) => safe.sanitizeHtml(data[form] ?? ""), plain);
    case "image/png":
      return html`<img src="data:image/png;base64,${data[form]}" alt=${plain} />`;
    case "text/plain":
      return renderPlain(plain);
  }
}

/** Made safe, or plain as long as what makes it safe has not come. */
function renderRich(
  sanitize: (safe: NonNullable<typeof richTextPart.module>) => string,
  plain: string,
): TemplateResult {
  const safe = richTextPart.module;
  return safe === null
    ? renderPlain(plain)
    : html`<div class="rich" role="group" aria-label="Output">${unsafeHTML(sanitize(safe))}</div>`;
}

function renderPlain(text: string): TemplateResult {
  return html`<chunkbook-stream .text=${new StreamText(text)}></chunkbook-stream>`;
}
