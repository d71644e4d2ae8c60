/**
 * A tiny engine for tests of the Python side: everything in plain lists, nothing clever. It answers
 * the same requests as the real one (see python/_bridge.py).
 */
import { floatRepr } from "../src/kernel/number-text";

interface Block {
  shape: number[];
  dtype: string;
  data: number[];
  /** For a view: the block that has its elements, and where in it. */
  base?: { block: Block; places: number[] };
}

/** A block that shares its elements with another. */
function view(block: Block, shape: number[], places: number[]): Block {
  return {
    shape,
    dtype: block.dtype,
    base: { block, places },
    get data() {
      return places.map((place) => block.data[place]!);
    },
  };
}

function store(block: Block, at: number, value: number): void {
  if (block.base === undefined) block.data[at] = value;
  else store(block.base.block, block.base.places[at]!, value);
}

interface Lazy {
  name: string;
  block: Block;
  chunks: number[][];
  tasks: { key: (string | number)[]; function: string; inputs: (string | number)[][]; value: Block }[];
}

interface Node {
  type: "group" | "dataset";
  block?: Block;
  options?: Record<string, unknown>;
  attributes: { name: string; value: unknown }[];
}

type Request = Record<string, unknown> & { op: string };
type Selection = [number, number, number][];

class EngineError extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

function elementText(x: number, dtype: string): string {
  if (dtype === "bool") return x ? "True" : "False";
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  return Object.is(x, -0) ? "-0.0" : String(x);
}

function elementNumber(text: string): number {
  if (text === "True" || text === "False") return text === "True" ? 1 : 0;
  return Number(withoutBits(text).replace("inf", "Infinity"));
}

/** The text of an answer for that of a request, in which floats are their bits. */
function withoutBits(text: string): string {
  if (!text.startsWith("0x")) return text;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setBigUint64(0, BigInt(text));
  return floatRepr(bits.getFloat64(0));
}

/** Numbers that come as hexadecimal digits, the least byte first. */
function numbersOfBits(digits: string, isFloat: boolean): number[] {
  const bits = new DataView(Uint8Array.from(Buffer.from(digits, "hex")).buffer);
  return Array.from({ length: bits.byteLength / 8 }, (_, i) =>
    isFloat ? bits.getFloat64(8 * i, true) : Number(bits.getBigInt64(8 * i, true)),
  );
}

/** An attribute or a fill value of a request, as answers have it. */
function echoed(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null), (_, part: unknown) =>
    typeof part === "string" ? withoutBits(part) : part,
  );
}

/** Every index of a shape, in C order. */
function* indices(shape: number[]): Generator<number[]> {
  for (let flat = 0; flat < size(shape); flat++) {
    const index: number[] = [];
    let rest = flat;
    for (const length of [...shape].reverse()) {
      index.unshift(rest % length);
      rest = Math.floor(rest / length);
    }
    yield index;
  }
}

const offset = (index: number[], shape: number[]) => index.reduce((at, i, axis) => at * shape[axis]! + i, 0);

/** The element of `block` that broadcasting puts at `index`. */
function broadcastAt(block: Block, index: number[]): number {
  const own = index
    .slice(index.length - block.shape.length)
    .map((i, axis) => (block.shape[axis] === 1 ? 0 : i));
  return block.data[offset(own, block.shape)]!;
}

function broadcastShape(a: number[], b: number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      const text = (shape: number[]) => `(${shape.join(",")}${shape.length === 1 ? "," : ""})`;
      throw new EngineError(
        "value",
        `operands could not be broadcast together with shapes ${text(a)} ${text(b)} `,
      );
    }
    return x === 1 ? y : x;
  });
}

function placesOf(shape: number[], selection: Selection): number[] {
  const counts = selection.map(([, count]) => count);
  return [...indices(counts)].map((index) =>
    offset(
      index.map((i, axis) => selection[axis]![0] + i * selection[axis]![2]),
      shape,
    ),
  );
}

