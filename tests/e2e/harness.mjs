/**
 * Opens the built page in a real Chromium: a static server of its own, a fresh profile, and helpers
 * that do what a person does.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "../../www/node_modules/playwright-core/index.mjs";
import { serve } from "../../www/scripts/serve.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const DIST = join(ROOT, "dist");

/** CPython with h5py, NumPy and Dask. */
export const PYTHON = process.env.CHUNKBOOK_PYTHON ?? join(ROOT, ".setup/venv/bin/python");

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

// No sandbox (tests may run as root), and none of the requests that a browser makes for itself.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const READY_MS = 60_000;

/**
 * Serves `root`, opens it in a browser of its own and waits until the kernel is ready.
 *
 * - `headers`: whether the host sends the isolation headers
 * - `serviceWorkers`: `"block"` for a browser that has none
 * - `base`: the path that the site lies under
 * - `viewport`, `colorScheme`: as Playwright names them
 * - `ready`: `false` to get the page as soon as it has loaded
 * - `prepare`: told the browser's context before the page is opened in it
 *
 * Resolves to `{ page, context, url, requests, errors, info, close }`: `requests` are all that
 * was asked for and `errors` the uncaught exceptions so far, `info` is what `chunkbook.ready` gave.
 */
export async function openPage({
  headers = true,
  serviceWorkers = "allow",
  base = "/",
  root = DIST,
  viewport = { width: 1280, height: 900 },
  colorScheme = "light",
  ready = true,
  prepare = async () => {},
} = {}) {
  if (!existsSync(join(root, "index.html"))) {
    throw new Error(`${root} holds no page: run ./build.sh build first`);
  }
  const server = await serve({ root, base, headers });
  const profile = await mkdtemp(join(tmpdir(), "chunkbook-e2e-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    serviceWorkers,
    viewport,
    colorScheme,
    acceptDownloads: true,
  });
  async function close() {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  const requests = [];
  const errors = [];
  context.on("request", (request) => requests.push(request));
  context.on("weberror", (event) => errors.push(event.error()));
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await prepare(context);
    await page.goto(server.url);
    const info = ready ? await whenReady(page) : null;
    return { page, context, url: server.url, requests, errors, info, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What `chunkbook.ready` gives, also across the reload that brings isolation. */
export async function whenReady(page, timeout = READY_MS) {
  const deadline = Date.now() + timeout;
  for (;;) {
    try {
      await page.waitForFunction(() => window.chunkbook, null, {
        timeout: Math.max(1, deadline - Date.now()),
      });
      return await page.evaluate(async () => ({ ...(await window.chunkbook.ready) }));
    } catch (error) {
      const reloading = /context was destroyed|navigat/i.test(error.message);
      if (!reloading || Date.now() > deadline) throw error;
    }
  }
}

/** Waits until every part of the page was fetched. */
export async function whenComplete(page) {
  await page.waitForFunction(() => performance.getEntriesByName("chunkbook-complete").length > 0);
}

/** The paths of what was fetched until the first cell could run, and of what came later, each once. */
export async function fetchedByReady({ page, requests }) {
  // Only what has come in full is in the browser's timeline.
  await whenComplete(page);
  const late = await page.evaluate(() => {
    const [ready] = performance.getEntriesByName("chunkbook-ready");
    return performance
      .getEntriesByType("resource")
      .filter(({ startTime }) => startTime >= ready.startTime)
      .map(({ name }) => new URL(name).pathname);
  });
  const paths = [...new Set(requests.map((request) => new URL(request.url()).pathname))];
  return { before: paths.filter((path) => !late.includes(path)), late };
}

/** Bytes of a file of the page as a server with gzip would send it. */
export function gzippedSize(path) {
  return gzipSync(readFileSync(join(DIST, path)), { level: 9 }).length;
}

/** Runs a cell: `{ stdout, result, error, ms }`, `result` being its text. */
export async function runCell(page, source) {
  return page.evaluate(async (text) => {
    const { stdout, result, error, ms } = await window.chunkbook.run(text);
    return {
      stdout,
      result: typeof result === "string" ? result : (result?.["text/plain"] ?? null),
      error,
      ms,
    };
  }, source);
}

/**
 * Drops a file of this machine on the page, as a person does: a real `File`, backed by the disk and
 * not copied, in a real `drop` event.
 */
export async function dropFile(page, path, target = "body") {
  const input = await page.evaluateHandle(() => {
    const element = document.createElement("input");
    element.type = "file";
    return element;
  });
  await input.asElement().setInputFiles(path);
  await page.locator(target).evaluate((element, source) => {
    const dataTransfer = new DataTransfer();
    for (const file of source.files) dataTransfer.items.add(file);
    for (const type of ["dragenter", "dragover", "drop"]) {
      element.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
    }
  }, input);
}

/** Runs a Python script given as text, and reads what it prints as JSON. */
export function python(script, ...args) {
  return JSON.parse(execFileSync(PYTHON, ["-c", script, ...args], { encoding: "utf8", maxBuffer: 2 ** 28 }));
}
