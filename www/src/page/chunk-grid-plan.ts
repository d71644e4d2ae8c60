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
  const along = counts.filter((count) => count > 1).length;
  const shownAxes = counts.slice(-2);
  const shown = product(shownAxes);
  // A vector, or a matrix of one column or row: wrapped, since nothing lies above and below.
  const wraps = along <= 1 || shownAxes.filter((count) => count > 1).length <= 1;
  const columns = wraps
    ? Math.min(shown, Math.max(12, Math.ceil(Math.sqrt(3 * shown))))
    : (shownAxes[1] ?? 1);
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
