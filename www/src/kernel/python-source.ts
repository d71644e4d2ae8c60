/**
 * From Python for CPython 3.11 to Python that MicroPython can run.
 *
 * MicroPython reads most of it; this module turns the rest into calls of the helpers in
 * python/_startup.py: f-strings, `{**a}` and `[*a]` displays, dicts that keep their order, steps in
 * slices of text, `/` in parameter lists, comparisons that ask their right operand, `a *= b` and its like, the order
 * of keywords where it is seen, and the text of numbers. It also marks the value of the last expression, and puts a
 * look at the interrupt flag into every loop, since MicroPython's virtual machine has no hook for it in this build.
 *
 * Nothing here adds or removes a line.
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

/** The name that receives the value of the last expression. */
export const RESULT = "__result__";

/** Thrown where a source cannot be translated; `offset` is where in it. */
export class Refusal extends Error {
  constructor(
    readonly problem: Omit<CellProblem, "line">,
    readonly offset: number,
  ) {
    super(problem.message);
  }
}

/** A Python string literal. JSON's escapes are a part of Python's. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

/**
 * Translates Python statements. Text that does not parse is translated as far as it does: the parser
 * also stumbles over some Python that is right, and MicroPython has the last word.
 */
export function translateBlock(text: string, keepResult = true): string {
  const source = completeNumbers(text);
  const script = parser.parse(source).topNode;
  return new Translator(source, keepResult ? resultExpression(script) : null).node(script);
}

