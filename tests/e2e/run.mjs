/**
 * Runs the end-to-end tests, one file after the other, and ends with `N passed, N failed`.
 *
 *     node tests/e2e/run.mjs [NAME...]     only the files whose names contain one of them
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const wanted = process.argv.slice(2);
const files = (await readdir(import.meta.dirname))
  .filter((name) => name.endsWith(".test.mjs"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort()
  .map((name) => join(import.meta.dirname, name));

const count = { passed: 0, failed: 0, skipped: 0 };
const events = run({ files, concurrency: 1 });

/** Counts tests; the files and suites that hold them are not tests themselves. */
function counts(event) {
  return event.details.type !== "suite" && !files.includes(event.name);
}
events.on("test:pass", (event) => {
  if (!counts(event)) return;
  if (event.skip !== undefined || event.todo !== undefined) count.skipped++;
  else count.passed++;
});
// A file that fails without a failing test in it (it could not be loaded) counts once.
events.on("test:fail", (event) => {
  if (event.details.type !== "suite" && event.details.error?.failureType !== "subtestsFailed") count.failed++;
});

events.compose(new spec()).pipe(process.stdout);
events.on("end", () => {
  process.on("exit", () => {
    if (count.skipped > 0) console.log(`${count.skipped} skipped`);
    console.log(`${count.passed} passed, ${count.failed} failed`);
    process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
  });
});
