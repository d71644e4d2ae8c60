import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAutomation } from "../src/page/automation";
import { type Notebook, newCell } from "../src/page/notebook";
import { NotebookStore } from "../src/page/notebook-store";
import { FakeKernel, settle } from "./fake-kernel";

let kernel: FakeKernel;
let store: NotebookStore;
const ids = () => store.notebook.cells.map((cell) => cell.id);
const sources = () => store.notebook.cells.map((cell) => cell.source);
const statuses = () => store.notebook.cells.map((cell) => cell.status);

beforeEach(() => {
  const notebook: Notebook = {
    name: "stand-in.ipynb",
    metadata: {},
    cells: [newCell("markdown", "# Title"), newCell("code", "a"), newCell("code", "b"), newCell("code", "c")],
  };
  store = new NotebookStore({
    notebook,
    spawn: () => {
      kernel = new FakeKernel();
      return kernel;
    },
  });
  store.kernel.start({ threads: 2, isolated: true });
  kernel.ready();
});

afterEach(() => {
  vi.useRealTimers();
});

test("a cell waits, runs and ends with what it printed and its value", async () => {
  const id = ids()[2]!;
  void store.run(ids()[1]!);
  void store.run(id);
  expect(statuses()).toEqual(["idle", "running", "queued", "idle"]);
  kernel.done();
  await settle();
  kernel.say({ type: "stream", id: kernel.runs.at(-1)!.id, name: "stdout", text: "one\n" });
  kernel.say({ type: "stream", id: kernel.runs.at(-1)!.id, name: "stdout", text: "two\n" });
  kernel.done({ result: "42" });
  await settle();
  const cell = store.notebook.cells[2]!;
  expect([cell.status, cell.count, cell.ms]).toEqual(["idle", 2, 1]);
  expect(
    cell.outputs.map((output) => (output.type === "stream" ? output.text.toString() : output.type)),
  ).toEqual(["one\ntwo\n", "result"]);
});

test("an error takes the cells that wait out of the queue", async () => {
  void store.runAll();
  expect(statuses()).toEqual(["idle", "running", "queued", "queued"]);
  kernel.done({ error: "ValueError" });
  await settle();
  expect(statuses()).toEqual(["idle", "idle", "idle", "idle"]);
  expect(kernel.runs.map((run) => run.source)).toEqual(["a"]);
  expect(store.notebook.cells[1]?.outputs.map((output) => output.type)).toEqual(["error"]);
});

test("run to here runs the cells from the top to it", async () => {
  void store.runTo(ids()[2]!);
  kernel.done();
  await settle();
  kernel.done();
  await settle();
  expect(kernel.runs.map((run) => run.source)).toEqual(["a", "b"]);
});

test("running again replaces the outputs", async () => {
  for (const result of ["1", "2"]) {
    void store.run(ids()[1]!);
    kernel.done({ result });
    await settle();
  }
  expect(store.notebook.cells[1]?.outputs).toMatchObject([
    { type: "result", data: { "text/plain": "2" }, count: 2 },
  ]);
});

test("a deleted cell comes back where it was, the last deleted first", () => {
  const before = sources();
  store.delete(ids()[1]!);
  store.delete(ids()[2]!);
  expect(sources()).toEqual(["# Title", "b"]);
  store.undoDelete();
  store.undoDelete();
  expect(sources()).toEqual(before);
  expect(store.canUndoDelete).toBe(false);
});

test("the last cell deleted leaves an empty one", () => {
  for (const id of ids()) store.delete(id);
  expect(sources()).toEqual([""]);
});

test("cells move within the notebook and stop at its ends", () => {
  const id = ids()[3]!;
  store.move(id, -1);
  expect(sources()).toEqual(["# Title", "a", "c", "b"]);
  store.move(id, -10);
  expect(sources()[0]).toBe("c");
});

test("a kernel that dies loses nothing of the notebook", async () => {
  void store.run(ids()[1]!);
  const before = sources();
  kernel.crash("out of memory");
  await settle();
  expect(store.kernel.state).toBe("dead");
  expect(sources()).toEqual(before);
  expect(store.notebook.cells[1]).toMatchObject({ status: "idle", outputs: [{ type: "error" }] });
});

test("a notebook is worth keeping once it is edited or another is opened, not for being run", async () => {
  void store.run(ids()[1]!);
  kernel.done();
  await settle();
  store.select(ids()[2]!, false);
  expect(store.worthKeeping).toBe(false);
  store.setSource(ids()[1]!, "a = 1");
  expect(store.worthKeeping).toBe(true);
  store.open({ name: "t.ipynb", metadata: {}, cells: [] }, null, false);
  expect(store.worthKeeping).toBe(false);
  store.open({ name: "mine.ipynb", metadata: {}, cells: [] }, null);
  expect(store.worthKeeping).toBe(true);
});

test("opening a notebook offers the way back to the one before", () => {
  const before = sources();
  store.open({ name: "other.ipynb", metadata: {}, cells: [newCell("code", "z")] }, "Opened other.ipynb.");
  expect(sources()).toEqual(["z"]);
  store.notices.at(-1)?.action?.run();
  expect(sources()).toEqual(before);
});

test("the notebook before stays with its outputs, and one goes to it and back again", async () => {
  const [before, id] = [sources(), ids()[1]!];
  expect(store.before).toBeNull();
  void store.run(id);
  kernel.done({ result: "7" });
  await settle();
  store.open({ name: "labs.ipynb", metadata: {}, cells: [newCell("code", "z")] }, "These are the labs.");
  expect(store.before?.notebook.cells.map(({ source }) => source)).toEqual(before);
  store.goBack();
  expect(store.notices).toEqual([]);
  expect(sources()).toEqual(before);
  expect(store.notebook.cells[1]?.outputs).toHaveLength(1);
  expect(store.takeFocusRequest()?.id).toBe(store.selectedId);
  expect(store.before?.notebook.name).toBe("labs.ipynb");
  store.goBack();
  expect(sources()).toEqual(["z"]);
});

