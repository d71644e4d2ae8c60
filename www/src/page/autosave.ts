/**
 * The notebook between visits: kept without outputs in localStorage, which is written at once and
 * so survives a tab that is closed. An untouched tutorial is not kept, so that a newer one is seen.
 */
import { parseNotebook, serializeNotebook } from "./ipynb";
import type { Notebook } from "./notebook";

/** Where the open notebook is kept, and the one before it. */
const KEYS = { present: "chunkbook.notebook", before: "chunkbook.notebook.before" } as const;

export type Kept = keyof typeof KEYS;

/** The part of `Storage` used here. */
export type KeyValueStore = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** Keeps the notebook; false where the browser refuses. */
export function saveNotebook(storage: KeyValueStore, notebook: Notebook, as: Kept = "present"): boolean {
  try {
    storage.setItem(
      KEYS[as],
      JSON.stringify({ name: notebook.name, file: serializeNotebook(notebook, { outputs: false }) }),
    );
    return true;
  } catch {
    return false;
  }
}

/** The notebook kept before, or `null` where there is none that can be read. */
export function restoreNotebook(storage: KeyValueStore, as: Kept = "present"): Notebook | null {
  try {
    const saved: unknown = JSON.parse(storage.getItem(KEYS[as]) ?? "null");
    if (typeof saved !== "object" || saved === null || !("file" in saved) || !("name" in saved)) return null;
    return parseNotebook(String(saved.file), String(saved.name));
  } catch {
    return null;
  }
}

export function forgetNotebook(storage: KeyValueStore, as: Kept): void {
  try {
    storage.removeItem(KEYS[as]);
  } catch {
    // A browser that lets nothing be stored has nothing to forget.
  }
}
