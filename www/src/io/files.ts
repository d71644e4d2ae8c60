/**
 * The files that cells can open: dropped ones, read where they lie, and stored ones in the
 * browser's private file system (OPFS). Lives in a worker, because only workers may read
 * synchronously.
 */
import { type ShelfFile, STORED_FOLDER } from "../protocol.js";
import { IoError, Operation, type Slot, Status } from "./slots.js";

/** Files being written end in this until they are complete; leftovers are deleted at start. */
const PARTIAL = ".partial";

/** One read of a `File` above about 2 GiB fails, and large blocks read no faster than this. */
const FILE_BLOCK = 64 * 2 ** 20;

/** A file a compute thread has opened, by its id. */
export type OpenFile =
  | { kind: "dropped"; name: string; file: File }
  | { kind: "stored"; name: string; handle: FileSystemSyncAccessHandle; created: boolean };

/** The folder of stored files. */
export async function storedFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(STORED_FOLDER, { create: true });
}

/** Names are single path segments: the browser's storage here is one flat folder. */
export function checkName(name: string): void {
  if (name === "" || name === "." || name === ".." || /[/\\]/.test(name) || name.endsWith(PARTIAL)) {
    throw new IoError(
      Status.Value,
      `'${name}' cannot be a file's name here: files lie in one flat shelf, so give a plain name such as 'data.hdf5'`,
    );
  }
}

/** What cannot be done to a dropped file: it would act on a stored one of the same name, out of sight. */
export function droppedIsReadOnly(name: string): IoError {
  return new IoError(
    Status.Value,
    `'${name}' is a dropped file, which is only read; take it off the shelf first, or choose another name`,
  );
}

/** Complete stored files. */
export async function listStored(): Promise<ShelfFile[]> {
  const files: ShelfFile[] = [];
  for await (const [name, handle] of await entries()) {
    if (handle.kind === "file" && !name.endsWith(PARTIAL)) {
      // Another tab may have deleted it meanwhile.
      const file = await (handle as FileSystemFileHandle).getFile().catch(() => undefined);
      if (file) {
        files.push({ name, size: file.size, lastModified: file.lastModified, kind: "stored" });
      }
    }
  }
  return files.sort((a, b) => a.name.localeCompare(b.name));
}

async function entries(): Promise<AsyncIterable<[string, FileSystemHandle]>> {
  // TypeScript's DOM library does not know the iterator of a directory handle in workers.
  return (await storedFolder()) as unknown as AsyncIterable<[string, FileSystemHandle]>;
}

/** Deletes what a write left unfinished, such as when its tab was closed. */
export async function removePartials(): Promise<void> {
  const folder = await storedFolder();
  const names: string[] = [];
  for await (const [name] of await entries()) {
    if (name.endsWith(PARTIAL)) {
      names.push(name);
    }
  }
  for (const name of names) {
    // Another tab may be writing it: then it is locked, and stays.
    await folder.removeEntry(name).catch(() => undefined);
  }
}

/** Opens a stored file for reading; other readers, in this tab or another, may have it open too. */
export async function openStored(
  name: string,
): Promise<{ handle: FileSystemSyncAccessHandle; lastModified: number }> {
  const folder = await storedFolder();
  try {
    const file = await folder.getFileHandle(name);
    const { lastModified } = await file.getFile();
    return { handle: await createHandle(file, "read-only"), lastModified };
  } catch (cause) {
    throw describe(cause, `'${name}'`);
  }
}

/** Creates the partial file that becomes `name` when committed. */
export async function createStored(name: string): Promise<FileSystemSyncAccessHandle> {
  const folder = await storedFolder();
  try {
    const handle = await folder.getFileHandle(name + PARTIAL, { create: true });
    const access = await createHandle(handle, "readwrite");
    access.truncate(0);
    return access;
  } catch (cause) {
    throw describe(cause, `'${name}'`);
  }
}

/**
 * Copies a dropped file into the browser's storage, under its own name once it is whole.
 *
 * @throws where storage has a file of that name already, which the dropped one hides: it would be lost unseen.
 */
export async function storeCopy(file: File): Promise<void> {
  const { name } = file;
  checkName(name);
  const folder = await storedFolder();
  const hidden = await folder.getFileHandle(name).catch(() => undefined);
  if (hidden) {
    throw new IoError(
      Status.Value,
      `the browser's storage has another '${name}', which the dropped one hides; take the dropped one off the shelf and delete the other first, or drop it under another name`,
    );
  }
  try {
    const partial = await folder.getFileHandle(name + PARTIAL, { create: true });
    await file.stream().pipeTo(await partial.createWritable());
  } catch (cause) {
    await discardStored(name);
    // Streams call every failure to read a network error; another read says what it is.
    await file
      .slice(0, 1)
      .arrayBuffer()
      .catch((failure: unknown) => {
        throw describeDropped(failure, name);
      });
    throw describe(cause, `'${name}'`);
  }
  await commitStored(name);
}

