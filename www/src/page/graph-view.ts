/**
 * What a drawing of a task graph needs beside the places of its nodes: colours of layers, sizes of
 * boxes, neighbours, and the whole as a standalone SVG for files that are read elsewhere.
 */
import type { TaskGraphDrawing, TaskGraphNode } from "../protocol";
import { formatBytes, formatCount, formatShape, plural } from "./format";
import {
  type BoxSize,
  FULL_SIZE,
  fittingLabel,
  LEAST_FIT,
  labelSize,
  labelWidth,
  nodeLabel,
} from "./graph-label";

/** Hues of layers, far apart for common kinds of colour blindness; the text beside them tells as well. */
const LAYER_HUES = [205, 35, 155, 320, 265, 90, 5, 180] as const;

const FIRST_HUE = LAYER_HUES[0];

const MAX_BOX = { width: 150, height: 30 } as const;
const MIN_BOX = { width: 4, height: 6 } as const;
const GAP = 6;
const LINE = 14;
const SPREAD = 2.4;

/** The hue of each kind of layer by its title, in order of first appearance: layers that do the same look the same. */
export function layerHues(drawing: TaskGraphDrawing): Map<string, number> {
  const hues = new Map<string, number>();
  for (const node of drawing.nodes) {
    const title = layerTitle(node.layer);
    if (!hues.has(title)) hues.set(title, LAYER_HUES[hues.size % LAYER_HUES.length] ?? FIRST_HUE);
  }
  return hues;
}

export function hueOf(hues: ReadonlyMap<string, number>, node: TaskGraphNode): number {
  return hues.get(layerTitle(node.layer)) ?? FIRST_HUE;
}

/** The boxes of each row (by y): as wide as its labels where the drawing is made as small as it may be, and as high as their lines, but never touching neighbours. */
export function boxSizes(drawing: TaskGraphDrawing, lines: 1 | 2 = 1): Map<number, BoxSize> {
  const rows = new Map<number, TaskGraphNode[]>();
  for (const node of drawing.nodes) {
    const row = rows.get(node.y);
    if (row === undefined) rows.set(node.y, [node]);
    else row.push(node);
  }
  const height = clamp(
    leastDistance([...rows.keys()]) * 0.6,
    MIN_BOX.height,
    MAX_BOX.height + (lines - 1) * LINE,
  );
  return new Map(
    [...rows].map(([y, row]) => {
      const longest = Math.max(...row.map((node) => labelWidth(nodeLabel(node), labelSize(LEAST_FIT))));
      const room = leastDistance(row.map((node) => node.x)) - GAP;
      const wanted = clamp(longest + 16, 48, MAX_BOX.width);
      return [y, { width: Math.max(MIN_BOX.width, Math.min(wanted, room)), height }];
    }),
  );
}

/** From where to how far boxes reach across: a lone wide one may reach over the drawing's borders. */
export function extentAcross(
  drawing: TaskGraphDrawing,
  boxes: Map<number, BoxSize>,
): { left: number; width: number } {
  let [left, right] = [0, drawing.width];
  for (const node of drawing.nodes) {
    const half = (boxes.get(node.y)?.width ?? 0) / 2 + GAP;
    left = Math.min(left, node.x - half);
    right = Math.max(right, node.x + half);
  }
  return { left, width: right - left };
}

/** A layer's name without its token, which tells layers of one kind apart but nothing to a person. */
export function layerTitle(layer: string): string {
  return layer.replace(/-[0-9a-f]{6,}$/, "");
}

/** A drawing of few nodes with more room between those of a row, for a second line in each: layers have one. */
export function spread(drawing: TaskGraphDrawing): TaskGraphDrawing {
  return {
    ...drawing,
    width: drawing.width * SPREAD,
    nodes: drawing.nodes.map((node) => ({ ...node, x: node.x * SPREAD })),
  };
}

export interface Neighbours {
  inputs: number[];
  consumers: number[];
}

/** For each node, the nodes it takes and the nodes that take it. */
export function neighbours(drawing: TaskGraphDrawing): Neighbours[] {
  const found = drawing.nodes.map((): Neighbours => ({ inputs: [], consumers: [] }));
  for (const [from, to] of drawing.edges) {
    found[to]?.inputs.push(from);
    found[from]?.consumers.push(to);
  }
  return found;
}

