/**
 * The first cell waits for nothing that it does not need: the editor and most of the page come after it can run, and
 * whoever is quicker than they loses nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchedByReady, gzippedSize, openPage, runCell, whenComplete, whenReady } from "./harness.mjs";

/** What is fetched once cells can run. */
const PARTS = [
  "editor-view",
  "rich-text",
  "computation-views",
  "control-panel",
  "file-browser",
  "key-help",
  "labs",
  "later-python",
];

/** All JavaScript until the first cell can run, gzipped. */
const MOST_BYTES = 200_000;

/** Opens the page, runs `body` on it, and closes the browser whatever happens. */
async function onPage(options, body) {
  const opened = await openPage(options);
  try {
    await body(opened);
    assert.deepEqual(opened.errors, [], "no uncaught exception in the page");
  } finally {
    await opened.close();
  }
}

/** A gate for requests of a part: they wait, are refused or go on. */
class Gate {
  #open;
  #passed = new Promise((resolve) => {
    this.#open = resolve;
  });
  #refusing = false;

  constructor(...parts) {
    this.prepare = async (context) => {
      for (const part of parts) await context.route(`**/assets/${part}-*.js`, (route) => this.#decide(route));
    };
  }

  static refusing(...parts) {
    const gate = new Gate(...parts);
    gate.#refusing = true;
    return gate;
  }

  open() {
    this.#refusing = false;
    this.#open();
  }

  async #decide(route) {
    if (this.#refusing) return route.abort();
    await this.#passed;
    return route.continue();
  }
}

const codeCell = (page) =>
  page
    .locator("chunkbook-cell")
    .filter({ has: page.locator("chunkbook-editor") })
    .first();

/** The text of the first code cell as the notebook has it, and what it printed. */
function firstCode(page) {
  return page.evaluate(() => {
    const { source, outputs } = window.chunkbook.cells.find(({ kind }) => kind === "code");
    return { source, printed: outputs.map(({ text }) => String(text)).join("") };
  });
}

async function whenRun(page, count) {
  await page.waitForFunction((wanted) => {
    const cell = window.chunkbook.cells.find(({ kind }) => kind === "code");
    return cell.status === "idle" && cell.count === wanted;
  }, count);
}

/** Where cells and editors lie, and the coloured pieces of their code. */
function looks(page) {
  return page.evaluate(() => {
    const boxes = [];
    const pieces = [];
    const look = (root) => {
      for (const element of root.querySelectorAll("*")) {
        if (["chunkbook-cell", "chunkbook-editor"].includes(element.localName)) {
          const { x, y, width, height } = element.getBoundingClientRect();
          boxes.push([element.localName, x, y, width, height].join(" "));
        }
        if (element.className && /^tok-/.test(element.className) && element.closest("pre, .cm-line")) {
          const { x, y } = element.getBoundingClientRect();
          const { color, fontStyle, fontSize } = getComputedStyle(element);
          pieces.push(
            [element.textContent, Math.round(x), Math.round(y), color, fontStyle, fontSize].join(" "),
          );
        }
        if (element.shadowRoot) look(element.shadowRoot);
      }
    };
    look(document);
    return { boxes, pieces };
  });
}

test("before the first cell can run, none of the parts is fetched and little code", async () => {
  await onPage({}, async (opened) => {
    const { before, late } = await fetchedByReady(opened);
    const isPart = (path) => PARTS.some((part) => path.includes(`/${part}-`));
    assert.deepEqual(before.filter(isPart), []);
    assert.deepEqual(
      PARTS.filter((part) => !late.some((path) => path.includes(`/${part}-`))),
      [],
      "each of them comes later",
    );
    const scripts = before.filter((path) => path.endsWith(".js"));
    assert.ok(
      scripts.some((path) => path.includes("/kernel.worker-")),
      "the kernel's program is counted",
    );
    const bytes = scripts.reduce((sum, path) => sum + gzippedSize(path), 0);
    assert.ok(bytes <= MOST_BYTES, `${bytes} bytes of JavaScript`);
  });
});

