/** What tests of the views of a computation share: running a cell as a person does, and what the page knows of it then. */

/** Types into the last cell of the notebook and runs it, as a person does. */
export async function runInNotebook(page, source) {
  await page.locator(".cm-content").last().click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(source);
  await page.keyboard.press("Control+Enter");
}

/** The cell last run, once it has ended. */
export async function ended(page) {
  await page.waitForFunction(() => {
    const { kernel } = document.querySelector("chunkbook-app").store;
    return kernel.state === "idle";
  });
  return page.locator("chunkbook-computation").last();
}

/** What the page knows of the last computation of the last cell that computed. */
export function known(page) {
  return page.evaluate(() => {
    const { store } = document.querySelector("chunkbook-app");
    const cell = store.notebook.cells.findLast(({ computations }) => computations.length > 0);
    const computation = cell.computations.at(-1);
    const { outline, latest } = computation;
    const tasks = Array.from({ length: computation.count }, (_, index) => computation.task(index));
    return { outline, latest, tasks, spent: computation.spent, drawing: computation.drawing };
  });
}
