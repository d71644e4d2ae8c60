import {
  html,
  LitElement,
  nothing,
  type PropertyValues,
  type SVGTemplateResult,
  svg,
  type TemplateResult,
} from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { TaskGraphDrawing, TaskGraphNode } from "../protocol";
import { base, buttons } from "../style/shared";
import { readableOn } from "./canvas";
import { renderListed } from "./computation-states";
import { formatBytes, formatShape } from "./format";
import { shownToSvg } from "./graph-export";
import { type BoxSize, fittingLabel, LEAST_FIT, labelSize } from "./graph-label";
import {
  boxSizes,
  caption,
  edgePath,
  extentAcross,
  hueOf,
  layerHues,
  type Neighbours,
  neighbours,
  resultText,
} from "./graph-view";
import { icons } from "./icons";
import { saveBlob } from "./save";
import { graphStyles } from "./task-graph.styles";

const ZOOM_STEP = 1.3;
const MIN_SCALE = 0.05;
const MAX_SCALE = 4;
const TABLE_ROWS = 500;
const DRAG_DISTANCE = 4;
/** Pixels around the drawing. */
const PADDING = 8;

/** What became of a node's tasks, in words. */
export interface NodeRun {
  state: string;
  time: string;
  thread: string;
  /** What they ran as one with. */
  others: string;
}

/**
 * A drawing of a task graph, read bottom to top: each node takes the ones below it. Pointing at a
 * node, or going there with the arrow keys, tells its key, inputs and result; a table has the same
 * in words.
 *
 * @fires pick - A node was clicked, or entered with the keyboard; the detail is its number.
 */
@customElement("chunkbook-graph")
export class TaskGraph extends LitElement {
  static override styles = [base, buttons, graphStyles];

