import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Operation, READERS, Status } from "../src/io/slots";

const queue = readFileSync(new URL("../../src/web/queue.rs", import.meta.url), "utf8");

/** The pairs of a pattern's two groups in the text. */
function pairs(text: string, pattern: RegExp): [string, string][] {
  return [...text.matchAll(pattern)].map(([, first = "", second = ""]) => [first, second]);
}

/** The names of an enum with their numbers. */
function members(values: Record<string, string | number>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === "number" ? [[name, String(value)]] : [],
  );
}

test("both sides of the queue number operations alike", () => {
  const rust = queue.slice(queue.indexOf("pub enum Operation"));
  expect(members(Operation)).toEqual(pairs(rust.slice(0, rust.indexOf("\n}")), /^ {4}(\w+) = (\d+),$/gm));
});

test("both sides of the queue number failures alike", () => {
  // Of the last there is no number on the other side: it is whatever is left.
  const told = members(Status).filter(([name]) => name !== "Ok" && name !== "Storage");
  const kinds = pairs(queue, /^ +(\d) => ErrorKind::(\w+),$/gm);
  expect(told.map(([name, number]) => [number, name.replace(/^NotFound$/, "FileNotFound")])).toEqual(kinds);
});

test("both sides of the queue know as many readers", () => {
  expect(queue).toContain(`pub const READERS: usize = ${READERS};`);
});
