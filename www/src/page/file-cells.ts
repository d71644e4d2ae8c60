/** Python that the shelf writes for a file: ordinary cells that run unchanged under CPython. */
import type { Cell, Notebook } from "./notebook";

/** A dataset as the shelf lists it. */
export interface ListedDataset {
  path: string;
  /** As Python prints them: `(3000, 3000)`, `float64`, `(300, 3000)` or `None`. */
  shape: string;
  dtype: string;
  chunks: string;
}

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

/** Prints the datasets of a file for `parseListing`, one a line. */
export function listingSource(name: string): string {
  return [
    "def _list_datasets(name):",
    "    import h5py",
    "    def describe(path, item):",
    "        if isinstance(item, h5py.Dataset):",
    '            print("/" + path, item.shape, item.dtype, item.chunks, sep="\\t")',
    '    with h5py.File(name, "r") as file:',
    "        file.visititems(describe)",
    `_list_datasets(${pythonString(name)})`,
  ].join("\n");
}

export function parseListing(printed: string): ListedDataset[] {
  return printed.split("\n").flatMap((line) => {
    const [path, shape, dtype, chunks] = line.split("\t");
    return path === undefined || shape === undefined || dtype === undefined || chunks === undefined
      ? []
      : [{ path, shape, dtype, chunks }];
  });
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

/** The source of such a cell with another file, and dataset, in its lines. */
export function pointAtFile(source: string, name: string, dataset: string | null): string {
  return source
    .replace(FILE_LINE, () => `FILE = ${pythonString(name)}`)
    .replace(DATASET_LINE, () => `DATASET = ${dataset === null ? "None" : pythonString(dataset)}`);
}

/** Text as a Python string literal, in single quotes where it can. */
export function pythonString(text: string): string {
  return /^[^'\\\p{Cc}]*$/u.test(text) ? `'${text}'` : JSON.stringify(text);
}

/** Whether a file is a notebook rather than data, by its name. */
export function isNotebookName(name: string): boolean {
  return name.toLowerCase().endsWith(".ipynb");
}
