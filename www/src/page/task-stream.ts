import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { base, buttons } from "../style/shared";
import { PART_COLOURS, prepare, type Surface, themeColours } from "./canvas";
import { CanvasController } from "./canvas-controller";
import type { Computation, EndedTask } from "./computation";
import { renderListed } from "./computation-states";
import { formatShort, shares, taskFacts, taskName, taskTime } from "./computation-text";
import { viewStyles } from "./computation-view.styles";
import { formatBytes, plural } from "./format";
import { icons } from "./icons";

const LANE = 30;
const LANE_GAP = 6;
const LEFT = 62;
const AXIS = 20;
/** Bars narrower than this are drawn together, by the part of each pixel they take. */
const APART = 2;
const ZOOM_STEP = 1.6;
const TABLE_ROWS = 100;
const WAITING_THREADS =
  "These threads mostly wait for the browser to read the file that was dropped, so there are more of them than processors. Where one waits for a processor instead, that counts as what it is at.";

/** Which task ran when on which thread: a lane each, with reading told apart and idle gaps left open. */
@customElement("chunkbook-task-stream")
export class TaskStream extends LitElement {
  static override styles = [
    base,
    buttons,
    viewStyles,
    css`
      canvas {
        cursor: crosshair;
      }
    `,
  ];

  @property({ attribute: false }) computation!: Computation;
  /** Changes when the computation has grown. */
  @property({ attribute: false }) version = 0;
  /** The milliseconds in sight; `null` for all. */
  @state() private window: { from: number; to: number } | null = null;
  @state() private chosen: number | null = null;
  @state() private tableOpen = false;
  @query("canvas") private canvas!: HTMLCanvasElement | null;
  #drag: { x: number; from: number; to: number } | null = null;

