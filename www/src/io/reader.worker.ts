/**
 * A worker that owns files and serves the reads and writes of compute threads from its queue in
 * shared memory. It blocks on the queue, and steps back to its event loop only to take a message.
 */
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
import { type FromReader, listShelf, type ToReader } from "./messages.js";
import { provide, serveReduce } from "./pushdown.js";
import { canWakeLater, IoError, Operation, Queue, type Slot, Status } from "./slots.js";
import { forgetStreams, serveStreamed } from "./streamed-reads.js";

const dropped = new Map<string, { id: number; file: File }>();
const open = new Map<number, OpenFile>();
let nextStoredId = 1;
let mailTaken = 0;
let mailArrived: () => void = () => undefined;

self.onmessage = ({ data }: MessageEvent<ToReader>) => {
  if (data.type === "start") {
    // First, because serving blocks this thread.
    postMessage({ type: "started" } satisfies FromReader);
    void serve(new Queue(data.memory, data.address));
    return;
  }
  try {
    take(data);
  } finally {
    countMail();
  }
};

// One that could not be read has been announced, too.
self.onmessageerror = countMail;

/** Lets requests be served again, which wait for every message that was announced. */
function countMail(): void {
  mailTaken += 1;
  mailArrived();
}

function take(message: Exclude<ToReader, { type: "start" }>): void {
  switch (message.type) {
    case "readers-module":
      provide(message.module);
      return;
    case "add-file":
      forget(message.file.name);
      dropped.set(message.file.name, { id: message.id, file: message.file });
      open.set(message.id, { kind: "dropped", name: message.file.name, file: message.file });
      return;
    case "forget-file":
      forget(message.name);
      return;
  }
}

function forget(name: string): void {
  const entry = dropped.get(name);
  if (entry) {
    dropped.delete(name);
    open.delete(entry.id);
    forgetStreams(entry.file);
  }
}

/** Requests that are served while others are. */
const underWay = new Map<Slot, Promise<void>>();

async function serve(queue: Queue): Promise<never> {
  for (;;) {
    const seen = queue.wakes;
    // Messages first: a request may be for a file that one of them brings.
    const slot = queue.mail > mailTaken ? undefined : queue.next(underWay);
    if (slot) {
      await begin(slot);
    } else if (queue.mail > mailTaken) {
      await new Promise<void>((resolve) => {
        mailArrived = resolve;
      });
    } else if (underWay.size > 0) {
      await Promise.race([...underWay.values(), queue.woken(seen)]);
    } else {
      queue.sleep(seen);
    }
  }
}

/**
 * Serves a request, or begins to where it waits for a stream: while the browser fills one, there is time for another,
 * and those that wait get more at once, which costs the browser less.
 */
async function begin(slot: Slot): Promise<void> {
  const waits = canWakeLater && open.get(slot.file)?.kind === "dropped";
  try {
    const served = serveSlot(slot);
    if (served && waits) {
      const end = (cause?: unknown) => {
        underWay.delete(slot);
        slot.finish(cause);
      };
      underWay.set(
        slot,
        served.then(() => end(), end),
      );
      return;
    }
    await served;
    slot.finish();
  } catch (cause) {
    slot.finish(cause);
  }
}

function serveSlot(slot: Slot): void | Promise<void> {
  switch (slot.operation) {
    case Operation.Read:
    case Operation.Write:
    case Operation.Flush: {
      const file = open.get(slot.file);
      if (!file) {
        throw new IoError(Status.FileChanged, "the file was closed, deleted or replaced; open it again");
      }
      if (file.kind === "dropped" && slot.operation === Operation.Read) {
        return serveStreamed(slot, file.file, () => serveOpen(slot, file));
      }
      return serveOpen(slot, file);
    }
    case Operation.Reduce: {
      const file = open.get(slot.file);
      if (!file) {
        throw new IoError(Status.FileChanged, "the file is no longer on the shelf");
      }
      return serveReduce(slot, file);
    }
    case Operation.Open:
      return openFile(slot);
    case Operation.Create:
      return createFile(slot);
    case Operation.Commit:
    case Operation.Discard:
      return closeFile(slot);
    case Operation.Remove:
      return removeFile(slot);
    case Operation.Space:
      return tellSpace(slot);
    case Operation.List:
      return tellFiles(slot);
    default:
      throw unknownOperation(slot.operation);
  }
}

async function openFile(slot: Slot): Promise<void> {
  const name = slot.name;
  const entry = dropped.get(name);
  if (entry) {
    slot.result = entry.file.size;
    slot.setOpened(entry.id, true, entry.file.lastModified);
    return;
  }
  checkName(name);
  const { handle, lastModified } = await openStored(name);
  slot.result = handle.getSize();
  slot.setOpened(remember({ kind: "stored", name, handle, created: false }), false, lastModified);
}

async function createFile(slot: Slot): Promise<void> {
  const name = slot.name;
  checkName(name);
  if (dropped.has(name)) {
    throw droppedIsReadOnly(name);
  }
  const handle = await createStored(name);
  slot.result = 0;
  slot.setOpened(remember({ kind: "stored", name, handle, created: true }), false, Date.now());
}

function remember(file: OpenFile): number {
  // Dropped files have even ids, given by the kernel; stored ones odd ids, given here.
  const id = 2 * nextStoredId + 1;
  nextStoredId += 1;
  open.set(id, file);
  return id;
}

async function closeFile(slot: Slot): Promise<void> {
  const file = open.get(slot.file);
  if (file?.kind !== "stored") {
    return;
  }
  open.delete(slot.file);
  let whole = slot.operation === Operation.Commit;
  try {
    if (file.created && whole) {
      file.handle.flush();
    }
  } catch (cause) {
    whole = false;
    throw describe(cause, `'${file.name}'`);
  } finally {
    file.handle.close();
    if (file.created) {
      await (whole ? commitStored(file.name) : discardStored(file.name));
    }
  }
}

async function removeFile(slot: Slot): Promise<void> {
  const name = slot.name;
  if (dropped.has(name)) {
    throw droppedIsReadOnly(name);
  }
  for (const [id, file] of open) {
    if (file.kind === "stored" && file.name === name && !file.created) {
      file.handle.close();
      open.delete(id);
    }
  }
  await removeStored(name);
}

async function tellSpace(slot: Slot): Promise<void> {
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  slot.bytes.set(new Uint8Array(new Float64Array([Math.max(0, quota - usage), quota]).buffer));
}

async function tellFiles(slot: Slot): Promise<void> {
  try {
    slot.answerJson(await listShelf([...dropped.values()].map(({ file }) => file)));
  } catch (cause) {
    throw describe(cause, "the shelf");
  }
}
