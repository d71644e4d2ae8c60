import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { FakeEngine } from "./fake-engine";
import { createPython, type Ran } from "./python-host";

interface Expected {
  name: string;
  source: string;
  stdout: string;
  text: string | null;
}

const path = new URL("cells.expected.json", import.meta.url);
const expected = JSON.parse(readFileSync(path, "utf8")) as Expected[];

describe("a cell does what it does in CPython:", () => {
  let run: (source: string) => Ran;

  beforeAll(async () => {
    ({ run } = await createPython(new FakeEngine().dispatch));
  });

  // In order: cells use what earlier ones define.
  test.each(expected)("$name", ({ source, stdout, text }) => {
    const ran = run(source);
    expect(ran.error?.traceback ?? null).toBe(null);
    expect(ran.stdout).toBe(stdout);
    expect(ran.text).toBe(text);
  });
});
