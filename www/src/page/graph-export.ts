/** A drawn task graph as files for other programs. */
import type { TaskGraphDrawing } from "../protocol";
import { nodeLabel } from "./graph-label";
import { drawingToSvg, type SvgLook } from "./graph-view";

/** Of a larger graph only the drawing is saved, with siblings bundled: the whole would be of no use to Graphviz. */
export const MOST_SAVED = 20_000;

/** The drawing in Graphviz's language: inputs below the tasks that take them. */
export function drawingToDot({ nodes, edges }: TaskGraphDrawing): string {
  const name = (node: number) => quoted(nodes[node]?.key ?? "");
  return [
    "digraph {",
    "  graph [rankdir=BT];",
    "  node [shape=box, style=rounded];",
    ...nodes.map((node, index) => `  ${name(index)} [label=${quoted(dotLabel(node.key, nodeLabel(node)))}];`),
    ...edges.map(([from, to]) => `  ${name(from)} -> ${name(to)};`),
    "}",
    "",
  ].join("\n");
}

/** What a task does and, of a single one, the index of its block. */
function dotLabel(key: string, label: string): string {
  const index = key.includes(" … ") ? "" : (/^\('[^']*', ?(.*?),?\)$/.exec(key)?.[1] ?? "");
  return index === "" ? label : `${label}\n${index}`;
}

/** A quoted string of DOT, in which only quotes and backslashes are special. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** The drawing as an SVG document in the colours that its elements have on the screen. */
export function shownToSvg(drawing: TaskGraphDrawing, graph: Element, sizes: boolean): string {
  const plain = plainColours();
  const colour = (element: Element | null, property: "fill" | "stroke" | "backgroundColor") =>
    element === null ? "none" : plain(getComputedStyle(element)[property]);
  const look: SvgLook = {
    nodes: Array.from(graph.querySelectorAll(".node"), (node) => ({
      fill: colour(node.querySelector("rect"), "fill"),
      stroke: colour(node.querySelector("rect"), "stroke"),
      ink: colour(node.querySelector("text"), "fill"),
    })),
    edge: colour(graph.querySelector(".edge"), "stroke"),
    paper: colour(graph.closest("figure"), "backgroundColor"),
    sizes,
  };
  return drawingToSvg(drawing, look);
}

/** Any of CSS's colours as `#rrggbb`: programs that read SVG know few of its functions. */
function plainColours(): (colour: string) => string {
  const known = new Map<string, string>();
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  return (colour) => {
    const before = known.get(colour);
    if (before !== undefined || context === null) return before ?? colour;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
    const plain = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
    known.set(colour, plain);
    return plain;
  };
}
