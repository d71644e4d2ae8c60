/** The text in a node of a drawn graph, as far as its box has room for it. Pure. */
import type { TaskGraphNode } from "../protocol";
import { formatCount } from "./format";

export interface BoxSize {
  width: number;
  height: number;
}

export interface Label {
  /** Empty where there is no room for anything that tells. */
  text: string;
  /** The drawing's pixels of its letters. */
  size: number;
}

/** A wide graph is not made smaller than this to fit: nobody could read its labels or tell its tasks apart. */
export const LEAST_FIT = 0.5;

/** Pixels of a label's letters, and of the smallest that can be read on a screen. */
export const FULL_SIZE = 12;
const LEAST_SIZE = 9;
/** Letters of a name without which it tells nothing. */
const LEAST_LETTERS = 2;
/** Pixels at both sides of a label together. */
const MARGIN = 4;

/** Widths of characters in parts of their size: those of the widest of the common sans serif fonts. */
const NARROW = 0.4;
const WIDTHS: readonly (readonly [characters: string, width: number])[] = [
  ["fijlrt-.,'()|I ", NARROW],
  ["mwMW…", 1],
  ["×", 0.84],
];
const USUAL_WIDTH = 0.64;
/** `1.2K`, of counts that have no room. */
const SHORT_COUNTS = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 2 });

/** The size of labels in a drawing of which a pixel takes `scale` on the screen: larger where they would be tiny. */
export function labelSize(scale: number): number {
  return Math.max(FULL_SIZE, LEAST_SIZE / scale);
}

/** How wide a text is drawn, at most. */
export function labelWidth(text: string, size: number): number {
  const width = (character: string) =>
    WIDTHS.find(([characters]) => characters.includes(character))?.[1] ?? USUAL_WIDTH;
  return size * Array.from(text).reduce((sum, character) => sum + width(character), 0);
}

/** The text in a node: its label, and how many tasks it stands for. */
export function nodeLabel(node: TaskGraphNode): string {
  return `${nameOf(node)}${countOf(node)}`;
}

/**
 * The label of a node in a drawing of which a pixel takes `scale` on the screen: whole, in smaller letters if need be;
 * with the end of its name left out; or only its count, which is rounded where it must be and never cut.
 */
export function fittingLabel(node: TaskGraphNode, box: BoxSize, scale = 1): Label {
  const size = labelSize(scale);
  const least = Math.min(size, LEAST_SIZE / scale);
  const room = box.width - MARGIN;
  const fits = (text: string, size: number) => labelWidth(text, size) <= room && box.height >= size + 2;
  const whole = nodeLabel(node);
  const shrunk = Math.min(size, Math.floor((10 * room) / labelWidth(whole, 1)) / 10, box.height - 2);
  if (shrunk >= least) return { text: whole, size: shrunk };
  const [name, count] = [nameOf(node), countOf(node)];
  for (let letters = name.length - 1; letters >= LEAST_LETTERS; letters -= 1) {
    const text = `${name.slice(0, letters)}…${count}`;
    if (fits(text, least)) return { text, size: least };
  }
  const alone = node.count > 1 ? [count.trim(), `×${SHORT_COUNTS.format(node.count)}`] : [];
  return { text: alone.find((text) => fits(text, least)) ?? "", size: least };
}

function nameOf(node: TaskGraphNode): string {
  // Engines name what they make of several tasks with a line before it.
  return node.label.replace(/(^|→ )_/g, "$1");
}

function countOf({ count }: TaskGraphNode): string {
  return count > 1 ? ` ×${formatCount(count)}` : "";
}
