import { beforeEach, expect, test } from "vitest";
import { createAutomation } from "../src/page/automation";
import { parseNotebook, serializeNotebook } from "../src/page/ipynb";
import { newCell, type Output, type PanelOutput } from "../src/page/notebook";
import { NotebookStore } from "../src/page/notebook-store";
import { formatNumber, readoutText } from "../src/page/readout";
import type { CellError, Control, ControlPanel } from "../src/protocol";
import { FakeKernel, settle } from "./fake-kernel";

let kernel: FakeKernel;
let store: NotebookStore;
let cell: string;

const slider: Control = {
  name: "x",
  label: "x",
  kind: "slider",
  value: 2,
  continuous: true,
  disabled: false,
  min: 0,
  max: 4,
  step: 1,
  readout: "d",
};
const zeroDivision: CellError = { name: "ZeroDivisionError", message: "", traceback: "ZeroDivisionError" };

const running = () => kernel.runs.at(-1)!.id;
const display = (panel: ControlPanel) =>
  kernel.say({
    type: "display",
    id: running(),
    data: { "text/plain": "interactive(f(x=2))", "application/vnd.chunkbook.interact+json": panel },
  });
const print = (text: string) => kernel.say({ type: "stream", id: running(), name: "stdout", text });

/** The kernel calls the function of the panel, which prints a text. */
function call(text: string, error: CellError | null = null): void {
  kernel.say({ type: "call-begun", id: running(), panel: 0 });
  if (text !== "") print(text);
  kernel.say({ type: "call-ended", id: running(), panel: 0, error });
}

function texts(outputs: readonly Output[]): string[] {
  return outputs.map((output) => {
    if (output.type === "stream") return output.text.toString();
    return output.type === "error" ? output.error.name : output.type;
  });
}

const outputs = () => store.notebook.cells[0]!.outputs;
const panel = () => outputs().find((output) => output.type === "panel") as PanelOutput;
const move = (value: number, settled = false) => store.panels.move(cell, 0, "x", value, settled);
const calls = () => kernel.runs.map(({ source }) => source).filter((source) => source.includes("_call"));

/** Runs the cell, which shows a panel and has its function print `first`. */
async function run(controls: Partial<Control> = {}, manual: string | null = null): Promise<void> {
  void store.run(cell);
  display({ number: 0, manual, widgets: [{ ...slider, ...controls }] });
  if (manual === null) call("first\n");
  print("after\n");
  kernel.done();
  await settle();
}

beforeEach(() => {
  const code = newCell("code", "interact(f, x=(0, 4))");
  cell = code.id;
  store = new NotebookStore({
    notebook: { name: "stand-in.ipynb", metadata: {}, cells: [code] },
    spawn: () => {
      kernel = new FakeKernel();
      return kernel;
    },
  });
  store.kernel.start({ threads: 2, isolated: true });
  kernel.ready();
});

test("what the function puts out stands below its controls, and what the cell puts out below the cell", async () => {
  await run();
  expect(texts(outputs())).toEqual(["panel", "after\n"]);
  expect(texts(panel().outputs)).toEqual(["first\n"]);
});

test("a control that is moved calls the function, whose output takes the place of the last", async () => {
  await run();
  move(3);
  expect(calls()).toEqual(['__import__("ipywidgets")._call(0, "{\\"x\\":3}")']);
  expect(kernel.runs.at(-1)?.label).toBe("controls");
  expect([panel().status, texts(panel().outputs)]).toEqual(["running", ["first\n"]]);
  call("second\n");
  kernel.done();
  await settle();
  expect([panel().status, texts(panel().outputs)]).toEqual(["idle", ["second\n"]]);
  expect(panel().values).toEqual({ x: 3 });
});

test("a function that puts out nothing leaves nothing of the last call", async () => {
  await run();
  move(3);
  call("");
  kernel.done();
  await settle();
  expect(panel().outputs).toEqual([]);
});

test("while a call runs later moves are put together, and only the latest is called", async () => {
  await run();
  for (const value of [3, 4, 0, 1]) move(value);
  expect(calls()).toHaveLength(1);
  call("three\n");
  kernel.done();
  await settle();
  expect(calls().at(-1)).toContain('{\\"x\\":1}');
  kernel.done();
  await settle();
  expect(calls()).toHaveLength(2);
});

