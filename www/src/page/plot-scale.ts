/** Axes of plots. Pure. */

/** Round numbers that cover a range, about `wanted` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, wanted = 4): number[] {
  const range = high - low;
  if (!(range > 0) || !Number.isFinite(range)) return [low];
  const raw = range / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** A number in as few figures as tell it: `0.25`, `-3`, `1.2e+6`. */
export function formatNumber(value: number): string {
  const text = Number(value.toPrecision(4));
  const size = Math.abs(text);
  return size !== 0 && (size >= 1e6 || size < 1e-3) ? text.toExponential().replace("e+", "e") : String(text);
}

/** The elements that a cell of a picture stands for along an axis: `from` and up to `to`, not with it. */
export function cellRange(cell: number, cells: number, extent: number): { from: number; to: number } {
  // As the engine cuts: element i falls into cell floor(i * cells / extent).
  return { from: Math.ceil((cell * extent) / cells), to: Math.ceil(((cell + 1) * extent) / cells) };
}

/** `7`, or `7 to 12` of several elements. */
export function rangeText({ from, to }: { from: number; to: number }): string {
  return to - from <= 1 ? String(from) : `${from} to ${to - 1}`;
}