test("a notebook that is as it came does not take the place of one that was edited", () => {
  const [before, tutorial] = [
    sources(),
    { name: "t.ipynb", metadata: {}, cells: [newCell("code", "tutorial")] },
  ];
  store.setSource(ids()[1]!, "mine");
  before[1] = "mine";
  store.open(tutorial, "This is the tutorial.", false);
  store.open({ name: "labs.ipynb", metadata: {}, cells: [newCell("code", "z")] }, "These are the labs.");
  expect(store.notices.map(({ text }) => text)).toEqual(["These are the labs."]);
  store.goBack();
  expect(sources()).toEqual(before);
});

test("a cell that runs when another notebook is opened goes on in its own, also where that is opened anew", async () => {
  const id = ids()[1]!;
  const again = { ...store.notebook, name: "again.ipynb" };
  void store.run(id);
  const run = kernel.runs.at(-1)!.id;
  kernel.say({ type: "stream", id: run, name: "stdout", text: "first\n" });
  await settle();
  store.open(again, null);
  expect(ids()).not.toContain(id);
  const waiting = store.run(ids()[0]!);
  kernel.say({ type: "stream", id: run, name: "stdout", text: "second\n" });
  await settle();
  expect(store.notebook.cells.every(({ outputs }) => outputs.length === 0)).toBe(true);
  store.goBack();
  await waiting;
  const shown = () => store.notebook.cells[1]!;
  expect(shown()).toMatchObject({ id, status: "running" });
  expect(String((shown().outputs[0] as { text: unknown }).text)).toBe("first\nsecond\n");
  kernel.done({ result: "7" });
  await settle();
  expect(shown().status).toBe("idle");
  expect(shown().outputs).toHaveLength(2);
});

test("each cell keeps its own view of its computation, and another opens with the one chosen last", () => {
  const [first, second, third] = ids() as [string, string, string];
  store.showComputation(first, true);
  store.showComputation(second, true);
  store.setComputationView(second, "memory");
  expect(store.computationView(first)).toBe("chunks");
  expect(store.computationView(second)).toBe("memory");
  store.showComputation(third, true);
  expect(store.computationView(third)).toBe("memory");
  store.showComputation(first, false);
  store.showComputation(first, true);
  expect(store.computationView(first)).toBe("chunks");
});

test("a burst of changes is told once", async () => {
  await settle();
  let told = 0;
  store.subscribe(() => {
    told += 1;
  });
  for (let n = 0; n < 100; n++) store.setSource(ids()[1]!, `a${n}`);
  await settle();
  expect(told).toBe(1);
});

test("progress is told in turn with the next drawing, and at once where its cell's computation is looked at", async () => {
  vi.useFakeTimers();
  const id = ids()[1]!;
  void store.run(id);
  await vi.advanceTimersByTimeAsync(0);
  let told = 0;
  store.subscribe(() => {
    told += 1;
  });
  const progress = { label: "sum", done: 1, total: 9, bytes: 0, elapsed: 600, memory: 1 };
  const say = async (done: number) => {
    kernel.say({ type: "progress", id: kernel.runs.at(-1)!.id, progress: { ...progress, done } });
    await vi.advanceTimersByTimeAsync(0);
  };
  for (let done = 1; done < 9; done += 1) await say(done);
  expect(told).toBe(0);
  await vi.runOnlyPendingTimersAsync();
  expect(told).toBe(1);
  expect(store.notebook.cells[1]?.progress?.done).toBe(8);
  store.showComputation(id, true);
  await vi.advanceTimersByTimeAsync(0);
  told = 0;
  await say(9);
  expect(told).toBe(1);
});

test("a dropped file goes into the cell that asks for the reader's own, a stored one into a new cell", () => {
  const own = {
    ...newCell("code", "FILE = 'testdata.hdf5'    # a name\nDATASET = '/old'"),
    metadata: { tags: ["own-file"] },
  };
  store.open({ name: "t.ipynb", metadata: {}, cells: [own] }, null);
  const file = { name: "it's mine.h5", size: 1, lastModified: 0 };
  store.useFile({ ...file, kind: "dropped" });
  expect(sources()).toEqual(['FILE = "it\'s mine.h5"    # a name\nDATASET = None']);
  store.useLines("f['/names'][:10]");
  expect(sources()).toContain("f['/names'][:10]");
  store.useFile({ ...file, kind: "stored" });
  expect(sources().join()).toContain("h5py.File(\"it's mine.h5\", 'r')");
});

test("chunkbook.run gives what was printed, the value and the traceback, and leaves the notebook alone", async () => {
  const chunkbook = createAutomation(store);
  const before = store.notebook;
  const running = chunkbook.run("print(1)\n2");
  const { id } = kernel.runs.at(-1)!;
  kernel.say({ type: "stream", id, name: "stdout", text: "1\n" });
  kernel.done({ result: "2" });
  expect(await running).toMatchObject({ stdout: "1\n", result: "2", error: null, ms: 1 });
  const failing = chunkbook.run("x");
  kernel.done({ error: "NameError" });
  expect((await failing).error).toContain("NameError");
  expect(store.notebook).toBe(before);
  expect(await chunkbook.ready).toMatchObject({ threads: 2, isolated: true });
});
