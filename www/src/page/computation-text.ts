/** A computation in words: the line below a cell, and what each view says of it. */
import type { ComputationOutline } from "../protocol";
import type { Computation, EndedTask, Spent } from "./computation";
import { formatBytes, formatCount, formatShape, plural } from "./format";

/** What a browser tab may have: wasm memory is addressed with 32 bits. */
export const TAB_BYTES = 4 * 2 ** 30;

/** Milliseconds as short as a task may be: `3.2 µs`, `0.42 ms`, `18 ms`, `1.25 s`. */
export function formatShort(milliseconds: number): string {
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
  facts.push(`peak ${formatBytes(latest.peak)} of the whole ${formatBytes(outline.naive)}`);
  const slowest = computation.slowest();
  if (slowest !== null && computation.count > 1) {
    const task = computation.task(slowest);
    facts.push(`slowest: ${taskName(computation, task)}, ${formatShort(task.end - task.start)}`);
  }
  return facts;
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
  return `${formatShort(task.end - task.start)}: ${told.join(", ")}`;
}

/** What computing is going to need, before it runs. */
export function forecastText({ naive, forecast, tasks, threads }: ComputationOutline): string {
  const whole = naive > TAB_BYTES ? `, more than a tab may have (${formatBytes(TAB_BYTES)})` : "";
  return `Forecast: ${plural(tasks, "task")} on ${plural(threads, "thread")}, about ${formatBytes(forecast)} held at once. The whole array would need ${formatBytes(naive)}${whole}.`;
}

/** What the memory view says, sentence by sentence. */
export function memorySentences(computation: Computation): string[] {
  const { outline, latest } = computation;
  const sentences: string[] = [];
  if (outline.naive > 0) {
    const verdict =
      outline.naive > TAB_BYTES
        ? `more than the ${formatBytes(TAB_BYTES)} a tab may have: the naive way must fail`
        : outline.naive > TAB_BYTES / 4
          ? `and the naive way also holds what it makes on the way; a tab may have ${formatBytes(TAB_BYTES)}`
          : `which a tab, with ${formatBytes(TAB_BYTES)}, could still hold`;
    sentences.push(`The whole array would need ${formatBytes(outline.naive)} at once, ${verdict}.`);
  }
  const when = computation.ended ? "was" : "so far is";
  sentences.push(
    `Chunk by chunk the peak ${when} ${formatBytes(latest.peak)}. Forecast from chunk sizes and ${plural(outline.threads, "thread")}: ${formatBytes(outline.forecast)}.`,
  );
  if (latest.memory > 0) {
    sentences.push(
      `The engine has ${formatBytes(latest.memory)} of the tab's memory in all, which never shrinks: it includes NumPy arrays and earlier cells.`,
    );
  }
  return sentences;
}