  constructor() {
    super();
    new CanvasController(
      this,
      () => this.canvas,
      () => this.#draw(),
    );
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("computation")) return;
    this.window = null;
    this.chosen = null;
  }

  protected override render(): TemplateResult {
    const { computation } = this;
    const busy = computation.spent.reading + computation.spent.decoding + computation.spent.computing;
    const possible = computation.span * computation.outline.threads;
    const idle = possible > 0 ? Math.max(0, Math.round(100 * (1 - busy / possible))) : 0;
    return html`
      <div class="bar">
        <span>${plural(computation.outline.threads, "thread")}, ${formatShort(computation.span)}: ${shares(computation.spent).join(", ")}; idle ${idle} % of the threads' time</span>
        <span class="legend">
          <span><i style="--swatch: ${PART_COLOURS.reading}"></i>reading</span>
          <span><i style="--swatch: ${PART_COLOURS.decoding}"></i>decompressing</span>
          <span><i style="--swatch: ${PART_COLOURS.computing}"></i>computing</span>
        </span>
        <span class="end">
          ${this.#tool("Zoom out", icons.zoomOut, () => this.#zoom(ZOOM_STEP))}
          ${this.#tool("Zoom in", icons.zoomIn, () => this.#zoom(1 / ZOOM_STEP))}
          ${this.#tool("Show all", icons.fitWidth, () => {
            this.window = null;
          })}
        </span>
      </div>
      ${computation.outline.threadsWait && computation.outline.threads > 1 ? html`<p class="about soft">${WAITING_THREADS}</p>` : nothing}
      <div class="stage">
        <canvas
          tabindex="0"
          role="img"
          aria-label="Task stream of ${plural(computation.count, "task")} on ${plural(computation.outline.threads, "thread")}; left and right go from task to task, plus and minus zoom"
          @pointermove=${this.#point}
          @pointerdown=${this.#dragStart}
          @pointerup=${this.#dragEnd}
          @pointercancel=${this.#dragEnd}
          @wheel=${this.#wheel}
          @keydown=${this.#key}
        ></canvas>
      </div>
      <div class="about" aria-live="polite">${this.#renderAbout()}</div>
      ${this.#renderTable()}
    `;
  }

  #tool(label: string, icon: TemplateResult, run: () => void): TemplateResult {
    return html`<button class="quiet small icon-only" aria-label=${label} title=${label} @click=${run}>${icon}</button>`;
  }

  #inSight(): { from: number; to: number } {
    return this.window ?? { from: 0, to: Math.max(this.computation.span, 1e-3) };
  }

  #draw(): void {
    const { canvas, computation } = this;
    if (canvas === null) return;
    const lanes = Math.max(1, computation.outline.threads);
    const surface = prepare(canvas, lanes * (LANE + LANE_GAP) + AXIS);
    if (surface === null) return;
    const { context, width } = surface;
    const colour = themeColours(this);
    context.font = "12px system-ui, sans-serif";
    for (let lane = 0; lane < lanes; lane += 1) {
      const top = lane * (LANE + LANE_GAP);
      context.fillStyle = colour("--sunken");
      context.fillRect(LEFT, top, width - LEFT, LANE);
      context.fillStyle = colour("--ink");
      context.fillText(`thread ${lane}`, 0, top + LANE / 2 + 4);
    }
    this.#drawTasks(surface, lanes);
    this.#drawAxis(surface, lanes, colour("--ink-soft"));
    if (this.chosen !== null) {
      const task = computation.task(this.chosen);
      const [left, right] = this.#across(width)(task);
      context.strokeStyle = colour("--ink");
      context.lineWidth = 2;
      context.strokeRect(left, task.thread * (LANE + LANE_GAP), Math.max(3, right - left), LANE);
    }
  }

  #drawTasks({ context, width }: Surface, lanes: number): void {
    const columns = Math.max(1, Math.ceil(width - LEFT));
    const across = this.#across(width);
    // For each lane and pixel, how much of it reading, decoding and computing take.
    const narrow = Array.from({ length: lanes }, () => new Float32Array(3 * columns));
    for (let index = 0; index < this.computation.count; index += 1) {
      const task = this.computation.task(index);
      const [left, right] = across(task);
      if (right < LEFT || left > width || task.thread >= lanes) continue;
      const took = Math.max(task.end - task.start, 1e-9);
      const parts = [task.reading / took, task.decoding / took, 0];
      parts[2] = Math.max(0, 1 - (parts[0] ?? 0) - (parts[1] ?? 0));
      if (right - left >= APART) {
        drawBar(
          context,
          parts,
          Math.max(left, LEFT),
          left,
          right,
          task.thread * (LANE + LANE_GAP),
          task.failed,
        );
        continue;
      }
      const column = Math.min(columns - 1, Math.max(0, Math.floor(left - LEFT)));
      for (const [part, share] of parts.entries()) {
        const lane = narrow[task.thread];
        if (lane !== undefined)
          lane[3 * column + part] = (lane[3 * column + part] ?? 0) + share * (right - left);
      }
    }
    for (const [lane, shares] of narrow.entries()) drawColumns(context, shares, lane * (LANE + LANE_GAP));
  }

  #drawAxis({ context, width }: Surface, lanes: number, colour: string): void {
    const { from, to } = this.#inSight();
    const y = lanes * (LANE + LANE_GAP) + 12;
    context.fillStyle = colour;
    context.fillText(from === 0 ? "0" : formatShort(from), LEFT, y);
    const end = formatShort(to);
    context.fillText(end, width - context.measureText(end).width, y);
  }

  /** Where tasks begin and end from left to right. */
  #across(width: number): (task: EndedTask) => [number, number] {
    const { from, to } = this.#inSight();
    const scale = (width - LEFT) / Math.max(to - from, 1e-9);
    return (task) => [LEFT + (task.start - from) * scale, LEFT + (task.end - from) * scale];
  }

  #zoom(factor: number, about?: number): void {
    const { from, to } = this.#inSight();
    const middle = about ?? (from + to) / 2;
    const span = Math.max(this.computation.span, 1e-3);
    const size = Math.min(span, Math.max(1e-3, (to - from) * factor));
    if (size >= span) {
      this.window = null;
      return;
    }
    const start = Math.min(span - size, Math.max(0, middle - ((middle - from) / (to - from)) * size));
    this.window = { from: start, to: start + size };
  }

  #timeAt(x: number): number {
    const { from, to } = this.#inSight();
    const width = (this.canvas?.clientWidth ?? LEFT + 1) - LEFT;
    return from + ((x - LEFT) / width) * (to - from);
  }

  /** The wheel scrolls the page as everywhere; with Ctrl (or a pinch) it zooms. */
  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#zoom(Math.exp(event.deltaY / 300), this.#timeAt(event.offsetX));
  }

  #dragStart(event: PointerEvent): void {
    if (event.button !== 0 || this.window === null) return;
    this.#drag = { x: event.offsetX, ...this.window };
    this.canvas?.setPointerCapture(event.pointerId);
  }

  #dragEnd(): void {
    this.#drag = null;
  }

  #point(event: PointerEvent): void {
    if (this.#drag !== null) {
      const { x, from, to } = this.#drag;
      const width = (this.canvas?.clientWidth ?? LEFT + 1) - LEFT;
      const by = ((x - event.offsetX) / width) * (to - from);
      const start = Math.min(this.computation.span - (to - from), Math.max(0, from + by));
      this.window = { from: start, to: start + to - from };
      return;
    }
    const time = this.#timeAt(event.offsetX);
    const lane = Math.floor(event.offsetY / (LANE + LANE_GAP));
    const { from, to } = this.#inSight();
    const reach = (2 * (to - from)) / Math.max(1, (this.canvas?.clientWidth ?? 1) - LEFT);
    let nearest: number | null = null;
    for (let index = 0; index < this.computation.count; index += 1) {
      const task = this.computation.task(index);
      if (task.thread === lane && task.start - reach <= time && time <= task.end + reach) nearest = index;
    }
    if (nearest !== null) this.chosen = nearest;
  }

  #key(event: KeyboardEvent): void {
    const last = this.computation.count - 1;
    const next: Record<string, () => void> = {
      ArrowRight: () => {
        this.chosen = Math.min(last, (this.chosen ?? -1) + 1);
      },
      ArrowLeft: () => {
        this.chosen = Math.max(0, (this.chosen ?? 1) - 1);
      },
      "+": () => this.#zoom(1 / ZOOM_STEP),
      "-": () => this.#zoom(ZOOM_STEP),
    };
    const act = next[event.key];
    if (act === undefined || last < 0) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  #renderAbout(): TemplateResult {
    const { computation } = this;
    if (this.chosen === null) {
      return html`<span class="soft">Point at a bar to see its task. Within a bar: reading first, then decompressing, then computing.</span>`;
    }
    const task = computation.task(this.chosen);
    return html`<div><code>${computation.key(task.stage, task.position)}</code></div>
      <div>${computation.stageTitle(task.stage)}: ${taskFacts(task)}; begun at ${formatShort(task.start)} on thread ${task.thread}</div>`;
  }

  #renderTable(): TemplateResult {
    const { computation } = this;
    const rows = this.tableOpen ? Math.min(TABLE_ROWS, computation.count) : 0;
    return html`<details @toggle=${(event: Event) => {
      this.tableOpen = (event.currentTarget as HTMLDetailsElement).open;
    }}>
      <summary>The task stream as a table</summary>
      <div class="table" tabindex="0" role="group" aria-label="Tasks in the order they ended">
        <table>
          <thead>
            <tr><th scope="col">Task</th><th scope="col">Thread</th><th scope="col">Begun</th><th scope="col">Time</th><th scope="col">Read</th></tr>
          </thead>
          <tbody>
            ${Array.from({ length: rows }, (_, index) => {
              const task = computation.task(index);
              return html`<tr>
                <td>${taskName(computation, task)}</td>
                <td>${task.thread}</td>
                <td>${formatShort(task.start)}</td>
                <td>${taskTime(task)}</td>
                <td>${formatBytes(task.bytes)}</td>
              </tr>`;
            })}
          </tbody>
        </table>
        ${rows > 0 ? renderListed(rows, computation.count, "task") : nothing}
      </div>
    </details>`;
  }
}

