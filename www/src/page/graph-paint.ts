/** Colours of a drawn graph's nodes by what became of their tasks. Pure. */
import type { TaskGraphDrawing, TaskGraphNode } from "../protocol";
import { PART_COLOURS, rampColour } from "./canvas";
import type { Computation, TaskState } from "./computation";
import { ranWith, stateWords } from "./computation-states";
import { formatShort } from "./computation-text";
import { formatBytes, formatCount } from "./format";
import type { Tally } from "./node-tallies";
import type { NodeRun } from "./task-graph";

export type GraphColouring = "layer" | "state" | "order" | "ended" | "time" | "memory";

export const GRAPH_COLOURINGS: Record<GraphColouring, string> = {
  layer: "layer",
  state: "state",
  order: "order, depth first",
  ended: "order they ended",
  time: "time",
  memory: "size of result",
};

export interface Paint {
  /** A colour for each node. */
  fills: string[];
  /** What the ramp's ends stand for; `null` where the colours are not a ramp. */
  ends: [string, string] | null;
}

/** Colours for the nodes of `drawing`, of whose tasks `tallies` tell; `null` where each has its layer's. */
export function paint(
  drawing: TaskGraphDrawing,
  tallies: readonly (Tally | null)[],
  colouring: GraphColouring,
): Paint | null {
  if (colouring === "layer") return null;
  if (colouring === "state") return { fills: tallies.map(stateColour), ends: null };
  const values = nodeValues(drawing, tallies, colouring);
  const known = values.filter((value) => value !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const told =
    colouring === "memory"
      ? formatBytes
      : colouring === "time"
        ? formatShort
        : (n: number) => formatCount(Math.round(n) + 1);
  return {
    fills: values.map((value) =>
      value === null ? "var(--sunken)" : rampColour(most > least ? (value - least) / (most - least) : 0),
    ),
    ends: known.length === 0 ? null : [told(least), told(most)],
  };
}

const STATES = ["waiting", "running", "done", "failed"] as const;

/** What became of each node's tasks, in words, for a table. */
export function nodeRuns(
  { nodes }: TaskGraphDrawing,
  tallies: readonly (Tally | null)[],
  computation: Computation,
): NodeRun[] {
  return tallies.map((tally, number) => {
    const node = nodes[number];
    if (tally === null || node === undefined) return { state: "", time: "", thread: "", others: "" };
    const known = STATES.filter((state) => tally[state] > 0);
    const word = (state: TaskState) => stateWords(computation, state);
    return {
      state:
        known.length === 1
          ? known.map(word).join("")
          : known.map((state) => `${formatCount(tally[state])} ${word(state)}`).join(", "),
      time: tally.threads.size === 0 ? "" : formatShort(tally.time),
      thread: [...tally.threads].sort((a, b) => a - b).join(", "),
      others: ranWith(computation, node),
    };
  });
}

/** What is to be known of nodes' times: whose they are besides the one task's that a node looks like. */
export function timeNotes({ nodes }: TaskGraphDrawing, computation: Computation | null): string[] {
  const notes: string[] = [];
  if (nodes.some(({ count }) => count > 1)) notes.push("all tasks of a node together");
  if (computation !== null && nodes.some((node) => ranWith(computation, node) !== "")) {
    notes.push("tasks that ran as one have the time of all of them");
  }
  return notes;
}

function stateColour(tally: Tally | null): string {
  if (tally === null) return "var(--sunken)";
  const { waiting, running, done, failed } = tally;
  if (failed > 0) return "var(--error)";
  if (running > 0) return "var(--busy)";
  if (done > 0 && waiting === 0) return PART_COLOURS.computing;
  if (done === 0) return "var(--sunken)";
  const percent = Math.round((100 * done) / (done + waiting));
  return `color-mix(in oklab, ${PART_COLOURS.computing} ${percent}%, var(--sunken))`;
}

function nodeValues(
  drawing: TaskGraphDrawing,
  tallies: readonly (Tally | null)[],
  colouring: Exclude<GraphColouring, "layer" | "state">,
): (number | null)[] {
  if (colouring === "order") return depthFirst(drawing);
  if (colouring === "memory") return drawing.nodes.map((node) => node.bytes);
  return tallies.map((tally) => {
    if (tally === null || tally.threads.size === 0) return null;
    return colouring === "time" ? tally.time : tally.first;
  });
}

/**
 * The place of each node's first task where tasks run depth first, inputs before what takes them and from left to
 * right, so that a block waits as briefly as can be: what Dask's order is after, and the engine's. Of the drawing's
 * own nodes, as a bundle runs as one here.
 */
export function depthFirst({ nodes, edges }: TaskGraphDrawing): number[] {
  const inputs: number[][] = nodes.map(() => []);
  const taken = new Set<number>();
  for (const [from, to] of edges) {
    inputs[to]?.push(from);
    taken.add(from);
  }
  const across = (a: number, b: number) => (nodes[a]?.x ?? 0) - (nodes[b]?.x ?? 0);
  for (const own of inputs) own.sort(across);
  const places: (number | undefined)[] = nodes.map(() => undefined);
  let place = 0;
  const roots = [...nodes.keys()].filter((node) => !taken.has(node)).sort(across);
  // A stack of its own: graphs may be deeper than calls.
  const stack = roots.reverse();
  const entered = new Set<number>();
  while (stack.length > 0) {
    const node = stack.at(-1) ?? 0;
    const waiting = entered.has(node)
      ? []
      : (inputs[node] ?? []).filter((input) => places[input] === undefined);
    entered.add(node);
    if (waiting.length > 0) {
      stack.push(...waiting.reverse());
      continue;
    }
    stack.pop();
    if (places[node] !== undefined) continue;
    places[node] = place;
    place += nodes[node]?.count ?? 1;
  }
  return places.map((own) => own ?? 0);
}

/**
 * The nodes that a search finds: those whose key or layer contains the text, and the bundle that holds the task
 * whose whole key it is. `null` for an empty search.
 */
export function search(
  drawing: TaskGraphDrawing,
  text: string,
  counts: (node: TaskGraphNode) => readonly number[] | null,
): Set<number> | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return null;
  const { name, numbers } = searched(wanted);
  const found = new Set<number>();
  for (const [number, node] of drawing.nodes.entries()) {
    const extents = counts(node);
    const holds =
      numbers.length > 0 &&
      extents?.length === numbers.length &&
      node.layer.toLowerCase().startsWith(name) &&
      holdsTask(node, extents, numbers);
    if (holds || node.key.toLowerCase().includes(wanted)) found.add(number);
  }
  return found;
}

/** The position, among the blocks of a layer, of the index that `text` searches for; `null` where it names none. */
export function searchedPosition(text: string, counts: readonly number[] | null): number | null {
  const { numbers } = searched(text.trim().toLowerCase());
  return counts !== null && numbers.length > 0 && numbers.length === counts.length
    ? positionOf(numbers, counts)
    : null;
}

function searched(text: string): { name: string; numbers: number[] } {
  const parts = text
    .replace(/[()'"]/g, "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const name = /^\d+$/.test(parts[0] ?? "") ? "" : (parts.shift() ?? "");
  return { name, numbers: parts.map(Number) };
}

function positionOf(index: readonly number[], counts: readonly number[]): number {
  return index.reduce((position, part, axis) => position * (counts[axis] ?? 0) + part, 0);
}

function holdsTask(node: TaskGraphNode, counts: readonly number[], index: readonly number[]): boolean {
  if (!index.every((part, axis) => part < (counts[axis] ?? 0))) return false;
  const position = positionOf(index, counts);
  return (node.runs ?? []).some(([first, count]) => position >= first && position < first + count);
}
