/** What the views of a computation say of states, and below tables: the same words and colours in all of them. */
import { html, nothing, type TemplateResult } from "lit";
import type { TaskGraphNode } from "../protocol";
import { PART_COLOURS } from "./canvas";
import type { Computation, TaskState } from "./computation";
import { formatCount, plural } from "./format";

/** What a task's state is called: once all has ended, what waits has not run and never will. */
export function stateWords({ ended }: Pick<Computation, "ended">, state: TaskState): string {
  return state === "waiting" && ended ? "not run" : state;
}

/** The state of a task in words: of one that is done but not known by itself, that it is not. */
export function taskWords(computation: Computation, stage: number, position: number): string {
  const state = computation.state(stage, position);
  if (state === "done" && computation.find(stage, position) === null) return "done, not recorded";
  return stateWords(computation, state);
}

/** What the tasks of a node ran as one with, beyond those it stands for; empty where with nothing. */
export function ranWith(computation: Computation, { layers = [] }: TaskGraphNode): string {
  const stage = computation.stageOf(layers.at(-1) ?? -1);
  const together = stage === null ? [] : (computation.outline.stages[stage] ?? []);
  return together
    .filter((layer) => !layers.includes(layer))
    .map((layer) => computation.layer(layer).label)
    .join(", ");
}

/** The colouring that tells most: where it got to while it runs and after a failure, otherwise the time. */
export function telling({ ended, error }: Pick<Computation, "ended" | "error">): "state" | "time" {
  return ended && error === null ? "time" : "state";
}

export function stateLegend(ended: boolean): TemplateResult {
  return html`
    <span><i style="--swatch: var(--sunken)"></i>${stateWords({ ended }, "waiting")}</span>
    ${ended ? nothing : html`<span><i style="--swatch: var(--busy)"></i>running</span>`}
    <span><i style="--swatch: ${PART_COLOURS.computing}"></i>done</span>
    <span><i style="--swatch: var(--error)"></i>failed</span>
  `;
}

/** How many of how many rows a table has, where it has not all. */
export function renderListed(shown: number, all: number, noun: string): TemplateResult | typeof nothing {
  if (shown >= all) return nothing;
  return html`<p class="about soft">${formatCount(shown)} of ${plural(all, noun)} are listed.</p>`;
}
