/**
 * The page works wherever it is put: with isolation headers, without them, under any path, and in a
 * browser without service workers; and it talks to its own origin only.
 */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPage, ROOT, runCell, whenReady } from "./harness.mjs";

const SUM = "import numpy as np\nnp.ones((100, 7)).sum()";

/** Opens the page, runs `body` on it, and closes the browser whatever happens. */
async function onPage(options, body) {
  const opened = await openPage(options);
  try {
    await body(opened);
  } finally {
    await opened.close();
  }
}

/** How often the document itself was loaded; what the service worker asks for on its behalf is not a load. */
function loads({ requests }) {
  return requests.filter((request) => request.isNavigationRequest() && !request.serviceWorker()).length;
}

/** The navigation type of the current document: `navigate` at first, `reload` after a reload. */
function navigationType(page) {
  return page.evaluate(() => performance.getEntriesByType("navigation")[0].type);
}

async function assertComputes(page) {
  const { result, error } = await runCell(page, SUM);
  assert.equal(error, null);
  assert.equal(Number(result.replace(/^np\.float64\((.*)\)$/, "$1")), 700);
}

/** No request went anywhere but under `prefix`; `blob:` and `data:` stay in the browser. */
function assertOnlyUnder(prefix, { requests }) {
  const elsewhere = requests
    .map((request) => request.url())
    .filter((url) => /^(https?|wss?):/.test(url) && !url.startsWith(prefix));
  assert.deepEqual(elsewhere, []);
}

test("a host that sends the headers gets an isolated page without a reload", async () => {
  await onPage({ headers: true }, async (opened) => {
    assert.equal(await opened.page.evaluate(() => window.crossOriginIsolated), true);
    assert.equal(opened.info.isolated, true);
    assert.ok(opened.info.threads >= 1);
    assert.equal(await navigationType(opened.page), "navigate");
    await assertComputes(opened.page);
    assertOnlyUnder(opened.url, opened);
    assert.deepEqual(opened.errors, []);
  });
});

test("a host without the headers gets an isolated page after one reload", async () => {
  await onPage({ headers: false }, async (opened) => {
    assert.equal(await opened.page.evaluate(() => window.crossOriginIsolated), true);
    assert.equal(opened.info.isolated, true);
    assert.equal(await navigationType(opened.page), "reload");
    assert.equal(loads(opened), 2);
    await assertComputes(opened.page);

    await opened.page.goto(opened.url);
    assert.equal((await whenReady(opened.page)).isolated, true);
    assert.equal(loads(opened), 3, "a second visit is isolated at once");
    assertOnlyUnder(opened.url, opened);
  });
});

test("the page works under a path of a host without headers", async () => {
  await onPage({ headers: false, base: "/some/where/" }, async (opened) => {
    assert.equal(opened.info.isolated, true);
    await assertComputes(opened.page);
    assertOnlyUnder(opened.url, opened);
  });
});

test("a browser without service workers computes on one thread and says why", async () => {
  await onPage({ headers: false, serviceWorkers: "block" }, async (opened) => {
    assert.equal(await opened.page.evaluate(() => window.crossOriginIsolated), false);
    assert.deepEqual([opened.info.isolated, opened.info.threads], [false, 1]);
    assert.ok(loads(opened) <= 2, "it does not reload again and again");
    await assertComputes(opened.page);
    await opened.page.getByText("This page computes on one thread, because").first().waitFor();
  });
});

test("the service worker leaves ranges of large files to the network", async () => {
  await onPage({ headers: false }, async ({ page }) => {
    const [controlled, status, length] = await page.evaluate(async () => {
      const response = await fetch("engine/chunkbook_bg.wasm", { headers: { Range: "bytes=4-7" } });
      const { byteLength } = await response.arrayBuffer();
      return [navigator.serviceWorker.controller !== null, response.status, byteLength];
    });
    assert.deepEqual([controlled, status, length], [true, 206, 4]);
  });
});

test("a service worker that brings no isolation costs one reload, not a loop of them", async () => {
  const root = await mkdtemp(join(tmpdir(), "chunkbook-no-isolation-"));
  try {
    await copyFile(join(ROOT, "www/public/isolation.js"), join(root, "isolation.js"));
    await writeFile(join(root, "isolation-worker.js"), "");
    await writeFile(join(root, "index.html"), '<!doctype html><script src="./isolation.js"></script>');
    await onPage({ root, headers: false, ready: false }, async (opened) => {
      await opened.page.waitForFunction(
        () => performance.getEntriesByType("navigation")[0]?.type === "reload",
      );
      const { isolated, reason } = await opened.page.evaluate(() => window.isolation);
      assert.equal(isolated, false);
      assert.match(reason, /^This page computes on one thread, because /);
      assert.equal(loads(opened), 2);
    });
  } finally {
    await rm(root, { recursive: true });
  }
});
