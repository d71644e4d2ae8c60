/** A computation in words: the line below a cell, and what each view says of it. */
import type { ComputationOutline, LayerOutline } from "../protocol";
import { type Computation, type EndedTask, product, type Spent, STORED_AT_MOST } from "./computation";
import { capitalized, formatBytes, formatCount, formatShape, plural } from "./format";

/** What a browser tab can address: wasm memory is addressed with 32 bits. */
const TAB_BYTES = 4 * 2 ** 30;

/** Milliseconds as short as a task may be: `3.2 µs`, `0.42 ms`, `18 ms`, `1.25 s`. */
export function formatShort(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 0.00005) return "< 0.1 µs";
  if (milliseconds < 0.1) return `${(milliseconds * 1000).toFixed(1)} µs`;
  if (milliseconds < 9.995) return `${milliseconds.toFixed(2)} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  return `${Number((milliseconds / 1000).toPrecision(3))} s`;
}

/** The parts of the tasks' time in whole percent, those above zero: `41 % reading`. */
export function shares({ reading, decoding, computing }: Spent): string[] {
  const total = reading + decoding + computing;
  if (total <= 0) return [];
  const named: [number, string][] = [
    [reading, "reading"],
    [decoding, "decompressing"],
    [computing, "computing"],
  ];
  return named
    .map(([part, name]): [number, string] => [Math.round((100 * part) / total), name])
    .filter(([percent]) => percent > 0)
    .map(([percent, name]) => `${percent} % ${name}`);
}

/** The facts of the line below a cell, in reading order. */
export function computationFacts(computation: Computation): string[] {
  const { outline, latest } = computation;
  const facts = [
    computation.ended && computation.error === null
      ? `${plural(outline.tasks, "task")} in ${formatShort(latest.elapsed)}`
      : `${formatCount(latest.done)} of ${plural(outline.tasks, "task")}`,
  ];
  if (latest.bytes > 0) facts.push(`${formatBytes(latest.bytes)} read`);
  facts.push(...shares(computation.spent));
  const than = latest.peak > outline.naive ? ", more than" : " of";
  facts.push(`peak ${formatBytes(latest.peak)}${than} the whole ${formatBytes(outline.naive)}`);
  if (latest.totals.failed > 0) facts.push(`${formatCount(latest.totals.failed)} failed`);
  const slowest = computation.slowest();
  if (slowest !== null && computation.count > 1) {
    facts.push(`slowest: ${taskName(computation, slowest)}, ${formatShort(slowest.end - slowest.start)}`);
  }
  if (computation.partial) facts.push(`single tasks are known of ${firstTasks(computation)}`);
  return facts;
}

/** Which of a cell's computations this is, where there are several: `the last of 6`. */
export function turnText(computation: Computation, last: Computation): string | null {
  if (last.turn === 1) return null;
  const turn = computation === last ? "the last" : `number ${formatCount(computation.turn)}`;
  return `${turn} of ${plural(last.turn, "computation")}`;
}

/** Which of a cell's computations are kept, where they are not all; `null` where they are. */
export function keptText(first: Computation, last: Computation): string | null {
  if (first.turn === 1) return null;
  const kept = last.turn - first.turn + 1;
  return `Of ${plural(last.turn, "computation")} the last ${formatCount(kept)} are kept, from number ${formatCount(first.turn)} on.`;
}

/** What a computation does, so that those of one cell can be told apart: `sum, chunks of (500, 500)`. */
export function computationName({ outline }: Computation): string {
  const source = outline.layers.find(({ source, tasks }) => source !== null && tasks > 0);
  return source === undefined ? outline.label : `${outline.label}, chunks of ${formatShape(source.block)}`;
}

function firstTasks({ recorded }: Computation): string {
  return `the first ${plural(recorded, "task")} only`;
}

/** What a view leaves out, sentence by sentence; none where it shows all. */
export function partSentences(
  computation: Computation,
  view: "chunks" | "threads" | "graph" | "memory",
): string[] {
  const sentences: string[] = [];
  if (computation.partial) {
    const first = firstTasks(computation);
    sentences.push(
      {
        chunks: `Times and order are known of ${first}; other chunks that are done have no colour for them.`,
        threads: `Single tasks are shown of ${first}; shares and idle time are those of all.`,
        graph: `Times and order are known of ${first}; states are those of all.`,
        memory: `What tasks held over time is drawn of ${first}; the peak is that of all.`,
      }[view],
    );
  }
  const chunks = Math.max(
    ...computation.outline.layers.map(({ source, tasks }) => (source === null ? 0 : tasks)),
    0,
  );
  if (view === "chunks" && chunks > STORED_AT_MOST) {
    sentences.push(`What is stored is told of the first ${plural(STORED_AT_MOST, "chunk")} only.`);
  }
  return sentences;
}

/** `chunk (3, 0)` of a task that reads, otherwise what it does and where. */
export function taskName(computation: Computation, task: Pick<EndedTask, "stage" | "position">): string {
  const index = formatShape(computation.index(task.stage, task.position));
  return computation.source(task.stage) === null
    ? `${computation.stageTitle(task.stage)} ${index}`
    : `chunk ${index}`;
}

/** Why a computation did not come to its end, in a few words: the traceback above has the others. */
export function endText(computation: Computation): string | null {
  if (computation.error === null) return null;
  const failed = computation.failed();
  return failed === null ? "stopped" : `failed at ${taskName(computation, computation.task(failed))}`;
}

/** How a task's time went: `1.20 ms: 0.80 ms reading, 0.40 ms computing`. */
export function taskTime(task: EndedTask): string {
  const computing = Math.max(0, task.end - task.start - task.reading - task.decoding);
  const parts = [
    [task.reading, "reading"],
    [task.decoding, "decompressing"],
    [computing, "computing"],
  ] as const;
  const told = parts.filter(([part]) => part > 0).map(([part, name]) => `${formatShort(part)} ${name}`);
  return [formatShort(task.end - task.start), told.join(", ")].filter((part) => part !== "").join(": ");
}

/** The same with what it read, if it did. */
export function taskFacts(task: EndedTask): string {
  return task.bytes > 0 ? `${taskTime(task)}; ${formatBytes(task.bytes)} read` : taskTime(task);
}

/** What computing is going to need, before it runs. */
export function forecastText({ naive, forecast, layers, limit, tasks, threads }: ComputationOutline): string {
  const whole = naive > limit ? `, more than arrays may take in a tab (${formatBytes(limit)})` : "";
  return `Forecast: ${plural(tasks, "task")} on ${plural(threads, "thread")}, at most ${formatBytes(forecast)} held at once. ${capitalized(wholeWords(layers))} would need ${formatBytes(naive)}${whole}.`;
}

/** What the naive way holds: of an array that is read by slices, no more than these. */
export function wholeWords(layers: readonly LayerOutline[]): string {
  const reading = layers.filter(({ source, tasks }) => source !== null && tasks > 0);
  const isPart = ({ inputs, counts, tasks }: LayerOutline) => inputs.length > 0 || tasks < product(counts);
  return reading.some(isPart) ? "the part that is read" : "the whole array";
}

/** What the memory view says, sentence by sentence. */
export function memorySentences(computation: Computation): string[] {
  const { outline, latest, ended } = computation;
  const sentences = [runSentence(computation)];
  const streamed = streamedSentence(computation);
  if (streamed !== null) sentences.push(streamed);
  if (outline.naive > 0) sentences.push(naiveSentence(outline));
  if (latest.memory > 0) {
    const grown = latest.memory - latest.memoryBefore;
    const change =
      grown > 0 ? `${formatBytes(grown)} of it since this run began` : "none of it taken by this run anew";
    sentences.push(
      `The engine has reserved ${formatBytes(latest.memory)} for everything, ${change}; it never gives any back. NumPy arrays, the results' among them, ${ended ? "held" : "hold"} ${formatBytes(latest.arrays)}, ${formatBytes(latest.spare)} is kept for the next chunks, and ${formatBytes(latest.cached)} of files that were read.`,
    );
  }
  return sentences;
}

