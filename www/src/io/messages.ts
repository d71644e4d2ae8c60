/** Messages between the kernel worker and its reader workers. */
import type { ShelfFile } from "../protocol.js";
import { listStored } from "./files.js";

export type ToReader =
  /** First message: serve the queue at `address` of `memory`. */
  | { type: "start"; memory: WebAssembly.Memory; address: number }
  /** The module by which to reduce what is read. */
  | { type: "readers-module"; module: WebAssembly.Module }
  /** A dropped file, under an even id that all readers know it by. */
  | { type: "add-file"; id: number; file: File }
  | { type: "forget-file"; name: string };

export type FromReader = { type: "started" };

/** Everything on the shelf. */
export async function listShelf(dropped: File[]): Promise<ShelfFile[]> {
  return shelfOf(dropped, await listStored());
}

/** Dropped files, then the `stored` ones that no dropped one hides. */
export function shelfOf(dropped: File[], stored: ShelfFile[]): ShelfFile[] {
  const names = new Set(dropped.map((file) => file.name));
  return [
    ...dropped.map(
      ({ name, size, lastModified }): ShelfFile => ({ name, size, lastModified, kind: "dropped" }),
    ),
    ...stored.filter((file) => !names.has(file.name)),
  ];
}
