/**
 * The labs notebook, and the controls of `ipywidgets.interact`: their functions are called when they are moved, and
 * what is put out replaces what was there. tests/oracle/labs_cpython.py asks the same notebook under CPython.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dropFile, openPage, python, runCell } from "./harness.mjs";

let opened;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-labs-"));
  opened = await openPage();
});

after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Drops a notebook of these code cells on the page; their ids are `cell-0` and so on. */
async function openNotebook(page, ...sources) {
  const cells = sources.map((source, index) => ({
    cell_type: "code",
    id: `cell-${index}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source,
  }));
  const path = join(folder, "controls.ipynb");
  await writeFile(path, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  await dropFile(page, path);
  await page.locator('chunkbook-cell[data-id="cell-0"]').waitFor();
}

/** The outputs of a cell with those below its controls, as text: errors by name. */
function outputsOf(page, id) {
  return page.evaluate((wanted) => {
    const flat = (outputs) =>
      outputs.flatMap((output) => (output.type === "panel" ? flat(output.outputs) : [output]));
    const cell = window.chunkbook.cells.find((candidate) => candidate.id === wanted);
    return flat(cell.outputs).map((output) => {
      if (output.type === "error") return output.error.name;
      return output.type === "stream"
        ? output.text.toString()
        : (output.data["text/html"] ?? output.data["text/plain"]);
    });
  }, id);
}

/** Waits until the outputs of a cell are these. */
async function untilOutputs(page, id, ...expected) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await outputsOf(page, id);
    try {
      assert.deepEqual(found, expected);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await page.waitForTimeout(50);
    }
  }
}

const slider = (page, id, name) =>
  page.locator(`chunkbook-cell[data-id="${id}"]`).getByRole("slider", { name });

test("the labs open from the page's menu, run without an error, and leave a way back", async (t) => {
  const { page, errors } = opened;
  const tutorial = await page.evaluate(() => window.chunkbook.cells.map(({ id }) => id));
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Open the labs" }).click();
  await page.getByRole("heading", { name: "Labs", exact: true }).waitFor();
  await page.evaluate(() => window.chunkbook.runAll());

  const cells = await page.evaluate(() =>
    window.chunkbook.cells.filter(({ kind }) => kind === "code").map(({ id, count }) => ({ id, count })),
  );
  for (const { id, count } of cells) {
    await t.test(`cell ${id} runs without an error`, async () => {
      assert.notEqual(count, null);
      const failed = (await outputsOf(page, id)).filter((text) => /^\w*(Error|Interrupt)$/.test(text));
      assert.deepEqual(failed, []);
    });
  }

  await t.test("moving a slider calls the function again and replaces its output", async () => {
    const first = await outputsOf(page, "variance");
    assert.equal(first.length, 1);
    assert.match(first[0], /Dask's var\(\)/);
    await slider(page, "variance", "offset").focus();
    await page.keyboard.press("Home");
    await page.waitForFunction(
      (before) =>
        window.chunkbook.cells.find(({ id }) => id === "variance").outputs[0].outputs[0]?.data[
          "text/html"
        ] !== before,
      first[0],
    );
    const second = await outputsOf(page, "variance");
    assert.equal(second.length, 1);
    // Numbers as small as 1, 2 and 3: nothing is lost.
    assert.match(second[0], /mean of squares - square of mean<\/td><td[^>]*>0\.66666666666/);
  });

  await t.test("the peak of memory is told of the naive way too, and is the whole array there", async () => {
    const [table] = await outputsOf(page, "three-ways");
    const sizes = [...table.matchAll(/>([\d.]+) MB</g)].map((match) => Number(match[1]));
    // Each row has what the data takes and the peak.
    assert.equal(sizes.length, 6, table);
    const [naive, serial, threaded] = [sizes[1], sizes[3], sizes[5]];
    assert.equal(naive, 32);
    assert.ok(serial > 0 && serial < 2, `one thread: ${serial} MB`);
    assert.ok(threaded > 0 && threaded < 16, `many threads: ${threaded} MB`);
  });

  await t.test("lab 2 says which of its computations is told of, and leads to yours", async () => {
    const cell = page.locator('chunkbook-cell[data-id="chunk-size"]');
    const facts = cell.locator("chunkbook-computation .facts");
    assert.match(await facts.textContent(), /^the last of 6 computations · /);
    await cell.getByRole("button", { name: "How it ran" }).click();
    const name = cell.locator("chunkbook-computation .turn");
    for (let step = 0; step < 2; step += 1)
      await cell.getByRole("button", { name: "Computation before" }).click();
    assert.match(await facts.textContent(), /^number 4 of 6 computations · /);
    assert.match(await name.textContent(), /sum, chunks of \(300, 300\)/);
    await cell.getByRole("button", { name: "How it ran" }).click();
  });

  await t.test("advice lies on the file's chunks", async () => {
    const { result, error } = await runCell(
      page,
      `[re_read(d, advise(d, n, m)[0]) for d in (file['packed'], big) for n in (1, 8, 64) for m in (16e6, 4e9)] == [1] * 12`,
    );
    assert.deepEqual([error, result], [null, "True"]);
  });

  await t.test("the verdict on threads is what the times say", async () => {
    const { result, error } = await runCell(
      page,
      "'|'.join([verdict_on([1.23, 1.0]), verdict_on([8.0, 4.0, 2.7, 2.69]), verdict_on([1.0, 0.5]), verdict_on([1.0, 1.5])])",
    );
    assert.equal(error, null);
    const noise = "Such differences may be noise: measured once; run it again.";
    assert.deepEqual(result.slice(1, -1).split("|"), [
      `2 threads are 1.23 times as fast as one: 62 % of what 2 could be. Each further thread gains 15 % or more. ${noise}`,
      `4 threads are 2.97 times as fast as one: 74 % of what 4 could be. Thread number 4 is the first that gains less than 15 %. ${noise}`,
      "2 threads are 2.00 times as fast as one: 100 % of what 2 could be. Each further thread gains 15 % or more.",
      "2 threads take 1.50 times as long as one. Thread number 2 is the first that gains less than 15 %.",
    ]);
  });

  await t.test("the notebook from before is one click away", async () => {
    await page.getByRole("button", { name: "Go back" }).click();
    const now = await page.evaluate(() => window.chunkbook.cells.map(({ id }) => id));
    assert.deepEqual(now, tutorial);
  });
  assert.deepEqual(errors, []);
});

test("an error of a function stands below its controls, and the notebook lives on", async () => {
  const { page } = opened;
  await openNotebook(
    page,
    "from ipywidgets import interact\n@interact(x=(0, 4))\ndef inverse(x):\n    print(1 / (2 - x))",
    "print('on')",
  );
  await page.evaluate(() => window.chunkbook.runAll());
  await untilOutputs(page, "cell-0", "ZeroDivisionError");
  await untilOutputs(page, "cell-1", "on\n");
  await page.locator('chunkbook-cell[data-id="cell-0"]').getByText("line 4, in inverse").waitFor();
  await slider(page, "cell-0", "x").focus();
  await page.keyboard.press("ArrowRight");
  await untilOutputs(page, "cell-0", "-1.0\n");
  const counts = () => page.evaluate(() => window.chunkbook.cells.map(({ count }) => count));
  const [, last] = await counts();
  await page.evaluate(() => window.chunkbook.runAll());
  assert.deepEqual(await counts(), [last + 1, last + 2], "calls take no numbers from the cells");
});

test("of many moves while the kernel computes only the latest is called next", async () => {
  const { page } = opened;
  await openNotebook(
    page,
    `import time
from ipywidgets import interact
seen = []
@interact(x=(0, 100))
def slow(x):
    time.sleep(0.2)
    seen.append(x)
    print(x)`,
  );
  await page.evaluate(() => window.chunkbook.runAll());
  await slider(page, "cell-0", "x").evaluate(async (input) => {
    for (let value = 1; value <= 40; value++) {
      input.value = String(value);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await untilOutputs(page, "cell-0", "40\n");
  const { stdout } = await runCell(page, "print(len(seen), seen[-1])");
  const [calls, last] = stdout.trim().split(" ").map(Number);
  assert.equal(last, 40);
  assert.ok(calls <= 5, `${calls} calls for 40 moves in 0.2 s`);
});

test("a call can be stopped, and the controls go on", async () => {
  const { page } = opened;
  await openNotebook(
    page,
    `from ipywidgets import interact
@interact(x=(0, 10))
def endless(x):
    while x > 5:
        pass
    print(x)`,
  );
  await page.evaluate(() => window.chunkbook.runAll());
  await untilOutputs(page, "cell-0", "5\n");
  await slider(page, "cell-0", "x").focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => window.chunkbook.state === "busy");
  await page.getByRole("button", { name: "Interrupt" }).click();
  await untilOutputs(page, "cell-0", "KeyboardInterrupt");
  await slider(page, "cell-0", "x").focus();
  await page.keyboard.press("ArrowLeft");
  await untilOutputs(page, "cell-0", "5\n");
});

test("controls of a kernel that was restarted ask for their cell to be run again", async () => {
  const { page } = opened;
  await openNotebook(
    page,
    "from ipywidgets import interact\n@interact(x=(0, 4))\ndef show(x):\n    print(x)",
  );
  await page.evaluate(() => window.chunkbook.runAll());
  await page.evaluate(() => window.chunkbook.restart());
  await slider(page, "cell-0", "x").focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("alert").getByText("run the cell again.").waitFor();
  await page.getByRole("button", { name: "Run the cell again" }).click();
  await untilOutputs(page, "cell-0", "2\n");
  await slider(page, "cell-0", "x").focus();
  await page.keyboard.press("ArrowRight");
  await untilOutputs(page, "cell-0", "3\n");
});

test("every kind of control passes its value, and a button calls where it is asked for", async () => {
  const { page } = opened;
  await openNotebook(
    page,
    `from ipywidgets import *
@interact(choice={"one": 1, "two": 2}, flag=True, word="text", power=FloatLogSlider(value=10), kind=ToggleButtons(options=["a", "b"]))
def show(choice, flag, word, power, kind):
    print(choice, flag, word, round(power), kind)`,
    `@interact_manual(x=(0, 4))
def manual(x):
    print(x)`,
  );
  await page.evaluate(() => window.chunkbook.runAll());
  await untilOutputs(page, "cell-0", "1 True text 10 a\n");
  const cell = page.locator('chunkbook-cell[data-id="cell-0"]');
  await cell.getByRole("combobox", { name: "choice" }).selectOption("two");
  await untilOutputs(page, "cell-0", "2 True text 10 a\n");
  await cell.getByRole("checkbox", { name: "flag" }).uncheck();
  await cell.getByRole("textbox", { name: "word" }).fill('o\'clock "π"');
  await cell.getByRole("slider", { name: "power" }).focus();
  await page.keyboard.press("End");
  await cell.getByRole("radio", { name: "b" }).check();
  await untilOutputs(page, "cell-0", '2 False o\'clock "π" 10000 b\n');

  await slider(page, "cell-1", "x").focus();
  await page.keyboard.press("End");
  assert.deepEqual(await outputsOf(page, "cell-1"), []);
  await page.getByRole("button", { name: "Run Interact" }).click();
  await untilOutputs(page, "cell-1", "4\n");
});

test("a script that runs a cell with controls is told what their function put out", async () => {
  const report = await opened.page.evaluate(() =>
    window.chunkbook.run(
      "from ipywidgets import interact\n@interact(x=(0, 4))\ndef f(x):\n    print('x is', x)\n    return 1 / (x - 2)",
    ),
  );
  assert.equal(report.error, null);
  assert.match(report.stdout, /^x is 2\n[\s\S]*ZeroDivisionError: division by zero\n$/);
  assert.match(report.outputs[0]["text/plain"], /^interactive\(f\(x=2\)\)/);
});

test("abbreviations stand for the widgets that ipywidgets makes of them", async () => {
  const given =
    '[10, -4, 0, 2.5, 0.0, -1.5, (0, 5), (1, 8, 1), (0.0, 1.0), (0, 10, 3), (2, 9, 2), (0, 1, 0.1), True, "text", ["a", "b"], [("one", 1), ("two", 2)], {"x": 10, "y": 20}, range(3)]';
  const shown = `
def facts(widget):
    names = ("value", "min", "max", "step", "options", "description")
    found = [type(widget).__name__]
    for name in names:
        if hasattr(widget, name):
            value = getattr(widget, name)
            if name == "options":
                value = list(value.items()) if hasattr(value, "items") else list(value)
            found.append([name, value])
    return found
import json
print(json.dumps([facts(abbreviated(value)) for value in ${given}]))`;
  const native = python(
    `from ipywidgets.widgets.interaction import interactive\nabbreviated = interactive.widget_from_abbrev\n${shown}`,
  );
  const { stdout, error } = await runCell(
    opened.page,
    `from ipywidgets._widgets import as_widget as abbreviated\n${shown}`,
  );
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), native);
});