  @property({ attribute: false }) drawing!: TaskGraphDrawing;
  /** Colours of nodes, where they are not those of their layers. */
  @property({ attribute: false }) fills: readonly string[] | null = null;
  /** Draws nodes of two lines, the second with the bytes of the result. */
  @property({ type: Boolean }) sizes = false;
  /** The node that was picked, whose facts are told by what picked it. */
  @property({ attribute: false }) picked: number | null = null;
  /** What became of each node's tasks: their state, time and thread; `null` where nothing is known of any. */
  @property({ attribute: false }) runs: readonly NodeRun[] | null = null;
  /** Nodes that were searched for: the others step back. */
  @property({ attribute: false }) found: ReadonlySet<number> | null = null;
  /** Node whose facts are told: the one pointed at or reached with the keyboard. */
  @state() private chosen: number | null = null;
  /** Screen pixels for one of the drawing's; or what fits the width, `"legible"` only as far as labels can be read. */
  @state() private scale: number | "legible" | "all" = "legible";
  @state() private tableOpen = false;
  /** Pixels of the box that the drawing lies in. */
  @state() private room = 0;
  readonly #resize = new ResizeObserver(() => {
    this.room = this.canvas.clientWidth;
  });
  @query(".canvas") private canvas!: HTMLDivElement;
  #boxes = new Map<number, BoxSize>();
  #extent = { left: 0, width: 0 };
  #hues = new Map<string, number>();
  #neighbours: Neighbours[] = [];
  #drag: { x: number; y: number; left: number; top: number } | null = null;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("drawing") && !changed.has("sizes")) return;
    this.#boxes = boxSizes(this.drawing, this.sizes ? 2 : 1);
    this.#extent = extentAcross(this.drawing, this.#boxes);
    this.#hues = layerHues(this.drawing);
    this.#neighbours = neighbours(this.drawing);
    this.chosen = null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resize.disconnect();
  }

  protected override firstUpdated(): void {
    this.#resize.observe(this.canvas);
  }

  protected override render(): TemplateResult {
    return html`
      <figure>
        <figcaption>
          <strong>${caption(this.drawing)}</strong>
          <slot name="legend"></slot>
          ${[...(this.fills === null ? this.#hues : [])].map(([layer, hue]) => html`<span class="layer" style="--hue: ${hue}">${layer}</span>`)}
          <span class="tools">
            ${this.#tool("Zoom out", icons.zoomOut, () => void this.#zoom(1 / ZOOM_STEP))}
            ${this.#tool("Zoom in", icons.zoomIn, () => void this.#zoom(ZOOM_STEP))}
            ${this.#tool("Fit to width", icons.fitWidth, () => {
              this.scale = "all";
            })}
            <button class="quiet small" aria-label="Save as SVG" title="Save as SVG" @click=${this.#saveSvg}>${icons.download} SVG</button>
            <slot name="tools"></slot>
          </span>
        </figcaption>
        <div
          class="canvas"
          @wheel=${this.#wheel}
          @pointerdown=${this.#dragStart}
          @pointermove=${this.#dragMove}
          @pointerup=${this.#dragEnd}
          @pointercancel=${this.#dragEnd}
        >
          ${this.#renderGraph()}
        </div>
        <slot name="picked"></slot>
        ${
          // What picked a node tells the same and more.
          this.chosen !== null && this.chosen === this.picked
            ? nothing
            : html`<div class="about" aria-live="polite">${this.#renderAbout()}</div>`
        }
        ${this.#renderTable()}
      </figure>
    `;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("drawing")) return;
    // The results are what one looks for first; a wide graph has them anywhere.
    const top = this.drawing.nodes.reduce((best, node) => (node.y < best.y ? node : best), {
      x: 0,
      y: Infinity,
    });
    const { canvas } = this;
    canvas.scrollLeft =
      ((top.x - this.#extent.left) / this.#extent.width) * canvas.scrollWidth - canvas.clientWidth / 2;
  }

  #tool(label: string, icon: TemplateResult, run: () => void): TemplateResult {
    return html`<button class="quiet small icon-only" aria-label=${label} title=${label} @click=${run}>${icon}</button>`;
  }

  async #saveSvg(): Promise<void> {
    const { chosen } = this;
    // What is pointed at stands out on the screen alone.
    this.chosen = null;
    await this.updateComplete;
    const graph = this.renderRoot.querySelector("svg.graph") ?? this.canvas;
    const text = shownToSvg(this.drawing, graph, this.sizes);
    this.chosen = chosen;
    saveBlob(new Blob([text], { type: "image/svg+xml" }), "task-graph.svg");
  }

  #renderGraph(): TemplateResult {
    const { height, nodes } = this.drawing;
    const { left, width } = this.#extent;
    const scale = this.#shownScale();
    const least = this.scale === "legible" ? LEAST_FIT * width : 0;
    const size =
      typeof this.scale === "number"
        ? `width: ${width * this.scale}px`
        : `width: ${width}px; max-width: max(100%, ${least}px)`;
    return html`<svg
      class="graph"
      viewBox="${left} 0 ${width} ${height}"
      style="${size}; height: auto"
      role="group"
      aria-label="Task graph, read bottom to top. Arrow keys go along the edges."
      @keydown=${this.#key}
    >
      ${this.#renderEdges()} ${nodes.map((node, index) => this.#renderNode(node, index, scale))}
    </svg>`;
  }

  #renderEdges(): SVGTemplateResult[] {
    const { edges, nodes } = this.drawing;
    return edges.map(([from, to]) => {
      const [input, task] = [nodes[from], nodes[to]];
      if (input === undefined || task === undefined) return svg``;
      const near = this.chosen === from || this.chosen === to;
      return svg`<path class=${near ? "edge near" : "edge"} d=${edgePath(input, task, this.#boxes.get(task.y)?.height ?? 0)}></path>`;
    });
  }

  /** Screen pixels for one of the drawing's. */
  #shownScale(): number {
    if (typeof this.scale === "number") return this.scale;
    if (this.room === 0) return 1;
    const fitting = Math.min(1, (this.room - 2 * PADDING) / this.#extent.width);
    return this.scale === "all" ? fitting : Math.max(LEAST_FIT, fitting);
  }

  /** Chooses a node and brings it into sight. */
  async reveal(index: number): Promise<void> {
    this.chosen = index;
    await this.updateComplete;
    this.canvas
      .querySelector(`[data-index="${index}"]`)
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }

  #renderNode(node: TaskGraphNode, index: number, scale: number): SVGTemplateResult {
    const box = this.#boxes.get(node.y) ?? { width: 0, height: 0 };
    const letters = labelSize(scale);
    const { text, size } = fittingLabel(node, box, scale);
    // One node at a time is in the order of Tab; arrow keys go to the others.
    const reachable = (this.chosen ?? this.drawing.nodes.length - 1) === index;
    return svg`<g
      class=${["node", this.chosen === index ? "chosen" : "", this.found?.has(index) === false ? "aside" : ""].join(" ")}
      style=${this.#style(node, index)}
      tabindex=${reachable ? 0 : -1}
      role="img"
      aria-label="${node.key}: ${resultText(node)}"
      data-index=${index}
      @pointerenter=${() => this.#choose(index)}
      @focus=${() => this.#choose(index)}
      @click=${() => this.#pick(index)}
    >
      <rect
        x=${node.x - box.width / 2}
        y=${node.y - box.height / 2}
        width=${box.width}
        height=${box.height}
        rx=${Math.min(5, box.width / 3)}
      ></rect>
      <text x=${node.x} y=${node.y + size / 3 - (this.sizes ? letters / 2 + 1 : 0)} style="font-size: ${size}px">${text}</text>
      ${
        this.sizes && box.height >= 2 * letters + 4
          ? svg`<text x=${node.x} y=${node.y + letters / 3 + letters / 2 + 1} style="font-size: ${letters}px">${formatBytes(node.bytes)}</text>`
          : nothing
      }
    </g>`;
  }

  #renderAbout(): TemplateResult {
    const node = this.chosen === null ? undefined : this.drawing.nodes[this.chosen];
    if (node === undefined) {
      return html`<span class="soft">Read bottom to top: each task takes what is below it. Point at a task to see its key, inputs and result; click it, or press Enter on it, to see what became of it and to run it alone.</span>`;
    }
    return html`<div><code>${node.key}</code></div>
      <div>${resultText(node)}</div>
      <div class="soft">${this.#inputsText(this.chosen ?? 0)}</div>`;
  }

  #inputsText(index: number): string {
    const inputs = this.#neighbours[index]?.inputs ?? [];
    if (inputs.length === 0) return "No inputs: read from its source";
    const keys = inputs.slice(0, 4).map((input) => this.drawing.nodes[input]?.key ?? "");
    const more = inputs.length > keys.length ? ` and ${inputs.length - keys.length} more` : "";
    return `Takes ${keys.join(", ")}${more}`;
  }

  #renderTable(): TemplateResult {
    const { nodes } = this.drawing;
    const rows = this.tableOpen ? nodes.slice(0, TABLE_ROWS) : [];
    return html`<details @toggle=${(event: Event) => {
      this.tableOpen = (event.currentTarget as HTMLDetailsElement).open;
    }}>
      <summary>The graph as a table</summary>
      <div class="table" tabindex="0" role="group" aria-label="Tasks of the graph">
        <table>
          <thead>
            <tr><th scope="col">Key</th><th scope="col">Tasks</th><th scope="col">Inputs</th><th scope="col">Result</th><th scope="col">Size</th>
              ${this.runs === null ? nothing : html`<th scope="col">State</th><th scope="col">Time</th><th scope="col">Thread</th><th scope="col">Ran as one with</th>`}</tr>
          </thead>
          <tbody>
            ${rows.map(
              (node, index) => html`<tr>
                <td><code>${node.key}</code></td>
                <td class="number">${node.count}</td>
                <td>${this.#inputsText(index)}</td>
                <td class="number">${node.dtype} ${formatShape(node.shape)}</td>
                <td class="number">${formatBytes(node.bytes)}</td>
                ${this.#renderRun(index)}
              </tr>`,
            )}
          </tbody>
        </table>
        ${this.tableOpen ? renderListed(rows.length, nodes.length, "node") : nothing}
      </div>
    </details>`;
  }

  #renderRun(index: number): TemplateResult | typeof nothing {
    const run = this.runs?.[index];
    if (run === undefined) return nothing;
    return html`<td class="number">${run.state}</td><td class="number">${run.time}</td><td class="number">${run.thread}</td><td>${run.others}</td>`;
  }

  #choose(index: number): void {
    if (this.#drag === null) this.chosen = index;
  }

  #style(node: TaskGraphNode, index: number): string {
    const fill = this.fills?.[index];
    return fill === undefined
      ? `--hue: ${hueOf(this.#hues, node)}`
      : `--fill: ${fill}; --stroke: var(--line-strong); --label: ${readableOn(fill)}`;
  }

  #pick(index: number): void {
    this.dispatchEvent(new CustomEvent("pick", { detail: index }));
  }

  /** Up and down follow edges, left and right go along the row. */
  #key(event: KeyboardEvent): void {
    const current = this.chosen ?? this.drawing.nodes.length - 1;
    const node = this.drawing.nodes[current];
    if (node === undefined) return;
    const near = this.#neighbours[current];
    const row = this.drawing.nodes
      .map((other, index) => ({ ...other, index }))
      .filter((other) => other.y === node.y)
      .sort((a, b) => a.x - b.x);
    const place = row.findIndex((other) => other.index === current);
    const next: Record<string, number | undefined> = {
      ArrowUp: near?.consumers[0],
      ArrowDown: near?.inputs[0],
      ArrowLeft: row[place - 1]?.index,
      ArrowRight: row[place + 1]?.index,
    };
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      event.stopPropagation();
      this.#pick(current);
      return;
    }
    if (!(event.key in next)) return;
    event.preventDefault();
    event.stopPropagation();
    const target = next[event.key];
    if (target !== undefined) this.renderRoot.querySelector<SVGGElement>(`[data-index="${target}"]`)?.focus();
  }

  /** Zooms about the middle of what is in sight. */
  async #zoom(factor: number): Promise<void> {
    const { canvas } = this;
    const now = this.#shownScale();
    const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, now * factor));
    const middle = {
      x: (canvas.scrollLeft + canvas.clientWidth / 2) / now,
      y: (canvas.scrollTop + canvas.clientHeight / 2) / now,
    };
    this.scale = scale;
    await this.updateComplete;
    canvas.scrollTo(middle.x * scale - canvas.clientWidth / 2, middle.y * scale - canvas.clientHeight / 2);
  }

  /** The wheel scrolls the page as everywhere; with Ctrl (or a pinch) it zooms. */
  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    void this.#zoom(Math.exp(-event.deltaY / 300));
  }

  #dragStart(event: PointerEvent): void {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    this.#drag = {
      x: event.clientX,
      y: event.clientY,
      left: this.canvas.scrollLeft,
      top: this.canvas.scrollTop,
    };
  }

  #dragMove(event: PointerEvent): void {
    if (this.#drag === null) return;
    const moved = Math.hypot(event.clientX - this.#drag.x, event.clientY - this.#drag.y);
    if (!this.canvas.hasPointerCapture(event.pointerId)) {
      // A click that shakes is a click: once captured, the pointer would no longer reach the node below it.
      if (moved < DRAG_DISTANCE) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.canvas.classList.add("dragging");
    }
    this.canvas.scrollTo(
      this.#drag.left + this.#drag.x - event.clientX,
      this.#drag.top + this.#drag.y - event.clientY,
    );
  }

  #dragEnd(): void {
    this.#drag = null;
    this.canvas.classList.remove("dragging");
  }
}
