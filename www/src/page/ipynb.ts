/**
 * Notebook files: nbformat 4 (https://nbformat.readthedocs.io/en/latest/format_description.html),
 * read from any minor version, written as 4.5 (the first with cell ids).
 */
import type { MimeBundle } from "../protocol";
import { drawingToSvg } from "./graph-view";
import { type Cell, type CellKind, type Notebook, newCellId, type Output, type OutputData } from "./notebook";
import { StreamText, stripAnsi } from "./stream-text";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const TEXT_TYPES = ["text/plain", "text/html", "image/svg+xml"] as const;
const GRAPH_TYPE = "application/vnd.chunkbook.graph+json";

/** Reads a notebook; throws an `Error` that says what is wrong with the file and what to do. */
export function parseNotebook(text: string, name: string): Notebook {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Error(
      `${name} is not a notebook: it does not hold JSON. Choose a file saved by Jupyter or Chunkbook.`,
    );
  }
  if (!isObject(file) || !Array.isArray(file.cells)) {
    throw new Error(
      `${name} is not a notebook of format 4: it has no list of cells. Open it in Jupyter and save it again.`,
    );
  }
  if (file.nbformat !== 4) {
    throw new Error(
      `${name} has notebook format ${String(file.nbformat)}; Chunkbook reads format 4. Open it in Jupyter and save it again.`,
    );
  }
  const seen = new Set<string>();
  const cells = file.cells.filter(isObject).map((cell) => {
    const parsed = parseCell(cell);
    // Ids address cells on the page, so a file that repeats one gets a fresh one.
    const unique = seen.has(parsed.id) ? { ...parsed, id: newCellId() } : parsed;
    seen.add(unique.id);
    return unique;
  });
  return { name, cells, metadata: isObject(file.metadata) ? file.metadata : {} };
}

/** The file of a notebook, without its outputs where `outputs` is false. */
export function serializeNotebook(notebook: Notebook, options: { outputs: boolean }): string {
  const file = {
    cells: notebook.cells.map((cell) => serializeCell(cell, options.outputs)),
    metadata: {
      ...notebook.metadata,
      kernelspec: notebook.metadata.kernelspec ?? {
        display_name: "Python 3",
        language: "python",
        name: "python3",
      },
      language_info: notebook.metadata.language_info ?? { name: "python" },
    },
    nbformat: 4,
    nbformat_minor: 5,
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

function parseCell(cell: JsonObject): Cell {
  const kind: CellKind =
    cell.cell_type === "code" ? "code" : cell.cell_type === "markdown" ? "markdown" : "raw";
  const outputs = Array.isArray(cell.outputs) ? cell.outputs.filter(isObject).flatMap(parseOutput) : [];
  return {
    id: typeof cell.id === "string" && cell.id !== "" ? cell.id : newCellId(),
    kind,
    source: joined(cell.source),
    outputs,
    count: typeof cell.execution_count === "number" ? cell.execution_count : null,
    status: "idle",
    progress: null,
    computations: [],
    ms: null,
    rendered: kind === "markdown",
    metadata: isObject(cell.metadata) ? cell.metadata : {},
  };
}

function parseOutput(output: JsonObject): Output[] {
  switch (output.output_type) {
    case "stream":
      return [
        {
          type: "stream",
          name: output.name === "stderr" ? "stderr" : "stdout",
          text: new StreamText(joined(output.text)),
        },
      ];
    case "display_data":
      return [{ type: "display", data: parseBundle(output.data) }];
    case "execute_result": {
      const count = output.execution_count;
      return [
        {
          type: "result",
          data: parseBundle(output.data),
          count: typeof count === "number" ? count : null,
        },
      ];
    }
    case "error": {
      const lines = Array.isArray(output.traceback) ? output.traceback.map(String) : [];
      const name = String(output.ename);
      const message = String(output.evalue);
      return [
        {
          type: "error",
          error: { name, message, traceback: stripAnsi(lines.join("\n")) || `${name}: ${message}` },
        },
      ];
    }
    default:
      return [];
  }
}

function parseBundle(value: Json | undefined): OutputData {
  const bundle = isObject(value) ? value : {};
  const data: OutputData = { "text/plain": joined(bundle["text/plain"]) };
  for (const type of ["text/html", "image/svg+xml", "image/png"] as const) {
    if (bundle[type] !== undefined) data[type] = joined(bundle[type]);
  }
  const graph = bundle[GRAPH_TYPE];
  // Written by Chunkbook alone; the shape is checked as far as drawing needs it.
  if (isObject(graph) && Array.isArray(graph.nodes) && Array.isArray(graph.edges)) {
    data[GRAPH_TYPE] = graph as unknown as NonNullable<MimeBundle[typeof GRAPH_TYPE]>;
  }
  return data;
}

function serializeCell(cell: Cell, outputs: boolean): JsonObject {
  const common = { id: cell.id, metadata: cell.metadata as JsonObject, source: lines(cell.source) };
  if (cell.kind !== "code") return { cell_type: cell.kind, ...common };
  return {
    cell_type: "code",
    execution_count: outputs ? cell.count : null,
    ...common,
    outputs: outputs ? cell.outputs.flatMap(serializeOutput) : [],
  };
}

/** Controls mean nothing without their kernel: they become a line of text before what they last put out. */
function serializeOutput(output: Output): JsonObject[] {
  switch (output.type) {
    case "stream":
      return [{ output_type: "stream", name: output.name, text: lines(output.text.toString()) }];
    case "display":
      return [{ output_type: "display_data", data: serializeBundle(output.data), metadata: {} }];
    case "panel":
      return [
        { output_type: "display_data", data: { "text/plain": lines(output.text) }, metadata: {} },
        ...output.outputs.flatMap(serializeOutput),
      ];
    case "result":
      return [
        {
          output_type: "execute_result",
          execution_count: output.count,
          data: serializeBundle(output.data),
          metadata: {},
        },
      ];
    case "error":
      return [
        {
          output_type: "error",
          ename: output.error.name,
          evalue: output.error.message,
          traceback: output.error.traceback.split("\n"),
        },
      ];
  }
}

function serializeBundle(data: OutputData): JsonObject {
  const bundle: JsonObject = {};
  for (const type of TEXT_TYPES) {
    const text = data[type];
    if (text !== undefined) bundle[type] = lines(text);
  }
  if (data["image/png"] !== undefined) bundle["image/png"] = data["image/png"];
  const graph = data[GRAPH_TYPE];
  if (graph !== undefined) {
    bundle[GRAPH_TYPE] = graph as unknown as JsonObject;
    // Readers other than Chunkbook draw the picture.
    bundle["image/svg+xml"] ??= lines(drawingToSvg(graph));
  }
  return bundle;
}

/** nbformat's multi-line string: lines that keep their newline. */
function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function joined(value: Json | undefined): string {
  if (Array.isArray(value)) return value.map(String).join("");
  return typeof value === "string" ? value : "";
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