/** Writes `2.` as `2.0`, which the parser understands. */
function completeNumbers(text: string): string {
  const literals =
    /("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*\1|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#.*|[\w.]*\d\.(?![\w.])|\d\.(?=[eEjJ])/g;
  return text.replace(literals, (token) => (/^\d[\d_]*\.$/.test(token) ? `${token}0` : token));
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

/** Methods that CPython's `str`, `int` and `list` have and MicroPython's do not, or do in part. */
const METHODS = new Set(
  [
    "format ljust rjust zfill title capitalize swapcase casefold removeprefix removesuffix",
    "isalnum isidentifier isnumeric isdecimal bit_length bit_count is_integer as_integer_ratio sort",
  ].flatMap((names) => names.split(" ")),
);

/** Classes that cannot be replaced, since `isinstance` needs them, but whose calls can. */
const BUILTINS = new Map([
  ["str", "__text__"],
  ["dict", "__dict__"],
  ["float", "__to_float__"],
  ["slice", "__make_slice__"],
]);

const COMPREHENSIONS = new Set([
  "ArrayComprehensionExpression",
  "SetComprehensionExpression",
  "ComprehensionExpression",
  "ArgList",
]);

/** The helpers for comparisons that have a direction; `==` and `!=` ask both operands by themselves. */
const COMPARISONS: Record<string, string> = {
  "<": "__less__",
  "<=": "__less_equal__",
  ">": "__greater__",
  ">=": "__greater_equal__",
};

/** Statements before which `__tick__();` may not stand on the same line. */
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
        return this.dictionary(node);
      case "DictionaryComprehensionExpression":
        return this.dictionaryComprehension(node);
      case "MemberExpression":
        return this.member(node);
      case "UpdateStatement":
        return this.update(node);
      case "DeleteStatement":
        return this.copy(node, (child) => this.target(child, node.to));
      case "ArrayExpression":
        return this.display(node, "__list__");
      case "SetExpression":
        return this.display(node, "__set__");
      case "TupleExpression":
        return this.display(node, "__tuple__");
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
      case "ArgList":
        return this.argumentsInOrder(node) ?? this.comprehension(node);
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

  /**
   * `{"k": 1}` as `__ordered__((("k", 1),))`, since MicroPython's dicts forget the order of their keys;
   * with `**a` in it, as `__merge__((("k", 1),), a, ())`.
   */
  private dictionary(node: SyntaxNode): string {
    const parts = children(node).filter((part) => part.name !== "Comment");
    const spread = parts.some((part) => part.name === "**");
    let previous = "";
    let isSpread = false;
    return this.copy(node, (part) => {
      if (part.name === "Comment") return null;
      const before = previous;
      previous = part.name;
      if (part.from === node.from) return spread ? "__merge__((" : "__ordered__((";
      if (part.to === node.to) return before === "," || !isSpread ? "))" : ")";
      switch (part.name) {
        case "**": {
          const opening = isSpread && before !== "," ? "" : "), ";
          isSpread = true;
          return opening;
        }
        case ",":
          if (!isSpread) return "";
          isSpread = false;
          return ", (";
        case ":":
          return ",";
        default:
          if (before === "**") return null;
          return before === ":" ? `${this.node(part)}),` : `(${this.node(part)}`;
      }
    });
  }

  private dictionaryComprehension(node: SyntaxNode): string {
    const colon = node.getChild(":") as SyntaxNode;
    const value = colon.nextSibling as SyntaxNode;
    const isFor = node.getChild("for") as SyntaxNode;
    const key = this.range(node, node.from + 1, colon.from);
    const pairs = `(${key},${this.range(node, colon.to, value.to)})`;
    return `__ordered__((${pairs}${this.source(value.to, isFor.from)}${this.clauses(node, isFor.from, node.to - 1)}))`;
  }

  /** `x[a:b:c]` as `__slice__(x, a, b, c)`: MicroPython has no steps in slices of text and tuples. */
  private member(node: SyntaxNode): string {
    const parts = children(node).filter((part) => part.name !== "Comment");
    const open = parts.findIndex((part) => part.name === "[");
    const inside = open < 0 ? [] : parts.slice(open + 1, -1);
    const colons = inside.filter((part) => part.name === ":");
    if (colons.length !== 2 || inside.some((part) => part.name === ",")) return this.copy(node);
    const bracket = parts[open] as SyntaxNode;
    const [first, second] = colons as [SyntaxNode, SyntaxNode];
    const bounds = [
      this.range(node, bracket.to, first.from),
      this.range(node, first.to, second.from),
      this.range(node, second.to, node.to - 1),
    ].map((bound) => (bound.trim() === "" ? `${bound}None` : bound));
    return `__slice__(${this.range(node, node.from, bracket.from)}, ${bounds.join(", ")})`;
  }

  /** A target of an assignment, in which slices stay; `null` for nodes that begin at or after `end`. */
  private target(node: SyntaxNode, end: number): string | null {
    return node.name === "MemberExpression" && node.from < end ? this.copy(node) : null;
  }

  /** `[*a, b]` as `__list__([], a, [b])`. */
  private display(node: SyntaxNode, helper: string): string {
    const parts = children(node);
    if (!parts.some((part) => part.name === "*")) return this.copy(node);
    let spread = false;
    return this.copy(node, (part) => {
      if (part.from === node.from) return `${helper}([`;
      if (part.to === node.to) return spread ? ")" : "])";
      if (part.name === "*") {
        const before = spread ? "" : "], ";
        spread = true;
        return before;
      }
      if (part.name === "," && spread) {
        spread = false;
        return ", [";
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
      child.to <= last.from && plain.has(child.name)
        ? this.source(child.from, child.to)
        : this.target(child, last.from),
    );
  }

  /**
   * `a *= b` as `a = __update__("*", a, (b))`, `a[i] *= b` as `__update_item__("*", a, (i), (b))` and `a.x *= b` likewise:
   * MicroPython asks for no method but those of `+=` and `-=`.
   */
  private update(node: SyntaxNode): string {
    const [target, operator] = children(node) as [SyntaxNode, SyntaxNode];
    const sign = this.source(operator.from, operator.to - 1);
    if (sign === "+" || sign === "-") {
      return this.copy(node, (child) => this.target(child, node.from + 1));
    }
    const value = `(${this.range(node, operator.to, node.to).trim()})`;
    if (target.name !== "MemberExpression") {
      const name = this.node(target);
      return `${name} = __update__("${sign}", ${name}, ${value})`;
    }
    const parts = children(target);
    const owner = this.node(parts[0] as SyntaxNode);
    if (parts[1]?.name === ".") {
      const last = parts[parts.length - 1] as SyntaxNode;
      return `__update_member__("${sign}", ${owner}, ${literal(this.source(last.from, last.to))}, ${value})`;
    }
    return `__update_item__("${sign}", ${owner}, (${this.index(target)}), ${value})`;
  }

  /** What stands in the brackets of a subscript, with slices as objects. */
  private index(subscript: SyntaxNode): string {
    const [, opening, ...rest] = children(subscript) as [SyntaxNode, SyntaxNode, ...SyntaxNode[]];
    let out = "";
    let from = opening.to;
    let bounds: string[] = [];
    for (const part of rest) {
      if (![":", ",", "]"].includes(part.name)) continue;
      const text = this.range(subscript, from, part.from);
      from = part.to;
      if (part.name === ":") {
        bounds.push(text);
        continue;
      }
      const all = [...bounds, text].map((bound) => bound.trim() || "None");
      out += bounds.length > 0 ? `__make_slice__(${all.join(", ")})` : text;
      if (part.name === ",") out += ",";
      bounds = [];
    }
    return out;
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
    if (node.getChild("for") === null) return this.copy(node);
    return this.clauses(node, node.from, node.to);
  }

  /** The text of a comprehension between two offsets, with a look at the interrupt flag in every loop. */
  private clauses(node: SyntaxNode, from: number, to: number): string {
    let afterIn = false;
    return this.range(node, from, to, (child) => {
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
      return (BUILTINS.get(this.source(callee.from, callee.to)) ?? this.node(callee)) + rest;
    if (callee.name !== "MemberExpression" || property?.name !== "PropertyName")
      return this.node(callee) + rest;
    const method = this.source(property.from, property.to);
    if (!METHODS.has(method)) return this.node(callee) + rest;
    const dot = callee.getChild(".") as SyntaxNode;
    // Newlines about the dot stay, inside the parentheses that they need.
    const owner = this.range(callee, callee.from, dot.from) + this.gap(dot.to, property.from);
    return `__method__(${owner}, ${literal(method)})${rest}`;
  }

  /**
   * `interact(f, x=1, y=2)` with `**__keywords__(interact, "x y")` at the end, as a call and as a decorator:
   * MicroPython forgets the order of keywords, and controls are shown in it.
   */
  private argumentsInOrder(node: SyntaxNode): string | null {
    const parent = node.parent as SyntaxNode;
    const callee = this.source(parent.from, node.from).replace("@", "").trim();
    if (!/^(\w+\.)?interact(_manual)?$/.test(callee)) return null;
    const parts = children(node).filter((part) => part.name !== "Comment");
    const names = parts
      .filter((part, i) => part.name === "VariableName" && parts[i + 1]?.name === "AssignOp")
      .map((part) => this.source(part.from, part.to));
    if (names.length === 0) return null;
    const comma = parts.at(-2)?.name === "," ? "" : ", ";
    const order = `${comma}**__keywords__(${callee}, ${literal(names.join(" "))})`;
    return this.copy(node, (part) => (part.to === node.to ? `${order})` : null));
  }

  /**
   * `a < b` as `__less__(a, b)` where `b` may be a NumPy scalar or array: MicroPython does not ask the
   * right operand of a comparison. A chain becomes one call of `__compare__`.
   */
  private comparison(node: SyntaxNode): string | null {
    const operands: SyntaxNode[] = [];
    const operators: string[] = [];
    let rest: SyntaxNode | null = node;
    while (rest !== null && isComparison(rest)) {
      const [left, operator, right] = children(rest) as [SyntaxNode, SyntaxNode, SyntaxNode];
      operands.unshift(right);
      operators.unshift(this.source(operator.from, operator.to));
      rest = isComparison(left) ? left : null;
      if (rest === null) operands.unshift(left);
    }
    const plain = new Set(["Number", "String"]);
    if (!operators.every((operator) => operator in COMPARISONS)) return null;
    if (operands.slice(1).every((operand) => plain.has(operand.name))) return null;
    const values = operands.map((operand, i) => {
      const previous = operands[i - 1];
      return (previous === undefined ? "" : this.gap(previous.to, operand.from)) + this.node(operand);
    });
    if (operators.length === 1) return `${COMPARISONS[operators[0] as string]}(${values.join(", ")})`;
    return `__compare__(${literal(operators.join(" "))}, ${values.join(", ")})`;
  }

  /** The line breaks between two offsets, which must stay. */
  private gap(from: number, to: number): string {
    return this.source(from, to).replace(/[^\n]/g, "");
  }

  /** `"%s" % x`, so that numbers in it read as CPython writes them. */
  private binary(node: SyntaxNode): string {
    const [left, operator, right] = children(node);
    if (isComparison(node)) return this.comparison(node) ?? this.copy(node);
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
    const last = children(node).findLast((child) => child.name !== "Comment") as SyntaxNode;
    return `(${this.copy(node, (child) =>
      child.name === "Comment" || child.from === last.from ? null : `${this.node(child)} +`,
    )})`;
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
    } else if (shown === "s") {
      value = `__text__(${value})`;
    } else if (spec === undefined) {
      value = `__format__(${value}, "")`;
    }
    if (spec !== undefined) {
      const format = this.template(spec.getChildren("FormatReplacement"), spec.from + 1, spec.to);
      const text =
        format.values.length === 0
          ? literal(format.text)
          : `${literal(format.text)}.format(${format.values.join(", ")})`;
      value = `__format__(${value}, ${text})`;
    }
    const afterDoc = (conversion ?? spec ?? (parts[parts.length - 1] as SyntaxNode)).from;
    const label = selfDoc === undefined ? "" : this.source(start, afterDoc).replace(/[{}]/g, "$&$&");
    return { label, value };
  }
}

function isComparison(node: SyntaxNode): boolean {
  return (
    node.name === "BinaryExpression" && children(node).length === 3 && node.getChild("CompareOp") !== null
  );
}

function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child);
  return found;
}
