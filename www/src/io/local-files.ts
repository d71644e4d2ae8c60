/**
 * Files without other workers: where memory cannot be shared, the kernel's own thread reads and
 * writes. A cell runs synchronously but opening a stored file does not, so between cells every
 * stored file is opened for reading and a few spare ones for writing; a cell only ever uses what is
 * open already. (The idea is that of SQLite's "opfs-sahpool" file system.)
 */
import type { ShelfFile } from "../protocol.js";
import {
  checkName,
  commitStored,
  createStored,
  describe,
  discardStored,
  droppedIsReadOnly,
  type OpenFile,
  openStored,
  removeStored,
  serveOpen,
  unknownOperation,
} from "./files.js";
import { listShelf, shelfOf } from "./messages.js";
import { IoError, Operation, type Slot, Status } from "./slots.js";

/** Files that one cell can create. */
const SPARES = 4;

export class LocalFiles {
  readonly #dropped = new Map<string, { id: number; file: File }>();
  readonly #open = new Map<number, OpenFile>();
  /** Stored files that are open for reading, by name. */
  readonly #stored = new Map<string, number>();
  /** When stored files were last changed, by name. */
  readonly #changed = new Map<string, number>();
  /** Names that spare files are opened under until they are created. */
  readonly #spares: { spare: string; handle: FileSystemSyncAccessHandle }[] = [];
  /** What to do once the cell has ended and waiting is possible. */
  #later: (() => Promise<void>)[] = [];
  #space = { free: 0, quota: 0 };
  #nextId = 1;

