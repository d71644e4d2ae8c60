/**
 * From what a person types in a cell to what MicroPython can run.
 *
 * A cell is written for IPython on CPython 3.11. MicroPython reads most of that; this module turns
 * the rest into calls of the helpers in python/_startup.py: f-strings, `{**a}` and `[*a]` displays,
 * `/` in parameter lists, and the text of numbers. It also marks the value of the last expression,
 * translates magics, and puts a look at the interrupt flag into every loop, since MicroPython's
 * virtual machine has no hook for it in this build.
 *
 * Nothing here adds or removes a line, so line numbers in tracebacks are the user's own.
 */

import type { SyntaxNode } from "@lezer/common";
import { parser } from "@lezer/python";

/** Why a cell cannot be run, found before Python sees it. */
export interface CellProblem {
  name: "SyntaxError" | "UsageError";
  message: string;
  /** The line it is on, from 1. */
  line: number;
}

/** A cell ready for MicroPython, or the reason why there is none. */
export type CellProgram = { code: string; problem: null } | { code: null; problem: CellProblem };

/** The name that receives the value of the last expression. */
const RESULT = "__result__";

class Refusal extends Error {
  constructor(
    readonly problem: Omit<CellProblem, "line">,
    readonly offset: number,
  ) {
    super(problem.message);
  }
}

