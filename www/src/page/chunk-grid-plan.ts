/** Where each chunk of a grid of any rank lies in a picture of rows and columns. Pure. */
import { product } from "./computation";

export interface GridPlan {
  rows: number;
  columns: number;
  /** CSS pixels of a cell, and of all rows. */
  cellWidth: number;
  cellHeight: number;
  height: number;
  /** Position of the first chunk shown, and how many are. */
  first: number;
  shown: number;
}

const MAX_CELL = 34;
const MIN_CELL_HEIGHT = 3;

/**
 * The last two axes as rows and columns, those before at the index `slice`; a vector in as many rows as make it
 * about three times as wide as high.
 */
export function planGrid(
  counts: readonly number[],
  slice: readonly number[],
  width: number,
  maxHeight: number,
): GridPlan {
  const shownAxes = counts.slice(-2);
  const shown = product(shownAxes);
  const wraps = lineOf(counts) !== null;
  const columns = wraps ? wrappedColumns(shown) : (shownAxes[1] ?? 1);
  const rows = wraps ? Math.ceil(shown / Math.max(1, columns)) : (shownAxes[0] ?? 1);
  let first = 0;
  for (const [axis, count] of counts.slice(0, -2).entries()) {
    first = first * count + (slice[axis] ?? 0);
  }
  const cellWidth = Math.min(MAX_CELL, width / Math.max(1, columns));
  const cellHeight = Math.max(
    Math.min(cellWidth, MAX_CELL, maxHeight / Math.max(1, rows)),
    Math.min(MIN_CELL_HEIGHT, maxHeight / Math.max(1, rows)),
  );
  return { rows, columns, cellWidth, cellHeight, height: rows * cellHeight, first: first * shown, shown };
}

/** The axis along which all chunks that are shown lie, of a vector or a matrix of one column or row; `null` of others. */
function lineOf(counts: readonly number[]): number | null {
  const first = Math.max(0, counts.length - 2);
  const long = counts.slice(first).flatMap((count, axis) => (count > 1 ? [first + axis] : []));
  return long.length <= 1 ? (long[0] ?? first) : null;
}

function wrappedColumns(shown: number): number {
  return Math.min(shown, Math.max(12, Math.ceil(Math.sqrt(3 * shown))));
}

/** Which axes go which way in the picture. */
export function axesSentence(counts: readonly number[]): string {
  const line = lineOf(counts);
  if (line === null) return `Axis ${counts.length - 2} goes down, axis ${counts.length - 1} to the right.`;
  const shown = product(counts.slice(-2));
  if (shown <= 1) return "";
  const along = `All chunks lie along axis ${line}`;
  return shown > wrappedColumns(shown)
    ? `${along}: row after row they go on from the left, as lines of a text do.`
    : `${along}.`;
}

/** The position of the chunk in a row and column; `null` outside. */
export function positionOf(plan: GridPlan, row: number, column: number): number | null {
  if (row < 0 || column < 0 || row >= plan.rows || column >= plan.columns) return null;
  const within = row * plan.columns + column;
  return within < plan.shown ? plan.first + within : null;
}

/** The row and column of a chunk; `null` where another slice is shown. */
export function cellAt(plan: GridPlan, position: number): { row: number; column: number } | null {
  const within = position - plan.first;
  if (within < 0 || within >= plan.shown) return null;
  return { row: Math.floor(within / plan.columns), column: within % plan.columns };
}
