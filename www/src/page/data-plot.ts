import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { DatasetFacts, Preview } from "../protocol";
import { base, buttons } from "../style/shared";
import { arrowStep } from "./arrow-keys";
import { pixelOf, prepare, RAMP_GRADIENT, rampPixel, themeColours } from "./canvas";
import { CanvasController } from "./canvas-controller";
import { viewStyles } from "./computation-view.styles";
import { numberScale } from "./data-charts";
import { formatBytes, formatCount } from "./format";
import type { NotebookStore } from "./notebook-store";
import { cellRange, formatValue, rangeText } from "./plot-scale";
import { StoreController } from "./store-controller";

/** Smaller datasets are looked at unasked: reading them takes a moment. */
const UNASKED_BYTES = 16 * 2 ** 20;
const MOST_HEIGHT = 260;
/** Pixels of a cell of the heatmap. */
const MOST_CELL = 24;

/** The data of a dataset to look at: a line or a heatmap, and a histogram, read chunk by chunk. */
@customElement("chunkbook-data-plot")
export class DataPlot extends LitElement {
  static override styles = [
    base,
    buttons,
    viewStyles,
    css`
      :host {
        margin: 0.5rem 0;
      }
      .bar,
      .about {
        min-height: 0;
        margin: 0;
        padding: 0.2rem 0;
      }
      .axes {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 0.1rem 0.3rem;
        color: var(--ink-soft);
        font-size: 0.6875rem;
        font-variant-numeric: tabular-nums;
        line-height: 1.2;
      }
      .axes .rows {
        display: flex;
        flex-direction: column;
        justify-content: space-between;
        text-align: right;
      }
      .axes .columns {
        display: flex;
        grid-column: 2;
        justify-content: space-between;
      }
      .stage {
        margin: 0;
      }
      input[type="range"] {
        width: 7rem;
      }
      .error {
        color: var(--error);
      }
    `,
  ];

  @property({ attribute: false }) store!: NotebookStore;
  @property({ attribute: false }) name = "";
  @property({ attribute: false }) path = "";
  @property({ attribute: false }) facts!: DatasetFacts;
  @state() private leading: number[] = [];
  @state() private preview: Preview | null = null;
  @state() private reading = false;
  @state() private error: string | null = null;
  /** The cell of the heatmap that is told about: row and column. */
  @state() private chosen: [number, number] | null = null;
  @query("canvas.heatmap") private canvas!: HTMLCanvasElement | null;
  #asked = 0;
  /** The heatmap, a pixel a cell. */
  readonly #image = document.createElement("canvas");

  constructor() {
    super();
    new StoreController(this);
    new CanvasController(
      this,
      () => this.canvas,
      () => this.#draw(),
    );
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("path") && !changed.has("name")) return;
    this.leading = (this.facts.shape ?? []).slice(0, -2).map(() => 0);
    this.preview = null;
    this.error = null;
    this.chosen = null;
    this.reading = false;
    this.#asked += 1;
    if (this.#bytes() <= UNASKED_BYTES && !this.#isEmpty()) void this.#read();
  }

  protected override render(): TemplateResult {
    const shape = this.facts.shape ?? [];
    if (this.#isEmpty()) {
      return html`<p class="about soft">It has no elements, so there is nothing to draw.</p>`;
    }
    return html`
      ${shape.slice(0, -2).map(
        (extent, axis) => html`<label>Axis ${axis}
          <input type="range" min="0" max=${extent - 1} .value=${String(this.leading[axis] ?? 0)} @input=${(
            event: Event,
          ) => {
            this.leading = this.leading.with(axis, Number((event.target as HTMLInputElement).value));
            if (this.preview !== null || this.reading) void this.#read();
          }} />
          ${this.leading[axis] ?? 0}
        </label>`,
      )}
      ${this.#renderState()}
      ${this.error === null ? nothing : html`<p class="about error" role="alert">${this.error}</p>`}
      ${this.preview === null ? nothing : this.#renderPreview(this.preview)}
    `;
  }