function sliced(block: Block, selection: Selection, drop: number[]): Block {
  const kept = selection.map(([, count]) => count).filter((_, axis) => !drop.includes(axis));
  return view(block, kept, placesOf(block.shape, selection));
}

function assign(block: Block, selection: Selection, value: Block): void {
  const counts = selection.map(([, count]) => count);
  const places = placesOf(block.shape, selection);
  const values = [...indices(counts)].map((index) => broadcastAt(value, index));
  for (const [i, place] of places.entries()) store(block, place, values[i]!);
}

/** The same elements, shared with nothing. */
function copied(block: Block): Block {
  return { shape: block.shape, dtype: block.dtype, data: [...block.data] };
}

const BINARY: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  floor_divide: (a, b) => Math.floor(a / b),
  remainder: (a, b) => a - Math.floor(a / b) * b,
  power: (a, b) => a ** b,
  minimum: Math.min,
  maximum: Math.max,
  equal: (a, b) => Number(a === b),
  not_equal: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  less_equal: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greater_equal: (a, b) => Number(a >= b),
  bitwise_and: (a, b) => a & b,
  bitwise_or: (a, b) => a | b,
};

const UNARY: Record<string, (a: number) => number> = {
  negative: (a) => -a,
  absolute: Math.abs,
  sqrt: Math.sqrt,
  exp: Math.exp,
  rint: Math.round,
  isnan: (a) => Number(Number.isNaN(a)),
  invert: (a) => Number(!a),
};

const COMPARES = /equal|less|greater/;

function resultType(name: string, a: string, b: string): string {
  if (COMPARES.test(name)) return "bool";
  if (name === "divide") return a === "float32" && b === "float32" ? a : "float64";
  const order = ["bool", "int64", "float32", "float64"];
  return order[Math.max(order.indexOf(a), order.indexOf(b))] ?? "float64";
}

function cast(block: Block, dtype: string): Block {
  const convert = dtype.includes("int") ? Math.trunc : dtype === "float32" ? Math.fround : (x: number) => x;
  return { shape: block.shape, dtype, data: block.data.map(convert) };
}

function binary(name: string, a: Block, b: Block): Block {
  const shape = broadcastShape(a.shape, b.shape);
  const data = [...indices(shape)].map((index) =>
    BINARY[name]!(broadcastAt(a, index), broadcastAt(b, index)),
  );
  // A number is of no type of its own beside an array of floats (NEP 50).
  const weak = (one: Block, other: Block) =>
    one.shape.length === 0 && other.dtype.startsWith("float") ? other.dtype : one.dtype;
  return cast({ shape, dtype: "", data }, resultType(name, weak(a, b), weak(b, a)));
}

function reduceList(name: string, values: number[], ddof: number): number {
  const sum = values.reduce((a, b) => a + b, 0);
  const mean = sum / values.length;
  const variance = values.reduce((total, x) => total + (x - mean) ** 2, 0) / (values.length - ddof);
  switch (name) {
    case "sum":
      return sum;
    case "prod":
      return values.reduce((a, b) => a * b, 1);
    case "mean":
      return mean;
    case "var":
      return variance;
    case "std":
      return Math.sqrt(variance);
    case "min":
      return Math.min(...values);
    case "max":
      return Math.max(...values);
    case "any":
      return Number(values.some(Boolean));
    case "all":
      return Number(values.every(Boolean));
    case "argmax":
      return values.indexOf(Math.max(...values));
    case "argmin":
      return values.indexOf(Math.min(...values));
    default:
      throw new EngineError("unsupported", `no reduction ${name}`);
  }
}

