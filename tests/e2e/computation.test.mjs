/** The views of a computation: what they show agrees with what the engine did, live and afterwards. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ended, known, runInNotebook } from "./computations.mjs";
import { openPage, runCell } from "./harness.mjs";

let opened;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-computation-"));
  opened = await openPage();
});

after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

const WRITE = `
import h5py, numpy, dask, dask.array as da
with h5py.File("seen.hdf5", "w") as f:
    d = f.create_dataset("data", shape=(400, 600), chunks=(100, 100), dtype="f8", compression="gzip")
    d[:300] = numpy.random.random((300, 600))
`;
const SUM = `x = da.from_array(h5py.File("seen.hdf5", "r")["data"], chunks=(100, 100))
x.sum().compute()`;

test("the line below a cell and the views agree with the engine's own totals", async () => {
  const { page } = opened;
  assert.equal((await runCell(page, WRITE)).error, null);
  await runInNotebook(page, SUM);
  const view = await ended(page);
  const { outline, latest, tasks } = await known(page);
  assert.equal(latest.done, latest.total);
  assert.equal(latest.total, outline.tasks);
  const steps = tasks.reduce((sum, task) => sum + outline.stages[task.stage].length, 0);
  assert.equal(steps, outline.tasks, "each task once, with those fused into it");
  assert.equal(
    tasks.reduce((sum, task) => sum + task.bytes, 0),
    latest.bytes,
  );
  assert.equal(Math.max(...tasks.map((task) => task.inFlight)), latest.peak);
  assert.ok(tasks.every((task) => task.reading + task.decoding <= task.end - task.start + 0.01));
  assert.ok(
    tasks.some((task) => task.decoding > 0),
    "gzip takes time",
  );
  const facts = await view.locator(".facts").textContent();
  assert.match(facts, new RegExp(`^${outline.tasks} tasks in .* read .*peak .* of the whole 1\\.83 MiB`));
  assert.match(facts, /slowest: chunk \(\d, \d\)/);
});

test("the chunk grid tells of each chunk its time, what is stored, and which are missing", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await view.getByRole("button", { name: "How it ran" }).click();
  await view.getByText("The chunks as a table").click();
  const rows = view.getByRole("table", { name: "Single chunks" }).locator("tbody tr");
  await view.getByText("hatched: not stored").waitFor();
  await rows.nth(23).waitFor();
  assert.equal(await rows.count(), 24);
  const texts = await rows.allTextContents();
  assert.equal(
    texts.filter((text) => text.includes("not stored")).length,
    6,
    "a row of six was never written",
  );
  const states = view.getByRole("table", { name: "States of the chunks" });
  assert.deepEqual(await states.locator("tbody tr td:nth-child(-n + 2)").allTextContents(), [
    ...["not run", "0", "reduced", "0"],
    ...["combined", "24", "failed", "0"],
  ]);
  assert.match(
    texts.find((text) => text.includes("chunk (0, 0)")),
    /thread \d.*stored in [\d.]+ KiB/,
  );
  const grid = view.getByRole("img", { name: /Grid of 24 chunks/ });
  await grid.focus();
  for (const key of ["ArrowRight", "ArrowDown", "ArrowRight"]) await page.keyboard.press(key);
  assert.match(await view.locator(".about").first().textContent(), /^\s*chunk \(1, 1\)/);
});

test("how a cell ran opens in that cell alone, and stays open when it runs again", async () => {
  const { page } = opened;
  const shown = () =>
    page.evaluate(() => {
      const { store } = document.querySelector("chunkbook-app");
      return store.notebook.cells.map(({ id }) => store.showsComputation(id)).filter((open) => open).length;
    });
  assert.equal(await shown(), 1);
  await runInNotebook(page, SUM);
  const view = await ended(page);
  await view.getByRole("tab", { name: "Chunks" }).waitFor();
  assert.equal(await shown(), 1);
});

/** What has the keyboard, within whatever shadows. */
function focused(page) {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.getAttribute("aria-label") ?? element?.textContent.trim();
  });
}

