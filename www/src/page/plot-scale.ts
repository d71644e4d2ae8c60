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

/** What the numbers of a picture are: the type of the elements, and how far they reach from the least to the greatest. */
export interface NumberScale {
  dtype: string;
  range: number;
}

/** Whether elements of a type are whole numbers. */
export function isWhole(dtype: string): boolean {
  return /^(u?int\d|bool)/.test(dtype);
}

/** A number of an axis, in as few figures as tell it from its neighbours `step` away: `0.25`, `-3`, `1.2e6`. */
export function formatTick(value: number, step: number): string {
  const text = Number(value.toPrecision(figures(value, step, 4)));
  const size = Math.abs(text);
  const short = text.toExponential().replace("e+", "e");
  return size !== 0 && (size >= 1e6 || size < 1e-3) && short.length < String(text).length
    ? short
    : String(text);
}

/**
 * A number that is an element, or worked out from some: whole where it is, otherwise in NumPy's eight figures, or in
 * more where fewer would not tell it from the others.
 */
export function formatValue(value: number, { dtype, range }: NumberScale): string {
  if (Number.isSafeInteger(value)) return String(value);
  const round = ROUNDINGS[dtype];
  if (round?.(value) === value) return inPython(shortest(value, round));
  return inPython(Number(value.toPrecision(figures(value, range / 1e4, 8))));
}

/** Figures in which numbers `step` apart differ, two places further than the step begins; `least` at least. */
function figures(value: number, step: number, least: number): number {
  if (!(step > 0) || value === 0) return least;
  return Math.min(17, Math.max(least, Math.ceil(Math.log10(Math.abs(value) / step)) + 2));
}

/** To the nearest number that a type has, of types with fewer than this language's numbers. */
const ROUNDINGS: Partial<Record<string, (value: number) => number>> = {
  float32: Math.fround,
  float16: roundToHalf,
};

/** IEEE 754 binary16: eleven bits, of subnormal numbers fewer. Ties, which no shortest text lies on, go up. */
function roundToHalf(value: number): number {
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
  return value === 0 ? value : Math.round(value / step) * step;
}

/** The shortest decimal number that `round` makes this one, as NumPy prints it. */
function shortest(value: number, round: (value: number) => number): number {
  const precisions = [1, 2, 3, 4, 5, 6, 7, 8];
  const texts = precisions.map((precision) => Number(value.toPrecision(precision)));
  return texts.find((text) => round(text) === value) ?? value;
}

/** With an exponent where Python has one, of two digits at least. */
function inPython(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e16 || size < 1e-4)
    ? value.toExponential().replace(/([+-])(\d)$/, (_, sign, digit) => `${sign}0${digit}`)
    : String(value);
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
