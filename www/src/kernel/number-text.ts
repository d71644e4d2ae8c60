/**
 * Floating-point numbers as CPython writes them, and as the engine takes them. MicroPython's own
 * text is off in the last digit for about one number in thirty; JavaScript's is exact.
 */

/** `repr` of a Python float: the shortest digits that read back as the same number. */
export function floatRepr(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  const [mantissa, power] = Math.abs(x).toExponential().split("e") as [string, string];
  const digits = mantissa.replace(".", "");
  const exponent = Number(power);
  // CPython's rule (float_repr_style "short"): exponent form below 1e-4 and from 1e16 on.
  if (exponent < -4 || exponent >= 16) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : "";
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${sign}${digits[0]}${tail}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** The bits of `x` as the engine takes them: `0x` and sixteen digits. */
export function floatBits(x: number): string {
  return `0x${bitsOf(x).toString(16).padStart(16, "0")}`;
}

function bitsOf(x: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  return bits.getBigUint64(0);
}

/** `"%.{places}e" % x`: the exact binary value rounded half to even, as C's printf does. */
export function floatExponent(x: number, places: number): string {
  if (!Number.isFinite(x)) return floatRepr(x);
  const size = Math.abs(x);
  // JavaScript rounds halves up. Where one is, its digits end early.
  const exact = size.toExponential(100);
  const end = places === 0 ? 1 : places + 2;
  const isHalf = /^\.?50*e/.test(exact.slice(end));
  const rounded = isHalf && Number(exact[end - 1]) % 2 === 0 ? exact : size.toExponential(places);
  const [mantissa, power] = rounded.split("e") as [string, string];
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  return `${sign}${mantissa.slice(0, end)}e${power[0]}${power.slice(1).padStart(2, "0")}`;
}

/** `"%.{places}f" % x`: the exact binary value rounded half to even, as C's printf does. */
export function floatFixed(x: number, places: number): string {
  if (!Number.isFinite(x)) return floatRepr(x);
  const word = bitsOf(x);
  const biased = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  let scaled = mantissa * 10n ** BigInt(places);
  if (exponent >= 0) {
    scaled <<= BigInt(exponent);
  } else {
    const shift = BigInt(-exponent);
    const rest = scaled & ((1n << shift) - 1n);
    const half = 1n << (shift - 1n);
    scaled >>= shift;
    if (rest > half || (rest === half && (scaled & 1n) === 1n)) scaled += 1n;
  }
  const digits = scaled.toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const sign = word >> 63n === 1n ? "-" : "";
  return places === 0 ? sign + whole : `${sign}${whole}.${digits.slice(digits.length - places)}`;
}
