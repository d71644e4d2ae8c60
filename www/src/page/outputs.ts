/**
 * The outputs of a cell as a value, and the way what a kernel tells gets into them. What the function behind a panel
 * of controls puts out goes into the panel.
 */
import type { MimeBundle } from "../protocol";
import type { RunObserver } from "./kernel-client";
import type { Output, PanelOutput } from "./notebook";
import { StreamText } from "./stream-text";

type Outputs = readonly Output[];

/** Changes the outputs of one cell. */
export type ChangeOutputs = (change: (outputs: Outputs) => Outputs) => void;

/** With printed text at the end; the text grows in place, and a new output around it tells the views. */
function withStream(outputs: Outputs, name: "stdout" | "stderr", text: string): Outputs {
  const last = outputs.at(-1);
  if (last?.type !== "stream" || last.name !== name) {
    return [...outputs, { type: "stream", name, text: new StreamText(text) }];
  }
  last.text.append(text);
  return [...outputs.slice(0, -1), { ...last }];
}

/** With the panel of that number changed, wherever it is; panels may be put out by functions behind panels. */
export function withPanel(
  outputs: Outputs,
  number: number,
  change: (panel: PanelOutput) => PanelOutput,
): Outputs {
  return outputs.map((output) => {
    if (output.type !== "panel") return output;
    if (output.panel.number === number) return change(output);
    return { ...output, outputs: withPanel(output.outputs, number, change) };
  });
}

export function findPanel(outputs: Outputs, number: number): PanelOutput | undefined {
  for (const output of outputs) {
    if (output.type !== "panel") continue;
    const found = output.panel.number === number ? output : findPanel(output.outputs, number);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** With no panel waiting for its function. */
export function settledOutputs(outputs: Outputs): Outputs {
  return outputs.map((output) => {
    if (output.type !== "panel") return output;
    const status = output.status === "lost" ? "lost" : "idle";
    return { ...output, status, outputs: settledOutputs(output.outputs) };
  });
}

/** What a display becomes; `session` is that of the kernel that told it. */
function displayed(data: MimeBundle, session: number): Output {
  const panel = data["application/vnd.chunkbook.interact+json"];
  if (panel === undefined) return { type: "display", data };
  return {
    type: "panel",
    panel,
    text: data["text/plain"],
    session,
    values: Object.fromEntries(panel.widgets.map(({ name, value }) => [name, value])),
    called: null,
    status: "idle",
    outputs: [],
  };
}

/** The part of a run's observer that writes outputs. */
export function outputWriter(
  change: ChangeOutputs,
  session: () => number,
): Required<Pick<RunObserver, "stream" | "display" | "callBegun" | "callEnded">> {
  /** Panels whose functions run now, the innermost last. */
  const inside: number[] = [];
  /** Those whose earlier outputs still stand: they go when something new comes, so that nothing flickers. */
  const stale = new Set<number>();

  function write(add: (outputs: Outputs) => Outputs): void {
    const number = inside.at(-1);
    if (number === undefined) {
      change(add);
      return;
    }
    const isStale = stale.delete(number);
    change((outputs) =>
      withPanel(outputs, number, (panel) => ({ ...panel, outputs: add(isStale ? [] : panel.outputs) })),
    );
  }

  return {
    stream: (name, text) => write((outputs) => withStream(outputs, name, text)),
    display: (data) => write((outputs) => [...outputs, displayed(data, session())]),
    callBegun(number) {
      inside.push(number);
      stale.add(number);
      change((outputs) => withPanel(outputs, number, (panel) => ({ ...panel, status: "running" })));
    },
    callEnded(number, error) {
      if (error !== null) write((outputs) => [...outputs, { type: "error", error }]);
      else if (stale.has(number)) write(() => []);
      inside.pop();
      change((outputs) => withPanel(outputs, number, (panel) => ({ ...panel, status: "idle" })));
    },
  };
}
