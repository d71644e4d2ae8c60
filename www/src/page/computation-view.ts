import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { TaskGraphDrawing } from "../protocol";
import { base, buttons } from "../style/shared";
import type { Computation } from "./computation";
import {
  computationFacts,
  computationName,
  endText,
  keptText,
  partSentences,
  turnText,
} from "./computation-text";
import { icons } from "./icons";
import type { ComputationViewName, NotebookStore } from "./notebook-store";
import { viewsPart } from "./parts";
import { StoreController } from "./store-controller";

const VIEWS: Record<ComputationViewName, string> = {
  chunks: "Chunks",
  threads: "Threads",
  graph: "Graph",
  memory: "Memory",
};

/** How a cell's computations ran: a line of facts, and below it one of four views, live while it runs. */
@customElement("chunkbook-computation")
export class ComputationView extends LitElement {
  static override styles = [
    base,
    buttons,
    css`
      .line {
        display: flex;
        flex-wrap: wrap;
        gap: 0.1rem 0.6rem;
        padding: 0.15rem 0;
        color: var(--ink-soft);
        font-size: 0.8125rem;
        line-height: 1.5;
      }
      .line .twist {
        transition: transform 120ms;
      }
      .line [aria-expanded="true"] .twist {
        transform: rotate(90deg);
      }
      .line button {
        flex: none;
      }
      .facts {
        flex: 1 1 20rem;
        padding-top: 0.25rem;
        font-variant-numeric: tabular-nums;
      }
      .error {
        color: var(--error);
      }
      .note {
        margin: 0;
        padding: 0.6rem 0.75rem;
      }
      .views {
        margin: 0.25rem 0 0.5rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem;
        padding: 0.25rem 0.4rem 0;
        border-bottom: 1px solid var(--line);
      }
      [role="tab"] {
        border: 0;
        border-bottom: 2px solid transparent;
        border-radius: 4px 4px 0 0;
        background: none;
      }
      [role="tab"][aria-selected="true"] {
        border-bottom-color: var(--accent);
        color: var(--accent);
      }
      .part {
        margin: 0;
        padding: 0.4rem 0.75rem 0;
        color: var(--ink-soft);
        font-size: 0.8125rem;
      }
      .turn {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        margin-left: auto;
        font-size: 0.8125rem;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  @property({ attribute: false }) store!: NotebookStore;
  @property({ attribute: false }) cell = "";
  @property({ attribute: false }) computations: readonly Computation[] = [];
  /** Which of several, counted from 0; `null` for the last, whichever that is. */
  @state() private turn: number | null = null;
  @state() private drawing: TaskGraphDrawing | null = null;
  @state() private failure: string | null = null;
  #drawn: number | null = null;
  #version = 0;

  constructor() {
    super();
    new StoreController(this);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("computations")) {
      this.#version += 1;
      if (this.turn !== null && this.turn >= this.computations.length) this.turn = null;
    }
    if (this.#isOpen() && this.#view() === "graph") void this.#readDrawing();
  }

  protected override render(): TemplateResult | typeof nothing {
    const computation = this.#shown();
    if (computation === undefined) return nothing;
    const open = this.#isOpen();
    const ending = endText(computation);
    return html`
      <div class="line">
        <button
          class="quiet small"
          aria-expanded=${open}
          @click=${() => this.#open(!open)}
        ><span class="twist">${icons.twist}</span>${computation.ended ? "How it ran" : "How it runs"}</button>
        <span class="facts">${this.#facts(computation).join(" · ")}</span>
        ${ending === null ? nothing : html`<span class="error">${ending}</span>`}
      </div>
      ${open ? this.#renderViews(computation, this.#view()) : nothing}
    `;
  }

  #facts(computation: Computation): string[] {
    const turn = turnText(computation, this.computations.at(-1) ?? computation);
    return [...(turn === null ? [] : [turn]), ...computationFacts(computation)];
  }

  #renderViews(computation: Computation, view: ComputationViewName): TemplateResult {
    // A group, not a landmark: several cells may show the same of theirs.
    return html`<div class="views" role="group" aria-label="How ${computation.outline.label || "it"} ran">
      <div class="head">
        <div role="tablist" aria-label="Views of the computation" @keydown=${this.#tabKey}>
          ${Object.entries(VIEWS).map(
            ([name, title]) => html`<button
              class="small"
              role="tab"
              id="tab-${name}"
              aria-selected=${name === view}
              aria-controls="view"
              tabindex=${name === view ? 0 : -1}
              @click=${() => this.#show(name as ComputationViewName)}
            >${title}</button>`,
          )}
        </div>
        ${this.#renderTurn(computation)}
        ${
          computation.ended
            ? nothing
            : html`<button class="small danger" @click=${() => this.store.interrupt()}>${icons.stop} Stop</button>`
        }
      </div>
      ${[...this.#keptSentences(), ...partSentences(computation, view)].map((sentence) => html`<p class="part">${sentence}</p>`)}
      <div id="view" role="tabpanel" aria-labelledby="tab-${view}">${this.#renderView(computation, view)}</div>
    </div>`;
  }

  #renderView(computation: Computation, view: ComputationViewName): TemplateResult {
    const version = this.#version;
    switch (view) {
      case "chunks":
        return html`<chunkbook-chunk-grid
          .computation=${computation}
          .version=${version}
          .askStored=${(layer: number, from: number, count: number) =>
            this.store.kernel.inspect<"da_chunks">({
              op: "da_chunks",
              lazies: computation.outline.lazies,
              layer,
              from,
              count,
            })}
        ></chunkbook-chunk-grid>`;
      case "threads":
        return html`<chunkbook-task-stream .computation=${computation} .version=${version}></chunkbook-task-stream>`;
      case "memory":
        return html`<chunkbook-memory-chart .computation=${computation} .version=${version}></chunkbook-memory-chart>`;
      case "graph":
        return this.#renderGraph(computation);
    }
  }

  #renderGraph(computation: Computation): TemplateResult {
    const drawing = this.drawing ?? computation.drawing;
    if (drawing === null) {
      return html`<p class="line note">${this.failure ?? "The graph is drawn with the first report of it, or, of more than a thousand layers, once the cell has ended."}</p>`;
    }
    return html`<chunkbook-graph-explorer
      .drawing=${drawing}
      .computation=${computation}
      .version=${this.#version}
      .store=${this.store}
    ></chunkbook-graph-explorer>`;
  }

  #renderTurn(computation: Computation): TemplateResult | typeof nothing {
    const count = this.computations.length;
    if (count < 2) return nothing;
    const turn = this.turn ?? count - 1;
    const to = (next: number) => () => {
      this.turn = next;
      this.drawing = null;
    };
    return html`<span class="turn">
      <button class="quiet small" ?disabled=${turn === 0} aria-label="Computation before" @click=${to(turn - 1)}>‹</button>
      ${computationName(computation)}
      <button class="quiet small" ?disabled=${turn === count - 1} aria-label="Next computation" @click=${to(turn + 1)}>›</button>
    </span>`;
  }

  /** Which of the cell's computations can be looked at, where they are not all. */
  #keptSentences(): string[] {
    const [first, last] = [this.computations[0], this.computations.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [keptText(first, last)].filter((text) => text !== null);
  }

  #isOpen(): boolean {
    return this.store.showsComputation(this.cell);
  }

  #open(open: boolean): void {
    this.store.showComputation(this.cell, open);
    if (open) void viewsPart.load();
  }

  #view(): ComputationViewName {
    return this.store.computationView(this.cell);
  }

  #show(view: ComputationViewName): void {
    this.store.setComputationView(this.cell, view);
  }

  #shown(): Computation | undefined {
    return this.computations[this.turn ?? this.computations.length - 1];
  }

  /** Asks for the drawing, once the kernel has time. */
  async #readDrawing(): Promise<void> {
    const computation = this.#shown();
    if (computation === undefined || !computation.ended) {
      this.drawing = null;
      this.#drawn = null;
      return;
    }
    const wanted = computation.number;
    if (this.#drawn === wanted) return;
    this.#drawn = wanted;
    try {
      const { lazies } = computation.outline;
      const drawing = await this.store.kernel.inspect<"da_draw">({
        op: "da_draw",
        lazies,
        fused: false,
        max_nodes: 300,
      });
      if (this.#drawn === wanted) this.drawing = drawing;
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  #tabKey(event: KeyboardEvent): void {
    const names = Object.keys(VIEWS) as ComputationViewName[];
    const at = names.indexOf(this.#view());
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    const next = to === undefined ? undefined : names.at(to % names.length);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#show(next);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(`#tab-${next}`)?.focus());
  }
}
