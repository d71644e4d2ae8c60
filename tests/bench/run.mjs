/**
 * Measures the page in Chromium against NumPy and Dask under CPython, and a dropped file against the browser's own
 * reads and h5wasm, all in one interleaved run on this machine. Prints a table and writes `tests/bench/results.json`.
 *
 *     node tests/bench/run.mjs [--full] [--rounds N] [--readme] [--only TEXT]
 *
 * `--full` adds the file of 7.2 GB, which is written twice and takes minutes; `--readme` puts the table into the README.
 * Nothing here asserts a time.
 */
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { serve } from "../../www/scripts/serve.mjs";
import { dropFile, fetchedByReady, gzippedSize, openPage, PYTHON, ROOT, runCell } from "../e2e/harness.mjs";
import { CASES, DROPPED, PEAK, PREPARE, VIEWS } from "./cases.mjs";

const { values: options } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    readme: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
const rounds = Number(options.rounds);

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** CPython with what makes Dask fast here: without these, its chunks are given back to the system each time. */
function startNative(folder) {
  const child = spawn(PYTHON, [join(ROOT, "tests/bench/native.py")], {
    cwd: folder,
    env: {
      ...process.env,
      MALLOC_MMAP_THRESHOLD_: "4294967296",
      MALLOC_TRIM_THRESHOLD_: "8589934592",
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  return {
    versions: next(),
    async run(source) {
      child.stdin.write(`${JSON.stringify({ source })}\n`);
      const { printed, error } = await next();
      if (error !== undefined) throw new Error(`CPython: ${error}`);
      return printed;
    },
    close: () => child.kill(),
  };
}

async function inPage(page, source) {
  const { stdout, error } = await runCell(page, source);
  if (error !== null) throw new Error(`the page: ${error}`);
  return stdout;
}

/** The least of some runs, in seconds. */
function best(printed) {
  return Math.min(...JSON.parse(printed));
}

/** Seconds of each, round by round: first the one, then the other. */
async function measureCases(page, native, cases) {
  const taken = cases.map(() => ({ ours: [], theirs: [] }));
  for (const { prepare } of cases) {
    if (prepare === undefined) continue;
    await native.run(prepare);
    await inPage(page, prepare);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { statement, repeat = 15 }] of cases.entries()) {
      const source = `print(times(lambda: ${statement}, ${repeat}))`;
      taken[index].ours.push(best(await inPage(page, source)));
      taken[index].theirs.push(best(await native.run(source)));
    }
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  return cases.map(({ group, name, against, least }, index) => ({
    group,
    name,
    against,
    least,
    ours: median(taken[index].ours),
    theirs: median(taken[index].theirs),
  }));
}

/** The most WebAssembly memory that all four of the large file take: memory never shrinks, so in a kernel of its own. */
async function measurePeak(page) {
  await page.evaluate(() => window.chunkbook.restart());
  return Number(await inPage(page, PREPARE + PEAK));
}

/** Seconds of a computation below whose cell the chunks are open, in multiples of those without a view. */
async function measureViews(page) {
  await inPage(page, VIEWS.prepare);
  await page.locator(".cm-content").last().click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(`print(times(lambda: ${VIEWS.statement}, 3))`);
  const run = () =>
    page.evaluate(async () => {
      const { store } = document.querySelector("chunkbook-app");
      const { id } = store.notebook.cells.findLast(({ source }) => source.includes("viewed"));
      await store.run(id);
      return store.notebook.cells.find((cell) => cell.id === id).outputs[0].text.toString();
    });
  await run();
  const view = page.locator("chunkbook-computation").last();
  const toggle = () => view.getByRole("button", { name: "How it ran" }).click();
  const taken = { closed: [], open: [] };
  for (let round = 0; round < rounds; round += 1) {
    taken.closed.push(best(await run()));
    await toggle();
    await view.getByRole("img", { name: /Grid of/ }).waitFor();
    taken.open.push(best(await run()));
    await toggle();
    process.stderr.write(`views: round ${round + 1} of ${rounds}\n`);
  }
  return median(taken.open) / median(taken.closed);
}

/** A page of its own for what the browser and h5wasm make of a file. */
async function openPeers(page, path) {
  const server = await serve({ root: join(ROOT, "www"), base: "/", headers: true });
  const worker = readFileSync(join(ROOT, "tests/bench/peers.worker.js"), "utf8");
  const peers = await page.context().newPage();
  await peers.route("**/peers.worker.js", (route) =>
    route.fulfill({ body: worker, contentType: "text/javascript", headers: { "Cross-Origin-Embedder-Policy": "require-corp" } }),
  );
  await peers.route("**/peers.html", (route) =>
    route.fulfill({ body: "<!doctype html><input type=file>", contentType: "text/html" }),
  );
  await peers.goto(new URL("peers.html", server.url).href);
  await peers.locator("input").setInputFiles(path);
  return {
    /** Seconds that `workers` take for what is asked of the file, each for its part of it. */
    measure: (what, workers = 1) =>
      peers.evaluate(
        async ([what, count]) => {
          const workers = Array.from({ length: count }, () => new Worker("/peers.worker.js", { type: "module" }));
          const ask = (worker, file) =>
            new Promise((resolve, reject) => {
              worker.onmessage = ({ data }) =>
                data.error === undefined ? resolve(data.seconds) : reject(new Error(data.error));
              worker.onerror = (event) => reject(new Error(event.message));
              worker.postMessage({ file, what });
            });
          const [file] = document.querySelector("input").files;
          try {
            if (count === 1) return await ask(workers[0], file);
            // Of nothing first, so that all have started.
            await Promise.all(workers.map((worker) => ask(worker, file.slice(0, 0))));
            const part = Math.ceil(file.size / count);
            const begin = performance.now();
            await Promise.all(workers.map((worker, index) => ask(worker, file.slice(index * part, (index + 1) * part))));
            return (performance.now() - begin) / 1000;
          } finally {
            for (const worker of workers) worker.terminate();
          }
        },
        [what, workers],
      ),
    async close() {
      await peers.close();
      await server.close();
    },
  };
}

async function measureDropped(page, native, folder) {
  await native.run(DROPPED.prepare);
  const path = join(folder, "dropped.h5");
  await dropFile(page, path);
  await page.waitForFunction((name) => window.chunkbook.files().some((file) => file.name === name), basename(path));
  await inPage(page, DROPPED.open);
  const peers = await openPeers(page, path);
  const taken = { ours: [], arrayBuffer: [], FileReaderSync: [], streams: [], streamsOfTwo: [], h5wasm: [] };
  try {
    for (let round = 0; round < rounds; round += 1) {
      taken.ours.push(best(await inPage(page, `print(times(lambda: ${DROPPED.statement}, 1))`)));
      for (const what of ["arrayBuffer", "FileReaderSync", "streams", "h5wasm"]) taken[what].push(await peers.measure(what));
      taken.streamsOfTwo.push(await peers.measure("streams", 2));
      process.stderr.write(`dropped file: round ${round + 1} of ${rounds}\n`);
    }
  } finally {
    await peers.close();
  }
  const ours = median(taken.ours);
  const raw = Math.min(...[taken.arrayBuffer, taken.FileReaderSync, taken.streams, taken.streamsOfTwo].map(median));
  const { group } = DROPPED;
  return [
    { group, name: "sum", against: "the fastest raw read of the same File", least: 0.9, ours, theirs: raw },
    { group, name: "sum", against: "h5wasm's lazy file", least: 3, ours, theirs: median(taken.h5wasm) },
  ];
}

/** What the browser fetched of the page before a cell can run, as a server with gzip would send it. */
async function pageBytes(opened) {
  const { before } = await fetchedByReady(opened);
  return before
    .filter((path) => /\.(?:js|css|wasm|mjs)$/.test(path))
    .reduce((bytes, path) => bytes + gzippedSize(path), 0);
}

function milliseconds(seconds) {
  const ms = seconds * 1000;
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

function table(results, { machine, date, versions, megabytes, peakBytes, allFourToSum, viewToNone }) {
  const rows = results.map(({ group, name, against, least, ours, theirs }) => {
    const ratio = theirs / ours;
    const goal = least === undefined ? "" : ratio >= least ? `${least}x` : `${least}x (short of it)`;
    return `| ${group}: ${name} | ${milliseconds(ours)} | ${milliseconds(theirs)}, ${against} | ${ratio.toFixed(2)}x | ${goal} |`;
  });
  return [
    "| | Chunkbook | against | faster | wanted |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `Medians of interleaved rounds on ${machine}, ${date}: Chromium ${versions.chromium}, CPython ${versions.python}, NumPy ${versions.numpy},`,
    `Dask ${versions.dask} with its allocator tuned, h5py ${versions.h5py}. Code before the first cell can run: ${megabytes} MB gzipped.`,
    ...(peakBytes === undefined ? [] : [`Memory of the engine's WebAssembly at its peak, all four of the 7.2 GB: ${Math.round(peakBytes / 1e6)} MB, beside what the readers' modules hold.`]),
    ...(viewToNone === undefined
      ? []
      : [`With the chunks in view a sum of 100,000 chunks takes ${viewToNone.toFixed(2)} times as long as with no view open.`]),
    ...(allFourToSum === undefined ? [] : [`All four take ${allFourToSum.toFixed(2)} times as long as the sum alone (3000 x 3000).`]),
  ].join("\n");
}

const folder = await mkdtemp(join(tmpdir(), "chunkbook-bench-"));
const native = startNative(folder);
const opened = await openPage();
try {
  const { page } = opened;
  const megabytes = ((await pageBytes(opened)) / 1e6).toFixed(2);
  const versions = { ...(await native.versions), chromium: page.context().browser()?.version() ?? browserVersion() };
  await native.run(PREPARE);
  await inPage(page, PREPARE);
  const wanted = ({ group, name }) => `${group}: ${name}`.includes(options.only);
  const cases = CASES.filter((one) => (options.full || one.large !== true) && wanted(one));
  const results = await measureCases(page, native, cases);
  const peak = cases.some(({ large }) => large === true) ? await measurePeak(page) : undefined;
  if (peak !== undefined) await inPage(page, PREPARE);
  if (wanted({ group: DROPPED.group, name: "sum" })) results.push(...(await measureDropped(page, native, folder)));
  const viewToNone = wanted({ group: "views", name: "chunks" }) ? await measureViews(page) : undefined;
  const sum = results.find(({ group, name }) => group.startsWith("file in") && name === "sum");
  const all = results.find(({ group, name }) => group.startsWith("file in") && name === "all four");
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} cores of ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    versions,
    megabytes,
    ...(peak !== undefined && { peakBytes: peak }),
    ...(viewToNone !== undefined && { viewToNone }),
    ...(sum !== undefined && all !== undefined && { allFourToSum: all.ours / sum.ours }),
  };
  const text = table(results, facts);
  console.log(text);
  writeFileSync(join(ROOT, "tests/bench/results.json"), `${JSON.stringify({ ...facts, results }, null, 2)}\n`);
  if (options.readme) {
    const readme = join(ROOT, "README.md");
    const [begin, end] = ["<!-- bench -->", "<!-- /bench -->"];
    const before = readFileSync(readme, "utf8");
    const after = before.replace(new RegExp(`${begin}[^]*${end}`), () => `${begin}\n${text}\n${end}`);
    writeFileSync(readme, after);
  }
} finally {
  native.close();
  await opened.close();
  await rm(folder, { recursive: true, force: true });
}

function browserVersion() {
  const printed = execFileSync(process.env.CHROMIUM ?? "/usr/bin/chromium", ["--version"], { encoding: "utf8" });
  return /[\d.]+/.exec(printed)?.[0] ?? "of unknown version";
}
