/**
 * Reduces files while they are read, in a module and a memory of this worker's own: `www/reader` says why.
 * `src/web/pushdown.rs` is the other side.
 */
import { type OpenFile, truncated } from "./files.js";
import type { Slot } from "./slots.js";
import { streamBlocks, streamsIntoBuffers } from "./streamed-reads.js";

/** Bytes of a request before what it wants: its part, the thread, bytes of what is wanted, bytes of what comes of it. */
const HEADER = 16;

/** The request is the first for its chunk. */
const FIRST_PART = 1;
/** The request is the last for its chunk, and is answered with what has come of it. */
const LAST_PART = 2;

/** Bytes of a word. */
const WORD = 8;

/** The functions of `www/reader/lib.rs`. */
interface Reducer {
  memory: WebAssembly.Memory;
  words(length: number): number;
  begin(thread: number): void;
  piece(thread: number): number;
  piece_bytes(thread: number): number;
  add(thread: number): void;
  finish(thread: number): number;
}

/** A chunk that is being reduced for a compute thread. */
class Chunk {
  readonly #reducer: Reducer;
  readonly #thread: number;
  /** Bytes of the piece that are there. */
  #filled = 0;
  /** Milliseconds that its pieces have been reduced for. */
  #computed = 0;

  /** @param wanted what `Pushdown::encode` says of it. */
  constructor(reducer: Reducer, thread: number, wanted: Uint8Array) {
    this.#reducer = reducer;
    this.#thread = thread;
    this.#memory(reducer.words(wanted.length / WORD), wanted.length).set(wanted);
    reducer.begin(thread);
  }

  /** Takes the bytes that come next. */
  take(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      from += this.#fill(bytes.length - from, (into) => into.set(bytes.subarray(from, from + into.length)));
    }
  }

  /** Reads the `length` bytes that come next, which lie at `offset` of a file, straight into place. */
  read(handle: FileSystemSyncAccessHandle, offset: number, length: number): void {
    for (let done = 0; done < length; ) {
      done += this.#fill(length - done, (into) => {
        if (handle.read(into, { at: offset + done }) < into.length) {
          throw truncated(offset + length);
        }
      });
    }
  }

  /** Milliseconds that its pieces have been reduced for since it was last asked. */
  takeComputed(): number {
    const computed = this.#computed;
    this.#computed = 0;
    return computed;
  }

  /** What has come of it. Good until the next call. */
  end(): Uint8Array {
    if (this.#reducer.piece_bytes(this.#thread) > 0) {
      throw new Error("a chunk is shorter than was said");
    }
    const length = this.#reducer.finish(this.#thread);
    return this.#memory(this.#reducer.words(length), length * WORD);
  }

  /** Has `put` fill what comes next of the piece, at most `most` bytes, and reduces a piece that is full; how many they were. */
  #fill(most: number, put: (into: Uint8Array) => void): number {
    const whole = this.#reducer.piece_bytes(this.#thread);
    // Not asked of the array afterwards: it loses its memory when the module's grows.
    const length = Math.min(whole - this.#filled, most);
    if (length === 0) {
      throw new Error("a chunk is longer than was said");
    }
    put(this.#memory(this.#reducer.piece(this.#thread) + this.#filled, length));
    this.#filled += length;
    if (this.#filled === whole) {
      const begin = performance.now();
      this.#reducer.add(this.#thread);
      this.#computed += performance.now() - begin;
      this.#filled = 0;
    }
    return length;
  }

  /** Reaches the current end of the module's memory, which grows. */
  #memory(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#reducer.memory.buffer, address, length);
  }
}

/** The module, once the page has given it; until then, and when it has failed, everything is read. */
let reducer: Reducer | undefined;

/** The chunk that each compute thread has here. */
const chunks = new Map<number, Chunk>();

/** Takes the module, which imports nothing. Where it cannot be had, for want of memory say, everything is read. */
export function provide(module: WebAssembly.Module): void {
  chunks.clear();
  try {
    reducer = new WebAssembly.Instance(module).exports as unknown as Reducer;
  } catch {
    reducer = undefined;
  }
}

/**
 * Reduces what a request is for.
 *
 * @throws where that cannot be done; the engine then reads the chunk, and finds out why.
 */
export async function serveReduce(slot: Slot, file: OpenFile): Promise<void> {
  if (file.kind === "dropped" && !streamsIntoBuffers) {
    throw new Error("blobs do not stream into buffers here");
  }
  if (!reducer) {
    throw new Error("there is no module to reduce with");
  }
  const mine = reducer;
  try {
    await reduce(mine, slot, file);
    if (mine !== reducer) {
      throw new Error("the module failed at another chunk meanwhile");
    }
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError) {
      // After a trap nothing in its memory can be relied upon.
      reducer = undefined;
      chunks.clear();
    }
    throw cause;
  }
}

async function reduce(reducer: Reducer, slot: Slot, file: OpenFile): Promise<void> {
  const [part = 0, thread = 0, wanted = 0, room = 0] = new Uint32Array(slot.memory(HEADER).slice().buffer);
  if (part & FIRST_PART) {
    chunks.set(thread, new Chunk(reducer, thread, slot.memory(HEADER + wanted).slice(HEADER)));
  }
  const chunk = chunks.get(thread);
  if (!chunk) {
    throw new Error("a chunk was not begun");
  }
  if (file.kind === "stored") {
    chunk.read(file.handle, slot.offset, slot.length);
  } else {
    await streamBlocks(file.file, slot.offset, slot.length, (bytes) => chunk.take(bytes));
  }
  slot.result = Math.round(chunk.takeComputed() * 1000);
  if (part & LAST_PART) {
    chunks.delete(thread);
    const answer = chunk.end();
    if (answer.length !== room) {
      throw new Error("other than was said came of a chunk");
    }
    slot.memory(HEADER + wanted + room).set(answer, HEADER + wanted);
  }
}