  #isEmpty(): boolean {
    return this.facts.shape?.includes(0) !== false;
  }

  /** Bytes of the part that is looked at. */
  #bytes(): number {
    const { logical, shape } = this.facts;
    return logical / (shape ?? []).slice(0, -2).reduce((product, extent) => product * extent, 1);
  }

  #renderState(): TemplateResult | typeof nothing {
    if (this.reading) {
      const waits = this.store.kernel.state === "busy";
      return html`<p class="bar" role="status">
        ${waits ? "Waits for the cell that runs." : `Reading ${formatBytes(this.#bytes())}…`}
        ${waits ? nothing : html`<button class="small" @click=${() => this.store.interrupt()}>Stop</button>`}
      </p>`;
    }
    if (this.preview !== null) return nothing;
    return html`<button class="small" @click=${() => void this.#read()}>Look at the data (reads ${formatBytes(this.#bytes())})</button>`;
  }

  #renderPreview(preview: Preview): TemplateResult {
    if (this.facts.shape?.length === 0) {
      const number = preview.mean === null ? "not a finite one" : this.#text(preview.mean);
      return html`<p class="about">A single number, which needs no picture: ${number}</p>`;
    }
    const facts = [
      preview.min === null || preview.max === null || preview.mean === null
        ? "no finite number"
        : `from ${this.#text(preview.min)} to ${this.#text(preview.max)}, mean ${this.#text(preview.mean)}`,
      ...(preview.nan > 0 ? [`${formatCount(preview.nan)} NaN`] : []),
      ...(preview.infinite > 0 ? [`${formatCount(preview.infinite)} infinite`] : []),
    ];
    return html`
      <p class="about">${facts.join(" · ")}</p>
      ${
        preview.extent[0] === 1
          ? html`<chunkbook-line-chart .preview=${preview} .dtype=${this.facts.dtype}></chunkbook-line-chart>`
          : this.#renderHeatmap(preview)
      }
      <chunkbook-histogram .preview=${preview} .dtype=${this.facts.dtype}></chunkbook-histogram>
    `;
  }

  #renderHeatmap({ cells, extent, min, max }: Preview): TemplateResult {
    // The axes' names are those of the sliders: the last two of the dataset's.
    const axes = (this.facts.shape ?? []).length;
    const width = this.#columnsShare();
    return html`<div class="stage axes">
        <div class="rows" aria-hidden="true"><span>0</span><span>axis ${axes - 2}</span><span>${formatCount(extent[0] - 1)}</span></div>
        <canvas
          class="heatmap"
          tabindex="0"
          role="img"
          aria-label="Heatmap of ${extent[0]} by ${extent[1]} elements in ${cells[0]} by ${cells[1]} means, from ${this.#text(min ?? 0)} to ${this.#text(max ?? 0)}; arrow keys go from cell to cell"
          @pointermove=${this.#point}
          @keydown=${this.#key}
        ></canvas>
        <div class="columns" aria-hidden="true" style="width: ${width}"><span>0</span><span>axis ${axes - 1}</span><span>${formatCount(extent[1] - 1)}</span></div>
      </div>
      <div class="bar"><span class="legend">${this.#renderLegend()}</span></div>
      <div class="about" aria-live="polite">${this.#renderChosen()}</div>`;
  }

  #text(value: number): string {
    return this.preview === null ? "" : formatValue(value, numberScale(this.preview, this.facts.dtype));
  }

  #renderLegend(): TemplateResult {
    const [low, high] = this.#range();
    return html`<span>${this.#text(low)} <i class="ramp" style="--swatch: ${RAMP_GRADIENT}"></i> ${this.#text(high)}</span>`;
  }

  #renderChosen(): TemplateResult {
    const { preview, chosen } = this;
    if (preview === null || chosen === null) {
      return html`<span class="soft">Each cell is the mean of its elements. Point at one to read it.</span>`;
    }
    const [row, column] = chosen;
    const rows = rangeText(cellRange(row, preview.cells[0], preview.extent[0]));
    const columns = rangeText(cellRange(column, preview.cells[1], preview.extent[1]));
    const mean = preview.means[row * preview.cells[1] + column] ?? null;
    return html`rows ${rows}, columns ${columns}: ${mean === null ? "no finite number" : this.#text(mean)}`;
  }

  #range(): [number, number] {
    const known = (this.preview?.means ?? []).filter((mean) => mean !== null);
    if (known.length === 0) return [0, 0];
    return known.reduce<[number, number]>(
      ([low, high], mean) => [Math.min(low, mean), Math.max(high, mean)],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    );
  }

  /** How wide the heatmap is drawn in its box: cells of few columns do not fill it. */
  #columnsShare(): string {
    const columns = this.preview?.cells[1] ?? 1;
    return `min(100%, ${MOST_CELL * columns}px)`;
  }

  #size(): { width: number; height: number } | null {
    if (this.canvas === null || this.preview === null) return null;
    const [rows, columns] = this.preview.cells;
    const cell = Math.min(MOST_CELL, this.canvas.clientWidth / columns);
    return { width: cell, height: Math.max(1, Math.min(cell, MOST_HEIGHT / rows)) };
  }

  #draw(): void {
    const size = this.#size();
    if (this.canvas === null || this.preview === null || size === null) return;
    const { cells, means } = this.preview;
    const surface = prepare(this.canvas, cells[0] * size.height);
    if (surface === null) return;
    const { context } = surface;
    const colour = themeColours(this);
    const [low, high] = this.#range();
    // An image of a pixel a cell, stretched: rectangles side by side would show seams where pixels are broken.
    const empty = pixelOf(colour("--sunken"));
    const pixels = Uint32Array.from(means, (mean) =>
      mean === null ? empty : rampPixel(high > low ? (mean - low) / (high - low) : 0),
    );
    const [rows, columns] = cells;
    this.#image.width = columns;
    this.#image.height = rows;
    const data = new ImageData(new Uint8ClampedArray(pixels.buffer), columns, rows);
    this.#image.getContext("2d")?.putImageData(data, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#image, 0, 0, columns * size.width, rows * size.height);
    if (this.chosen !== null) {
      context.strokeStyle = colour("--ink");
      context.lineWidth = 2;
      const [row, column] = this.chosen;
      context.strokeRect(
        column * size.width,
        row * size.height,
        Math.max(3, size.width),
        Math.max(3, size.height),
      );
    }
  }

  #point(event: PointerEvent): void {
    const size = this.#size();
    if (size === null || this.preview === null) return;
    const [row, column] = [Math.floor(event.offsetY / size.height), Math.floor(event.offsetX / size.width)];
    if (row < this.preview.cells[0] && column < this.preview.cells[1]) this.chosen = [row, column];
  }

  #key(event: KeyboardEvent): void {
    const step = arrowStep(event.key);
    if (step === null || this.preview === null) return;
    event.preventDefault();
    event.stopPropagation();
    const [rows, columns] = this.preview.cells;
    const [row, column] = this.chosen ?? [-step.rows, -step.columns];
    this.chosen = [
      Math.min(rows - 1, Math.max(0, row + step.rows)),
      Math.min(columns - 1, Math.max(0, column + step.columns)),
    ];
  }

  /** Reads; of several asked for while one is read, only the last is shown. */
  async #read(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.reading = true;
    this.error = null;
    try {
      const preview = await this.store.kernel.preview(this.name, this.path, this.leading);
      if (asked === this.#asked) this.preview = preview;
    } catch (error) {
      if (asked === this.#asked) this.error = error instanceof Error ? error.message : String(error);
    }
    if (asked === this.#asked) this.reading = false;
  }
}
