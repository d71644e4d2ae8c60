/** Notebooks that take each other's place: what was written in one is there again, also after a reload. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, whenReady } from "./harness.mjs";

let opened;

before(async () => {
  opened = await openPage();
});

after(() => opened?.close());

async function choose(page, item) {
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

async function reload(page) {
  await page.reload();
  await whenReady(page);
}

const first = (page) => page.evaluate(() => window.chunkbook.cells[0].source);
const last = (page) =>
  page.evaluate(() => window.chunkbook.cells.findLast(({ kind }) => kind === "code").source);

test("what was edited is there after the labs, after the tutorial begun anew, and after a reload of each", async () => {
  const { page } = opened;
  const tutorial = await last(page);
  await page.locator(".cm-content").last().click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText("mine = 1");
  await choose(page, "Open the labs");
  const labs = await first(page);
  await reload(page);
  assert.equal(await first(page), labs);
  await choose(page, /^Go back to/);
  assert.equal(await last(page), "mine = 1");
  await choose(page, "Begin the tutorial anew");
  assert.equal(await last(page), tutorial);
  await choose(page, "Open the labs");
  await choose(page, /^Go back to/);
  assert.equal(await last(page), "mine = 1", "an untouched tutorial does not take its place");
  await choose(page, "Begin the tutorial anew");
  await reload(page);
  assert.equal(await last(page), tutorial, "it is not taken for the one that was kept");
  await choose(page, /^Go back to/);
  assert.equal(await last(page), "mine = 1");
  assert.deepEqual(opened.errors, []);
});
