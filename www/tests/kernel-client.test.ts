import { beforeEach, expect, test } from "vitest";
import { KernelClient } from "../src/page/kernel-client";
import { FakeKernel, settle } from "./fake-kernel";

let workers: FakeKernel[];
let client: KernelClient;
const worker = () => workers.at(-1)!;

beforeEach(() => {
  workers = [];
  client = new KernelClient({
    spawn: () => {
      workers.push(new FakeKernel());
      return worker();
    },
    changed: () => {},
  });
  client.start({ threads: 2, isolated: true });
});

test("a cell waits for the kernel to start, and one cell runs at a time", async () => {
  const first = client.run("a");
  client.run("b");
  expect(worker().runs).toEqual([]);
  worker().ready();
  expect(worker().runs.map((run) => [run.source, run.label])).toEqual([["a", "In [1]"]]);
  expect(client.state).toBe("busy");
  worker().done({ result: "1" });
  expect((await first.outcome).result).toEqual({ "text/plain": "1" });
  await settle();
  expect(worker().runs.map((run) => [run.source, run.label])).toEqual([
    ["a", "In [1]"],
    ["b", "In [2]"],
  ]);
});

test("a kernel that was not told what it has to work with starts nothing, and its cells wait", async () => {
  const spawned: FakeKernel[] = [];
  const early = new KernelClient({
    spawn: () => {
      spawned.push(new FakeKernel());
      return spawned[0]!;
    },
    changed: () => {},
  });
  early.run("a");
  void early.restart();
  expect([early.state, spawned.length]).toEqual(["starting", 0]);
  early.start({ threads: 1, isolated: false });
  spawned[0]!.ready();
  expect(spawned[0]!.runs.map((run) => run.source)).toEqual(["a"]);
  expect(early.interrupt(), "nothing is shared with it").toBe(false);
});

test("a run with a label of its own takes no number", async () => {
  worker().ready();
  client.run("listing", {}, "the shelf");
  worker().done();
  await settle();
  client.run("a");
  expect(worker().runs.map((run) => run.label)).toEqual(["the shelf", "In [1]"]);
});

test("the interrupt word is set for the running cell and cleared for the next", async () => {
  worker().ready();
  const init = worker().told[0];
  const word = new Int32Array(init?.type === "init" ? init.interrupt! : new SharedArrayBuffer(4));
  client.run("a");
  expect(client.interrupt()).toBe(true);
  expect(word[0]).toBe(1);
  worker().done({ error: "KeyboardInterrupt" });
  client.run("b");
  await settle();
  expect(word[0]).toBe(0);
});

test("a worker that dies ends its cell with the reason, and a restart runs cells again from In [1]", async () => {
  worker().ready();
  const running = client.run("a");
  const waiting = client.run("b");
  worker().crash("RuntimeError: unreachable");
  expect(client.state).toBe("dead");
  expect((await running.outcome).error?.message).toMatch(/unreachable.*Restart the kernel/);
  expect((await waiting.outcome).cancelled).toBe(true);
  expect((await client.run("c").outcome).error).not.toBeNull();

  const ready = client.restart();
  expect(workers.length).toBe(2);
  worker().ready();
  expect((await ready).threads).toBe(2);
  client.run("d");
  expect(worker().runs.map((run) => run.label)).toEqual(["In [1]"]);
});

test("what an ended worker still says is not heard", async () => {
  worker().ready();
  const old = worker();
  const running = client.run("a");
  void client.restart();
  expect(old.terminated).toBe(true);
  expect((await running.outcome).error?.message).toMatch(/restarted/);
  old.ready();
  expect(client.state).toBe("starting");
});

test("a kernel that cannot start says why, and ready rejects", async () => {
  worker().say({ type: "failed", message: "No WebAssembly threads here." });
  await expect(client.ready).rejects.toThrow(/No WebAssembly threads/);
  expect([client.state, client.failure]).toEqual(["dead", "No WebAssembly threads here."]);
});

test("a dropped file is on the shelf once the kernel has answered, and is handed to a restarted kernel", async () => {
  const file = new File(["x"], "a.h5");
  let added = false;
  const adding = client.addFile(file).then(() => {
    added = true;
  });
  worker().ready();
  await settle();
  const requests = worker().told.filter((message) => message.type === "add-file");
  expect(requests.length).toBe(1);
  expect(added).toBe(false);
  worker().say({ type: "answer", request: requests[0]!.request, error: null });
  await adding;

  void client.restart();
  worker().ready();
  await settle();
  expect(
    worker()
      .told.filter((message) => message.type === "add-file")
      .map((message) => message.file),
  ).toEqual([file]);
});

test("a file that was removed is not handed to a restarted kernel", async () => {
  worker().ready();
  const answer = () => {
    const last = worker().told.at(-1);
    worker().say({
      type: "answer",
      request: last !== undefined && "request" in last ? last.request : 0,
      error: null,
    });
  };
  const adding = client.addFile(new File(["x"], "a.h5"));
  await settle();
  answer();
  await adding;
  const removing = client.removeFile("a.h5");
  answer();
  await removing;
  void client.restart();
  worker().ready();
  await settle();
  expect(worker().told.map((message) => message.type)).toEqual(["init"]);
});

test("an answer with an error rejects with it", async () => {
  worker().ready();
  const storing = client.storeFile("a.h5");
  const last = worker().told.at(-1);
  worker().say({
    type: "answer",
    request: last?.type === "store-file" ? last.request : 0,
    error: "storage is full",
  });
  await expect(storing).rejects.toThrow("storage is full");
});
