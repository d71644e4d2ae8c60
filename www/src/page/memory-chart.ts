import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { base } from "../style/shared";
import { PART_COLOURS } from "./canvas";
import type { Computation } from "./computation";
import { formatShort, memorySentences, TAB_BYTES } from "./computation-text";
import { viewStyles } from "./computation-view.styles";
import { formatBytes } from "./format";

const WIDTH = 720;
const HEIGHT = 130;
/** Points of the line at most. */
const POINTS = 600;

/** Memory of a computation: what the naive way would need, what was forecast, and what was held over time. */
@customElement("chunkbook-memory-chart")
export class MemoryChart extends LitElement {
  static override styles = [
    base,
    viewStyles,
    css`
      p {
        margin: 0;
        padding: 0.5rem 0.75rem 0;
        font-size: 0.875rem;
        line-height: 1.5;
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(3rem, 1fr) max-content;
        gap: 0.35rem 0.75rem;
        margin: 0;
        padding: 0.75rem;
        font-size: 0.8125rem;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        font-variant-numeric: tabular-nums;
        text-align: right;
      }
      .track {
        align-self: center;
        height: 0.8rem;
        border-radius: 3px;
        background: var(--sunken);
      }
      .track div {
        min-width: 2px;
        max-width: 100%;
        height: 100%;
        border-radius: 3px;
        background: var(--swatch);
      }
      svg {
        display: block;
        width: calc(100% - 1.5rem);
        height: auto;
        margin: 0 0.75rem 0.5rem;
        overflow: visible;
      }
      .area {
        fill: color-mix(in oklab, var(--accent) 25%, transparent);
        stroke: var(--accent);
        stroke-width: 1.5;
        vector-effect: non-scaling-stroke;
      }
      .forecast {
        stroke: var(--busy);
        stroke-dasharray: 6 4;
        vector-effect: non-scaling-stroke;
      }
      text {
        fill: var(--ink-soft);
        font: 12px var(--sans);
      }
    `,
  ];

  @property({ attribute: false }) computation!: Computation;
  /** Changes when the computation has grown. */
  @property({ attribute: false }) version = 0;

  protected override render(): TemplateResult {
    const { outline, latest } = this.computation;
    const bars: [string, number, string][] = [
      ["the whole array", outline.naive, "var(--error)"],
      ["a tab may have", TAB_BYTES, "var(--line-strong)"],
      ["the engine has", latest.memory, "var(--ink-soft)"],
      ["forecast", outline.forecast, "var(--busy)"],
      ["peak held by tasks", latest.peak, PART_COLOURS.computing],
    ];
    // A tab's limit beside an array of megabytes would make all else a hair.
    const shown = bars.filter(([name]) => name !== "a tab may have" || outline.naive > TAB_BYTES / 8);
    const most = Math.max(...shown.map(([, bytes]) => bytes), 1);
    return html`
      ${memorySentences(this.computation).map((sentence) => html`<p>${sentence}</p>`)}
      <dl>
        ${shown.map(
          ([name, bytes, colour]) => html`<dt>${name}</dt>
            <div class="track" aria-hidden="true"><div style=${styleMap({ "--swatch": colour, width: `${(100 * bytes) / most}%` })}></div></div>
            <dd>${formatBytes(bytes)}</dd>`,
        )}
      </dl>
      ${this.#renderLine()}
    `;
  }

  /** Bytes held over time, as each task ends. */
  #renderLine(): TemplateResult {
    const { computation } = this;
    const { forecast } = computation.outline;
    const most = Math.max(computation.latest.peak, forecast, 1);
    const span = Math.max(computation.span, 1e-6);
    // Of the tasks that share a point, the one that held most.
    const held = new Float64Array(POINTS + 1);
    for (let index = 0; index < computation.count; index += 1) {
      const task = computation.task(index);
      const from = Math.min(POINTS, Math.max(0, Math.floor((POINTS * task.start) / span)));
      const to = Math.min(POINTS, Math.max(0, Math.floor((POINTS * task.end) / span)));
      for (let point = from; point <= to; point += 1) held[point] = Math.max(held[point] ?? 0, task.inFlight);
    }
    const y = (bytes: number) => HEIGHT - (HEIGHT * bytes) / most;
    const points = Array.from(held, (bytes, point) => `${(WIDTH * point) / POINTS},${y(bytes).toFixed(1)}`);
    return html`<svg
      viewBox="-4 -16 ${WIDTH + 8} ${HEIGHT + 36}"
      role="img"
      aria-label="Bytes held by tasks over ${formatShort(span)}, at most ${formatBytes(computation.latest.peak)}"
    >
      <polygon class="area" points="0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}"></polygon>
      <line class="forecast" x1="0" x2=${WIDTH} y1=${y(forecast)} y2=${y(forecast)}></line>
      <text x="4" y=${y(forecast) - 4}>forecast ${formatBytes(forecast)}</text>
      <text x="0" y=${HEIGHT + 15}>0</text>
      <text x=${WIDTH} y=${HEIGHT + 15} text-anchor="end">${formatShort(span)}</text>
    </svg>`;
  }
}
