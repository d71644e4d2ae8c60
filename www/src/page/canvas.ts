/** What drawings on a canvas need: sharp pixels, colours of the theme, steps of a ramp. */

export interface Surface {
  context: CanvasRenderingContext2D;
  /** In CSS pixels. */
  width: number;
  height: number;
}

/** The canvas cleared and sized to its box, `height` CSS pixels high; `null` where it cannot be drawn on. */
export function prepare(canvas: HTMLCanvasElement, height: number): Surface | null {
  const width = canvas.clientWidth;
  const context = canvas.getContext("2d");
  if (context === null || width === 0) return null;
  const ratio = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  // To set it is to allocate it anew, even to what it is.
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Reads colours where the element lies, light or dark: a canvas knows no CSS variables. */
export function themeColours(element: Element): (name: string) => string {
  const style = getComputedStyle(element);
  const dark = style.colorScheme === "dark" || (style.colorScheme !== "light" && prefersDark());
  return (name) => {
    const value = style.getPropertyValue(name).trim();
    const pair = /^light-dark\(\s*([^,]+(?:\([^)]*\))?)\s*,\s*(.+)\)$/.exec(value);
    return pair === null ? value : ((dark ? pair[2] : pair[1]) ?? value).trim();
  };
}

function prefersDark(): boolean {
  return window.matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Reading, decompressing, computing: apart for common kinds of colour blindness, and from both backgrounds. */
export const PART_COLOURS = { reading: "#d97f0e", decoding: "#8b6fd0", computing: "#1a9482" } as const;

/** From little to much, in steps of even lightness (after viridis). */
const RAMP = ["#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"] as const;

/** The colour for a value between 0 and 1, as `#rrggbb`. */
export function rampColour(value: number): string {
  const place = Math.min(1, Math.max(0, value)) * (RAMP.length - 1);
  const step = Math.min(RAMP.length - 2, Math.floor(place));
  const [from, to] = [channels(RAMP[step] ?? RAMP[0]), channels(RAMP[step + 1] ?? RAMP[0])];
  const mixed = from.map((part, index) => part + (place - step) * ((to[index] ?? part) - part));
  return `#${mixed.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

/** A colour written as `#rrggbb` as a pixel of an image's data, seen as numbers of 32 bits. */
export function pixelOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour);
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

let rampPixels: Uint32Array | null = null;

/** The pixel for a value between 0 and 1. */
export function rampPixel(value: number): number {
  rampPixels ??= Uint32Array.from({ length: 256 }, (_, step) => pixelOf(rampColour(step / 255)));
  return rampPixels[Math.round(255 * Math.min(1, Math.max(0, value)))] ?? 0;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
}

export const RAMP_GRADIENT = `linear-gradient(to right, ${RAMP.join(", ")})`;

/** Black or white, whichever can be read on a colour written as `#rrggbb`; the theme's own on the theme's. */
export function readableOn(colour: string): string {
  // Colours for text on the page's ground: the ground's can be read on them.
  if (colour === "var(--error)" || colour === "var(--busy)") return "var(--surface)";
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (parts === null) return "var(--ink)";
  const [red, green, blue] = parts.slice(1).map((part) => Number.parseInt(part, 16) / 255);
  // Relative luminance with a plain square for the gamma: enough to choose between two.
  const luminance = 0.2126 * (red ?? 0) ** 2 + 0.7152 * (green ?? 0) ** 2 + 0.0722 * (blue ?? 0) ** 2;
  return luminance > 0.18 ? "#000000" : "#ffffff";
}
