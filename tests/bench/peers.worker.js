/**
 * What the browser itself and h5wasm make of a local file, in a worker: `{ file, what }` asks, seconds answer.
 */
const BLOCK = 8 * 2 ** 20;

const READERS = {
  /** Four reads in flight, as a page would. */
  async arrayBuffer(file) {
    let next = 0;
    async function read() {
      while (next < file.size) {
        const start = next;
        next += BLOCK;
        await file.slice(start, start + BLOCK).arrayBuffer();
      }
    }
    await Promise.all([read(), read(), read(), read()]);
  },
  /** One after the other, in blocks as large as pay. */
  async FileReaderSync(file) {
    const reader = new FileReaderSync();
    for (let start = 0; start < file.size; start += 9 * BLOCK) {
      reader.readAsArrayBuffer(file.slice(start, start + 9 * BLOCK));
    }
  },
  /** Into a buffer of one's own, four parts at once. */
  async streams(file) {
    const part = Math.ceil(file.size / 4);
    await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const stream = file.slice(index * part, (index + 1) * part).stream();
        const reader = stream.getReader({ mode: "byob" });
        let buffer = new ArrayBuffer(BLOCK / 4);
        for (;;) {
          const { value, done } = await reader.read(new Uint8Array(buffer));
          if (done) return;
          buffer = value.buffer;
        }
      }),
    );
  },
  async h5wasm(file) {
    const h5wasm = await import("/node_modules/h5wasm/dist/esm/hdf5_hl.js");
    const { FS } = await h5wasm.ready;
    FS.mkdir("/work");
    FS.mount(FS.filesystems.WORKERFS, { files: [file] }, "/work");
    const opened = new h5wasm.File(`/work/${file.name}`, "r");
    const dataset = opened.get("/x");
    const [rows, columns] = dataset.shape;
    const begin = performance.now();
    let sum = 0;
    for (let row = 0; row < rows; row += 150) {
      for (const value of dataset.slice([[row, row + 150], [0, columns]])) sum += value;
    }
    const taken = performance.now() - begin;
    opened.close();
    FS.unmount("/work");
    FS.rmdir("/work");
    return taken;
  },
};

onmessage = async ({ data: { file, what } }) => {
  try {
    const begin = performance.now();
    const own = await READERS[what](file);
    postMessage({ seconds: (own ?? performance.now() - begin) / 1000 });
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) });
  }
};
