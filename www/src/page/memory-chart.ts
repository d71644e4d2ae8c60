import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { base } from "../style/shared";
import { PART_COLOURS } from "./canvas";
import type { Computation, MemorySample } from "./computation";
import { formatShort, memorySentences, wholeWords } from "./computation-text";
import { viewStyles } from "./computation-view.styles";
import { formatBytes } from "./format";

const HEIGHT = 130;
const LEAST_WIDTH = 120;
/** Beside the drawings. */
const MARGINS = 24;
/** Points of the line at most. */
const POINTS = 600;
/** Rows of the table at most; of more samples, some between the first and the last are left out. */
const TABLE_ROWS = 100;

/** What the engine's memory is made of, from the bottom up. */
const PARTS: { name: string; colour: string; bytes: (sample: MemorySample) => number }[] = [
  { name: "NumPy arrays", colour: PART_COLOURS.reading, bytes: ({ arrays }) => arrays },
  { name: "kept of files", colour: "#b4437c", bytes: ({ cached }) => cached },
  { name: "kept for the next chunks", colour: PART_COLOURS.decoding, bytes: ({ spare }) => spare },
  { name: "held by tasks", colour: PART_COLOURS.computing, bytes: ({ inFlight }) => inFlight },
];

/** Memory of a computation: what the naive way would need, what was forecast, what tasks held and the engine had over time. */
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
      .reserved {
        fill: none;
        stroke: var(--ink-soft);
        stroke-width: 1.5;
        vector-effect: non-scaling-stroke;
      }
      h3 {
        margin: 0;
        padding: 0.25rem 0.75rem;
        font-size: 0.8125rem;
      }
      .legend {
        padding: 0 0.75rem 0.25rem;
        font-size: 0.8125rem;
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
  /** CSS pixels of the drawings: as wide as there is room, so that letters keep their size. */
  @state() private width = 720;
  readonly #resize = new ResizeObserver(() => {
    this.width = Math.max(LEAST_WIDTH, this.clientWidth - MARGINS);
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.#resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  protected override render(): TemplateResult {
    const { outline, latest } = this.computation;
    const bars: [string, number, string][] = [
      [wholeWords(outline.layers), outline.naive, "var(--error)"],
      ["arrays may take", outline.limit, "var(--line-strong)"],
      ["reserved for all", latest.memory, "var(--ink-soft)"],
      ["forecast, at most", outline.forecast, "var(--busy)"],
      ["peak of this run", latest.peak, PART_COLOURS.computing],
    ];
    // The limit beside an array of megabytes would make all else a hair.
    const shown = bars.filter(([name]) => name !== "arrays may take" || outline.naive > outline.limit / 8);
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
      <h3>What the tasks of this run held</h3>
      ${this.#renderLine()}
      ${latest.memory > 0 ? this.#renderEngine() : nothing}
      ${this.#renderTable()}
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
    const points = Array.from(
      held,
      (bytes, point) => `${(this.width * point) / POINTS},${y(bytes).toFixed(1)}`,
    );
    return html`<svg
      viewBox="0 -16 ${this.width} ${HEIGHT + 36}"
      width=${this.width}
      height=${HEIGHT + 36}
      role="img"
      aria-label="Bytes held by tasks over ${formatShort(span)}, at most ${formatBytes(computation.latest.peak)}"
    >
      <polygon class="area" points="0,${HEIGHT} ${points.join(" ")} ${this.width},${HEIGHT}"></polygon>
      <line class="forecast" x1="0" x2=${this.width} y1=${y(forecast)} y2=${y(forecast)}></line>
      <text x="4" y=${y(forecast) - 4}>forecast ${formatBytes(forecast)}</text>
      <text x="0" y=${HEIGHT + 15}>0</text>
      <text x=${this.width} y=${HEIGHT + 15} text-anchor="end">${formatShort(span)}</text>
    </svg>`;
  }

  /** The engine's memory over time: what is reserved, and what of it is in use for what. */
  #renderEngine(): TemplateResult {
    const { samples } = this.computation;
    const most = Math.max(...samples.map(({ memory }) => memory), 1);
    const span = Math.max(samples.at(-1)?.elapsed ?? 0, 1e-6);
    const y = (bytes: number) => (HEIGHT - (HEIGHT * Math.min(bytes, most)) / most).toFixed(1);
    // Between two looks memory is as at the later one; the first look tells how it was from the beginning.
    const line = (bytes: (sample: MemorySample) => number) => {
      let from = 0;
      return samples.map((sample) => {
        const [left, right] = [from, (this.width * sample.elapsed) / span];
        from = right;
        return `${left.toFixed(1)},${y(bytes(sample))} ${right.toFixed(1)},${y(bytes(sample))}`;
      });
    };
    const upTo = (part: number) => (sample: MemorySample) =>
      PARTS.slice(0, part + 1).reduce((sum, { bytes }) => sum + bytes(sample), 0);
    return html`
      <h3>What the engine has reserved for all, and uses</h3>
      <div class="legend">
        <span><i style="--swatch: var(--ink-soft)"></i>reserved</span>
        ${PARTS.map(({ name, colour }) => html`<span><i style="--swatch: ${colour}"></i>${name}</span>`)}
      </div>
      <svg
        viewBox="0 -16 ${this.width} ${HEIGHT + 36}"
        width=${this.width}
        height=${HEIGHT + 36}
        role="img"
        aria-label="Memory of the engine over ${formatShort(span)}, at most ${formatBytes(most)}; the table below has the numbers"
      >
        ${PARTS.map((_, index) => PARTS.length - 1 - index).map(
          (part) =>
            svg`<polygon fill=${PARTS[part]?.colour ?? ""} points="0,${HEIGHT} ${line(upTo(part)).join(" ")} ${this.width},${HEIGHT}"></polygon>`,
        )}
        <polyline class="reserved" points=${line(({ memory }) => memory).join(" ")}></polyline>
        <text x="4" y="-4">reserved ${formatBytes(most)}</text>
        <text x="0" y=${HEIGHT + 15}>0</text>
        <text x=${this.width} y=${HEIGHT + 15} text-anchor="end">${formatShort(span)}</text>
      </svg>`;
  }

  #renderTable(): TemplateResult {
    const { samples } = this.computation;
    const step = Math.ceil(samples.length / TABLE_ROWS);
    const rows = samples.filter((_, at) => at % step === 0 || at === samples.length - 1);
    return html`<details>
      <summary>Memory over time as a table</summary>
      <div class="table" tabindex="0" role="region" aria-label="Memory over time">
        <table>
          <thead>
            <tr>
              <th scope="col">After</th><th scope="col">Held by tasks</th><th scope="col">NumPy arrays</th>
              <th scope="col">Kept of files</th><th scope="col">Kept for chunks</th><th scope="col">Reserved</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              ({ elapsed, inFlight, arrays, cached, spare, memory }) => html`<tr>
                <td>${formatShort(elapsed)}</td>
                ${[inFlight, arrays, cached, spare, memory].map((bytes) => html`<td>${formatBytes(bytes)}</td>`)}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
  }
}
