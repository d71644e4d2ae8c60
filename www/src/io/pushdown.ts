/**
 * Reduces files while they are read, in a module and a memory of this worker's own: `www/reader` says why.
 * `src/web/pushdown.rs` is the other side.
 */
import moduleAddress from "../../reader/reader.wasm?url";
import { type OpenFile, truncated } from "./files.js";
import type { Slot } from "./slots.js";
import { streamBlocks, streamsIntoBuffers } from "./streamed-reads.js";

/** Bytes of a request before what it wants: its part, the thread, bytes of what is wanted, bytes of what may come of it. */
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
      const into = this.#next(bytes.length - from);
      into.set(bytes.subarray(from, from + into.length));
      this.#took(into.length);
      from += into.length;
    }
  }

  /** Reads the `length` bytes that come next, which lie at `offset` of a file, straight into place. */
  read(handle: FileSystemSyncAccessHandle, offset: number, length: number): void {
    for (let done = 0; done < length; ) {
      const into = this.#next(length - done);
      if (handle.read(into, { at: offset + done }) < into.length) {
        throw truncated(offset + length);
      }
      this.#took(into.length);
      done += into.length;
    }
  }

  /** What has come of it. Good until the next call. */
  end(): Uint8Array {
    if (this.#reducer.piece_bytes(this.#thread) > 0) {
      throw new Error("a chunk is shorter than was said");
    }
    const length = this.#reducer.finish(this.#thread);
    return this.#memory(this.#reducer.words(length), length * WORD);
  }

  /** Where at most `most` bytes go that come next. */
  #next(most: number): Uint8Array {
    const room = this.#reducer.piece_bytes(this.#thread) - this.#filled;
    if (room === 0) {
      throw new Error("a chunk is longer than was said");
    }
    return this.#memory(this.#reducer.piece(this.#thread) + this.#filled, Math.min(room, most));
  }

  /** Goes on behind `length` bytes that have been put there. */
  #took(length: number): void {
    this.#filled += length;
    if (this.#filled === this.#reducer.piece_bytes(this.#thread)) {
      this.#reducer.add(this.#thread);
      this.#filled = 0;
    }
  }

  /** Reaches the current end of the module's memory, which grows. */
  #memory(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#reducer.memory.buffer, address, length);
  }
}

/** Milliseconds that the module may take to come: compute threads wait for it, and can go on without. */
const PATIENCE = 5000;

/** The module; one that could not be had, or that has failed, is not asked again. */
let loading: Promise<Reducer> | undefined;

/** The chunk that each compute thread has here. */
const chunks = new Map<number, Chunk>();

async function load(): Promise<Reducer> {
  const response = await fetch(moduleAddress, { signal: AbortSignal.timeout(PATIENCE) });
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer());
  return instance.exports as unknown as Reducer;
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
  loading ??= load();
  const reducer = await loading;
  try {
    await reduce(reducer, slot, file);
  } catch (cause) {
    if (cause instanceof WebAssembly.RuntimeError) {
      // After a trap nothing in its memory can be relied upon.
      loading = Promise.reject(cause);
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
  if (part & LAST_PART) {
    chunks.delete(thread);
    const answer = chunk.end();
    if (answer.length > room) {
      throw new Error("more came of a chunk than was said");
    }
    slot.memory(HEADER + wanted + room).set(answer, HEADER + wanted);
  }
}
