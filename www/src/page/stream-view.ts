import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { base, buttons } from "../style/shared";
import { formatCount, plural } from "./format";
import { saveBlob } from "./save";
import type { StreamText } from "./stream-text";

/** Texts up to this many lines are shown whole. */
const WHOLE = 300;
/** Of longer ones, this many lines from each end. */
const EDGE = 60;
/** Height of a line in the window over a long text, in pixels: lines there do not wrap. */
const LINE_HEIGHT = 20;
/** Lines drawn around those in sight, so that scrolling finds them ready. */
const MARGIN = 30;
/** A line longer than this is cut: no screen holds it and laying it out takes seconds. */
const MAX_LINE = 10_000;

/** Printed text. Long texts are cut in the middle; all of one is seen through a window that draws only lines in sight. */
@customElement("chunkbook-stream")
export class StreamView extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      :host {
        scroll-margin: calc(var(--toolbar-height) + 0.5rem) 0 0.5rem;
      }
      pre {
        margin: 0;
        font: var(--code-size) / var(--code-line) var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      :host([error]) pre {
        color: var(--error);
      }
      .cut {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 1rem;
        margin: 0.35rem 0;
        padding: 0.3rem 0.6rem;
        border-radius: 6px;
        background: var(--sunken);
        color: var(--ink-soft);
        font-size: 0.8125rem;
      }
      .window {
        height: 25rem;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: 6px;
        contain: strict;
      }
      .window pre {
        position: absolute;
        line-height: ${LINE_HEIGHT}px;
        padding: 0 0.5rem;
        white-space: pre;
        overflow-wrap: normal;
      }
    `,
  ];

  @property({ attribute: false }) text!: StreamText;
  @property({ type: Boolean, reflect: true }) error = false;
  @state() private expanded = false;
  @state() private firstLine = 0;

  protected override render(): TemplateResult {
    const count = this.text.lineCount;
    if (count <= WHOLE && this.text.dropped === 0) return html`<pre>${this.#lines(0, count)}</pre>`;
    if (this.expanded) return this.#renderWindow(count);
    return html`
      <pre>${this.#lines(0, EDGE)}</pre>
      <div class="cut">
        <span>${plural(count + this.text.dropped - 2 * EDGE, "line")} not shown</span>
        <button class="link" @click=${this.#toggle}>Show all</button>
        <button class="link" @click=${this.#save}>Save as text</button>
      </div>
      <pre>${this.#lines(count - EDGE, count)}</pre>
    `;
  }

  #renderWindow(count: number): TemplateResult {
    const start = Math.max(0, this.firstLine - MARGIN);
    const end = Math.min(count, this.firstLine + Math.ceil(400 / LINE_HEIGHT) + MARGIN);
    const dropped =
      this.text.dropped > 0 ? `, ${formatCount(this.text.dropped)} more were too many to keep` : "";
    return html`
      <div class="cut">
        <span>${plural(count, "line")}${dropped}</span>
        <button class="link" @click=${this.#toggle}>Show less</button>
        <button class="link" @click=${this.#save}>Save as text</button>
      </div>
      <div class="window" tabindex="0" role="region" aria-label="All printed lines" @scroll=${this.#scrolled}>
        <div style="height: ${count * LINE_HEIGHT}px; position: relative">
          <pre style="top: ${start * LINE_HEIGHT}px">${this.#lines(start, end)}</pre>
        </div>
      </div>
    `;
  }

  #lines(start: number, end: number): string {
    return this.text.lines
      .slice(start, Math.min(end, this.text.lineCount))
      .map((line) =>
        line.length > MAX_LINE
          ? `${line.slice(0, MAX_LINE)}… (${formatCount(line.length - MAX_LINE)} more characters)`
          : line,
      )
      .join("\n");
  }

  async #toggle(): Promise<void> {
    this.expanded = !this.expanded;
    this.firstLine = 0;
    await this.updateComplete;
    // The two forms differ in height by screens; the reader's place is here.
    this.scrollIntoView({ block: "nearest" });
  }

  #scrolled(event: Event): void {
    const first = Math.floor((event.currentTarget as HTMLElement).scrollTop / LINE_HEIGHT);
    // Drawing again is needed only when the lines drawn so far run out.
    if (Math.abs(first - this.firstLine) > MARGIN / 2) this.firstLine = first;
  }

  #save(): void {
    saveBlob(new Blob([this.text.toString()], { type: "text/plain" }), "output.txt");
  }
}