test("a cell that names Python which comes later waits for it, and others do not", async () => {
  const gate = new Gate("later-python");
  await onPage({ prepare: gate.prepare }, async ({ page }) => {
    assert.equal((await runCell(page, "import h5py, numpy\nprint(1)")).stdout, "1\n");
    const waiting = runCell(
      page,
      "from pprint import pprint\nimport dask.diagnostics, ipywidgets\npprint([1])",
    );
    await page.waitForFunction(() => window.chunkbook.state === "busy");
    gate.open();
    const { stdout, error } = await waiting;
    assert.deepEqual([stdout, error], ["[1]\n", null]);
  });
});

test("what is in a file shows when the file browser comes, for which somebody waited", async () => {
  const gate = new Gate("file-browser");
  await onPage({ prepare: gate.prepare }, async ({ page }) => {
    await runCell(page, "import h5py\nwith h5py.File('waited.h5', 'w') as f:\n    f['x'] = 1.0");
    await page.getByRole("button", { name: "Contents of waited.h5" }).click();
    await page.locator("chunkbook-file-browser").waitFor({ state: "attached" });
    gate.open();
    await page.getByRole("treeitem", { name: /^x / }).waitFor();
  });
});

test("where Python that comes later cannot be fetched, the page says so, and cells that do without it run", async () => {
  await onPage({ prepare: Gate.refusing("later-python").prepare }, async ({ page }) => {
    await page.getByText(/A part of Python could not be fetched/).waitFor();
    assert.match((await runCell(page, "import pprint")).error, /ImportError|ModuleNotFoundError/);
    const { stdout } = await runCell(page, "import re");
    assert.match(stdout, /part of Python that this cell may need could not be fetched\. Reload the page/);
    assert.equal((await runCell(page, "print(1)")).stdout, "1\n");
  });
});

