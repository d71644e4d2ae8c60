import type { Control, ControlValue } from "../protocol";

/** What is shown beside a control: the number as Python's format says, or the option. */
export function readoutText(control: Control, value: ControlValue): string {
  if (control.options !== undefined) return control.options[Number(value)] ?? "";
  if (control.readout === null) return "";
  const number = control.base === undefined ? Number(value) : control.base ** Number(value);
  return formatNumber(number, control.readout ?? "");
}

/** The common part of Python's format language: `d`, `.2f`, `.3g`, `.1e`, `.0%`, with `,` before it. */
export function formatNumber(value: number, format: string): string {
  const [, comma = "", digits, kind = ""] = /^(,?)(?:\.(\d+))?([defg%]?)$/.exec(format) ?? [];
  const precision = digits === undefined ? 6 : Number(digits);
  switch (kind) {
    case "d":
      return grouped(value.toFixed(0), comma);
    case "f":
      return grouped(value.toFixed(precision), comma);
    case "%":
      return `${grouped((100 * value).toFixed(precision), comma)}%`;
    case "e":
      return value.toExponential(precision);
    case "g":
      return short(value, Math.max(1, precision));
    default:
      return String(value);
  }
}

/** As many digits, without zeros at the end, and an exponent where Python writes one. */
function short(value: number, digits: number): string {
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent >= -4 && exponent < digits) return String(Number(value.toPrecision(digits)));
  const [mantissa] = value.toExponential(digits - 1).split("e");
  const sign = exponent < 0 ? "-" : "+";
  return `${Number(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function grouped(text: string, comma: string): string {
  if (comma === "") return text;
  const [whole = "", fraction] = text.split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}