function reduced(name: string, block: Block, axes: number[] | null, keepdims: boolean, ddof: number): Block {
  const over = axes ?? block.shape.map((_, axis) => axis);
  const kept = block.shape.map((length, axis) => (over.includes(axis) ? 1 : length));
  const groups = new Map<number, number[]>();
  for (const index of indices(block.shape)) {
    const at = offset(
      index.map((i, axis) => (over.includes(axis) ? 0 : i)),
      kept,
    );
    groups.set(at, [...(groups.get(at) ?? []), block.data[offset(index, block.shape)]!]);
  }
  if (block.data.length === 0 && (name === "min" || name === "max")) {
    const which = `${name}imum`;
    throw new EngineError("value", `zero-size array to reduction operation ${which} which has no identity`);
  }
  const data = Array.from({ length: size(kept) }, (_, at) => reduceList(name, groups.get(at) ?? [], ddof));
  const dtype = /any|all/.test(name)
    ? "bool"
    : /arg/.test(name)
      ? "int64"
      : /mean|var|std/.test(name) && !block.dtype.startsWith("float")
        ? "float64"
        : name === "sum" && block.dtype === "bool"
          ? "int64"
          : block.dtype;
  const shape = keepdims ? kept : block.shape.filter((_, axis) => !over.includes(axis));
  return { shape, dtype, data };
}

/** `before` and the layers of a reduction in pairs, up to but not including the aggregate. */
function partials(name: string, before: Lazy["tasks"]): Lazy["tasks"] {
  const chunks = before.map(({ key, value }) => ({
    key: [`${name}-00`, ...key.slice(1)],
    function: name,
    inputs: [key],
    value: reduced(name, value, null, true, 0),
  }));
  const pairs: Lazy["tasks"] = [];
  for (let i = 0; i < chunks.length; i += 2) {
    const inputs = chunks.slice(i, i + 2);
    const first = inputs[0]!.value;
    const data = [
      reduceList(
        name,
        inputs.flatMap(({ value }) => value.data),
        0,
      ),
    ];
    pairs.push({
      key: [`${name}-partial-00`, i / 2, ...first.shape.slice(1).map(() => 0)],
      function: `${name}-partial`,
      inputs: inputs.map(({ key }) => key),
      value: { ...first, data },
    });
  }
  return [...before, ...chunks, ...pairs];
}

/** An engine that holds its arrays in lists; call it with a request. */
export class FakeEngine {
  readonly files = new Map<string, Map<string, Node>>();
  readonly requests: string[] = [];
  /** The most bytes an array of `np_full` may take. */
  memory = Number.POSITIVE_INFINITY;
  private readonly arrays = new Map<number, Block>();
  private readonly lazies = new Map<number, Lazy>();
  private readonly open = new Map<number, Map<string, Node>>();
  private readonly datasets = new Map<number, Node & { block: Block }>();
  private next = 1;
  private random = 1;

  readonly dispatch = (text: string): string => {
    const request = JSON.parse(text) as Request;
    this.requests.push(request.op);
    try {
      return JSON.stringify({ ok: this.answer(request) });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return JSON.stringify({ error: { kind: error.kind, message: error.message } });
    }
  };

  /** How many arrays are held. */
  get held(): number {
    return this.arrays.size;
  }

  private put(block: Block): object {
    if (block.shape.length === 0) {
      return { scalar: { dtype: block.dtype, value: elementText(block.data[0]!, block.dtype) } };
    }
    const id = this.next++;
    this.arrays.set(id, block);
    return { array: id, shape: block.shape, dtype: block.dtype };
  }

  private operand(value: unknown): Block {
    const { array, lazy, scalar } = value as {
      array?: number;
      lazy?: number;
      scalar?: { dtype: string; value: string };
    };
    if (array !== undefined) return this.arrays.get(array)!;
    if (lazy !== undefined) return this.lazies.get(lazy)!.block;
    return { shape: [], dtype: scalar!.dtype, data: [elementNumber(scalar!.value)] };
  }