/** Translates a whole cell. */
export function translateCell(source: string): CellProgram {
  const text = source.replaceAll("\r\n", "\n").replaceAll("\u00a0", " ");
  try {
    return { code: translateMagicCell(text) ?? translateBlock(translateMagicLines(text)), problem: null };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const line = text.slice(0, refusal.offset).split("\n").length;
    return { code: null, problem: { ...refusal.problem, line } };
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
    return `${RESULT} = __time__(${literal(skipped + translateBlock(translateMagicLines(body)))})`;
  }
  if (name === "timeit") {
    const { options, statement } = timeitOptions(argument, offset);
    const setup = statement === "" ? "" : translateBlock(statement, false);
    return `__timeit__(${literal(skipped + translateBlock(body, false))}, ${literal(setup)}${options})`;
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
      return `${indent}__time__(${literal(skipped + translateBlock(argument))})`;
    case "timeit": {
      const { options, statement } = timeitOptions(argument, offset);
      return `${indent}__timeit__(${literal(skipped + translateBlock(statement, false))}, ""${options});`;
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

/** A Python string literal. JSON's escapes are a part of Python's. */
function literal(text: string): string {
  return JSON.stringify(text);
}

// --- Python ------------------------------------------------------------------------------------

/**
 * Translates Python statements. Where the text does not parse it is returned as it is: MicroPython
 * then says what is wrong with it.
 */
function translateBlock(text: string, keepResult = true): string {
  const tree = parser.parse(text);
  const script = tree.topNode;
  if (hasError(script)) {
    refuseUnsupported(script, text);
    return text;
  }
  return new Translator(text, keepResult ? resultExpression(script) : null).node(script);
}

function hasError(root: SyntaxNode): boolean {
  let found = false;
  root.cursor().iterate((node) => {
    found ||= node.type.isError;
    return !found;
  });
  return found;
}

/** Names unsupported statements in text that has errors elsewhere, or because of them. */
function refuseUnsupported(root: SyntaxNode, text: string): void {
  root.cursor().iterate((node) => {
    new Translator(text, null).refuse(node.node);
  });
}

/** The last statement's expression, unless a semicolon after it asks for silence. */
function resultExpression(script: SyntaxNode): SyntaxNode | null {
  let last = lastStatement(script);
  if (last?.name === "StatementGroup") {
    if (last.lastChild?.name === ";") return null;
    last = last.lastChild;
  }
  return last?.name === "ExpressionStatement" ? last : null;
}

function lastStatement(script: SyntaxNode): SyntaxNode | null {
  let last = script.lastChild;
  while (last !== null && last.name === "Comment") last = last.prevSibling;
  return last;
}

/** Methods that CPython's `str` and `int` have and MicroPython's do not, or does in part. */
const METHODS = new Set(
  [
    "format ljust rjust zfill title capitalize swapcase casefold removeprefix removesuffix",
    "isalnum isidentifier isnumeric isdecimal bit_length bit_count is_integer as_integer_ratio",
  ].flatMap((names) => names.split(" ")),
);

/** Classes that cannot be replaced, since `isinstance` needs them, but whose calls can. */
const BUILTINS: Record<string, string | undefined> = { str: "__text__", dict: "__dict__" };

const COMPREHENSIONS = new Set([
  "ArrayComprehensionExpression",
  "SetComprehensionExpression",
  "DictionaryComprehensionExpression",
  "ComprehensionExpression",
  "ArgList",
]);

/** Statements before which `__tick__();` may stand on the same line. */
const COMPOUND = new Set([
  "IfStatement",
  "ForStatement",
  "WhileStatement",
  "TryStatement",
  "WithStatement",
  "FunctionDefinition",
  "ClassDefinition",
  "DecoratedStatement",
  "MatchStatement",
]);

class Translator {
  constructor(
    private readonly text: string,
    private readonly result: SyntaxNode | null,
  ) {}

  /** Refuses statements that cannot be expressed in MicroPython. */
  refuse(node: SyntaxNode): void {
    const refusals: Record<string, string> = {
      MatchStatement: "the page's Python (MicroPython) has no match statement; use if and elif",
      TypeDefinition: "the page's Python (MicroPython) has no type statement; write a plain assignment",
      PrintStatement: "Missing parentheses in call to 'print'. Did you mean print(...)?",
    };
    const message = refusals[node.name];
    if (message !== undefined) throw new Refusal({ name: "SyntaxError", message }, node.from);
    if (node.name === "TryStatement" && children(node).some((child) => child.name === "*")) {
      const text = "the page's Python (MicroPython) has no except*; use except";
      throw new Refusal({ name: "SyntaxError", message: text }, node.from);
    }
  }

  /** The translation of one node. */
  node(node: SyntaxNode): string {
    this.refuse(node);
    const inner = this.expressionOrStatement(node);
    return this.result !== null && node.from === this.result.from && node.name === "ExpressionStatement"
      ? `${RESULT} = (${inner})`
      : inner;
  }

  private expressionOrStatement(node: SyntaxNode): string {
    switch (node.name) {
      case "FormatString":
        return this.formatString(node);
      case "ContinuedString":
        return this.continuedString(node);
      case "DictionaryExpression":
        return this.display(node, "**", "__merge__", "{", "}");
      case "ArrayExpression":
        return this.display(node, "*", "__list__", "[", "]");
      case "SetExpression":
        return this.display(node, "*", "__set__", "[", "]");
      case "TupleExpression":
        return this.display(node, "*", "__tuple__", "[", "]");
      case "AssignStatement":
        return this.assignment(node);
      case "ParamList":
        return this.parameters(node);
      case "WhileStatement":
        return this.whileLoop(node);
      case "ForStatement":
        return this.forLoop(node);
      case "CallExpression":
        return this.call(node);
      case "BinaryExpression":
        return this.binary(node);
      case "RaiseStatement":
        return this.raise(node);
      default:
        return COMPREHENSIONS.has(node.name) ? this.comprehension(node) : this.copy(node);
    }
  }

  private source(from: number, to: number): string {
    return this.text.slice(from, to);
  }

  /** The text of `parent` between two offsets, with the nodes in it translated. */
  private range(
    parent: SyntaxNode,
    from: number,
    to: number,
    replace?: (node: SyntaxNode) => string | null,
  ): string {
    let out = "";
    let at = from;
    for (const child of children(parent)) {
      if (child.from < from || child.to > to) continue;
      out += this.source(at, child.from) + (replace?.(child) ?? this.node(child));
      at = child.to;
    }
    return out + this.source(at, to);
  }

  private copy(node: SyntaxNode, replace?: (node: SyntaxNode) => string | null): string {
    return this.range(node, node.from, node.to, replace);
  }

  /** `{**a, "k": 1}` as `__merge__({}, a, {"k": 1})`, `[*a, b]` as `__list__([], a, [b])`. */
  private display(node: SyntaxNode, star: string, helper: string, open: string, close: string): string {
    const parts = children(node);
    if (!parts.some((part) => part.name === star)) return this.copy(node);
    let spread = false;
    return this.copy(node, (part) => {
      if (part.from === node.from) return `${helper}(${open}`;
      if (part.to === node.to) return spread ? ")" : `${close})`;
      if (part.name === star) {
        const before = spread ? "" : `${close}, `;
        spread = true;
        return before;
      }
      if (part.name === "," && spread) {
        spread = false;
        return `, ${open}`;
      }
      return null;
    });
  }

  /** Targets such as `[a, *b] = x` are left alone. */
  private assignment(node: SyntaxNode): string {
    const operators = node.getChildren("AssignOp");
    const last = operators[operators.length - 1];
    if (last === undefined) return this.copy(node);
    const plain = new Set(["ArrayExpression", "TupleExpression"]);
    return this.copy(node, (child) =>
      child.to <= last.from && plain.has(child.name) ? this.source(child.from, child.to) : null,
    );
  }

  /** Drops the `/` that ends positional-only parameters. */
  private parameters(node: SyntaxNode): string {
    return this.copy(node).replace(/,\s*\/(?=\s*[,)]|\s*$)/, (match) => match.replace(/[,/ ]/g, ""));
  }

  private whileLoop(node: SyntaxNode): string {
    const body = node.getChild("Body") as SyntaxNode;
    const start = (node.firstChild as SyntaxNode).to;
    const test = this.range(node, start, body.from);
    return `while __tick__() and (${test.trim()})${this.range(node, body.from, node.to)}`;
  }

  private forLoop(node: SyntaxNode): string {
    const body = node.getChild("Body") as SyntaxNode;
    const isIn = node.getChild("in") as SyntaxNode;
    const head = this.source(node.from, isIn.to);
    const iterable = this.range(node, isIn.to, body.from).trim();
    const first = children(body).find((child) => child.name !== ":" && child.name !== "Comment");
    if (first !== undefined && !COMPOUND.has(first.name)) {
      const inBody = this.copy(body, (child) =>
        child.from === first.from ? `__tick__(); ${this.node(child)}` : null,
      );
      return `${head} ${iterable}${inBody}${this.range(node, body.to, node.to)}`;
    }
    return `${head} __each__((${iterable}))${this.range(node, body.from, node.to)}`;
  }

  private comprehension(node: SyntaxNode): string {
    let afterIn = false;
    if (node.getChild("for") === null) return this.copy(node);
    return this.copy(node, (child) => {
      const wrap = afterIn;
      afterIn = child.name === "in";
      return wrap ? `__each__(${this.node(child)})` : null;
    });
  }

  private call(node: SyntaxNode): string {
    const callee = node.firstChild as SyntaxNode;
    const property = callee.lastChild;
    const rest = this.range(node, callee.to, node.to);
    if (callee.name === "VariableName")
      return (BUILTINS[this.source(callee.from, callee.to)] ?? this.node(callee)) + rest;
    if (callee.name !== "MemberExpression" || property?.name !== "PropertyName")
      return this.node(callee) + rest;
    const method = this.source(property.from, property.to);
    if (!METHODS.has(method)) return this.node(callee) + rest;
    const dot = callee.getChild(".") as SyntaxNode;
    // A newline before the dot stays inside the parentheses that it needs.
    return `__method__(${this.range(callee, callee.from, dot.from)}, ${literal(method)})${rest}`;
  }

  /** `"%s" % x`, so that numbers in it read as CPython writes them. */
  private binary(node: SyntaxNode): string {
    const [left, operator, right] = children(node);
    const isText =
      left !== undefined && /String$/.test(left.name) && !/^[a-z]*b/i.test(this.source(left.from, left.to));
    if (!isText || operator === undefined || right === undefined) return this.copy(node);
    if (this.source(operator.from, operator.to) !== "%") return this.copy(node);
    const gap = this.source(operator.to, right.from);
    return `__percent__(${this.node(left)}${this.source(left.to, operator.from)},${gap}${this.node(right)})`;
  }

  private raise(node: SyntaxNode): string {
    const from = node.getChild("from");
    if (from === null) return this.copy(node);
    const error = this.range(node, (node.firstChild as SyntaxNode).to, from.from).trim();
    return `raise __from__(${error}, ${this.range(node, from.to, node.to).trim()})`;
  }

  // --- Strings ---------------------------------------------------------------------------------

  private continuedString(node: SyntaxNode): string {
    if (node.getChild("FormatString") === null) return this.copy(node);
    const parts = children(node).filter((child) => child.name !== "Comment");
    const last = parts[parts.length - 1];
    return `(${this.copy(node, (child) => (parts.includes(child) && child !== last ? `${this.node(child)} +` : null))})`;
  }

  /** `f"a{x:.2f}"` as `"a{}".format(__format__(x, ".2f"))`. */
  private formatString(node: SyntaxNode): string {
    const source = this.source(node.from, node.to);
    const [opening, prefix, quote] = /^([a-z]*)("""|'''|"|')/i.exec(source) as unknown as [
      string,
      string,
      string,
    ];
    const fields = node.getChildren("FormatReplacement");
    const format = this.template(fields, node.from + opening.length, node.to - quote.length);
    const lines = fields.map((field) => this.source(field.from, field.to).split("\n").length - 1);
    const newlines = "\n".repeat(lines.reduce((sum, count) => sum + count, 0));
    return `${prefix.replace(/f/i, "")}${quote}${format.text}${quote}.format(${format.values.join(", ")}${newlines})`;
  }

  /** The text between two offsets with `{}` for each field, and what goes into the fields. */
  private template(fields: SyntaxNode[], from: number, to: number): { text: string; values: string[] } {
    let text = "";
    let at = from;
    const values: string[] = [];
    for (const field of fields) {
      const { label, value } = this.field(field);
      text += `${this.source(at, field.from)}${label}{}`;
      values.push(value);
      at = field.to;
    }
    return { text: text + this.source(at, to), values };
  }

  private field(field: SyntaxNode): { label: string; value: string } {
    const parts = children(field);
    const special = parts.filter((part) => /^Format(SelfDoc|Conversion|Spec)$/.test(part.name));
    const find = (name: string) => special.find((part) => part.name === name);
    const start = (parts[0] as SyntaxNode).to;
    const end = (special[0] ?? (parts[parts.length - 1] as SyntaxNode)).from;
    const expression = this.range(field, start, end).replaceAll("\n", " ").trim();
    const selfDoc = find("FormatSelfDoc");
    const conversion = find("FormatConversion");
    const spec = find("FormatSpec");

    let value = expression.includes(",") ? `(${expression})` : expression;
    const shown = conversion === undefined ? "" : this.source(conversion.from, conversion.to).trim().slice(1);
    if (shown === "r" || shown === "a" || (shown === "" && selfDoc !== undefined && spec === undefined)) {
      value = `repr(${value})`;
    } else if (shown === "s" || spec === undefined) {
      value = `__text__(${value})`;
    }
    if (spec !== undefined) {
      const format = this.template(spec.getChildren("FormatReplacement"), spec.from + 1, spec.to);
      const text =
        format.values.length === 0
          ? literal(format.text)
          : `${literal(format.text)}.format(${format.values.join(", ")})`;
      value = `__format__(${value}, ${text})`;
    }
    const label = selfDoc === undefined ? "" : this.source(start, selfDoc.to).replace(/[{}]/g, "$&$&");
    return { label, value };
  }
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}