test("after Escape, Tab goes past the editor to how the cell ran, and back, and changes no source", async () => {
  const { page } = opened;
  const cell = page
    .locator("chunkbook-cell")
    .filter({ has: page.locator("chunkbook-computation") })
    .last();
  const source = () =>
    page.evaluate(
      () => window.chunkbook.cells.findLast(({ computations }) => computations.length > 0).source,
    );
  const before = await source();
  await cell.locator(".cm-content").click();
  await page.keyboard.press("Escape");
  const name = await focused(page);
  assert.match(name, /^Code cell/);
  const stops = [];
  for (let stop = 0; stop < 4 && !stops.includes("How it ran"); stop += 1) {
    await page.keyboard.press("Tab");
    stops.push(await focused(page));
  }
  assert.equal(stops.at(-1), "How it ran", stops.join(", "));
  for (const _ of stops) await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(page), name);
  assert.equal(await source(), before);
  await page.keyboard.press("Enter");
  assert.equal(await focused(page), "Code");
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("Tab");
  assert.notEqual(await source(), before, "in the editor it indents");
  await page.keyboard.press("Shift+Tab");
  assert.equal(await source(), before);
});

test("arrow keys go from view to view, and the stream and the memory have words for what they draw", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await view.getByRole("tab", { name: "Chunks" }).focus();
  await page.keyboard.press("ArrowRight");
  await view.getByText(/idle \d+ % of the threads' time/).waitFor();
  await view.getByText("The task stream as a table").click();
  assert.match(await view.locator("tbody tr").first().textContent(), /chunk \(\d, \d\)/);
  await view.getByRole("tab", { name: "Threads" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowLeft");
  await view.getByText(/this run took .* at its peak.* The forecast was at most .*, which held\./).waitFor();
  await page.keyboard.press("Home");
  await view.getByRole("tab", { name: "Chunks", selected: true }).waitFor();
  await page.keyboard.press("End");
  await view.getByText(/The naive way needs the whole array at once, 1\.83 MiB/).waitFor();
  await view.getByRole("img", { name: /Memory of the engine over/ }).waitFor();
  await view.getByText("Memory over time as a table").click();
  assert.match(await view.locator("tbody tr").last().textContent(), /[MG]iB/);
});

test("a task of the graph tells what it is and took, and just its key can be run", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await view.getByRole("tab", { name: "Graph" }).click();
  await view.locator("chunkbook-graph .node").first().waitFor();
  await view.getByRole("searchbox").fill("('sum-partial', 0, 1)");
  await view.getByRole("searchbox").fill("(0, 1)");
  const found = view.locator("chunkbook-graph .node:not(.aside)");
  const label = await found.last().getAttribute("aria-label");
  await found.last().click();
  await view.getByText(/Ran on thread \d/).waitFor();
  const key = await view.locator(".picked code").first().textContent();
  assert.ok(label.startsWith(key), `${label} is ${key}`);
  await view.getByRole("button", { name: "Run just this key" }).click();
  await view
    .locator(".picked pre")
    .getByText(/array|float64|dict|\d/)
    .waitFor();
  const { result } = await runCell(
    page,
    `import dask.threaded\nrepr(dask.threaded.get(x.sum().dask, ${key}))`,
  );
  const shown = await view.locator(".picked pre").textContent();
  const squeezed = (text) => text.replace(/\\n|\s/g, "");
  assert.ok(squeezed(result).includes(squeezed(shown).slice(0, 40)), `${shown} is ${result}`);
});

test("the graph is drawn as layers, as tasks, and as it runs", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await view.getByRole("searchbox").fill("");
  const nodes = view.locator("chunkbook-graph .node");
  const { outline } = await known(page);
  const count = async (expected) => {
    await page.waitForFunction(
      ([view, expected]) =>
        view.shadowRoot
          .querySelector("chunkbook-graph-explorer")
          .shadowRoot.querySelector("chunkbook-graph")
          .shadowRoot.querySelectorAll(".node").length === expected,
      [await view.elementHandle(), expected],
    );
    assert.equal(await nodes.count(), expected);
  };
  await count(outline.tasks);
  await view.getByLabel("optimized").check();
  await count(outline.tasks - 24);
  await view.getByLabel("Show").selectOption("layers");
  await count(outline.stages.length);
  await view.getByLabel("optimized").uncheck();
  await count(outline.layers.length);
});

async function saved(page, view, name) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    view.getByRole("button", { name }).click(),
  ]);
  return readFile(await download.path(), "utf8");
}