  private putLazy(name: string, block: Block, chunks: number[][], before: Lazy["tasks"] = []): object {
    const id = this.next++;
    const full = `${name}-${id.toString(16).padStart(4, "0")}`;
    const inputs = before.length > 0 ? [before[before.length - 1]!.key] : [];
    const tasks = [...before];
    if (name === "array") {
      for (const index of indices(chunks.map((lengths) => lengths.length))) {
        const selection = index.map((i, axis): [number, number, number] => {
          const lengths = chunks[axis]!;
          return [lengths.slice(0, i).reduce((a, b) => a + b, 0), lengths[i]!, 1];
        });
        tasks.push({
          key: [full, ...index],
          function: "getter",
          inputs: [],
          value: sliced(block, selection, []),
        });
      }
    } else {
      tasks.push({ key: [full, ...block.shape.map(() => 0)], function: name, inputs, value: block });
    }
    this.lazies.set(id, { name: full, block, chunks, tasks });
    return { lazy: id, name: full, shape: block.shape, dtype: block.dtype, chunks };
  }

  private node(request: Request): Node {
    const file = this.open.get(request.file as number)!;
    const path = request.path as string;
    const node = file.get(path);
    if (node === undefined) {
      throw new EngineError(
        "key",
        `Unable to synchronously open object (object '${path.slice(1)}' doesn't exist)`,
      );
    }
    return node;
  }

  private describe(node: Node, path: string): object {
    if (node.type === "group") return { type: "group", path };
    const id = this.next++;
    this.datasets.set(id, node as Node & { block: Block });
    const { shape, dtype } = node.block!;
    return {
      type: "dataset",
      dataset: id,
      path,
      shape,
      dtype,
      maxshape: shape,
      numeric: true,
      ...node.options,
    };
  }

