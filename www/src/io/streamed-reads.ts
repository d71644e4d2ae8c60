/**
 * Reads of dropped files through byte streams, which give two to three times what whole blocks at once do.
 *
 * To begin a stream takes milliseconds of the browser's time and to go on in one a fraction of that, so a stream stays
 * open behind a read for the next that goes on where it ended.
 */
import { truncated } from "./files.js";
import type { Slot } from "./slots.js";

/** Reads from this many bytes on pay for a stream, wherever they begin. */
const STREAMED_BYTES = 2 ** 20;

/** What a stream is asked for at a time: so little that it is still in the processor's cache when it is taken. */
const BLOCK = 512 * 1024;

/** What a stream is opened for: the browser checks then that the file is still the one that was dropped. */
const WINDOW = 256 * 2 ** 20;

/** What is passed over in a stream to reach the next read, such as an index between chunks. */
const SKIPPED_BYTES = 2 ** 18;

/** A stream that nothing was read from for this long may show a file that has changed since. */
const STALE_MS = 500;

interface Stream {
  reader: ReadableStreamBYOBReader;
  /** Where what it was opened for ends. */
  end: number;
}

/** A place in a file where reads go on. */
class Cursor {
  /** Where the last read ended. */
  #at = -1;
  /** When that was. */
  #since = 0;
  #stream: Stream | undefined;
  #isBusy = false;
  /** A read takes it, and one that fails does not give it back. */
  #buffer = new ArrayBuffer(0);
  readonly #file: File;

  constructor(file: File) {
    this.#file = file;
  }

  get since(): number {
    return this.#since;
  }

  /** Whether a read is under way here. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Whether a read at `offset` goes on where the last one ended. */
  reaches(offset: number): boolean {
    return this.#at >= 0 && offset >= this.#at && offset <= this.#at + SKIPPED_BYTES;
  }

  /** Takes note of a read that was served otherwise. */
  moveTo(at: number): void {
    this.close();
    this.#at = at;
    this.#since = performance.now();
  }

  /**
   * Gives `take` the `length` bytes from `offset` on, in blocks that are good until it returns.
   *
   * @throws where the file ends before, before any is read, or a stream fails.
   */
  async read(offset: number, length: number, take: (bytes: Uint8Array) => void): Promise<void> {
    if (offset + length > this.#file.size) {
      throw truncated(offset + length);
    }
    this.#isBusy = true;
    try {
      if (!this.#stream || !this.reaches(offset) || performance.now() - this.#since > STALE_MS) {
        this.moveTo(offset);
      }
      while (this.#at < offset) {
        await this.#next(offset - this.#at);
      }
      for (const end = offset + length; this.#at < end; ) {
        take(await this.#next(end - this.#at));
      }
    } finally {
      this.#isBusy = false;
      this.#since = performance.now();
    }
  }

  /** Ends the stream; reads may still go on from here, in another. */
  close(): void {
    this.#stream?.reader.cancel().catch(() => undefined);
    this.#stream = undefined;
  }

  /** At least one and at most `most` of the bytes that come next. Good until the next call. */
  async #next(most: number): Promise<Uint8Array> {
    if (!this.#stream || this.#at === this.#stream.end) {
      this.close();
      const end = Math.min(this.#at + WINDOW, this.#file.size);
      const stream = this.#file.slice(this.#at, end).stream();
      this.#stream = { reader: stream.getReader({ mode: "byob" }), end };
    }
    if (this.#buffer.byteLength === 0) {
      this.#buffer = new ArrayBuffer(BLOCK);
    }
    const room = new Uint8Array(this.#buffer, 0, Math.min(BLOCK, most));
    const { value, done } = await this.#stream.reader.read(room);
    if (done || !value) {
      throw truncated(this.#at + most);
    }
    this.#buffer = value.buffer;
    this.#at += value.length;
    return value;
  }
}

/** Places in a file where one reader goes on: as many as threads it serves, on a computer of `CURSORS` x `READERS` processors. */
const CURSORS = 4;

/**
 * Of each file that is read, where reads go on. Streams have to be held for another reason too: Chromium collects one
 * that nothing else refers to, and a read that waits for it then never ends.
 */
const cursors = new Map<File, Cursor[]>();

/** The cursor that a read at `offset` goes on from, or else a new one or that which has not been used for longest. */
function cursorAt(file: File, offset: number): Cursor {
  const ofFile = cursors.get(file) ?? [];
  cursors.set(file, ofFile);
  const idle = ofFile.filter((cursor) => !cursor.isBusy);
  const there = idle.find((cursor) => cursor.reaches(offset));
  if (there) {
    return there;
  }
  const oldest = idle.toSorted((a, b) => a.since - b.since)[0];
  if (oldest && ofFile.length >= CURSORS) {
    return oldest;
  }
  const cursor = new Cursor(file);
  ofFile.push(cursor);
  return cursor;
}

/**
 * Serves a read of a dropped file through a stream, if it is large or goes on where the last one ended. `undefined`
 * where it is neither, or where the browser's blobs stream only into buffers of their own; `otherwise` does it then,
 * as it does where a stream fails: streams call every failure a network error, and reading the same in blocks says
 * what it is.
 */
export function serveStreamed(slot: Slot, file: File, otherwise: () => void): Promise<void> | undefined {
  const { offset, length } = slot;
  const cursor = cursorAt(file, offset);
  if (!streamsIntoBuffers || (length < STREAMED_BYTES && !cursor.reaches(offset))) {
    cursor.moveTo(offset + length);
    otherwise();
    return undefined;
  }
  const out = slot.bytes;
  let filled = 0;
  const take = (bytes: Uint8Array) => {
    out.set(bytes, filled);
    filled += bytes.length;
  };
  return cursor.read(offset, length, take).then(
    () => {
      slot.result = length;
    },
    () => {
      cursor.moveTo(offset + length);
      otherwise();
    },
  );
}

/**
 * Gives `take` the `length` bytes of a dropped file from `offset` on, in blocks that are good until it returns.
 *
 * @throws where the file ends before or a stream fails; reading the same in blocks says why.
 */
export async function streamBlocks(
  file: File,
  offset: number,
  length: number,
  take: (bytes: Uint8Array) => void,
): Promise<void> {
  const cursor = cursorAt(file, offset);
  try {
    await cursor.read(offset, length, take);
  } catch (cause) {
    cursor.close();
    throw cause;
  }
}

/** Lets go of a file that is no longer on the shelf. */
export function forgetStreams(file: File): void {
  for (const cursor of cursors.get(file) ?? []) {
    cursor.close();
  }
  cursors.delete(file);
}

/** Whether the browser's blobs stream into buffers of one's own. */
export const streamsIntoBuffers = (() => {
  try {
    void new Blob(["x"]).stream().getReader({ mode: "byob" }).cancel();
    return true;
  } catch {
    return false;
  }
})();
