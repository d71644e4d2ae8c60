/**
 * The layout of the request queue in wasm memory; `src/web/queue.rs` is the other side.
 *
 * A compute thread fills a slot and sets its state to PENDING; whoever serves it answers in place
 * and sets DONE.
 */

export const READERS = 4;
const SLOTS = 64;
const WORDS = 16;
/** Words before the first slot: the wake and mail counters and padding to a cache line. */
const HEADER_WORDS = 16;

const PENDING = 2;
const DONE = 4;

export enum Operation {
  Read = 1,
  Write = 2,
  Flush = 3,
  Open = 4,
  Create = 5,
  Commit = 6,
  Discard = 7,
  Remove = 8,
  Space = 9,
  List = 10,
  Reduce = 11,
}

/** How an operation failed, as `Request::wait` in queue.rs maps it to an error kind. */
export enum Status {
  Ok = 0,
  NotFound = 1,
  StorageFull = 2,
  FileChanged = 3,
  Value = 4,
  InvalidFile = 5,
  Storage = 6,
}

/** Set in the extra word of an opened file that was dropped. */
const DROPPED_FLAG = 0x4000_0000;

/** A failure with the status that tells its kind. */
export class IoError extends Error {
  constructor(
    readonly status: Status,
    message: string,
  ) {
    super(message);
  }
}

/** One request, read from its slot. */
export class Slot {
  readonly #memory: WebAssembly.Memory;
  readonly #words: Int32Array;

  /** @param address of the slot in `memory`, in bytes. */
  constructor(memory: WebAssembly.Memory, address: number) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer, address, WORDS);
  }

  get isPending(): boolean {
    return Atomics.load(this.#words, 0) === PENDING;
  }

  get operation(): Operation {
    return this.#word(1);
  }

  get file(): number {
    return this.#word(2);
  }

  get offset(): number {
    return this.#unsigned(3) + this.#unsigned(4) * 2 ** 32;
  }

  get length(): number {
    return this.#unsigned(6);
  }

  /** The requester's memory, where to read to or write from; not of a request to reduce. Reaches the current end of a grown memory. */
  get bytes(): Uint8Array {
    return this.memory(this.length);
  }

  /** The first `length` bytes of the requester's memory. */
  memory(length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#unsigned(5), length);
  }

  /** The requester's memory as a name. */
  get name(): string {
    return new TextDecoder().decode(this.bytes.slice());
  }

  set result(value: number) {
    this.#setWide(8, value);
  }

  /** Puts `value` as JSON into the requester's memory, as much as there is room for; the result is the length of all. */
  answerJson(value: unknown): void {
    const text = new TextEncoder().encode(JSON.stringify(value));
    this.bytes.set(text.subarray(0, this.length));
    this.result = text.length;
  }

  /** @param version when the file was last changed, in milliseconds. */
  setOpened(file: number, dropped: boolean, version: number): void {
    this.#words[13] = file | (dropped ? DROPPED_FLAG : 0);
    this.#setWide(14, version);
  }

  /** Answers, well or with the reason why not, and wakes the thread that waits. */
  finish(error?: unknown): void {
    this.#words[7] =
      error === undefined ? Status.Ok : error instanceof IoError ? error.status : Status.Storage;
    if (error !== undefined) {
      const text = new TextEncoder().encode(error instanceof Error ? error.message : String(error));
      const room = Math.min(text.length, this.#word(11));
      new Uint8Array(this.#memory.buffer, this.#unsigned(10), room).set(text.subarray(0, room));
      this.#words[12] = room;
    }
    Atomics.store(this.#words, 0, DONE);
    Atomics.notify(this.#words, 0);
  }

  #setWide(index: number, value: number): void {
    this.#words[index] = (value % 2 ** 32) | 0;
    this.#words[index + 1] = Math.floor(value / 2 ** 32) | 0;
  }

  #word(index: number): number {
    return this.#words[index] ?? 0;
  }

  #unsigned(index: number): number {
    return this.#word(index) >>> 0;
  }
}

/** Whether a thread can be woken while it is at its event loop: older browsers cannot do that. */
export const canWakeLater = "waitAsync" in Atomics;

/** The queue of one reader. */
export class Queue {
  readonly #header: Int32Array;
  readonly #slots: Slot[];
  #woken: { seen: number; promise: Promise<void> } | undefined;

  constructor(memory: WebAssembly.Memory, address: number) {
    this.#header = new Int32Array(memory.buffer, address, 2);
    this.#slots = Array.from(
      { length: SLOTS },
      (_, index) => new Slot(memory, address + 4 * (HEADER_WORDS + index * WORDS)),
    );
  }

  /** A request that waits, if any, and is not `underWay`. */
  next(underWay: { has(slot: Slot): boolean }): Slot | undefined {
    return this.#slots.find((slot) => slot.isPending && !underWay.has(slot));
  }

  get wakes(): number {
    return Atomics.load(this.#header, 0);
  }

  /** Messages sent to the reader's event loop so far. */
  get mail(): number {
    return Atomics.load(this.#header, 1);
  }

  /** Tells the reader to look into its event loop. */
  announceMail(): void {
    Atomics.add(this.#header, 1, 1);
    Atomics.add(this.#header, 0, 1);
    Atomics.notify(this.#header, 0);
  }

  /**
   * Settles when the count of wakes is no longer `seen`, or when a thread that has counted before tells so only now;
   * where {@link canWakeLater}.
   */
  woken(seen: number): Promise<void> {
    if (this.#woken?.seen !== seen) {
      const waiting = Promise.resolve(Atomics.waitAsync(this.#header, 0, seen).value);
      const promise = waiting.then(() => {
        // To wait for the same count again is to wait anew.
        this.#woken = undefined;
      });
      this.#woken = { seen, promise };
    }
    return this.#woken.promise;
  }

  /** Sleeps until the count of wakes is no longer `seen`. */
  sleep(seen: number): void {
    Atomics.wait(this.#header, 0, seen);
  }
}