const COLOURS = [PART_COLOURS.reading, PART_COLOURS.decoding, PART_COLOURS.computing];

function drawBar(
  context: CanvasRenderingContext2D,
  parts: readonly number[],
  visible: number,
  left: number,
  right: number,
  top: number,
  failed: boolean,
): void {
  // A hair apart, so that neighbours can be told from one another.
  const width = right - left - (right - left > 4 ? 1 : 0);
  let x = left;
  for (const [part, share] of parts.entries()) {
    const end = x + share * width;
    if (end > visible) {
      context.fillStyle = failed ? "#c0392b" : (COLOURS[part] ?? "");
      context.fillRect(Math.max(x, visible), top, end - Math.max(x, visible), LANE);
    }
    x = end;
  }
}

/** Pixels that many short tasks share: how high each colour stands is how much of the pixel's time it took. */
function drawColumns(context: CanvasRenderingContext2D, shares: Float32Array, top: number): void {
  for (let column = 0; column < shares.length / 3; column += 1) {
    let y = top + LANE;
    for (const [part, colour] of COLOURS.entries()) {
      const height = Math.min(1, shares[3 * column + part] ?? 0) * LANE;
      if (height <= 0) continue;
      y = Math.max(top, y - height);
      context.fillStyle = colour;
      context.fillRect(LEFT + column, y, 1, height);
    }
  }
}
