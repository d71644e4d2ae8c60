import { beforeAll, expect, test } from "vitest";
import type { ControlPanel } from "../src/protocol";
import { createPython, type Ran } from "./python-host";

let run: (source: string) => Ran;

beforeAll(async () => {
  ({ run } = await createPython());
  run("from ipywidgets import *\nimport ipywidgets");
});

const panels = (ran: Ran): ControlPanel[] =>
  ran.displayed.flatMap((data) => data["application/vnd.chunkbook.interact+json"] ?? []);

test("controls stand in the order of the keywords, in calls and in decorators", () => {
  const called = run("def f(**k):\n    pass\ninteract(f, zeta=1, alpha=(1, 2), mu=True,);");
  const decorated = run(
    "@ipywidgets.interact(zeta=1,\n  # first\n  alpha=(1, 2), mu=True)\ndef f(**k):\n    pass",
  );
  for (const ran of [called, decorated]) {
    expect(ran.error).toBe(null);
    expect(panels(ran)[0]?.widgets.map(({ name }) => name)).toEqual(["zeta", "alpha", "mu"]);
  }
});

test("a function is called with the widgets' values, and its result is displayed", () => {
  const ran = run(
    '@interact(n=(1, 8), of=[("one", 1.5), ("two", 2.5)], w=fixed([7]), t=Text("a"))\ndef f(n, of, w, t):\n    print(n, of, w, t)\n    return n',
  );
  expect([ran.stdout, ran.calls]).toEqual(["4 1.5 [7] a\n", [null]]);
  expect(panels(ran)[0]?.widgets.map(({ name }) => name)).toEqual(["n", "of", "t"]);
  expect(ran.displayed.at(-1)?.["text/plain"]).toBe("4");
  const { number } = panels(ran)[0]!;
  const again = run(`ipywidgets._call(${number}, '{"n": 99, "of": 1}')`);
  expect(again.stdout).toBe("8 2.5 [7] a\n");
});

test("an error is told with the lines of the cell, and the cell goes on", () => {
  const ran = run("def g(x):\n    return 1 / x\ninteract(g, x=0);\nprint('on')");
  expect([ran.error, ran.stdout]).toEqual([null, "on\n"]);
  expect(ran.calls[0]?.traceback).toMatch(/line 2, in g\n {4}return 1 \/ x\nZeroDivisionError/);
});

test("a wish to stop ends the cell", () => {
  const ran = run("def g(x):\n    raise KeyboardInterrupt\ninteract(g, x=0)\nprint('on')");
  expect([ran.error?.name, ran.stdout]).toEqual(["KeyboardInterrupt", ""]);
});

test("interact_manual calls nothing by itself", () => {
  const ran = run("@interact_manual(x=3)\ndef g(x):\n    print(x)");
  expect([panels(ran)[0]?.manual, ran.stdout]).toEqual(["Run Interact", ""]);
});

test("an unknown panel asks for its cell to be run again", () => {
  expect(run("ipywidgets._call(999, '{}')").error?.message).toContain("run their cell again");
});

test("what cannot be a widget is refused as ipywidgets refuses it", () => {
  expect(run("interact(lambda x: x, x=(1, 2, 0))").error?.message).toBe("step must be >= 0, not 0");
  expect(run("interact(lambda x: x, x=None)").error?.message).toBe("None cannot be transformed to a widget");
});

test("a function of one's own that is called interact takes its keywords alone", () => {
  expect(run("def interact(**k):\n    return k\ninteract(a=1)").text).toBe("{'a': 1}");
});
