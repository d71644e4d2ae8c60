/**
 * Runs the tutorial at its full size (7.2 GB) in Chromium and prints the time of each cell and the
 * most memory its processes took. Not part of the tests: it needs 8 GB of disk and a few minutes.
 *
 *     node tests/e2e/full-size.mjs
 */
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPage, ROOT, runCell } from "./harness.mjs";

const notebook = JSON.parse(await readFile(join(ROOT, "www/notebooks/tutorial.ipynb"), "utf8"));
const cells = notebook.cells.filter((cell) => cell.cell_type === "code");
const opened = await openPage();

/** Resident bytes of the renderer processes, which hold wasm memory, and the most there were. */
let peak = 0;
function sample() {
  let resident = 0;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (!readFileSync(`/proc/${entry}/cmdline`, "utf8").includes("--type=renderer")) continue;
      const rollup = readFileSync(`/proc/${entry}/smaps_rollup`, "utf8");
      resident += Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) * 1024;
    } catch {
      // The process ended meanwhile.
    }
  }
  peak = Math.max(peak, resident);
  return resident;
}
const timer = setInterval(sample, 200);

try {
  for (const cell of cells) {
    const source = Array.isArray(cell.source) ? cell.source.join("") : cell.source;
    peak = 0;
    const { stdout, result, error, ms } = await runCell(opened.page, source);
    sample();
    console.log(
      `\n== ${cell.id}: ${(ms / 1000).toFixed(2)} s, renderer at most ${(peak / 2 ** 20).toFixed(0)} MiB`,
    );
    console.log(
      [stdout.trim(), result, error].filter(Boolean).join("\n").split("\n").slice(0, 12).join("\n"),
    );
  }
} finally {
  clearInterval(timer);
  await opened.close();
}