  /** Does what the last cell left to do and opens what the next may want. Call between cells. */
  async settle(): Promise<ShelfFile[]> {
    const later = this.#later;
    this.#later = [];
    const failures: string[] = [];
    for (const step of later) {
      await step().catch((cause: unknown) =>
        failures.push(cause instanceof Error ? cause.message : String(cause)),
      );
    }
    const shelf = await listShelf(this.#droppedFiles());
    for (const { name, kind } of shelf) {
      if (kind === "stored" && !this.#stored.has(name)) {
        const opened = await openStored(name).catch(() => undefined);
        if (opened) {
          const { handle, lastModified } = opened;
          this.#stored.set(name, this.#remember({ kind: "stored", name, handle, created: false }));
          this.#changed.set(name, lastModified);
        }
      }
    }
    while (this.#spares.length < SPARES) {
      const spare = `spare-${crypto.randomUUID()}`;
      // Where storage is full there are fewer: creating a file then says so.
      const handle = await createStored(spare).catch(() => undefined);
      if (!handle) break;
      this.#spares.push({ spare, handle });
    }
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    this.#space = { free: Math.max(0, quota - usage), quota };
    if (failures.length > 0) {
      throw new Error(failures.join("; "));
    }
    return shelf;
  }

  addFile(id: number, file: File): void {
    this.forgetFile(file.name);
    this.#dropped.set(file.name, { id, file });
    this.#open.set(id, { kind: "dropped", name: file.name, file });
  }

  forgetFile(name: string): void {
    const entry = this.#dropped.get(name);
    if (entry) {
      this.#dropped.delete(name);
      this.#open.delete(entry.id);
    }
  }

  /** Closes a stored file for reading, so that it can be replaced or deleted. */
  closeStored(name: string): void {
    const id = this.#stored.get(name);
    const file = id === undefined ? undefined : this.#open.get(id);
    if (id !== undefined && file?.kind === "stored") {
      file.handle.close();
      this.#open.delete(id);
      this.#stored.delete(name);
    }
  }

  /** Serves a request at once. */
  serve(slot: Slot): void {
    try {
      this.#serve(slot);
      slot.finish();
    } catch (cause) {
      slot.finish(describe(cause, "the file"));
    }
  }

  #serve(slot: Slot): void {
    switch (slot.operation) {
      case Operation.Read:
      case Operation.Write:
      case Operation.Flush: {
        const file = this.#open.get(slot.file);
        if (!file) {
          throw new IoError(Status.FileChanged, "the file was closed, deleted or replaced; open it again");
        }
        serveOpen(slot, file);
        return;
      }
      case Operation.Open: {
        const name = slot.name;
        const dropped = this.#dropped.get(name);
        const stored = this.#stored.get(name);
        const file = stored === undefined ? undefined : this.#open.get(stored);
        if (dropped) {
          slot.result = dropped.file.size;
          slot.setOpened(dropped.id, true, dropped.file.lastModified);
        } else if (stored !== undefined && file?.kind === "stored") {
          slot.result = file.handle.getSize();
          slot.setOpened(stored, false, this.#changed.get(name) ?? 0);
        } else {
          throw describe(new DOMException("", "NotFoundError"), `'${name}'`);
        }
        return;
      }
      case Operation.Create: {
        const name = slot.name;
        checkName(name);
        if (this.#dropped.has(name)) {
          throw droppedIsReadOnly(name);
        }
        const spare = this.#spares.pop();
        if (!spare) {
          throw new IoError(
            Status.Storage,
            `'${name}' cannot be created in this cell: without cross-origin isolation one cell writes at most ${SPARES} files; write it in the next cell`,
          );
        }
        const id = this.#remember({ kind: "stored", name: spare.spare, handle: spare.handle, created: true });
        slot.result = 0;
        slot.setOpened(id, false, Date.now());
        this.#names.set(id, name);
        return;
      }
      case Operation.Commit:
      case Operation.Discard:
        this.#close(slot);
        return;
      case Operation.Remove: {
        const name = slot.name;
        if (this.#dropped.has(name)) {
          throw droppedIsReadOnly(name);
        }
        if (!this.#stored.has(name)) {
          throw describe(new DOMException("", "NotFoundError"), `'${name}'`);
        }
        this.closeStored(name);
        // A file written in this very cell has not got its name yet.
        this.#later.push(() => removeStored(name).catch(() => undefined));
        return;
      }
      case Operation.Space:
        slot.bytes.set(new Uint8Array(new Float64Array([this.#space.free, this.#space.quota]).buffer));
        return;
      case Operation.List: {
        const stored = [...this.#stored].map(([name, id]): ShelfFile => {
          const file = this.#open.get(id);
          const size = file?.kind === "stored" ? file.handle.getSize() : 0;
          return { name, size, lastModified: this.#changed.get(name) ?? 0, kind: "stored" };
        });
        slot.answerJson(shelfOf(this.#droppedFiles(), stored));
        return;
      }
      default:
        throw unknownOperation(slot.operation);
    }
  }

  /** The names that created files will get. */
  readonly #names = new Map<number, string>();

  #close(slot: Slot): void {
    const id = slot.file;
    const file = this.#open.get(id);
    const name = this.#names.get(id);
    if (file?.kind !== "stored" || !file.created || name === undefined) {
      return;
    }
    this.#names.delete(id);
    if (slot.operation === Operation.Discard) {
      this.#open.delete(id);
      file.handle.close();
      this.#later.push(() => discardStored(file.name));
      return;
    }
    // Readable under its name at once, through the same handle; it moves there after the cell.
    file.handle.flush();
    this.closeStored(name);
    this.#stored.set(name, id);
    this.#changed.set(name, Date.now());
    file.created = false;
    this.#later.push(async () => {
      file.handle.close();
      if (this.#stored.get(name) !== id) {
        this.#open.delete(id);
        await discardStored(file.name);
        return;
      }
      await commitStored(file.name, name);
      // Under the same id, for the cells that have it open already.
      this.#open.set(id, { kind: "stored", name, handle: (await openStored(name)).handle, created: false });
    });
  }

  #droppedFiles(): File[] {
    return [...this.#dropped.values()].map(({ file }) => file);
  }

  #remember(file: OpenFile): number {
    const id = 2 * this.#nextId + 1;
    this.#nextId += 1;
    this.#open.set(id, file);
    return id;
  }
}
