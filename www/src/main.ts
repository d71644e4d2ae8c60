/** Puts the page together: the notebook of the last visit or the tutorial, the kernel, the view. */
import labsFile from "../notebooks/labs.ipynb?raw";
import tutorialFile from "../notebooks/tutorial.ipynb?raw";
import "./style/tokens.css";
import type { App } from "./page/app";
import "./page/app";
import { createAutomation } from "./page/automation";
import { restoreNotebook, saveNotebook } from "./page/autosave";
import { parseNotebook } from "./page/ipynb";
import { NotebookStore } from "./page/notebook-store";
import { restoreTheme } from "./page/theme";

/** Changes are kept once typing rests this long. */
const SAVE_AFTER_MS = 500;

restoreTheme();

const tutorial = () => parseNotebook(tutorialFile, "tutorial.ipynb");
const restored = restoreNotebook(localStorage);

const store = new NotebookStore({
  notebook: restored ?? tutorial(),
  worthKeeping: restored !== null,
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

const app: App = document.createElement("chunkbook-app");
app.store = store;
app.tutorial = tutorial;
app.labs = () => parseNotebook(labsFile, "labs.ipynb");
document.body.append(app);

// Stays pending while the page is about to reload with isolation in place (public/isolation.js).
const { isolated, reason } = await window.isolation;
app.notIsolated = reason;
store.kernel.start({
  isolated,
  threads: isolated ? (requestedThreads() ?? navigator.hardwareConcurrency) : 1,
});

/** `?threads=1` in the address computes on that many, as to compare. */
function requestedThreads(): number | null {
  const threads = Number(new URLSearchParams(location.search).get("threads"));
  return Number.isInteger(threads) && threads > 0 ? threads : null;
}

/** Keeps the notebook between visits, from the first change on. */
function keepNotebook(): void {
  let kept = store.notebook;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    if (!store.worthKeeping || kept === store.notebook) return;
    kept = store.notebook;
    if (!saveNotebook(localStorage, store.notebook)) {
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
