import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import type { LayerOutline, StoredChunk } from "../protocol";
import { base } from "../style/shared";
import { arrowStep } from "./arrow-keys";
import { pixelOf, prepare, RAMP_GRADIENT, themeColours } from "./canvas";
import { CanvasController } from "./canvas-controller";
import { CHUNK_COLOURS, drawLines, drawMarks, hatch, markStyles, swatch } from "./chunk-grid-marks";
import {
  type Chunks,
  type Colouring,
  chunkValues,
  GridImage,
  greatest,
  type StatePixels,
  valueRange,
} from "./chunk-grid-paint";
import { axesSentence, cellAt, type GridPlan, planGrid, positionOf } from "./chunk-grid-plan";
import { CHUNK_MEANINGS, CHUNK_STATES, type ChunkState, ChunkStates, chunkWords } from "./chunk-states";
import { type Computation, product, STORED_AT_MOST, unravel } from "./computation";
import { renderListed, telling } from "./computation-states";
import { formatShort, taskTime } from "./computation-text";
import { viewStyles } from "./computation-view.styles";
import { formatBytes, formatCount, formatShape, plural } from "./format";
import { elementsText, storedFacts } from "./stored-text";

const MAX_HEIGHT = 380;
const STORED_AT_ONCE = 10_000;
const TABLE_ROWS = 100;
/** Chunks that many pixels wide and high have lines between them. */
const APART = 5;

const NOT_NEEDED = "not needed";

const COLOURINGS: Record<Colouring, string> = {
  state: "state",
  time: "time",
  reading: "time reading",
  order: "order",
  ratio: "stored size",
};

/** The chunks that a computation reads, as a grid: each is lit as it is read, decoded, reduced and combined. */
@customElement("chunkbook-chunk-grid")
export class ChunkGrid extends LitElement {
  static override styles = [base, viewStyles, markStyles];

  @property({ attribute: false }) computation!: Computation;
  /** Changes when the computation has grown. */
  @property({ attribute: false }) version = 0;
  /** Asks what is stored for the blocks of a layer; waits while a cell runs. */
  @property({ attribute: false }) askStored!: (
    layer: number,
    from: number,
    count: number,
  ) => Promise<StoredChunk[]>;
  @state() private colouring: Colouring | null = null;
  @state() private chosen: number | null = null;
  @state() private layer = -1;
  /** The index along each axis before the last two. */
  @state() private slice: number[] = [];
  @state() private stored: StoredChunk[] = [];
  @state() private tableOpen = false;
  @query("canvas") private canvas!: HTMLCanvasElement | null;
  #plan: GridPlan | null = null;
  #asked: string | null = null;
  /** The least and the greatest value that colours stand for. */
  #range: [number, number] = [0, 0];
  readonly #image = new GridImage();
  #states: ChunkStates | null = null;
  /** The image, to be stretched. */
  readonly #cells = document.createElement("canvas");