test("nothing moves or changes its colour when the editor comes", async () => {
  const gate = new Gate("editor-view");
  await onPage({ prepare: gate.prepare }, async ({ page }) => {
    // Lines of texts wrap; and one cell is empty, one is two empty lines.
    await page.evaluate(async () => {
      const { store } = document.querySelector("chunkbook-app");
      const [text, ...others] = store.notebook.cells;
      store.setRendered(text.id, false);
      for (const [index, source] of ["", "\n"].entries()) store.setSource(others.at(-1 - index).id, source);
      for (const { id } of others.slice(-2)) store.setKind(id, "code");
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    });
    const text = page.locator("chunkbook-cell").first();
    assert.match(await text.locator("pre").textContent(), /^# When.*\*\*chunk by chunk\*\*/s);
    const before = await looks(page);
    assert.ok(before.pieces.length > 0, "code is coloured from the start");
    gate.open();
    await page.locator(".cm-editor").first().waitFor();
    assert.equal(await page.locator("chunkbook-editor textarea").count(), 0);
    assert.deepEqual(await looks(page), before);
  });
});

test("texts that the build has rendered are what the page itself renders", async () => {
  await onPage({}, async ({ page }) => {
    await whenComplete(page);
    const shown = () =>
      page
        .locator("chunkbook-cell .prose")
        .evaluateAll((elements) =>
          elements.map((element) => element.innerHTML.replaceAll(/<!--.*?-->/g, "").trim()),
        );
    const built = await shown();
    assert.ok(built.length > 10);
    await page.evaluate(async () => {
      const { store } = document.querySelector("chunkbook-app");
      // Another source with the same meaning, which the build does not know.
      for (const { id, kind, source } of store.notebook.cells) {
        if (kind === "markdown") store.setSource(id, `${source}\n\n`);
      }
      await new Promise(requestAnimationFrame);
      await new Promise(requestAnimationFrame);
    });
    const own = await shown();
    assert.equal(own.length, built.length);
    for (const [index, html] of own.entries()) assert.equal(html, built[index]);
  });
});

test("a cell can be edited and run before the editor has come, which takes over text, caret and undo", async () => {
  const gate = new Gate("editor-view");
  await onPage({ prepare: gate.prepare }, async ({ page }) => {
    const { source } = await firstCode(page);
    await codeCell(page).getByRole("textbox").click();
    await page.keyboard.press("Control+Home");
    await page.keyboard.insertText("if True:\n");
    await page.keyboard.press("Tab");
    await page.keyboard.type("print('early')\n");
    await page.keyboard.press("Control+Enter");
    await whenRun(page, 1);
    assert.match((await firstCode(page)).printed, /^early$/m);
    assert.equal(await page.locator(".cm-editor").count(), 0);

    await codeCell(page).getByRole("textbox").focus();
    for (const key of ["Control+Home", "Shift+ArrowRight", "Shift+ArrowRight"])
      await page.keyboard.press(key);
    gate.open();
    await page.locator(".cm-editor").first().waitFor();
    await page.keyboard.type("while");
    assert.equal((await firstCode(page)).source, `while True:\n    print('early')\n${source}`);
    for (let press = 0; press < 3; press += 1) await page.keyboard.press("Control+z");
    assert.equal((await firstCode(page)).source, source);
  });
});

test("keys pressed right after the page has loaded are not lost, whatever comes meanwhile", async () => {
  const gate = new Gate("editor-view");
  await onPage({ prepare: gate.prepare, ready: false }, async ({ page }) => {
    await codeCell(page).getByRole("textbox").click();
    await page.keyboard.press("Control+Home");
    const text = Array.from({ length: 40 }, (_, index) => `# ${index} `).join("");
    await page.keyboard.type(text.slice(0, 60));
    // From here on the editor may come between any two keys.
    gate.open();
    await page.keyboard.type(text.slice(60));
    await page.locator(".cm-editor").first().waitFor();
    await page.keyboard.type("end\n");
    assert.equal((await firstCode(page)).source.split("\n", 1)[0], `${text}end`);
    await whenReady(page);
  });
});

test("the editor does not come in between while an input method composes or the mouse selects", async () => {
  for (const hold of [composing, selecting]) {
    const gate = new Gate("editor-view");
    await onPage({ prepare: gate.prepare }, async ({ page, context }) => {
      await codeCell(page).getByRole("textbox").click();
      await page.keyboard.press("Control+a");
      await page.keyboard.type("one two three");
      const release = await hold(page, context);
      gate.open();
      // The other cells have theirs, and this one has not.
      await page.locator(".cm-editor").nth(3).waitFor();
      assert.equal(await page.locator("chunkbook-editor textarea").count(), 1);
      const expected = await release();
      await codeCell(page).locator(".cm-editor").waitFor();
      await page.keyboard.type("!");
      assert.equal((await firstCode(page)).source, expected);
    });
  }
});

/** Composes a word behind the text; the answer ends it and says what the text is once "!" was typed. */
async function composing(page, context) {
  const input = await context.newCDPSession(page);
  await input.send("Input.imeSetComposition", { text: "に", selectionStart: 1, selectionEnd: 1 });
  return async () => {
    await input.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
    await input.send("Input.insertText", { text: "日本" });
    return "one two three日本!";
  };
}

/** Selects with the mouse from the end of the text on; the answer goes on to its begin and lets go. */
async function selecting(page) {
  const { x, y, width, height } = await codeCell(page).getByRole("textbox").boundingBox();
  await page.mouse.move(x + width - 20, y + height / 2);
  await page.mouse.down();
  return async () => {
    await page.mouse.move(x + 2, y + height / 2);
    await page.mouse.up();
    return "!";
  };
}

test("a part that cannot be fetched is told of with what to do about it, and cells run all the same", async () => {
  const gate = Gate.refusing("editor-view", "computation-views", "key-help");
  await onPage({ prepare: gate.prepare }, async ({ page }) => {
    const notices = page.locator("chunkbook-notices");
    await whenComplete(page);
    assert.equal(await notices.locator(".notice").count(), 0, "nobody has wanted it yet");

    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await notices.getByText(/The list of keys could not be fetched.*Reloading tries again/).waitFor();

    await codeCell(page).getByRole("textbox").click();
    await notices.getByText(/The editor could not be fetched/).waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText("import numpy as np\nnp.ones((100, 7)).sum()");
    await page.keyboard.press("Control+Enter");
    await whenRun(page, 1);
    await codeCell(page).getByText("700.0").waitFor();

    gate.open();
    await notices.getByRole("button", { name: "Reload" }).last().click();
    await page.locator(".cm-editor").first().waitFor();
    assert.match((await firstCode(page)).source, /np\.ones/, "the notebook is kept");
  });
});
