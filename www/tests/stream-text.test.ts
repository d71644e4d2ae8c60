import { expect, test } from "vitest";
import { StreamText } from "../src/page/stream-text";

test("text that arrives in pieces is the text in one piece", () => {
  const whole = "Writing chunk 0 -> 300\nWriting chunk 300 -> 600\nhalf a line";
  const stream = new StreamText();
  for (const character of whole) stream.append(character);
  expect(stream.toString()).toBe(whole);
  expect(stream.lineCount).toBe(3);
});

test("a newline at the end does not begin a line to show", () => {
  expect(new StreamText("one\ntwo\n").lineCount).toBe(2);
  expect(new StreamText("").lineCount).toBe(0);
});

test("a carriage return writes over its line, also when it ends a piece", () => {
  const stream = new StreamText("start\n10 %\r");
  stream.append("20 %\r");
  stream.append("100 %\ndone");
  expect(stream.toString()).toBe("start\n100 %\ndone");
});

test("a shorter text after a carriage return leaves the tail of the longer, as a terminal does", () => {
  expect(new StreamText("abcdef\rxy").toString()).toBe("xycdef");
});

test("terminal colours are taken out", () => {
  expect(new StreamText("\x1b[0;31mKeyError\x1b[0m: 'x'").toString()).toBe("KeyError: 'x'");
});

test("of more than a million lines the first thousand and the last are kept, and the rest is counted", () => {
  const stream = new StreamText();
  const lines = 1_300_000;
  for (let start = 0; start < lines; start += 100_000) {
    stream.append(Array.from({ length: 100_000 }, (_, index) => `${start + index}\n`).join(""));
  }
  expect(stream.lines[999]).toBe("999");
  expect(stream.lines.at(-2)).toBe(String(lines - 1));
  expect(stream.lineCount + stream.dropped).toBe(lines);
  expect(stream.lineCount).toBeLessThan(1_200_000);
});