test("nodes of layers tell their tasks and bytes, and the table what became of them", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  const graph = view.locator("chunkbook-graph");
  const layer = graph.locator(".node", { hasText: "×24" }).first();
  assert.match(await layer.textContent(), /\d (KiB|MiB|B)\s*$/);
  await view.getByLabel("Show").selectOption("tasks");
  await graph.getByText("The graph as a table").click();
  assert.deepEqual(await graph.locator("th").allTextContents(), [
    "Key",
    "Tasks",
    "Inputs",
    "Result",
    "Size",
    "State",
    "Time",
    "Thread",
    "Ran as one with",
  ]);
  const { outline } = await known(page);
  await graph
    .locator("tbody tr")
    .nth(outline.tasks - 1)
    .waitFor();
  const states = await graph.locator("tbody tr td:nth-child(6)").allTextContents();
  assert.ok(states.includes("done"));
});

test("the picture that is saved has the colours on the screen", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await view.getByLabel("Colour by").selectOption("state");
  const text = await saved(page, view, "Save as SVG");
  const fills = [...text.matchAll(/<rect [^>]*rx="4" fill="(#[0-9a-f]{6})"/g)].map(([, fill]) => fill);
  const { outline } = await known(page);
  assert.equal(fills.length, outline.tasks);
  assert.ok(fills.includes("#1a9482"), "what is done is");
});

test("the picture that is saved is the same whichever task is pointed at", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await page.mouse.move(0, 0);
  const graph = view.locator("chunkbook-graph");
  await graph.locator(".node").last().hover();
  await graph.locator(".edge.near").first().waitFor({ state: "attached" });
  const [pointed] = [await saved(page, view, "Save as SVG")];
  await graph.locator(".node").first().hover();
  await graph.locator(".edge.near").nth(1).waitFor({ state: "attached" });
  assert.equal(await saved(page, view, "Save as SVG"), pointed);
  const accent = await graph
    .locator(".edge.near")
    .first()
    .evaluate((edge) => getComputedStyle(edge).stroke);
  const plain = await graph
    .locator(".edge:not(.near)")
    .first()
    .evaluate((edge) => getComputedStyle(edge).stroke);
  assert.notEqual(accent, plain);
  const [, red, green, blue] = /rgb\((\d+), (\d+), (\d+)\)/.exec(accent) ?? [];
  if (red !== undefined) {
    const hex = [red, green, blue].map((part) => Number(part).toString(16).padStart(2, "0")).join("");
    assert.ok(!pointed.includes(`#${hex}`), "the highlight is not saved");
  }
});

test("a chunk that is not stored is said to be so in the graph, and with what a task ran as one", async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  await view.getByRole("searchbox").fill("(3, 0)");
  await view.locator('chunkbook-graph .node:not(.aside)[aria-label^="(\'array"]').first().click();
  await view.locator(".picked").getByText("Not stored: it reads as the fill value").waitFor();
  await view
    .locator(".picked")
    .getByText(/; it ran as one with .*, and this is the time of all/)
    .waitFor();
  await view.getByRole("searchbox").fill("");
});

test("the DOT that is saved is what is shown, and Graphviz reads it", {
  skip: graphvizMissing(),
}, async () => {
  const { page } = opened;
  const view = page.locator("chunkbook-computation").last();
  const nodes = async () => {
    const input = await saved(page, view, "Save as DOT");
    const laid = execFileSync("dot", ["-Tplain"], { input, encoding: "utf8" });
    return laid.split("\n").filter((line) => line.startsWith("node ")).length;
  };
  const { outline } = await known(page);
  assert.equal(await nodes(), outline.tasks);
  await view.getByLabel("optimized").check();
  await view
    .locator("chunkbook-graph strong")
    .filter({ hasNotText: /^\d+ tasks$/ })
    .waitFor();
  assert.equal(await nodes(), outline.tasks - 24);
  await view.getByLabel("optimized").uncheck();
});

function graphvizMissing() {
  try {
    execFileSync("dot", ["-V"], { stdio: "ignore" });
    return false;
  } catch {
    return "Graphviz (dot) is not installed";
  }
}

const LONG = `
y = da.from_array(h5py.File("seen.hdf5", "r")["data"], chunks=(1, 1))
total = (y + 1).sum() + (y * 2).std() + (y - 3).var()
total.compute()`;

