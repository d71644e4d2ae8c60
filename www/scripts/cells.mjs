/**
 * Runs cells in the page's Python over the native engine (examples/session.rs): for the oracles.
 *
 *     node scripts/cells.mjs SESSION FOLDER CELLS > outcomes.json
 *
 * CELLS is a JSON array of sources; what is printed is one of {stdout, text, error}, `error` being null or the last line
 * of the traceback.
 */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "vite";

const [session, folder, path] = process.argv.slice(2);
const cells = JSON.parse(readFileSync(path, "utf8"));

// The interpreter asks and waits, so requests and answers go through named pipes, which can be read in place.
const pipes = mkdtempSync(join(tmpdir(), "cells-"));
const [asked, answered] = ["asked", "answered"].map((name) => join(pipes, name));
execFileSync("mkfifo", [asked, answered]);
const engine = spawn("/bin/sh", ["-c", '"$0" "$1" < "$2" > "$3"', session, folder, asked, answered], {
  stdio: "inherit",
});
const requests = openSync(asked, "w");
const answers = openSync(answered, "r");
const buffer = Buffer.alloc(1 << 16);

function dispatch(request) {
  writeSync(requests, `${request}\n`);
  const parts = [];
  for (;;) {
    const length = readSync(answers, buffer);
    if (length === 0) throw new Error("the native engine ended");
    parts.push(Buffer.from(buffer.subarray(0, length)));
    if (buffer[length - 1] === 10) return Buffer.concat(parts).toString("utf8");
  }
}

const server = await createServer({
  root: new URL("..", import.meta.url).pathname,
  logLevel: "error",
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const { Python } = await server.ssrLoadModule("/src/kernel/python.ts");
let printed = [];
const python = await Python.create({
  dispatch,
  stdout: (text) => printed.push(text),
  display: () => {},
  callBegun: () => {},
  callEnded: () => {},
  interrupted: () => false,
  now: () => performance.now(),
  wasmUrl: createRequire(import.meta.url).resolve(
    "@micropython/micropython-webassembly-pyscript/micropython.wasm",
  ),
});
const { laterPython } = await server.ssrLoadModule("/src/page/later-python.ts");
python.addFiles(laterPython);
const outcomes = cells.map((source, index) => {
  printed = [];
  const { result, error } = python.run(source, `In [${index + 1}]`);
  return {
    stdout: printed.join(""),
    text: result?.["text/plain"] ?? null,
    error: error === null ? null : error.traceback.split("\n").at(-1),
  };
});
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
closeSync(requests);
closeSync(answers);
await server.close();
rmSync(pipes, { recursive: true });
engine.on("exit", () => process.exit(0));
