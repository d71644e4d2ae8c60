/** What is drawn over the colours of a grid's chunks, so that they need not be told apart by colour. */
import { css } from "lit";
import { PART_COLOURS, readableOn } from "./canvas";
import { type GridPlan, positionOf } from "./chunk-grid-plan";
import type { ChunkState } from "./chunk-states";

/** Colours of the states as CSS has them; the theme's own by the name of their property. */
export const CHUNK_COLOURS: Record<ChunkState, string> = {
  waiting: "--sunken",
  reading: PART_COLOURS.reading,
  decoding: PART_COLOURS.decoding,
  computing: "#c4407f",
  done: PART_COLOURS.computing,
  combined: "--combined",
  failed: "--error",
};

/** Marks as corners within a square from 0 to 1; states without one are plain. */
const MARKS: Partial<Record<ChunkState, readonly (readonly [x: number, y: number])[]>> = {
  // An arrow into memory, a diamond, a bar that presses, a partial that waits, a cross.
  reading: [
    [0.2, 0.25],
    [0.8, 0.25],
    [0.5, 0.8],
  ],
  decoding: [
    [0.5, 0.15],
    [0.85, 0.5],
    [0.5, 0.85],
    [0.15, 0.5],
  ],
  computing: [
    [0.15, 0.4],
    [0.85, 0.4],
    [0.85, 0.6],
    [0.15, 0.6],
  ],
  done: [
    [0.38, 0.38],
    [0.62, 0.38],
    [0.62, 0.62],
    [0.38, 0.62],
  ],
  failed: [
    [0.25, 0.15],
    [0.5, 0.4],
    [0.75, 0.15],
    [0.85, 0.25],
    [0.6, 0.5],
    [0.85, 0.75],
    [0.75, 0.85],
    [0.5, 0.6],
    [0.25, 0.85],
    [0.15, 0.75],
    [0.4, 0.5],
    [0.15, 0.25],
  ],
};

/** Cells that many pixels wide and high have marks. */
const MARKED = 12;

/** The same marks on the swatches of a legend. */
export const markStyles = css`
  .legend i[data-state] {
    display: inline-grid;
  }
  .legend i[data-state]::after {
    content: "";
    background: var(--mark);
    clip-path: var(--corners);
  }
`;

/** The style of a swatch: its colour, and its mark if it has one. */
export function swatch(state: ChunkState): Record<string, string> {
  const colour = CHUNK_COLOURS[state];
  const corners = MARKS[state]?.map(([x, y]) => `${100 * x}% ${100 * y}%`).join(", ");
  const background = colour.startsWith("--") ? `var(${colour})` : colour;
  return {
    "--swatch": background,
    "--mark": corners === undefined ? "transparent" : readableOn(background),
    "--corners": `polygon(${corners ?? "0 0"})`,
  };
}

/** The marks of all chunks that are large enough; `colour` resolves the theme's properties. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  plan: GridPlan,
  stateOf: (position: number) => ChunkState,
  colour: (name: string) => string,
): void {
  const side = Math.min(plan.cellWidth, plan.cellHeight);
  if (side < MARKED) return;
  const paths = new Map<ChunkState, Path2D>();
  for (let row = 0; row < plan.rows; row += 1) {
    for (let column = 0; column < plan.columns; column += 1) {
      const position = positionOf(plan, row, column);
      if (position === null) continue;
      const state = stateOf(position);
      const corners = MARKS[state];
      if (corners === undefined) continue;
      const path = paths.get(state) ?? new Path2D();
      paths.set(state, path);
      const left = column * plan.cellWidth + (plan.cellWidth - side) / 2;
      const top = row * plan.cellHeight + (plan.cellHeight - side) / 2;
      for (const [corner, [x, y]] of corners.entries()) {
        if (corner === 0) path.moveTo(left + x * side, top + y * side);
        else path.lineTo(left + x * side, top + y * side);
      }
      path.closePath();
    }
  }
  for (const [state, path] of paths) {
    const own = CHUNK_COLOURS[state];
    context.fillStyle = readableOn(own.startsWith("--") ? colour(own) : own);
    context.fill(path);
  }
}

/** Lines over cells, all at once. */
export function hatch(
  context: CanvasRenderingContext2D,
  plan: GridPlan,
  cells: readonly { row: number; column: number }[],
  colour: string,
): void {
  const pattern = cells.length === 0 ? null : hatching(context, colour);
  if (pattern === null) return;
  context.fillStyle = pattern;
  context.beginPath();
  for (const { row, column } of cells) {
    context.rect(column * plan.cellWidth, row * plan.cellHeight, plan.cellWidth, plan.cellHeight);
  }
  context.fill();
}

/** A line between chunks and around them; a vector's last row may not be full. */
export function drawLines(context: CanvasRenderingContext2D, plan: GridPlan, colour: string): void {
  const { columns, rows, cellWidth, cellHeight, shown } = plan;
  const last = shown - (rows - 1) * columns;
  context.fillStyle = colour;
  for (let row = 0; row <= rows; row += 1) {
    const reach = row === rows ? last : columns;
    context.fillRect(0, Math.max(0, Math.round(row * cellHeight) - 1), reach * cellWidth, 1);
  }
  for (let column = 0; column <= columns; column += 1) {
    const reach = column > last ? rows - 1 : rows;
    context.fillRect(Math.max(0, Math.round(column * cellWidth) - 1), 0, 1, reach * cellHeight);
  }
}

/** Slanted lines, as a pattern to fill with. */
function hatching(context: CanvasRenderingContext2D, colour: string): CanvasPattern | null {
  const tile = document.createElement("canvas");
  tile.width = 5;
  tile.height = 5;
  const lines = tile.getContext("2d");
  if (lines === null) return null;
  lines.fillStyle = colour;
  for (let at = 0; at < 5; at += 1) lines.fillRect(at, 4 - at, 1, 1);
  return context.createPattern(tile, "repeat");
}