test("a computation is seen while it runs, and stopped it keeps what was drawn", async () => {
  const { page } = opened;
  await runInNotebook(page, LONG);
  const view = page.locator("chunkbook-computation").last();
  await page.waitForFunction(() => {
    const { store } = document.querySelector("chunkbook-app");
    const cell = store.notebook.cells.findLast(({ computations }) => computations.length > 0);
    const computation = cell?.computations.at(-1);
    if (computation === undefined) return false;
    return (
      cell.status === "running" && computation.count > 0 && computation.latest.done < computation.latest.total
    );
  });
  await view.getByRole("button", { name: "How it runs" }).waitFor();
  const before = (await known(page)).tasks.length;
  await view.getByRole("button", { name: "Stop" }).click();
  await ended(page);
  const { latest, tasks } = await known(page);
  assert.ok(tasks.length >= before && before > 0);
  assert.ok(latest.done < latest.total, "it was stopped before its end");
  assert.match(latest.ended.error, /stopped/);
  await view.getByText("stopped", { exact: true }).waitFor();
  assert.equal(await view.getByText(/stopped/).count(), 1);
});

test("a graph that has not been computed tells beforehand what it will need", async () => {
  const { page } = opened;
  await runInNotebook(page, "x.mean().visualize()");
  const graph = page.locator("chunkbook-output chunkbook-graph-explorer").last();
  await graph
    .getByText(/Forecast: \d+ tasks on \d+ threads?, at most .* The whole array would need 1\.83 MiB\./)
    .waitFor();
  await graph.locator(".node").last().click();
  await graph.getByRole("button", { name: "Run just this key" }).waitFor();
});

test("visualize() draws what it was asked for: optimized, by order; other colours it refuses", async () => {
  const { page } = opened;
  await runInNotebook(page, 'x.mean().visualize(optimize_graph=True, color="order")');
  await ended(page);
  const graph = page.locator("chunkbook-output chunkbook-graph-explorer").last();
  const optimized = graph.getByLabel("optimized");
  assert.ok(await optimized.isChecked());
  assert.equal(await graph.getByLabel("Colour by").inputValue(), "order");
  const nodes = graph.locator(".node");
  const fused = await nodes.count();
  await optimized.uncheck();
  await nodes.nth(fused).waitFor();
  assert.equal(await nodes.count(), fused + 24, "reading is drawn apart from the sums");
  const { error } = await runCell(page, 'x.mean().visualize(color="ages")');
  assert.match(error, /NotImplementedError: visualize\(\) colours by 'order', not by 'ages'/);
});

test("a drawing in place of another has its own forecast", async () => {
  const { page } = opened;
  const forecast = async (graph) => {
    await graph.getByText(/Forecast: \d+ tasks/).waitFor();
    const [, told] = /Forecast: (\d+) tasks/.exec(await graph.locator(".forecast").textContent());
    const [, drawn] = /(\d+) tasks/.exec(await graph.locator("figcaption strong").textContent());
    return [told, drawn];
  };
  const source = `from ipywidgets import interact
@interact(split_every=(2, 30, 2))
def tree(split_every=2):
    return x.sum(split_every=split_every).visualize()`;
  await runInNotebook(page, source);
  await ended(page);
  const graph = page.locator("chunkbook-panel chunkbook-graph-explorer").last();
  const [before, drawnBefore] = await forecast(graph);
  assert.equal(before, drawnBefore);
  await page.locator("chunkbook-panel").last().getByRole("slider").press("Home");
  await graph.locator("figcaption strong", { hasNotText: `${drawnBefore} tasks` }).waitFor();
  const [after, drawnAfter] = await forecast(graph);
  assert.equal(after, drawnAfter);
  assert.notEqual(after, before);
});

test("Enter goes to the task that is searched for, also one of a bundle, and all of a wide graph fits on demand", async () => {
  const { page } = opened;
  await runInNotebook(
    page,
    "wide = da.from_array(numpy.zeros((400, 5)), chunks=(1, 5))\nwide.sum(axis=1).compute().shape",
  );
  const view = await ended(page);
  const toggle = view.getByRole("button", { name: "How it ran" });
  if ((await toggle.getAttribute("aria-expanded")) === "false") await toggle.click();
  await view.getByRole("tab", { name: "Graph" }).click();
  await view.getByRole("searchbox").fill("(237, 0)");
  await view.getByRole("searchbox").press("Enter");
  await view.locator(".picked code").first().getByText(", 237, 0)").waitFor();
  const chosen = await view.locator("chunkbook-graph .node.chosen").boundingBox();
  const canvas = await view.locator("chunkbook-graph .canvas").boundingBox();
  assert.ok(chosen.x >= canvas.x && chosen.x + chosen.width <= canvas.x + canvas.width, "it is in sight");
  await view.getByRole("button", { name: "Fit to width" }).click();
  const drawn = await view.locator("svg.graph").boundingBox();
  assert.ok(drawn.width <= canvas.width, `${drawn.width} of ${canvas.width}`);
});
