/** Numbers of plots: what exists in a dataset is written as it is, and what differs can be told apart. */
import { expect, test } from "vitest";
import { barTexts } from "../src/page/data-charts";
import { formatTick, formatValue, ticks } from "../src/page/plot-scale";
import type { Preview } from "../src/protocol";

function preview(low: number, high: number, bars: number): Preview {
  return {
    ...{ extent: [1, 3], cells: [1, 3], means: [], mins: null, maxs: null, count: 3, mean: null },
    ...{ min: low, max: high, nan: 0, infinite: 0 },
    histogram: { low, high, counts: Array.from({ length: bars }, () => 1) },
  };
}

test.each([
  [29_999, "int16", 60_000, "29999"],
  [100_001_000, "float64", 2000, "100001000"],
  [100_001_000.25, "float64", 2000, "100001000.25"],
  [Math.fround(0.9999964), "float32", 1, "0.9999964"],
  [Math.fround(0.1), "float32", 1, "0.1"],
  [0.333251953125, "float16", 1, "0.3333"],
  [-0.0999755859375, "float16", 1, "-0.1"],
  [2 ** -24, "float16", 1, "6e-08"],
  [0.33331, "float16", 1, "0.33331"],
  [2499.5, "int64", 4999, "2499.5"],
  [1 / 3, "float64", 1, "0.33333333"],
  [0.000012345, "float64", 1, "1.2345e-05"],
  [1e300, "float64", 1e300, "1e+300"],
  [0, "float64", 0, "0"],
])("%d of %s values that reach over %d reads %s", (value, dtype, range, text) => {
  expect(formatValue(value, { dtype, range })).toBe(text);
});

test("the ticks of an axis can be told apart however far from zero they are", () => {
  const all = ticks(100_001_000, 100_003_000);
  const texts = all.map((tick) => formatTick(tick, (all[1] ?? 0) - (all[0] ?? 0)));
  expect(new Set(texts).size).toBe(all.length);
  expect(texts).toContain("100001000");
  expect([0.25, -3, 1_200_000, 2e6, 0.0005].map((tick) => formatTick(tick, tick))).toEqual([
    "0.25",
    "-3",
    "1.2e6",
    "2e6",
    "5e-4",
  ]);
});

test("the bars of a histogram differ in what they say, and its ends are those of the data", () => {
  const narrow = barTexts(preview(100_001_000, 100_003_000, 64), "float64");
  expect(new Set(narrow.bars).size).toBe(64);
  expect(narrow.ends).toEqual(["100001000", "100003000"]);
  expect(narrow.bars[0]).toBe("100001000 to 100001031");
  expect(barTexts(preview(-29_999, 29_999, 64), "int16").ends).toEqual(["-29999", "29999"]);
  const whole = { ...preview(1, 3, 3), histogram: { low: 0.5, high: 3.5, counts: [1, 0, 2] } };
  expect(barTexts(whole, "uint8")).toEqual({ bars: ["1", "2", "3"], ends: ["1", "3"] });
});
