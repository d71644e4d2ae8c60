import type { Progress } from "../protocol";
import { formatBytes, formatCount, formatDuration, plural } from "./format";

/** Shorter computations are over before anybody has read a bar. */
const SHOWN_AFTER_MS = 500;

export function progressShown(progress: Progress | null): progress is Progress {
  return progress !== null && progress.elapsed > SHOWN_AFTER_MS;
}

/** Part done, from 0 to 1; `null` where the whole is not known. */
export function progressFraction(progress: Progress): number | null {
  return progress.total > 0 ? Math.min(1, progress.done / progress.total) : null;
}

/** Milliseconds still to go at the pace so far; `null` where nothing can be said. */
export function remaining(progress: Progress): number | null {
  const fraction = progressFraction(progress);
  return fraction === null || fraction <= 0 ? null : (progress.elapsed * (1 - fraction)) / fraction;
}

/** The facts beside a progress bar, in reading order. */
export function progressFacts(progress: Progress): string[] {
  // A write counts chunks, as the protocol says, and its label tells that it is one.
  const noun = progress.label.startsWith("Writing ") ? "chunk" : "task";
  const facts = [
    progress.total > 0
      ? `${formatCount(progress.done)} of ${plural(progress.total, noun)}`
      : `${plural(progress.done, noun)} done`,
  ];
  if (progress.bytes > 0) {
    facts.push(formatBytes(progress.bytes), `${formatBytes((progress.bytes / progress.elapsed) * 1000)}/s`);
  }
  if (progress.memory > 0) facts.push(`memory ${formatBytes(progress.memory)}`);
  // Whole seconds: more digits would only flicker.
  facts.push(formatDuration(wholeSeconds(progress.elapsed)));
  const left = remaining(progress);
  if (left !== null && progress.done < progress.total) {
    facts.push(left < 1000 ? "less than a second left" : `about ${formatDuration(wholeSeconds(left))} left`);
  }
  return facts;
}

function wholeSeconds(milliseconds: number): number {
  return milliseconds < 1000 ? milliseconds : Math.round(milliseconds / 1000) * 1000;
}
