/**
 * A cell as IPython understands it: magics, and the Python around them.
 *
 * Python is translated by python-source.ts. Nothing here adds or removes a line, so line numbers in
 * tracebacks are the user's own.
 */

import { type CellProblem, literal, RESULT, Refusal, translateBlock } from "./python-source";

/**
 * A cell ready for MicroPython, or the reason why there is none. `plain` is the cell with nothing but
 * its magics translated: what is wrong with `code` is better said of it.
 */
export type CellProgram =
  | { code: string; plain: string; problem: null }
  | { code: null; plain: null; problem: CellProblem };

/** Translates a whole cell. */
export function translateCell(source: string): CellProgram {
  const text = source.replaceAll("\r\n", "\n").replaceAll("\u00a0", " ");
  try {
    const code = translateMagicCell(text);
    if (code !== null) return { code, plain: code, problem: null };
    const plain = translateMagicLines(text);
    return { code: translateBlock(plain), plain, problem: null };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const line = text.slice(0, refusal.offset).split("\n").length;
    return { code: null, plain: null, problem: { ...refusal.problem, line } };
  }
}

/** Translates a part of a cell that begins at `offset`. */
function within(offset: number, translate: () => string): string {
  try {
    return translate();
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    throw new Refusal(refusal.problem, refusal.offset + offset);
  }
}

// --- Magics ------------------------------------------------------------------------------------

/** `%%time` and `%%timeit` on the first line take the rest of the cell. */
function translateMagicCell(text: string): string | null {
  const match = /^(\s*)%%(\w*)[ \t]*(.*)(?:\n|$)/.exec(text);
  if (match === null) return null;
  const [head, blank, name, argument] = match as unknown as [string, string, string, string];
  const skipped = "\n".repeat(head.split("\n").length - 1);
  const body = text.slice(head.length);
  const offset = blank.length;
  if (name === "time") {
    const code = within(head.length, () => translateBlock(translateMagicLines(body)));
    return `${RESULT} = __time__(${literal(skipped + code)})`;
  }
  if (name === "timeit") {
    const { options, statement } = timeitOptions(argument, offset);
    const setup = within(offset, () => translateBlock(statement, false));
    const code = within(head.length, () => translateBlock(body, false));
    return `__timeit__(${literal(skipped + code)}, ${literal(setup)}${options})`;
  }
  throw new Refusal({ name: "UsageError", message: `Cell magic \`%%${name}\` not found.` }, offset);
}

/** Replaces every magic line by a Python statement on the same line. */
function translateMagicLines(text: string): string {
  const starts = statementStarts(text);
  const lines = text.split("\n");
  let offset = 0;
  return lines
    .map((line, index) => {
      const begin = offset;
      offset += line.length + 1;
      if (!starts.has(begin)) return line;
      return translateMagicLine(line, index, begin) ?? line;
    })
    .join("\n");
}

function translateMagicLine(line: string, index: number, offset: number): string | null {
  if (/^\s*!/.test(line)) {
    const message = "a browser tab has no shell, so lines that begin with ! cannot run";
    throw new Refusal({ name: "UsageError", message }, offset);
  }
  if (/^\s*(\?{1,2}\s*[\w.]+|[\w.]+\s*\?{1,2})\s*$/.test(line)) {
    const message = "there is no help with ? here; try print(type(x)) or dir(x)";
    throw new Refusal({ name: "UsageError", message }, offset);
  }
  const match = /^(\s*)%(\w+)[ \t]*(.*)$/.exec(line);
  if (match === null) return null;
  const [, indent, name, argument] = match as unknown as [string, string, string, string];
  const skipped = "\n".repeat(index);
  switch (name) {
    case "matplotlib":
    case "config":
    case "load_ext":
    case "autoreload":
      return `${indent}pass`;
    case "time":
      return `${indent}__time__(${literal(skipped + within(offset, () => translateBlock(argument)))})`;
    case "timeit": {
      const { options, statement } = timeitOptions(argument, offset);
      const code = within(offset, () => translateBlock(statement, false));
      return `${indent}__timeit__(${literal(skipped + code)}, ""${options});`;
    }
    default:
      throw new Refusal(
        { name: "UsageError", message: `Line magic function \`%${name}\` not found.` },
        offset,
      );
  }
}

/** The options of `%timeit`: -n loops, -r repeats, -q quiet; -t, -c and -p are taken and ignored. */
function timeitOptions(argument: string, offset: number): { options: string; statement: string } {
  let rest = argument.trim();
  let options = "";
  for (;;) {
    const match = /^-([a-zA-Z])\s*(\d*)\s*/.exec(rest);
    if (match === null) break;
    const [whole, flag, value] = match as unknown as [string, string, string];
    if ((flag === "n" || flag === "r") && value !== "") {
      options += `, ${flag === "n" ? "number" : "repeat"}=${Number(value)}`;
    } else if (flag === "q") {
      options += ", quiet=True";
    } else if (!"tcpo".includes(flag)) {
      throw new Refusal({ name: "UsageError", message: `option -${flag} not recognized` }, offset);
    }
    rest = rest.slice(whole.length);
  }
  return { options, statement: rest };
}

/** Offsets at which a line begins a statement rather than continuing a string, bracket or line. */
function statementStarts(text: string): Set<number> {
  const starts = new Set<number>([0]);
  let depth = 0;
  let i = 0;
  while (i < text.length) {
    const c = text[i] as string;
    if (c === "#") {
      while (i < text.length && text[i] !== "\n") i++;
      continue;
    }
    if (c === '"' || c === "'") {
      i = stringEnd(text, i);
      continue;
    }
    if (c === "\\") {
      i += 2;
      continue;
    }
    if ("([{".includes(c)) depth++;
    if (")]}".includes(c)) depth = Math.max(0, depth - 1);
    i++;
    if (c === "\n" && depth === 0) starts.add(i);
  }
  return starts;
}

/** The offset after the string literal whose quote is at `start`. */
function stringEnd(text: string, start: number): number {
  const quote = text[start] as string;
  const triple = text.startsWith(quote.repeat(3), start);
  const closing = triple ? quote.repeat(3) : quote;
  let i = start + closing.length;
  while (i < text.length) {
    if (text[i] === "\\") i += 2;
    else if (text.startsWith(closing, i)) return i + closing.length;
    else if (text[i] === "\n" && !triple) return i;
    else i++;
  }
  return text.length;
}
