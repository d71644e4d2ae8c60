import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { StoredChunk } from "../protocol";
import { base } from "../style/shared";
import { arrowStep } from "./arrow-keys";
import { PART_COLOURS, prepare, RAMP_GRADIENT, rampColour, themeColours } from "./canvas";
import { CanvasController } from "./canvas-controller";
import { cellAt, type GridPlan, planGrid, positionOf } from "./chunk-grid-plan";
import { type Computation, STORED_AT_MOST } from "./computation";
import { formatShort, taskTime } from "./computation-text";
import { viewStyles } from "./computation-view.styles";
import { formatBytes, formatCount, formatShape, plural } from "./format";

const MAX_HEIGHT = 380;
const TABLE_ROWS = 100;

type Colouring = "state" | "time" | "reading" | "order" | "ratio";

const COLOURINGS: Record<Colouring, string> = {
  state: "state",
  time: "time",
  reading: "time reading",
  order: "order",
  ratio: "stored size",
};

/** The chunks that a computation reads, as a grid: each is lit when it is read and done. */
@customElement("chunkbook-chunk-grid")
export class ChunkGrid extends LitElement {
  static override styles = [base, viewStyles];

  @property({ attribute: false }) computation!: Computation;
  /** Changes when the computation has grown. */
  @property({ attribute: false }) version = 0;
  /** Asks what is stored for the blocks of a layer; waits while a cell runs. */
  @property({ attribute: false }) askStored!: (layer: number, count: number) => Promise<StoredChunk[]>;
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
      this.layer = this.#layers()[0] ?? -1;
      this.slice = [];
      this.stored = [];
      this.chosen = null;
    }
    if (this.computation.ended) void this.#readStored();
  }

  protected override render(): TemplateResult {
    const layers = this.#layers();
    if (layers.length === 0) return html`<p class="about soft">This computation reads no chunks.</p>`;
    const { counts, source } = this.computation.layer(this.layer);
    const leading = counts.slice(0, -2);
    return html`
      <div class="bar">
        ${
          layers.length === 1
            ? html`<span><code>${source}</code> in ${plural(this.#count(), "chunk")} ${formatShape(counts)}</span>`
            : html`<label>Source
                <select @change=${this.#chooseLayer}>
                  ${layers.map((layer) => html`<option value=${layer} ?selected=${layer === this.layer}>${this.computation.layer(layer).source}</option>`)}
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

  #count(): number {
    return this.computation.layer(this.layer).counts.reduce((product, count) => product * count, 1);
  }

  #colouring(): Colouring {
    return this.colouring ?? (this.computation.ended ? "time" : "state");
  }

  async #readStored(): Promise<void> {
    const asked = `${this.computation.number} ${this.layer}`;
    if (this.#asked === asked || this.layer < 0) return;
    this.#asked = asked;
    try {
      const stored = await this.askStored(this.layer, STORED_AT_MOST);
      if (this.#asked === asked) this.stored = stored;
    } catch {
      // The file may be gone by now; what was seen while it was read stays.
    }
  }

  #chooseLayer(event: Event): void {
    this.layer = Number((event.target as HTMLSelectElement).value);
    this.slice = [];
    this.stored = [];
    this.chosen = null;
  }

  #renderLegend(): TemplateResult {
    const colouring = this.#colouring();
    if (colouring === "state") {
      return html`<span class="legend">
        <span><i style="--swatch: transparent"></i>waiting</span>
        <span><i style="--swatch: var(--busy)"></i>running</span>
        <span><i style="--swatch: ${PART_COLOURS.computing}"></i>done</span>
        <span><i style="--swatch: var(--error)"></i>failed</span>
      </span>`;
    }
    const [least, most] = this.#range(colouring);
    const told = (value: number) =>
      colouring === "order"
        ? formatCount(value + 1)
        : colouring === "ratio"
          ? formatBytes(value)
          : formatShort(value);
    return html`<span class="legend">
      <span>${told(least)} <i class="ramp" style="--swatch: ${RAMP_GRADIENT}"></i> ${told(most)}</span>
      ${this.stored.some((chunk) => chunk.missing > 0) ? html`<span><i style="--swatch: transparent"></i>hatched: not stored</span>` : nothing}
    </span>`;
  }

  /** A chunk's value for a colouring; `null` where it has none yet. */
  #value(position: number, colouring: Colouring): number | null {
    if (colouring === "ratio") return this.stored[position]?.bytes ?? null;
    const stage = this.computation.stageOf(this.layer);
    const index = stage === null ? null : this.computation.find(stage, position);
    if (index === null) return null;
    if (colouring === "order") return index;
    const task = this.computation.task(index);
    return colouring === "reading" ? task.reading : task.end - task.start;
  }

  #range(colouring: Colouring): [number, number] {
    let [least, most] = [Number.POSITIVE_INFINITY, 0];
    for (let position = 0; position < this.#count(); position += 1) {
      const value = this.#value(position, colouring);
      if (value === null) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    return [Number.isFinite(least) ? least : 0, most];
  }

  #draw(): void {
    const { canvas, layer } = this;
    if (canvas === null || layer < 0) return;
    const plan = planGrid(this.computation.layer(layer).counts, this.slice, canvas.clientWidth, MAX_HEIGHT);
    const surface = prepare(canvas, plan.height);
    if (surface === null) return;
    this.#plan = plan;
    const { context } = surface;
    const colour = themeColours(this);
    const colouring = this.#colouring();
    const [least, most] = colouring === "state" ? [0, 1] : this.#range(colouring);
    const stage = this.computation.stageOf(layer);
    const states = {
      waiting: colour("--sunken"),
      running: colour("--busy"),
      done: PART_COLOURS.computing,
      failed: colour("--error"),
    };
    const gap = Math.min(plan.cellWidth, plan.cellHeight) >= 5 ? 1 : 0;
    // Where several chunks share a pixel, one of them stands for all.
    const [rowStep, columnStep] = [Math.ceil(1 / plan.cellHeight), Math.ceil(1 / plan.cellWidth)];
    for (let row = 0; row < plan.rows; row += rowStep) {
      for (let column = 0; column < plan.columns; column += columnStep) {
        const position = positionOf(plan, row, column);
        if (position === null) continue;
        const [left, top] = [column * plan.cellWidth, row * plan.cellHeight];
        const [width, height] = [Math.max(1, plan.cellWidth - gap), Math.max(1, plan.cellHeight - gap)];
        const stored = this.stored[position];
        const missing = stored !== undefined && stored.missing > 0;
        const value =
          colouring === "state" || (missing && stored.chunks === 0) ? null : this.#value(position, colouring);
        context.fillStyle =
          value !== null
            ? rampColour(most > least ? (value - least) / (most - least) : 0)
            : states[
                colouring === "state" && stage !== null ? this.computation.state(stage, position) : "waiting"
              ];
        context.fillRect(left, top, width, height);
        if (missing) hatch(context, left, top, width, height, colour("--ink-soft"));
        if (gap > 0) {
          context.strokeStyle = colour("--line");
          context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
        }
      }
    }
    if (this.chosen !== null) {
      const cell = cellAt(plan, this.chosen);
      if (cell === null) return;
      context.strokeStyle = colour("--ink");
      context.lineWidth = 2;
      context.strokeRect(
        cell.column * plan.cellWidth,
        cell.row * plan.cellHeight,
        Math.max(3, plan.cellWidth - gap),
        Math.max(3, plan.cellHeight - gap),
      );
    }
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
    if (this.chosen === null) {
      return html`<span class="soft">Point at a chunk to see what it took.</span>`;
    }
    return html`${this.#facts(this.chosen).join(" · ")}`;
  }

  #facts(position: number): string[] {
    const { computation } = this;
    const { counts, block } = computation.layer(this.layer);
    const stage = computation.stageOf(this.layer);
    const index = stage === null ? null : computation.find(stage, position);
    const place = stage === null ? unravelled(position, counts) : computation.index(stage, position);
    const facts = [`chunk ${formatShape(place)} of about ${formatShape(block)} elements`];
    if (index !== null) {
      const task = computation.task(index);
      facts.push(taskTime(task), `${formatBytes(task.bytes)} read`, `thread ${task.thread}`);
    } else if (stage !== null) {
      facts.push(computation.stateText(stage, position));
    }
    const stored = this.stored[position];
    if (stored !== undefined && stored.chunks + stored.missing > 0) {
      facts.push(`stored in ${formatBytes(stored.bytes)}${ratio(stored)}`);
      if (stored.chunks !== 1) facts.push(plural(stored.chunks, "chunk of the file", "chunks of the file"));
      if (stored.missing > 0) facts.push(`${stored.missing} not stored: they read as the fill value`);
      facts.push(stored.mask === 0 ? "no filter skipped" : `filter mask ${stored.mask.toString(2)}`);
    }
    return facts;
  }

  #renderTable(): TemplateResult {
    const count = this.tableOpen ? this.#count() : 0;
    const slowest = Array.from({ length: count }, (_, position) => position)
      .map((position) => ({ position, time: this.#value(position, "time") ?? -1 }))
      .sort((a, b) => b.time - a.time)
      .slice(0, TABLE_ROWS);
    return html`<details @toggle=${(event: Event) => {
      this.tableOpen = (event.currentTarget as HTMLDetailsElement).open;
    }}>
      <summary>The chunks as a table, the slowest first</summary>
      <div class="table" tabindex="0" role="region" aria-label="Chunks, the slowest first">
        <table>
          <thead><tr><th scope="col">Chunk</th></tr></thead>
          <tbody>${slowest.map(({ position }) => html`<tr><td>${this.#facts(position).join(" · ")}</td></tr>`)}</tbody>
        </table>
        ${count > TABLE_ROWS ? html`<p class="about soft">${formatCount(count - TABLE_ROWS)} more are not listed.</p>` : nothing}
      </div>
    </details>`;
  }
}

/** `, 3.1 times less than in memory`, where that is so. */
function ratio({ bytes, whole }: StoredChunk): string {
  return bytes > 0 && whole > bytes * 1.005
    ? `, ${(whole / bytes).toFixed(1)} times less than in memory`
    : "";
}

function unravelled(position: number, counts: readonly number[]): number[] {
  return counts.map((_, axis) => {
    const after = counts.slice(axis + 1).reduce((product, count) => product * count, 1);
    return Math.floor(position / after) % (counts[axis] ?? 1);
  });
}

function hatch(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  for (let offset = -height; offset < width; offset += 4) {
    context.beginPath();
    context.moveTo(left + offset, top + height);
    context.lineTo(left + offset + height, top);
    context.stroke();
  }
  context.restore();
}
