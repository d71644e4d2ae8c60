import { css, html, LitElement, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Preview } from "../protocol";
import { base } from "../style/shared";
import { viewStyles } from "./computation-view.styles";
import { formatCount } from "./format";
import {
  cellRange,
  formatTick,
  formatValue,
  isWhole,
  type NumberScale,
  rangeText,
  ticks,
} from "./plot-scale";

const WIDTH = 300;
const HEIGHT = 110;
/** Room for the numbers beside an axis: at least, and for each character. */
const LEAST_LEFT = 44;
const CHARACTER = 6.5;
const BELOW = 30;

const chartStyles = css`
  svg {
    display: block;
    width: 100%;
    height: auto;
    overflow: visible;
  }
  text {
    fill: var(--ink-soft);
    font: 10px var(--sans);
  }
  .grid {
    stroke: var(--line);
  }
  .about,
  details summary {
    min-height: 0;
    padding: 0.2rem 0;
    font-size: 0.8125rem;
  }
  .mark {
    stroke: var(--ink);
  }
`;

/** Of the frame's width and height, where a number lies. */
function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  return (value) => (high > low ? from + ((value - low) / (high - low)) * (to - from) : (from + to) / 2);
}

/** A vector: the mean of each cell's elements as a line, and how far they reach as a band. */
@customElement("chunkbook-line-chart")
export class LineChart extends LitElement {
  static override styles = [
    base,
    viewStyles,
    chartStyles,
    css`
      .band {
        fill: color-mix(in oklab, var(--accent) 30%, transparent);
      }
      .line {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.25;
      }
    `,
  ];

  @property({ attribute: false }) preview!: Preview;
  @property({ attribute: false }) dtype = "";
  @state() private chosen: number | null = null;
  #left = LEAST_LEFT;

  protected override render(): TemplateResult {
    const { means, mins, maxs, min, max, extent } = this.preview;
    const [low, high] = [min ?? 0, max ?? 0];
    const axis = axisTicks(low, high);
    this.#left = axis.left;
    const x = scale(0, Math.max(1, means.length - 1), axis.left, WIDTH);
    const y = scale(low, high, HEIGHT, 4);
    const point = (value: number | null | undefined, index: number) =>
      value == null ? "" : `${x(index).toFixed(1)},${y(value).toFixed(1)}`;
    const band = [...(maxs ?? []).map(point), ...(mins ?? []).map(point).reverse()].filter((p) => p !== "");
    return html`<svg
        viewBox="0 0 ${WIDTH} ${HEIGHT + BELOW}"
        role="img"
        tabindex="0"
        aria-label="Line of ${formatCount(extent[1])} elements, from ${this.#text(low)} to ${this.#text(high)}; left and right go along it"
        @pointermove=${this.#point}
        @keydown=${this.#key}
      >
        ${axis.texts.map(([tick, text]) => axisLine(axis.left, y(tick), text))}
        <polygon class="band" points=${band.join(" ")}></polygon>
        <polyline class="line" points=${means
          .map(point)
          .filter((p) => p !== "")
          .join(" ")}></polyline>
        ${this.chosen === null ? "" : svg`<line class="mark" x1=${x(this.chosen)} x2=${x(this.chosen)} y1="4" y2=${HEIGHT}></line>`}
        <text x=${axis.left} y=${HEIGHT + 13}>0</text>
        <text x=${WIDTH} y=${HEIGHT + 13} text-anchor="end">${formatCount(extent[1] - 1)}</text>
        ${axisName(axis.left, "index")}
      </svg>
      <div class="about" aria-live="polite">${this.#renderChosen()}</div>`;
  }

  #renderChosen(): TemplateResult {
    const { means, mins, maxs, cells, extent } = this.preview;
    if (this.chosen === null)
      return html`<span class="soft">The line is the mean, the band from least to greatest.</span>`;
    const where = rangeText(cellRange(this.chosen, cells[1], extent[1]));
    const [mean, min, max] = [means, mins, maxs].map((values) => values?.[this.chosen ?? 0] ?? null);
    if (mean == null || min == null || max == null) return html`${where}: no finite number`;
    return html`${where}: ${min === max ? this.#text(mean) : `mean ${this.#text(mean)}, from ${this.#text(min)} to ${this.#text(max)}`}`;
  }