/** Gives the finished partial file of `name` its final name, replacing a file that has it. */
export async function commitStored(name: string, finalName = name): Promise<void> {
  const folder = await storedFolder();
  try {
    const handle = (await folder.getFileHandle(name + PARTIAL)) as FileSystemFileHandle & {
      move(name: string): Promise<void>;
    };
    await folder.removeEntry(finalName).catch(() => undefined);
    await handle.move(finalName);
  } catch (cause) {
    await discardStored(name);
    throw describe(cause, `'${finalName}'`);
  }
}

export async function discardStored(name: string): Promise<void> {
  const folder = await storedFolder();
  await folder.removeEntry(name + PARTIAL).catch(() => undefined);
}

export async function removeStored(name: string): Promise<void> {
  const folder = await storedFolder();
  await folder.removeEntry(name).catch((cause: unknown) => {
    throw describe(cause, `'${name}'`);
  });
}

async function createHandle(
  handle: FileSystemFileHandle,
  mode: "read-only" | "readwrite",
): Promise<FileSystemSyncAccessHandle> {
  // Modes are Chromium's so far; browsers without them open exclusively.
  const withMode = handle as FileSystemFileHandle & {
    createSyncAccessHandle(options: { mode: string }): Promise<FileSystemSyncAccessHandle>;
  };
  return withMode.createSyncAccessHandle({ mode });
}

/** Says what a browser's exception means for the file. */
export function describe(cause: unknown, file: string): IoError {
  if (cause instanceof IoError) {
    return cause;
  }
  const name = cause instanceof DOMException ? cause.name : "";
  switch (name) {
    case "NotFoundError":
      return new IoError(
        Status.NotFound,
        `no file named ${file} on the shelf; drop it on the page, or write it first`,
      );
    case "QuotaExceededError":
      return new IoError(
        Status.StorageFull,
        `the browser's storage is full while writing ${file}; delete files on the shelf, or write a smaller one`,
      );
    case "NoModificationAllowedError":
    case "InvalidStateError":
      return new IoError(Status.Storage, `${file} is in use, perhaps in another tab; close it there`);
    case "NotReadableError":
      return new IoError(
        Status.FileChanged,
        `${file} changed on disk, or can no longer be read; drop it again`,
      );
    default:
      return new IoError(
        Status.Storage,
        `${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
  }
}

/** Reads, writes and flushes: the operations on a file that is open, all synchronous. */
export function serveOpen(slot: Slot, open: OpenFile): void {
  const { offset, length } = slot;
  if (open.kind === "dropped") {
    if (slot.operation !== Operation.Read) {
      throw new IoError(Status.Value, `'${open.name}' is a dropped file and cannot be written`);
    }
    readDropped(open, offset, slot.bytes);
    slot.result = length;
    return;
  }
  switch (slot.operation) {
    case Operation.Read: {
      const read = open.handle.read(slot.bytes, { at: offset });
      if (read < length) {
        throw truncated(offset + length);
      }
      slot.result = read;
      return;
    }
    case Operation.Write: {
      let written = 0;
      try {
        written = open.handle.write(slot.bytes, { at: offset });
      } catch (cause) {
        throw describe(cause, `'${open.name}'`);
      }
      if (written < length) {
        throw describe(new DOMException("short write", "QuotaExceededError"), `'${open.name}'`);
      }
      slot.result = written;
      return;
    }
    case Operation.Flush:
      try {
        open.handle.flush();
      } catch (cause) {
        throw describe(cause, `'${open.name}'`);
      }
      return;
    default:
      throw unknownOperation(slot.operation);
  }
}

/** What is told to a request that is none of those served here. */
export function unknownOperation(operation: number): IoError {
  return new IoError(Status.Storage, `unknown operation ${operation}`);
}

function readDropped(open: { name: string; file: File }, offset: number, out: Uint8Array): void {
  const { file, name } = open;
  if (offset + out.length > file.size) {
    throw truncated(offset + out.length);
  }
  const reader = new FileReaderSync();
  for (let done = 0; done < out.length; done += FILE_BLOCK) {
    const end = Math.min(done + FILE_BLOCK, out.length);
    try {
      out.set(new Uint8Array(reader.readAsArrayBuffer(file.slice(offset + done, offset + end))), done);
    } catch (cause) {
      throw describeDropped(cause, name);
    }
  }
}

/** Says what a browser's exception at reading means for the dropped file. */
function describeDropped(cause: unknown, name: string): IoError {
  if (cause instanceof DOMException && cause.name === "NotFoundError") {
    return new IoError(
      Status.FileChanged,
      `'${name}' is no longer where it was on disk when it was dropped; put it back, or drop it again`,
    );
  }
  return describe(cause, `'${name}'`);
}

/** What a read past the end of a file is told. */
export function truncated(end: number): IoError {
  return new IoError(
    Status.InvalidFile,
    `the file ends before byte ${end}: it is truncated; get a whole copy of it`,
  );
}
