/**
 * What a drawing of a task graph needs beside the places of its nodes: colours of layers, sizes of
 * boxes, neighbours, and the whole as a standalone SVG for files that are read elsewhere.
 */
import type { TaskGraphDrawing, TaskGraphNode } from "../protocol";
import { formatBytes, formatCount, formatShape, plural } from "./format";

/** Hues of layers, far apart for common kinds of colour blindness; the text beside them tells as well. */
const LAYER_HUES = [205, 35, 155, 320, 265, 90, 5, 180] as const;

const LABEL_CHARACTER_WIDTH = 7;
const MAX_BOX = { width: 150, height: 30 } as const;
const MIN_BOX = { width: 4, height: 6 } as const;
const GAP = 6;

/** The hue of each layer, in order of first appearance. */
export function layerHues(drawing: TaskGraphDrawing): Map<string, number> {
  const hues = new Map<string, number>();
  for (const node of drawing.nodes) {
    if (!hues.has(node.layer)) hues.set(node.layer, LAYER_HUES[hues.size % LAYER_HUES.length] ?? 205);
  }
  return hues;
}

export interface BoxSize {
  width: number;
  height: number;
}

/** The boxes of each row (by y): as wide as its labels, but never touching their neighbours. */
export function boxSizes(drawing: TaskGraphDrawing): Map<number, BoxSize> {
  const rows = new Map<number, TaskGraphNode[]>();
  for (const node of drawing.nodes) {
    const row = rows.get(node.y);
    if (row === undefined) rows.set(node.y, [node]);
    else row.push(node);
  }
  const height = clamp(leastDistance([...rows.keys()]) * 0.5, MIN_BOX.height, MAX_BOX.height);
  return new Map(
    [...rows].map(([y, row]) => {
      const longest = Math.max(...row.map((node) => nodeLabel(node).length));
      const room = leastDistance(row.map((node) => node.x)) - GAP;
      const wanted = clamp(longest * LABEL_CHARACTER_WIDTH + 16, 48, MAX_BOX.width);
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

/** The label as far as it fits into a box; empty where not even a few letters do. */
export function fittingLabel(node: TaskGraphNode, box: BoxSize): string {
  const characters = Math.floor((box.width - 6) / LABEL_CHARACTER_WIDTH);
  const label = nodeLabel(node);
  if (box.height < 14 || characters < 3) return "";
  return label.length <= characters ? label : `${label.slice(0, characters - 1)}…`;
}

/** The text in a node: its label, and how many tasks it stands for. */
export function nodeLabel(node: TaskGraphNode): string {
  return node.count > 1 ? `${node.label} ×${formatCount(node.count)}` : node.label;
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

/** The drawing as an SVG document that needs no style sheet. */
export function drawingToSvg(drawing: TaskGraphDrawing): string {
  const boxes = boxSizes(drawing);
  const hues = layerHues(drawing);
  const edges = drawing.edges.map(([from, to]) => {
    const [input, task] = [drawing.nodes[from], drawing.nodes[to]];
    if (input === undefined || task === undefined) return "";
    return `<path d="${edgePath(input, task, boxes.get(task.y)?.height ?? 0)}"/>`;
  });
  const nodes = drawing.nodes.map((node) => {
    const { width, height } = boxes.get(node.y) ?? MIN_BOX;
    const hue = hues.get(node.layer) ?? 205;
    const colours = `fill="hsl(${hue} 60% 88%)" stroke="hsl(${hue} 50% 38%)"`;
    return [
      `<g><title>${escapeXml(`${node.key}: ${resultText(node)}`)}</title>`,
      `<rect x="${node.x - width / 2}" y="${node.y - height / 2}" width="${width}" height="${height}" rx="4" ${colours}/>`,
      `<text x="${node.x}" y="${node.y + 4}" text-anchor="middle">${escapeXml(fittingLabel(node, { width, height }))}</text></g>`,
    ].join("");
  });
  const { left, width } = extentAcross(drawing, boxes);
  const { height } = drawing;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${left} 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<g fill="none" stroke="#8a8f98">${edges.join("")}</g>`,
    `<g font-family="sans-serif" font-size="12" fill="#1b1f24">${nodes.join("")}</g>`,
    "</svg>",
  ].join("\n");
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
