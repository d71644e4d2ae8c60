/** Puts the page together: the notebook of the last visit or the tutorial, the kernel, the view. */
import "./style/tokens.css";
import type { App } from "./page/app";
import "./page/app";
import { createAutomation } from "./page/automation";
import { forgetNotebook, type Kept, restoreNotebook, saveNotebook } from "./page/autosave";
import type { Notebook } from "./page/notebook";
import { NotebookStore, type OpenNotebook } from "./page/notebook-store";
import { prepareParts, pythonPart, whenMissing } from "./page/parts";
import { fetchReadersModule } from "./page/readers-module";
import { tutorial } from "./page/rendered";
import { restoreTheme } from "./page/theme";

/** Changes are kept once typing rests this long. */
const SAVE_AFTER_MS = 500;

/** The entry in the browser's performance timeline at which the first cell can run. */
const READY_MARK = "chunkbook-ready";
/** The one at which every part was fetched that can be. */
const COMPLETE_MARK = "chunkbook-complete";

restoreTheme();

const restored = restoreNotebook(localStorage);

const store = new NotebookStore({
  notebook: restored ?? tutorial(),
  worthKeeping: restored !== null,
  before: restoreNotebook(localStorage, "before"),
  spawn: () =>
    new Worker(new URL("./kernel/kernel.worker.ts", import.meta.url), { type: "module", name: "kernel" }),
  // A burst of changes is drawn once; a tab out of sight draws no frames but still has to be told.
  schedule: (notify) => {
    if (document.hidden) setTimeout(notify, 100);
    else requestAnimationFrame(notify);
  },
});

window.chunkbook = createAutomation(store);
keepNotebook();
whenMissing((name) =>
  store.notify(
    `${name} could not be fetched: the network is down, or the page was replaced by a newer one. Cells can be edited and run all the same. Reloading tries again; it keeps the notebook and stored files, not variables.`,
    { tone: "error", action: { label: "Reload", run: () => location.reload() } },
  ),
);

const app: App = document.createElement("chunkbook-app");
app.store = store;
app.tutorial = tutorial;
document.body.append(app);

void start();

/**
 * Starts the kernel and, when it is ready, fetches the rest of the page. Not at the top level of this module: parts import
 * from it, and so would wait for it to end.
 */
async function start(): Promise<void> {
  // Stays pending while the page is about to reload with isolation in place (public/isolation.js).
  const { isolated, reason } = await window.isolation;
  app.notIsolated = reason;
  store.kernel.start({
    isolated,
    threads: isolated ? (requestedThreads() ?? navigator.hardwareConcurrency) : 1,
  });

  try {
    await store.kernel.ready;
    // From here on cells run. Tests and the developer tools tell by it what was fetched before.
    performance.mark(READY_MARK);
  } catch {
    // The page tells of a kernel that does not start; the rest of it works without.
  }
  const python = pythonPart
    .load()
    .then((part) => store.kernel.give({ type: "python-files", files: part?.laterPython ?? null }));
  await prepareParts();
  const module = isolated ? await fetchReadersModule() : null;
  if (module !== null) store.kernel.give({ type: "readers-module", module });
  await python;
  performance.mark(COMPLETE_MARK);
}

/** `?threads=1` in the address computes on that many, as to compare. */
function requestedThreads(): number | null {
  const threads = Number(new URLSearchParams(location.search).get("threads"));
  return Number.isInteger(threads) && threads > 0 ? threads : null;
}

/** Keeps the notebook between visits, from the first change on, and the one before it. */
function keepNotebook(): void {
  const kept: Record<Kept, Notebook | null> = {
    present: restored,
    before: store.before?.notebook ?? null,
  };
  /** False where the browser refuses. */
  const keep = (as: Kept, opened: Pick<OpenNotebook, "notebook" | "worthKeeping"> | null): boolean => {
    if (opened === null || kept[as] === opened.notebook) return true;
    if (opened.worthKeeping) {
      kept[as] = opened.notebook;
      return saveNotebook(localStorage, opened.notebook, as);
    }
    // What is kept there is another, which would be taken for it; unless another tab keeps its own.
    if (kept[as] !== null) forgetNotebook(localStorage, as);
    kept[as] = null;
    return true;
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    const done = [keep("present", store), keep("before", store.before)];
    if (done.includes(false)) {
      store.notify("The browser refuses to keep this notebook; download it before you leave.", {
        tone: "error",
      });
    }
  };
  store.subscribe(() => {
    timer ??= setTimeout(save, SAVE_AFTER_MS);
  });
  window.addEventListener("pagehide", save);
}

declare global {
  interface Window {
    /** Whether the page is cross-origin isolated, and in one sentence why not. */
    isolation: Promise<{ isolated: boolean; reason: string | null }>;
  }
  interface HTMLElementTagNameMap {
    "chunkbook-app": App;
  }
}