/** How much the run took, and whether that is what was forecast. */
function runSentence({ outline, latest, ended }: Computation): string {
  const held = latest.peak <= outline.forecast;
  const verdict = ended
    ? held
      ? ", which held"
      : ", which did not hold"
    : held
      ? ""
      : ", which has not held";
  const result =
    outline.results > 0
      ? `results that wait to be combined, and the arrays of the result, ${formatBytes(outline.results)}`
      : "and results that wait to be combined";
  return `Chunk by chunk this run ${ended ? "took" : "has taken"} ${formatBytes(latest.peak)} at its peak: chunks at work on ${plural(outline.threads, "thread")}, with what reading them takes, ${result}. The forecast was at most ${formatBytes(outline.forecast)}${verdict}.`;
}

/** Why less was held than one chunk takes. */
function streamedSentence({ outline, latest }: Computation): string | null {
  const chunks = outline.layers.filter(({ source, tasks }) => source !== null && tasks > 0).map(chunkBytes);
  const largest = Math.max(0, ...chunks);
  if (latest.ended?.error !== null || latest.peak >= largest) return null;
  return `That is less than one chunk takes, ${formatBytes(largest)}: each is reduced piece by piece, a few mebibytes at a time, while it is read.`;
}

function chunkBytes({ block, shape, bytes }: LayerOutline): number {
  const size = (extents: readonly number[]) => extents.reduce((product, extent) => product * extent, 1);
  return size(shape) === 0 ? 0 : (bytes / size(shape)) * size(block);
}

/** Why the naive way fails, here or with more data. */
function naiveSentence({ naive, layers, limit, results, blocksWait }: ComputationOutline): string {
  const whole = `The naive way needs ${wholeWords(layers)} at once, ${formatBytes(naive)}.`;
  const why = `Arrays may take ${formatBytes(limit)} in all, part of the ${formatBytes(TAB_BYTES)} that a tab can address`;
  if (naive > limit) return `${whole} ${why}: it must fail.`;
  const times = Math.floor(limit / naive) + 1;
  return `${whole} ${why}: here it still fits, with ${formatCount(times)} times the data it must fail. ${chunkedSentence(results, blocksWait)}`;
}

/** What more data does to the peak of computing chunk by chunk. */
function chunkedSentence(results: number, blocksWait: boolean): string {
  if (blocksWait)
    return "Chunk by chunk, too, more blocks wait then: here they are needed more than once, or in another order than they are read.";
  if (results > 0) return "Chunk by chunk nothing but the result grows with the data.";
  return "Chunk by chunk the peak stays about the same.";
}