test("a call that waits for a cell is made with the latest values", async () => {
  await run();
  const { outcome } = store.kernel.run("slow");
  move(3);
  expect(panel().status).toBe("waiting");
  move(4);
  await settle();
  expect(calls()).toEqual([]);
  kernel.done();
  await outcome;
  await settle();
  expect(calls()).toEqual(['__import__("ipywidgets")._call(0, "{\\"x\\":4}")']);
});

test("letting go of a slider does not call again what moving it has called", async () => {
  await run();
  move(3);
  move(3, true);
  kernel.done();
  await settle();
  move(3, true);
  expect(calls()).toHaveLength(1);
});

test("without continuous_update the function is called when the control is let go", async () => {
  await run({ continuous: false });
  move(3);
  expect([panel().values.x, calls()]).toEqual([3, []]);
  move(3, true);
  expect(calls()).toHaveLength(1);
});

test("with a button the function is called by it alone", async () => {
  await run({}, "Run Interact");
  move(3, true);
  expect(calls()).toEqual([]);
  void store.panels.call(cell, 0);
  expect(calls()).toHaveLength(1);
});

test("an error stands below the controls until the next call", async () => {
  await run();
  move(3);
  call("before it\n", zeroDivision);
  kernel.done();
  await settle();
  expect(texts(panel().outputs)).toEqual(["before it\n", "ZeroDivisionError"]);
  move(4);
  call("right\n");
  kernel.done();
  await settle();
  expect(texts(panel().outputs)).toEqual(["right\n"]);
});

test("an interrupted call says so, and the controls go on", async () => {
  await run();
  move(3);
  call("part\n");
  kernel.done({ error: "KeyboardInterrupt" });
  await settle();
  expect([panel().status, texts(panel().outputs)]).toEqual(["idle", ["part\n", "KeyboardInterrupt"]]);
  move(4);
  expect(calls()).toHaveLength(2);
});

test("controls of a kernel that was restarted call nothing", async () => {
  await run();
  void store.restart();
  kernel.ready();
  move(3);
  expect([panel().status, calls(), texts(panel().outputs)]).toEqual(["lost", [], ["first\n"]]);
});

test("a restart during a call leaves controls that know it", async () => {
  await run();
  move(3);
  void store.restart();
  kernel.ready();
  await settle();
  expect([panel().status, texts(panel().outputs)]).toEqual(["lost", ["KernelError"]]);
});

test("going back to a notebook finds none of its calls waiting", async () => {
  await run();
  const slow = store.kernel.run("slow");
  move(3);
  store.open({ name: "other.ipynb", metadata: {}, cells: [newCell("code", "x")] }, "Opened.");
  kernel.done();
  await slow.outcome;
  await settle();
  store.notices.at(-1)?.action?.run();
  expect([panel().status, calls()]).toEqual(["idle", []]);
});

test("saved controls are a line of text before what they last put out, and open again", async () => {
  await run();
  const file = serializeNotebook(store.notebook, { outputs: true });
  expect(file).not.toContain("vnd.chunkbook.interact");
  const [opened] = parseNotebook(file, "saved.ipynb").cells;
  expect(opened?.outputs.map(({ type }) => type)).toEqual(["display", "stream", "stream"]);
  expect(opened?.outputs[0]).toMatchObject({ data: { "text/plain": "interactive(f(x=2))" } });
});

test("a script is told what a function behind controls printed and ended with", async () => {
  const report = createAutomation(store).run("interact(f, x=(0, 4))");
  display({ number: 0, manual: null, widgets: [slider] });
  call("printed\n", zeroDivision);
  kernel.done();
  expect(await report).toMatchObject({ stdout: "printed\nZeroDivisionError\n", error: null });
});

test.each([
  [3, "d", "3"],
  [2.75, ".1f", "2.8"],
  [1234567, ",d", "1,234,567"],
  [1e8, ".3g", "1e+08"],
  [12.3456, ".3g", "12.3"],
  [0.00001, ".3g", "1e-05"],
  [0.256, ".1%", "25.6%"],
])("%d is shown as Python formats it with %s", (value, format, text) => {
  expect(formatNumber(value, format)).toBe(text);
});

test("beside a choice stands its option, and beside a logarithmic slider the power", () => {
  expect(readoutText({ ...slider, kind: "selection-slider", options: ["a", "b"] }, 1)).toBe("b");
  expect(readoutText({ ...slider, base: 10, readout: ".3g" }, 2)).toBe("100");
  expect(readoutText({ ...slider, readout: null }, 2)).toBe("");
});
