/** Python that the shelf writes for a file: ordinary cells that run unchanged under CPython. */
import type { FileEntry } from "../protocol";
import type { Cell, Notebook } from "./notebook";

/** Opens a file and lists what is in it. */
export function openingCell(name: string): string {
  return ["import h5py", "", `f = h5py.File(${pythonString(name)}, 'r')`, "f.visititems(print)"].join("\n");
}

/** Opens one dataset of a file as a lazy array. */
export function datasetCell(name: string, path: string): string {
  return [
    "import dask.array",
    "import h5py",
    "",
    `f = h5py.File(${pythonString(name)}, 'r')`,
    `dataset = f[${pythonString(path)}]`,
    "d = dask.array.from_array(dataset, chunks=dataset.chunks or 'auto')",
    "d",
  ].join("\n");
}

/** Opens an object whose elements are no numbers, or a group, and shows some of it. */
export function objectCell(name: string, path: string, shown: string): string {
  return [
    "import h5py",
    "",
    `f = h5py.File(${pythonString(name)}, 'r')`,
    `item = f[${pythonString(path)}]`,
    shown,
  ].join("\n");
}

/** The cell for an entry of a file: a lazy array of numbers, the first elements of others, a group's members. */
export function entryCell(name: string, path: string, entry: FileEntry): string {
  const shape = entry.dataset?.shape ?? null;
  if (entry.dataset?.numeric === true && shape !== null && shape.length > 0) return datasetCell(name, path);
  if (entry.kind === "group") return objectCell(name, path, "list(item)");
  return objectCell(name, path, shape === null ? "item" : shape.length === 0 ? "item[()]" : "item[:10]");
}

/** The cell in which the notebook asks for the reader's own file: tagged so, with a line `FILE = …`. */
export function ownFileCell(notebook: Notebook): Cell | undefined {
  return notebook.cells.find((cell) => {
    const tags = cell.metadata.tags;
    return Array.isArray(tags) && tags.includes("own-file") && FILE_LINE.test(cell.source);
  });
}

const FILE_LINE = /^FILE = (['"]).*?\1/m;
const DATASET_LINE = /^DATASET = (?:None|(['"]).*?\1)/m;

/** The source of such a cell with another file in its lines, and none of its datasets chosen. */
export function pointAtFile(source: string, name: string): string {
  return source
    .replace(FILE_LINE, () => `FILE = ${pythonString(name)}`)
    .replace(DATASET_LINE, () => "DATASET = None");
}

/** Text as a Python string literal, in single quotes where it can. */
export function pythonString(text: string): string {
  return /^[^'\\\p{Cc}]*$/u.test(text) ? `'${text}'` : JSON.stringify(text);
}

/** Whether a file is a notebook rather than data, by its name. */
export function isNotebookName(name: string): boolean {
  return name.toLowerCase().endsWith(".ipynb");
}
