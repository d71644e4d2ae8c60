import { expect, test } from "vitest";
import { Queue } from "../src/io/slots";

const HEADER = 64;

function queueInMemory(): { queue: Queue; words: Int32Array } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return { queue: new Queue(memory, HEADER), words: new Int32Array(memory.buffer, HEADER, 2) };
}

/** Whether `promise` is settled once everything that waits for nothing has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test("a reader is woken when the count of wakes is another than it has seen", async () => {
  const { queue, words } = queueInMemory();
  const woken = queue.woken(queue.wakes);
  expect(await isSettled(woken)).toBe(false);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  await woken;
  expect(await isSettled(queue.woken(0))).toBe(true);
});

test("a wake that was counted before the reader looked does not make it look for ever", async () => {
  const { queue, words } = queueInMemory();
  Atomics.add(words, 0, 1);
  const seen = queue.wakes;
  const woken = queue.woken(seen);
  Atomics.notify(words, 0);
  await woken;
  expect(await isSettled(queue.woken(seen))).toBe(false);
});

test("one wait serves all who look again before the count changes", () => {
  const { queue } = queueInMemory();
  expect(queue.woken(0)).toBe(queue.woken(0));
});
