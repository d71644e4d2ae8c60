import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type {
  ComputationOutline,
  LazyReference,
  TaskFacts,
  TaskGraphDrawing,
  TaskGraphNode,
} from "../protocol";
import { base, buttons } from "../style/shared";
import { RAMP_GRADIENT } from "./canvas";
import type { Computation } from "./computation";
import { ranWith, stateLegend, taskWords, telling } from "./computation-states";
import { forecastText, formatShort, taskFacts } from "./computation-text";
import { viewStyles } from "./computation-view.styles";
import { capitalized, formatBytes, formatShape, plural } from "./format";
import { drawingToDot, MOST_SAVED } from "./graph-export";
import {
  GRAPH_COLOURINGS,
  type GraphColouring,
  nodeRuns,
  paint,
  search,
  searchedPosition,
  timeNotes,
} from "./graph-paint";
import { spread } from "./graph-view";
import { icons } from "./icons";
import { NodeTallies, type Tally } from "./node-tallies";
import type { NotebookStore } from "./notebook-store";
import { saveBlob } from "./save";
import { storedFacts } from "./stored-text";
import type { TaskGraph } from "./task-graph";
import "./task-graph";

/** Nodes of a drawing task by task; beyond, siblings are bundled. */
const MOST_NODES = 300;

/** A task that was picked, and what is known of it. */
interface Picked {
  node: TaskGraphNode;
  position: number;
  facts: TaskFacts | null;
  result: string | null;
  error: string | null;
}

/**
 * A task graph to be explored: as layers or as tasks, raw or as it runs, coloured by what became of each task, with
 * a search, and with everything about a task that was clicked.
 */
@customElement("chunkbook-graph-explorer")
export class GraphExplorer extends LitElement {
  static override styles = [
    base,
    buttons,
    viewStyles,
    css`
      .picked {
        padding: 0.6rem 0.75rem;
        border-top: 1px solid var(--line);
        font-size: 0.8125rem;
        line-height: 1.5;
        overflow-wrap: anywhere;
      }
      .picked code,
      .picked pre {
        font: 0.8125rem var(--mono);
      }
      .picked pre {
        margin: 0.4rem 0 0;
        max-height: 14rem;
        overflow: auto;
        white-space: pre-wrap;
      }
      .picked .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        margin-top: 0.4rem;
      }
      input[type="number"] {
        width: 6rem;
        min-height: 1.75rem;
        border: 1px solid var(--line-strong);
        border-radius: 6px;
        background: var(--surface);
        color: var(--ink);
      }
      .forecast {
        min-height: 0;
        margin: 0;
        padding-top: 0;
      }
      .error {
        color: var(--error);
      }
    `,
  ];

  @query("chunkbook-graph") private graph!: TaskGraph;
  @property({ attribute: false }) drawing!: TaskGraphDrawing;
  /** The computation that ran the graph, if it is known. */
  @property({ attribute: false }) computation: Computation | null = null;
  /** Changes when the computation has grown. */
  @property({ attribute: false }) version = 0;
  @property({ attribute: false }) store: NotebookStore | null = null;
  /** The drawing that was asked for here; `null` for the one that was given. */
  @state() private own: TaskGraphDrawing | null = null;
  @state() private detail: "tasks" | "layers" = "tasks";
  /** Whether tasks that run as one are drawn as one; `null` until it is chosen, as the drawing is given. */
  @state() private fusion: boolean | null = null;
  @state() private colouring: GraphColouring | null = null;
  @state() private text = "";
  @state() private picked: Picked | null = null;
  @state() private failure: string | null = null;
  /** What is to be said of what was saved. */
  @state() private note: string | null = null;
  /** What computing it would do, where it has not been computed here. */
  @state() private outline: ComputationOutline | null = null;
  /** The drawing whose outline was asked for. */
  #outlined: TaskGraphDrawing | null = null;
  #tallies: NodeTallies | null = null;
  /** Which of the nodes that were found was gone to last. */
  #hit = -1;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("drawing")) this.#take(changed.get("drawing"));
    if (this.computation === null && this.#outlined !== this.drawing) void this.#readOutline();
  }

  /** Another drawing was given, be it in place of `before`: what is known of that one is not true of it. */
  #take(before: TaskGraphDrawing | undefined): void {
    this.picked = null;
    this.own = null;
    this.outline = null;
    if (before === undefined) return;
    if (before.fused !== this.drawing.fused) this.fusion = null;
    if (before.colouring !== this.drawing.colouring) this.colouring = null;
    if (!this.#isGiven()) void this.#redraw();
  }