  #text(value: number): string {
    return formatValue(value, numberScale(this.preview, this.dtype));
  }

  #point(event: PointerEvent): void {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const along = ((event.clientX - box.left) / box.width) * WIDTH - this.#left;
    const last = this.preview.means.length - 1;
    this.chosen = Math.min(last, Math.max(0, Math.round((along / (WIDTH - this.#left)) * last)));
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.chosen = Math.min(this.preview.means.length - 1, Math.max(0, (this.chosen ?? -step) + step));
  }
}

/** How many elements are of which size. */
@customElement("chunkbook-histogram")
export class HistogramChart extends LitElement {
  static override styles = [
    base,
    viewStyles,
    chartStyles,
    css`
      rect {
        fill: var(--accent);
      }
    `,
  ];

  @property({ attribute: false }) preview!: Preview;
  @property({ attribute: false }) dtype = "";

  protected override render(): TemplateResult {
    const { counts } = this.preview.histogram;
    const most = Math.max(...counts, 1);
    const x = scale(0, counts.length, LEAST_LEFT, WIDTH);
    const y = scale(0, most, HEIGHT, 4);
    const { bars, ends } = barTexts(this.preview, this.dtype);
    const [least, greatest] = ends;
    return html`<svg
        viewBox="0 0 ${WIDTH} ${HEIGHT + BELOW}"
        role="img"
        aria-label="Histogram of ${formatCount(this.preview.count)} elements from ${least} to ${greatest}"
      >
        ${ticks(0, most, 3)
          .filter(Number.isInteger)
          .map((tick) => axisLine(LEAST_LEFT, y(tick), shortCount(tick)))}
        ${counts.map(
          (count, bar) =>
            svg`<rect x=${x(bar)} width=${Math.max(0.5, x(bar + 1) - x(bar) - 0.5)} y=${y(count)} height=${HEIGHT - y(count)}><title>${bars[bar]}: ${formatCount(count)}</title></rect>`,
        )}
        <text x=${LEAST_LEFT} y=${HEIGHT + 13}>${least}</text>
        <text x=${WIDTH} y=${HEIGHT + 13} text-anchor="end">${greatest}</text>
        ${axisName(LEAST_LEFT, "value; the height is the number of elements")}
      </svg>
      <details>
        <summary>The histogram as a table</summary>
        <div class="table" tabindex="0" role="group" aria-label="Histogram">
          <table>
            <thead><tr><th scope="col">Values</th><th scope="col">Elements</th></tr></thead>
            <tbody>${counts.map((count, bar) => html`<tr><td>${bars[bar]}</td><td>${formatCount(count)}</td></tr>`)}</tbody>
          </table>
        </div>
      </details>`;
  }
}

/** What tells the numbers of a preview apart. */
export function numberScale({ min, max }: Preview, dtype: string): NumberScale {
  return { dtype, range: (max ?? 0) - (min ?? 0) };
}

/** What each bar of a histogram is of, and what stands below the first and the last. */
export function barTexts(preview: Preview, dtype: string): { bars: string[]; ends: [string, string] } {
  const { low, high, counts } = preview.histogram;
  const step = (high - low) / counts.length;
  const ends = numberScale(preview, dtype);
  // Of few whole numbers each has a bar of its own, and lies in its middle.
  if (step === 1 && !Number.isInteger(low) && isWhole(dtype)) {
    const bars = counts.map((_, bar) => formatValue(low + 0.5 + bar, ends));
    return { bars, ends: [bars[0] ?? "", bars.at(-1) ?? ""] };
  }
  // The histogram's own ends are elements, and written as such.
  const edges = Array.from({ length: counts.length + 1 }, (_, edge) =>
    edge === 0 || edge === counts.length
      ? formatValue(edge === 0 ? low : high, ends)
      : formatTick(low + step * edge, step),
  );
  const bars = counts.map((_, bar) => `${edges[bar]} to ${edges[bar + 1]}`);
  return { bars, ends: [edges[0] ?? "", edges.at(-1) ?? ""] };
}

/** The ticks of an upright axis, and how far from the left it stands to leave room for them. */
function axisTicks(low: number, high: number): { texts: [tick: number, text: string][]; left: number } {
  const all = ticks(low, high);
  const step = (all[1] ?? Number.POSITIVE_INFINITY) - (all[0] ?? 0);
  const texts = all.map((tick): [number, string] => [tick, formatTick(tick, step)]);
  const longest = Math.max(...texts.map(([, text]) => text.length));
  return { texts, left: Math.max(LEAST_LEFT, CHARACTER * longest + 6) };
}

function axisLine(left: number, y: number, text: string): SVGTemplateResult {
  return svg`<line class="grid" x1=${left} x2=${WIDTH} y1=${y} y2=${y}></line>
    <text x=${left - 4} y=${y + 3} text-anchor="end">${text}</text>`;
}

/** What the axis below is of. */
function axisName(left: number, text: string): SVGTemplateResult {
  return svg`<text x=${(left + WIDTH) / 2} y=${HEIGHT + 26} text-anchor="middle">${text}</text>`;
}

/** `1.2M`: what fits beside an axis. */
function shortCount(count: number): string {
  return count.toLocaleString("en-US", { notation: "compact" });
}