/** How many tasks there are, how many they run as, and how many nodes are drawn for those. */
export function caption({ tasks, nodes }: TaskGraphDrawing): string {
  const runs = nodes.reduce((sum, { count }) => sum + count, 0);
  const parts = [plural(tasks, "task")];
  if (runs < tasks) parts.push(`run as ${formatCount(runs)}`);
  if (nodes.length < runs) parts.push(`in ${plural(nodes.length, "node")}`);
  return parts.join(" ");
}

/** One line about a node's result, such as `float64 (300, 3000), 6.87 MiB`. */
export function resultText(node: TaskGraphNode): string {
  const each = node.count > 1 ? `${plural(node.count, "task")}, together ` : "";
  return `${each}${node.dtype} ${formatShape(node.shape)}, ${formatBytes(node.bytes)}`;
}

/** An edge from an input (lower) to the task that takes it (higher), leaving and arriving upright. */
export function edgePath(from: TaskGraphNode, to: TaskGraphNode, boxHeight: number): string {
  const start = from.y - boxHeight / 2;
  const end = to.y + boxHeight / 2;
  const middle = (start + end) / 2;
  return `M${from.x} ${start}C${from.x} ${middle} ${to.x} ${middle} ${to.x} ${end}`;
}

/** The colours of a node, as CSS writes them. */
export interface NodeColours {
  fill: string;
  stroke: string;
  ink: string;
}

/** What a standalone drawing is to look like: light and coloured by layer unless it says otherwise. */
export interface SvgLook {
  nodes: readonly NodeColours[];
  edge: string;
  paper: string;
  /** Whether nodes have a second line, with the bytes of the result. */
  sizes: boolean;
}

/** The drawing as an SVG document that needs no style sheet. */
export function drawingToSvg(drawing: TaskGraphDrawing, look: SvgLook | null = null): string {
  const sizes = look?.sizes ?? false;
  const boxes = boxSizes(drawing, sizes ? 2 : 1);
  const hues = layerHues(drawing);
  const edges = drawing.edges.map(([from, to]) => {
    const [input, task] = [drawing.nodes[from], drawing.nodes[to]];
    if (input === undefined || task === undefined) return "";
    return `<path d="${edgePath(input, task, boxes.get(task.y)?.height ?? 0)}"/>`;
  });
  const nodes = drawing.nodes.map((node, index) => {
    const box = boxes.get(node.y) ?? MIN_BOX;
    const { width, height } = box;
    const label = fittingLabel(node, box);
    const line = (down: number, text: string, size: number) =>
      `<text x="${node.x}" y="${node.y + down}" text-anchor="middle" font-size="${size}" fill="${ink}">${escapeXml(text)}</text>`;
    const { fill, stroke, ink } = look?.nodes[index] ?? layerColours(hueOf(hues, node));
    return [
      `<g><title>${escapeXml(`${node.key}: ${resultText(node)}`)}</title>`,
      `<rect x="${node.x - width / 2}" y="${node.y - height / 2}" width="${width}" height="${height}" rx="4" fill="${fill}" stroke="${stroke}"/>`,
      ...(sizes
        ? [line(-3, label.text, label.size), line(11, formatBytes(node.bytes), FULL_SIZE)]
        : [line(4, label.text, label.size)]),
      "</g>",
    ].join("");
  });
  const { left, width } = extentAcross(drawing, boxes);
  const { height } = drawing;
  const paper =
    look === null ? [] : [`<rect x="${left}" width="${width}" height="${height}" fill="${look.paper}"/>`];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} 0 ${width} ${height}" width="${width}" height="${height}">`,
    ...paper,
    `<g fill="none" stroke="${look?.edge ?? "#8a8f98"}">${edges.join("")}</g>`,
    `<g font-family="sans-serif">${nodes.join("")}</g>`,
    "</svg>",
  ].join("\n");
}

function layerColours(hue: number): NodeColours {
  return { fill: `hsl(${hue} 60% 88%)`, stroke: `hsl(${hue} 50% 38%)`, ink: "#1b1f24" };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

function leastDistance(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  let least = Number.POSITIVE_INFINITY;
  for (const [index, value] of sorted.entries()) {
    const previous = sorted[index - 1];
    if (previous !== undefined && value > previous) least = Math.min(least, value - previous);
  }
  return least;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