  private answer(request: Request): unknown {
    const get = <T>(name: string) => request[name] as T;
    const array = () => this.arrays.get(get<number>("array"))!;
    const lazy = () => this.lazies.get(get<number[] | undefined>("lazies")?.[0] ?? get<number>("lazy"))!;
    const selection = () => get<Selection>("selection");
    const whole = (block: Block) => block.shape.map((length) => [length]);
    switch (request.op) {
      case "info":
        return { threads: 2, memory_used: 0, memory_limit: 1, version: "test" };
      case "files":
        return [...this.files.keys()].map((name) => ({ name, size: 4096, kind: "stored" }));
      case "free_space":
        return { free: 8e9, quota: 1e10, usage: 2e9 };
      case "h5_open": {
        const name = get<string>("name");
        if (get<string>("mode") === "w")
          this.files.set(name, new Map([["/", { type: "group", attributes: [] }]]));
        const file = this.files.get(name);
        if (file === undefined) throw new EngineError("file-not-found", `file '${name}' is not on the shelf`);
        this.open.set(this.next, file);
        return { file: this.next++ };
      }
      case "h5_close":
        this.open.delete(get<number>("file"));
        return null;
      case "h5_get":
        return this.describe(this.node(request), get<string>("path"));
      case "h5_link":
        this.node(request);
        return { type: "hard" };
      case "h5_members": {
        const prefix = get<string>("path").replace(/\/?$/, "/");
        this.node(request);
        return [...this.open.get(get<number>("file"))!]
          .filter(
            ([path]) => path !== "/" && path.startsWith(prefix) && !path.slice(prefix.length).includes("/"),
          )
          .map(([path, node]) => ({ name: path.slice(prefix.length), type: node.type, error: null }));
      }
      case "h5_attrs":
        return this.node(request).attributes;
      case "h5_set_attr":
        this.node(request).attributes.push({ name: get("name"), value: echoed(get("value")) });
        return null;
      case "h5_create_group":
        this.open.get(get<number>("file"))!.set(get("path"), { type: "group", attributes: [] });
        return null;
      case "h5_create_dataset": {
        const shape = get<number[]>("shape");
        const { chunks, compression, compression_opts, shuffle, fletcher32, fillvalue } = request;
        const node: Node = {
          type: "dataset",
          block: { shape, dtype: get("dtype"), data: new Array<number>(size(shape)).fill(0) },
          options: {
            chunks,
            compression,
            compression_opts,
            shuffle,
            fletcher32,
            fillvalue: echoed(fillvalue),
          },
          attributes: [],
        };
        this.open.get(get<number>("file"))!.set(get("path"), node);
        return this.describe(node, get("path"));
      }
      case "h5_read":
        return this.put(
          copied(sliced(this.datasets.get(get<number>("dataset"))!.block, selection(), get("drop"))),
        );
      case "h5_write":
        assign(this.datasets.get(get<number>("dataset"))!.block, selection(), this.operand(request.value));
        return null;
      case "np_seed":
        this.random = get<number>("seed") + 1;
        return null;
      case "np_random": {
        const shape = get<number[]>("shape");
        const draw = () => {
          this.random = (this.random * 48271) % 2147483647;
          return this.random / 2147483647;
        };
        return this.put({ shape, dtype: "float64", data: Array.from({ length: size(shape) }, draw) });
      }
      case "np_full": {
        const shape = get<number[]>("shape");
        if (8 * size(shape) > this.memory) {
          throw new EngineError("memory", `${8 * size(shape)} bytes asked for, ${this.memory} there are`);
        }
        const fill = this.operand({ scalar: request.value }).data[0]!;
        return this.put({ shape, dtype: get("dtype"), data: new Array<number>(size(shape)).fill(fill) });
      }
      case "np_arange": {
        const [start, stop, step] = ["start", "stop", "step"].map((name) =>
          this.operand({ scalar: request[name] }),
        );
        const data: number[] = [];
        for (let x = start!.data[0]!; x < stop!.data[0]!; x += step!.data[0]!) data.push(x);
        const isFloat = [start, stop, step].some((block) => block!.dtype === "float64");
        return this.put({
          shape: [data.length],
          dtype: get<string | null>("dtype") ?? (isFloat ? "float64" : "int64"),
          data,
        });
      }
      case "np_from_list": {
        const bits = get<string | undefined>("bits");
        const isFloat = get<string>("dtype").startsWith("float");
        const data =
          bits === undefined ? get<string[]>("data").map(elementNumber) : numbersOfBits(bits, isFloat);
        return this.put(cast({ shape: get("shape"), dtype: "", data }, get("dtype")));
      }
      case "np_to_list":
        return { data: array().data.map((x) => elementText(x, array().dtype)) };
      case "np_slice":
        return this.put(sliced(array(), selection(), get("drop")));
      case "np_assign":
        assign(array(), selection(), this.operand(request.value));
        return null;
      case "np_take": {
        const [block, index] = [array(), this.arrays.get(get<number>("index"))!];
        const isMask = index.dtype === "bool";
        const rest = block.shape.slice(isMask ? index.shape.length : 1);
        const rows = isMask ? [...index.data.keys()].filter((row) => index.data[row]) : index.data;
        const data = rows.flatMap((row) => block.data.slice(row * size(rest), (row + 1) * size(rest)));
        return this.put({
          shape: [...(isMask ? [rows.length] : index.shape), ...rest],
          dtype: block.dtype,
          data,
        });
      }
      case "np_where": {
        const [condition, x, y] = ["condition", "x", "y"].map((name) => this.operand(request[name]));
        const like = binary("add", x!, y!);
        const shape = broadcastShape(condition!.shape, like.shape);
        const data = [...indices(shape)].map((at) => broadcastAt(broadcastAt(condition!, at) ? x! : y!, at));
        return this.put({ shape, dtype: like.dtype, data });
      }
      case "np_astype":
        return this.put(cast(array(), get("dtype")));
      case "np_reshape": {
        const block = array();
        return this.put(view(block, get("shape"), [...block.data.keys()]));
      }
      case "np_transpose": {
        const axes = get<number[]>("axes");
        const block = array();
        const shape = axes.map((axis) => block.shape[axis]!);
        const data = [...indices(shape)].map((index) => {
          const from: number[] = [];
          axes.forEach((axis, i) => {
            from[axis] = index[i]!;
          });
          return block.data[offset(from, block.shape)]!;
        });
        return this.put({ shape, dtype: block.dtype, data });
      }
      case "np_concatenate": {
        const blocks = get<number[]>("arrays").map((id) => this.arrays.get(id)!);
        const axis = get<number>("axis");
        const shape = [...blocks[0]!.shape];
        shape[axis] = blocks.reduce((total, block) => total + block.shape[axis]!, 0);
        const out: Block = { shape, dtype: blocks[0]!.dtype, data: new Array<number>(size(shape)).fill(0) };
        let start = 0;
        for (const block of blocks) {
          assign(
            out,
            block.shape.map((n, i): [number, number, number] => [i === axis ? start : 0, n, 1]),
            block,
          );
          start += block.shape[axis]!;
        }
        return this.put(out);
      }
      case "np_unary": {
        const name = get<string>("name");
        const dtype =
          name === "isnan" ? "bool" : name === "sqrt" || name === "exp" ? "float64" : array().dtype;
        return this.put({ shape: array().shape, dtype, data: array().data.map(UNARY[name]!) });
      }
      case "np_binary":
        return this.put(binary(get("name"), this.operand(request.left), this.operand(request.right)));
      case "np_reduce":
        return this.put(reduced(get("name"), array(), get("axes"), get("keepdims"), get("ddof")));
      case "np_free":
        this.arrays.delete(get<number>("array"));
        return null;
      case "da_from": {
        const block =
          request.dataset === undefined ? array() : this.datasets.get(get<number>("dataset"))!.block;
        const spec = get<number | "auto" | (number | number[])[]>("chunks");
        const chunks = block.shape.map((length, axis) => {
          const given = spec === "auto" ? -1 : typeof spec === "number" ? spec : spec[axis]!;
          if (Array.isArray(given)) return given;
          const step = given === -1 ? length : given;
          return Array.from({ length: Math.ceil(length / step) }, (_, i) =>
            Math.min(step, length - i * step),
          );
        });
        return this.putLazy("array", block, chunks);
      }
      case "da_unary":
        return this.putLazy(
          get("name"),
          { ...lazy().block, data: lazy().block.data.map(UNARY[get<string>("name")]!) },
          lazy().chunks,
        );
      case "da_binary": {
        const block = binary(get("name"), this.operand(request.left), this.operand(request.right));
        const sides = [request.left, request.right] as { lazy?: number }[];
        const like = sides.map(({ lazy: id }) => (id === undefined ? undefined : this.lazies.get(id)));
        const same = like.find((one) => one?.block.shape.join() === block.shape.join());
        return this.putLazy(get("name"), block, same?.chunks ?? whole(block));
      }
      case "da_slice": {
        const block = sliced(lazy().block, selection(), get("drop"));
        return this.putLazy("getitem", block, whole(block));
      }
      case "da_transpose":
        return this.putLazy("transpose", lazy().block, lazy().chunks);
      case "da_rechunk":
        return this.putLazy("rechunk-merge", lazy().block, whole(lazy().block));
      case "da_reduce": {
        const block = reduced(get("name"), lazy().block, get("axes"), get("keepdims"), get("ddof"));
        return this.putLazy(
          `${get<string>("name")}-aggregate`,
          block,
          whole(block),
          partials(get("name"), lazy().tasks),
        );
      }
      case "da_compute":
        return get<number[]>("lazies").map((id) => this.put(this.lazies.get(id)!.block));
      case "da_graph": {
        const tasks = lazy().tasks.map(({ key, function: name, inputs }) => ({
          key,
          function: name,
          inputs,
        }));
        return { tasks, total: tasks.length };
      }
      case "da_get":
        return get<(string | number)[][]>("keys").map((key) => {
          const task = lazy().tasks.find((one) => JSON.stringify(one.key) === JSON.stringify(key));
          return this.put(task!.value);
        });
      case "da_keys":
        return [lazy().name, ...lazy().block.shape.map(() => 0)];
      case "da_draw":
        return { width: 10, height: 10, nodes: [], edges: [], tasks: lazy().tasks.length };
      default:
        throw new EngineError("unsupported", `the test engine has no ${request.op}`);
    }
  }
}