  protected override render(): TemplateResult {
    const drawing = this.own ?? this.drawing;
    const { picked } = this;
    const tallies = this.#readTallies(drawing);
    const painted = paint(drawing, tallies, this.#colouring());
    const found = search(drawing, this.text, (node) => this.#counts(node));
    return html`
      <div class="bar">
        ${this.#lazies() === null ? nothing : this.#renderZooms()}
        <label>Colour by
          <select @change=${(event: Event) => {
            this.colouring = (event.target as HTMLSelectElement).value as GraphColouring;
          }}>
            ${this.#colourings().map((value) => html`<option value=${value} ?selected=${value === this.#colouring()}>${GRAPH_COLOURINGS[value]}</option>`)}
          </select>
        </label>
        <label>Find
          <input
            type="search"
            placeholder="sum, or (3, 0)"
            .value=${this.text}
            @input=${(event: Event) => {
              this.text = (event.target as HTMLInputElement).value;
              this.#hit = -1;
            }}
            @keydown=${(event: KeyboardEvent) => {
              event.stopPropagation();
              if (event.key === "Enter") this.#nextHit(drawing, [...(found ?? [])]);
            }}
          />
        </label>
        ${found === null ? nothing : html`<span class="soft" role="status">${plural(found.size, "node")}${found.size === 0 ? "" : "; Enter goes to the next"}</span>`}
      </div>
      ${this.outline === null ? nothing : html`<p class="about forecast">${forecastText(this.outline)}</p>`}
      ${this.note === null ? nothing : html`<p class="about forecast" role="status">${this.note}</p>`}
      ${this.failure === null ? nothing : html`<p class="about error">${this.failure}</p>`}
      <chunkbook-graph
        .drawing=${drawing}
        .fills=${painted?.fills ?? null}
        .found=${found}
        .sizes=${this.own !== null && this.detail === "layers"}
        .picked=${picked === null ? null : drawing.nodes.indexOf(picked.node)}
        .runs=${this.computation === null ? null : nodeRuns(drawing, tallies, this.computation)}
        @pick=${(event: CustomEvent<number>) => this.#pick(drawing.nodes[event.detail])}
      >
        <span slot="legend">${this.#renderLegend(drawing, painted?.ends ?? null)}</span>
        ${
          this.#lazies() === null
            ? nothing
            : html`<button slot="tools" class="quiet small" aria-label="Save as DOT" title="Save as DOT, for Graphviz" @click=${this.#saveDot}>${icons.download} DOT</button>`
        }
        <div slot="picked">${this.#renderPicked()}</div>
      </chunkbook-graph>
    `;
  }

  /** Goes to the next of the nodes that were found, and there to the very task. */
  #nextHit(drawing: TaskGraphDrawing, found: readonly number[]): void {
    this.#hit = (this.#hit + 1) % Math.max(1, found.length);
    const index = found[this.#hit];
    const node = index === undefined ? undefined : drawing.nodes[index];
    if (index === undefined || node === undefined) return;
    const position = searchedPosition(this.text, this.#counts(node));
    this.#pick(node, position === null ? 0 : placeOf(node, position));
    void this.graph.reveal(index);
  }

  #readTallies(drawing: TaskGraphDrawing): readonly (Tally | null)[] {
    const { computation } = this;
    if (computation === null) return drawing.nodes.map(() => null);
    if (!this.#tallies?.isOf(drawing, computation)) this.#tallies = new NodeTallies(drawing, computation);
    return this.#tallies.read();
  }

  #renderZooms(): TemplateResult {
    return html`
      <label>Show
        <select @change=${(event: Event) => {
          this.detail = (event.target as HTMLSelectElement).value as "tasks" | "layers";
          void this.#redraw();
        }}>
          <option value="tasks" ?selected=${this.detail === "tasks"}>tasks</option>
          <option value="layers" ?selected=${this.detail === "layers"}>layers</option>
        </select>
      </label>
      <label title="Tasks that run as one, so that the blocks between them never wait in memory, are drawn as one">
        <input type="checkbox" .checked=${this.#fused()} @change=${(event: Event) => {
          this.fusion = (event.target as HTMLInputElement).checked;
          void this.#redraw();
        }} />
        optimized
      </label>
    `;
  }

  #renderLegend(drawing: TaskGraphDrawing, ends: [string, string] | null): TemplateResult | typeof nothing {
    if (ends !== null) {
      return html`<span class="legend">
        <span>${ends[0]} <i class="ramp" style="--swatch: ${RAMP_GRADIENT}"></i> ${ends[1]}</span>
        ${this.#colouring() === "time" ? timeNotes(drawing, this.computation).map((note) => html`<span>${note}</span>`) : nothing}
      </span>`;
    }
    if (this.computation === null || this.#colouring() !== "state") return nothing;
    return html`<span class="legend">${stateLegend(this.computation.ended)}</span>`;
  }

  #renderPicked(): TemplateResult | typeof nothing {
    const { picked } = this;
    if (picked === null) return nothing;
    const { node, facts, position } = picked;
    return html`<div class="picked" role="group" aria-label="The task that was clicked" aria-live="polite">
      <div><code>${facts?.key ?? node.key}</code></div>
      ${
        node.count === 1
          ? nothing
          : html`<label>One of ${plural(node.count, "task")}: number
              <input type="number" min="1" max=${node.count} .value=${String(placeOf(node, position) + 1)}
                @change=${(event: Event) => this.#pick(node, Number((event.target as HTMLInputElement).value) - 1)}
                @keydown=${(event: Event) => event.stopPropagation()} />
            </label>`
      }
      ${
        facts === null
          ? html`<div class="soft">${picked.error ?? (this.#busy() ? "Waits for the cell that runs." : "")}</div>`
          : html`
            <div>${facts.function} makes ${facts.dtype} ${formatShape(facts.shape)}, ${formatBytes(facts.bytes)}
              ${facts.source === null ? "" : ` of ${facts.source}`}</div>
            ${storedFacts(facts.stored).map((fact) => html`<div>${capitalized(fact)}</div>`)}
            <div class="soft">${inputsText(facts)}</div>
          `
      }
      ${this.#renderRun(node, position)}
      ${
        this.store === null || facts === null
          ? nothing
          : html`<div class="actions">
              <button class="small" ?disabled=${this.#busy()} @click=${this.#runKey}>Run just this key</button>
              <span class="soft"><code>dask.threaded.get(x.dask, key)</code></span>
            </div>`
      }
      ${picked.result === null ? nothing : html`<pre>${picked.result}</pre>`}
      ${facts !== null && picked.error !== null ? html`<pre class="error">${picked.error}</pre>` : nothing}
    </div>`;
  }

  /** What became of the task when it ran. */
  #renderRun(node: TaskGraphNode, position: number): TemplateResult | typeof nothing {
    const { computation } = this;
    const stage = computation?.stageOf(node.layers?.at(-1) ?? -1) ?? null;
    if (computation === null || stage === null) return nothing;
    const index = computation.find(stage, position);
    if (index === null) {
      return html`<div>${capitalized(taskWords(computation, stage, position))}</div>`;
    }
    const task = computation.task(index);
    const others = ranWith(computation, node);
    return html`<div>${task.failed ? "Failed" : "Ran"} on thread ${task.thread}, begun at ${formatShort(task.start)}, ${taskFacts(task)}${others === "" ? "" : `; it ran as one with ${others}, and this is the time of all`}</div>`;
  }

  #colourings(): GraphColouring[] {
    return this.computation === null
      ? ["layer", "order", "memory"]
      : (Object.keys(GRAPH_COLOURINGS) as GraphColouring[]);
  }

  #colouring(): GraphColouring {
    const unasked = this.computation === null ? "layer" : telling(this.computation);
    return this.colouring ?? this.drawing.colouring ?? unasked;
  }

  #fused(): boolean {
    return this.fusion ?? this.drawing.fused ?? false;
  }

  /** Whether what is to be shown is the drawing as it was given. */
  #isGiven(): boolean {
    return this.detail === "tasks" && this.#fused() === (this.drawing.fused ?? false);
  }

  #counts(node: TaskGraphNode): readonly number[] | null {
    const layer = node.layers?.at(-1);
    return (layer === undefined ? undefined : this.#outline()?.layers[layer]?.counts) ?? null;
  }

  #outline(): ComputationOutline | null {
    return this.computation?.outline ?? this.outline;
  }

  #busy(): boolean {
    return this.store?.kernel.state === "busy";
  }

  /** The arrays whose graph it is, as far as they can still be asked about. */
  #lazies(): LazyReference[] | null {
    return this.store === null ? null : (this.computation?.outline.lazies ?? this.drawing.lazies ?? null);
  }

  async #readOutline(): Promise<void> {
    const lazies = this.#lazies();
    if (lazies === null || this.store === null) return;
    const { drawing } = this;
    this.#outlined = drawing;
    try {
      const outline = await this.store.kernel.inspect<"da_outline">({ op: "da_outline", lazies });
      if (this.#outlined === drawing) this.outline = outline;
    } catch {
      // Of a notebook that was saved, whose arrays are gone: the drawing tells all there is.
    }
  }

  async #redraw(): Promise<void> {
    const lazies = this.#lazies();
    if (lazies === null || this.store === null) return;
    this.picked = null;
    if (this.#isGiven()) {
      this.own = null;
      return;
    }
    const { detail } = this;
    const fused = this.#fused();
    await this.#attempt(async (store) => {
      const drawing = await store.kernel.inspect<"da_draw">({
        op: "da_draw",
        lazies,
        fused,
        max_nodes: detail === "layers" ? 1 : MOST_NODES,
      });
      if (this.detail === detail && this.#fused() === fused && this.#lazies() === lazies)
        this.own = detail === "layers" ? spread(drawing) : drawing;
    });
  }

  /** Saves what is shown: layers, or all tasks, raw or as they run, where they are not too many. */
  async #saveDot(): Promise<void> {
    const lazies = this.#lazies();
    const shown = this.own ?? this.drawing;
    if (lazies === null) return;
    this.note = null;
    await this.#attempt(async (store) => {
      const whole = this.detail === "tasks" && shown.nodes.some(({ count }) => count > 1);
      const many = shown.tasks > MOST_SAVED;
      const drawing =
        whole && !many
          ? await store.kernel.inspect<"da_draw">({
              op: "da_draw",
              lazies,
              fused: this.#fused(),
              max_nodes: MOST_SAVED,
            })
          : shown;
      if (whole && many) {
        this.note = `Saved as drawn, in ${plural(shown.nodes.length, "node")}: Graphviz makes nothing of ${plural(shown.tasks, "task")}. The array's to_dot() writes them all.`;
      }
      saveBlob(new Blob([drawingToDot(drawing)], { type: "text/vnd.graphviz" }), "task-graph.dot");
    });
  }

  async #attempt(work: (store: NotebookStore) => Promise<void>): Promise<void> {
    if (this.store === null) return;
    try {
      await work(this.store);
      this.failure = null;
    } catch (error) {
      this.failure = explain(error);
    }
  }

  #pick(node: TaskGraphNode | undefined, place = 0): void {
    const [layer, lazies] = [node?.layers?.at(-1), this.#lazies()];
    if (node === undefined || layer === undefined || lazies === null || this.store === null) return;
    const position = positionAt(node, Math.min(node.count - 1, Math.max(0, place)));
    const picked: Picked = { node, position, facts: null, result: null, error: null };
    this.picked = picked;
    this.store.kernel.inspect<"da_task">({ op: "da_task", lazies, layer, position }).then(
      (facts) => this.#note(picked, { facts }),
      (error: unknown) => this.#note(picked, { error: explain(error) }),
    );
  }

  async #runKey(): Promise<void> {
    const [{ picked, store }, lazies] = [this, this.#lazies()];
    if (picked?.facts == null || store === null || lazies === null) return;
    const source = `from dask._graph import get_key\nget_key(${JSON.stringify(lazies)}, ${picked.facts.key})`;
    this.#note(picked, { result: "…", error: null });
    const { result, error } = await store.kernel.run(source, {}, "key").outcome;
    this.#note(picked, { result: result?.["text/plain"] ?? null, error: error?.message ?? null });
  }

  /** Adds to what is known of a task, if it is still the one that was picked. */
  #note(picked: Picked, change: Partial<Picked>): void {
    if (this.picked?.node === picked.node && this.picked.position === picked.position) {
      this.picked = { ...this.picked, ...change };
    }
  }
}

function inputsText({ inputs, inputCount }: TaskFacts): string {
  if (inputCount === 0) return "It takes no other task's result.";
  const shown = inputs.slice(0, 6);
  const more = inputCount > shown.length ? ` and ${inputCount - shown.length} more` : "";
  return `It takes ${shown.join(", ")}${more}.`;
}

/** The position of a node's task by its place among the node's tasks, and back. */
function positionAt(node: TaskGraphNode, place: number): number {
  let left = place;
  for (const [first, count] of node.runs ?? []) {
    if (left < count) return first + left;
    left -= count;
  }
  return node.runs?.[0]?.[0] ?? 0;
}

function placeOf(node: TaskGraphNode, position: number): number {
  let before = 0;
  for (const [first, count] of node.runs ?? []) {
    if (position >= first && position < first + count) return before + position - first;
    before += count;
  }
  return 0;
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