  constructor() {
    super();
    new CanvasController(
      this,
      () => this.canvas,
      () => this.#draw(),
    );
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("computation")) {
      this.#showLayer(this.#layers()[0] ?? -1);
    }
    this.#followStates();
    if (this.computation.ended) void this.#readStored();
    const coloured = changed.has("computation") || changed.has("version") || !changed.has("chosen" as never);
    if (coloured) this.#range = this.#measure();
  }

  protected override render(): TemplateResult {
    const layers = this.#layers();
    if (layers.length === 0) return html`<p class="about soft">This computation reads no chunks.</p>`;
    const { counts, source, inputs } = this.computation.layer(this.layer);
    const chunks = html`${plural(this.#count(), "chunk")} ${formatShape(counts)}`;
    const leading = counts.slice(0, -2);
    return html`
      <div class="bar">
        ${
          layers.length === 1
            ? inputs.length === 0
              ? html`<span><code>${source}</code> in ${chunks}</span>`
              : html`<span>What is asked for of <code>${source}</code>, in ${chunks}</span>`
            : html`<label>Source
                <select @change=${this.#chooseLayer}>
                  ${layers.map((layer) => html`<option value=${layer} ?selected=${layer === this.layer}>${sourceName(this.computation.layer(layer))}</option>`)}
                </select>
              </label>`
        }
        <label>Colour by
          <select @change=${(event: Event) => {
            this.colouring = (event.target as HTMLSelectElement).value as Colouring;
          }}>
            ${Object.entries(COLOURINGS).map(([value, name]) => html`<option value=${value} ?selected=${value === this.#colouring()}>${name}</option>`)}
          </select>
        </label>
        ${leading.map(
          (count, axis) => html`<label>Axis ${axis}
            <input type="range" min="0" max=${count - 1} .value=${String(this.slice[axis] ?? 0)} @input=${(
              event: Event,
            ) => {
              this.slice = this.slice.with(axis, Number((event.target as HTMLInputElement).value));
            }} />
            ${this.slice[axis] ?? 0}
          </label>`,
        )}
        ${this.#renderLegend()}
      </div>
      <div class="stage">
        <canvas
          tabindex="0"
          role="img"
          aria-label="Grid of ${plural(this.#count(), "chunk")}; arrow keys go from one to the next"
          @pointermove=${this.#point}
          @keydown=${this.#key}
        ></canvas>
      </div>
      <div class="about" aria-live="polite">${this.#renderAbout()}</div>
      ${this.#renderTable()}
    `;
  }

  /** The layers that read a source and run. */
  #layers(): number[] {
    return this.computation.outline.layers.flatMap((layer, number) =>
      layer.source !== null && layer.tasks > 0 ? [number] : [],
    );
  }

  /** What the colours stand for, of all chunks: not worked out anew where only another is pointed at. */
  #measure(): [number, number] {
    const colouring = this.#colouring();
    if (colouring === "state" || this.layer < 0) return [0, 0];
    return valueRange(chunkValues(this.#chunks(), colouring), this.#count());
  }

  /** Those of the layer that is shown, up to date. */
  #followStates(): void {
    const { computation, layer } = this;
    if (layer < 0) this.#states = null;
    else if (this.#states?.computation !== computation || this.#states.layer !== layer) {
      this.#states = new ChunkStates(computation, layer);
    } else this.#states.advance();
  }

  #count(): number {
    return product(this.computation.layer(this.layer).counts);
  }

  #chunks(): Chunks {
    return { computation: this.computation, layer: this.layer, stored: this.stored };
  }

  #colouring(): Colouring {
    return this.colouring ?? telling(this.computation);
  }

  /** Asks part by part: the answer to all at once would stop the page for as long as it takes to read. */
  async #readStored(): Promise<void> {
    const asked = `${this.computation.number} ${this.layer}`;
    if (this.#asked === asked || this.layer < 0) return;
    this.#asked = asked;
    const wanted = Math.min(this.#count(), STORED_AT_MOST);
    const stored: StoredChunk[] = [];
    try {
      for (let from = 0; from < wanted; from += STORED_AT_ONCE) {
        const part = await this.askStored(this.layer, from, Math.min(STORED_AT_ONCE, wanted - from));
        if (this.#asked !== asked) return;
        stored.push(...part);
      }
      // Told once, as a picture of all chunks is painted anew for it.
      this.stored = stored;
    } catch {
      // The file may be gone by now; what was seen while it was read stays.
    }
  }

  #chooseLayer(event: Event): void {
    this.#showLayer(Number((event.target as HTMLSelectElement).value));
  }

  #showLayer(layer: number): void {
    this.layer = layer;
    this.slice =
      layer < 0
        ? []
        : this.computation
            .layer(layer)
            .counts.slice(0, -2)
            .map(() => 0);
    this.stored = [];
    this.chosen = null;
  }

  #renderLegend(): TemplateResult {
    const colouring = this.#colouring();
    const missing = this.stored.some((chunk) => chunk.missing > 0)
      ? html`<span><i class="hatched"></i>hatched: not stored</span>`
      : nothing;
    if (colouring === "state") {
      return html`<span class="legend">
        ${this.#shownStates().map(
          ({ state, words, count }) =>
            html`<span><i data-state=${state} style=${styleMap(swatch(state))}></i>${words} ${formatCount(count)}</span>`,
        )}
        ${missing}
      </span>`;
    }
    const [least, most] = this.#range;
    const told = (value: number) =>
      colouring === "order"
        ? formatCount(value + 1)
        : colouring === "ratio"
          ? formatBytes(value)
          : formatShort(value);
    return html`<span class="legend">
      <span>${told(least)} <i class="ramp" style="--swatch: ${RAMP_GRADIENT}"></i> ${told(most)}</span>
      ${missing}
    </span>`;
  }

  /** The states that chunks can be in, with the number of those that are; what will never be read does not wait. */
  #shownStates(): { state: ChunkState; words: string; meaning: string; count: number }[] {
    const states = this.#states;
    if (states === null) return [];
    const { ended } = this.computation;
    const { combines, tally, unneeded } = states;
    const shown = CHUNK_STATES.flatMap((state, number) => {
      const possible =
        state === "combined"
          ? combines
          : !(ended && (state === "reading" || state === "decoding" || state === "computing"));
      const words = chunkWords(state, { ended, reduces: combines });
      const count = (tally[number] ?? 0) - (state === "waiting" ? unneeded : 0);
      return possible ? [{ state, words, meaning: CHUNK_MEANINGS[state], count }] : [];
    });
    if (unneeded > 0) {
      const meaning = "No task asks for it, so it is never read.";
      shown.splice(1, 0, { state: "waiting", words: NOT_NEEDED, meaning, count: unneeded });
    }
    return shown;
  }

  #draw(): void {
    const { canvas, layer, computation } = this;
    const states = this.#states;
    if (canvas === null || states === null) return;
    const plan = planGrid(computation.layer(layer).counts, this.slice, canvas.clientWidth, MAX_HEIGHT);
    const surface = prepare(canvas, plan.height);
    if (surface === null) return;
    this.#plan = plan;
    const { context } = surface;
    const colour = themeColours(this);
    const apart = Math.min(plan.cellWidth, plan.cellHeight) >= APART;
    const pixel = (own: string) => pixelOf(own.startsWith("--") ? colour(own) : own);
    const ofStates = CHUNK_STATES.map((state) => [state, pixel(CHUNK_COLOURS[state])]);
    const pixelsOf: StatePixels = {
      ...(Object.fromEntries(ofStates) as Record<ChunkState, number>),
      missing: pixel(apart ? "--sunken" : "--ink-soft"),
    };
    const image = this.#image;
    image.paint({
      ...this.#chunks(),
      colouring: this.#colouring(),
      range: this.#range,
      plan,
      screen: { width: canvas.width, height: canvas.height },
      states,
      pixelsOf,
    });
    if (this.#cells.width !== image.width) this.#cells.width = image.width;
    if (this.#cells.height !== image.height) this.#cells.height = image.height;
    const data = new ImageData(new Uint8ClampedArray(image.pixels.buffer), image.width, image.height);
    this.#cells.getContext("2d")?.putImageData(data, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#cells, 0, 0, plan.columns * plan.cellWidth, plan.height);
    if (apart) {
      hatch(context, plan, this.#missing(plan), colour("--ink-soft"));
      if (this.#colouring() === "state")
        drawMarks(context, plan, (position) => states.state(position), colour);
      drawLines(context, plan, colour("--line"));
    }
    const cell = this.chosen === null ? null : cellAt(plan, this.chosen);
    if (cell === null) return;
    context.strokeStyle = colour("--ink");
    context.lineWidth = 2;
    context.strokeRect(
      cell.column * plan.cellWidth,
      cell.row * plan.cellHeight,
      Math.max(3, plan.cellWidth),
      Math.max(3, plan.cellHeight),
    );
  }

  /** The cells of the chunks of which nothing, or not all, is stored. */
  #missing(plan: GridPlan): { row: number; column: number }[] {
    const missing: { row: number; column: number }[] = [];
    for (let position = plan.first; position < plan.first + plan.shown; position += 1) {
      const cell = (this.stored[position]?.missing ?? 0) > 0 ? cellAt(plan, position) : null;
      if (cell !== null) missing.push(cell);
    }
    return missing;
  }

  #point(event: PointerEvent): void {
    const plan = this.#plan;
    if (plan === null) return;
    const [row, column] = [
      Math.floor(event.offsetY / plan.cellHeight),
      Math.floor(event.offsetX / plan.cellWidth),
    ];
    const position = column < plan.columns ? positionOf(plan, row, column) : null;
    if (position !== null) this.chosen = position;
  }

  #key(event: KeyboardEvent): void {
    const plan = this.#plan;
    const step = arrowStep(event.key);
    if (plan === null || step === null) return;
    event.preventDefault();
    event.stopPropagation();
    const cell = this.chosen === null ? null : cellAt(plan, this.chosen);
    if (cell === null) {
      this.chosen = positionOf(plan, 0, 0);
      return;
    }
    this.chosen = positionOf(plan, cell.row + step.rows, cell.column + step.columns) ?? this.chosen;
  }

  #renderAbout(): TemplateResult {
    const axes = axesSentence(this.computation.layer(this.layer).counts);
    return html`
      <div>${this.chosen === null ? "Point at a chunk to see what it took." : this.#facts(this.chosen).join(" · ")}</div>
      <div class="soft">${axes}</div>
    `;
  }

  #facts(position: number): string[] {
    const { computation } = this;
    const layer = computation.layer(this.layer);
    const stage = computation.stageOf(this.layer);
    const index = stage === null ? null : computation.find(stage, position);
    const place = stage === null ? unravel(position, layer.counts) : computation.index(stage, position);
    const stored = this.stored[position];
    const facts = [`chunk ${formatShape(place)}`];
    if (stored !== undefined) {
      facts.push(
        layer.inputs.length === 0 ? elementsText(stored) : `${elementsText(stored)} of ${layer.source}`,
      );
    }
    if (index !== null) {
      const task = computation.task(index);
      facts.push(taskTime(task), `${formatBytes(task.bytes)} read`, `thread ${task.thread}`);
      if (this.#states?.state(position) === "combined") facts.push("combined");
    } else if (stage !== null) {
      facts.push(this.#wordsOf(position));
    }
    return [...facts, ...storedFacts(stored)];
  }

  /** What is told of a chunk whose task is not known by itself. */
  #wordsOf(position: number): string {
    const { ended, error } = this.computation;
    const state = this.#states?.state(position) ?? "waiting";
    const words = chunkWords(state, { ended, reduces: this.#states?.combines === true });
    if (state === "done" || state === "combined") return `${words}, not recorded`;
    if (state !== "waiting" || this.#states?.unneeded === 0) return words;
    return ended && error === null ? NOT_NEEDED : `${words}, or ${NOT_NEEDED}`;
  }

  #renderStates(): TemplateResult {
    return html`<table aria-label="States of the chunks">
      <thead>
        <tr><th scope="col">State</th><th scope="col">Chunks</th><th scope="col">Meaning</th></tr>
      </thead>
      <tbody>
        ${this.#shownStates().map(
          ({ words, meaning, count }) => html`<tr>
            <td>${words}</td><td>${formatCount(count)}</td><td>${meaning}</td>
          </tr>`,
        )}
      </tbody>
    </table>`;
  }

  #renderTable(): TemplateResult {
    const count = this.tableOpen ? this.#count() : 0;
    const slowest = greatest(chunkValues(this.#chunks(), "time"), count, TABLE_ROWS);
    return html`<details @toggle=${(event: Event) => {
      this.tableOpen = (event.currentTarget as HTMLDetailsElement).open;
    }}>
      <summary>The chunks as a table, the slowest first</summary>
      <div class="table" tabindex="0" role="group" aria-label="Chunks, the slowest first">
        ${this.tableOpen ? this.#renderStates() : nothing}
        <table aria-label="Single chunks">
          <thead><tr><th scope="col">Chunk</th></tr></thead>
          <tbody>${slowest.map(({ position }) => html`<tr><td>${this.#facts(position).join(" · ")}</td></tr>`)}</tbody>
        </table>
        ${renderListed(slowest.length, count, "chunk")}
      </div>
    </details>`;
  }
}

/** A source among others: of one that is read by slices, that it is a part. */
function sourceName({ source, inputs, shape }: LayerOutline): string {
  return inputs.length === 0 ? (source ?? "") : `${source}, a part of shape ${formatShape(shape)}`;
}
