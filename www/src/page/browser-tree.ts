/**
 * The tree of a file as the file browser shows it: which groups are open, what is known of them, which rows that
 * makes, and where a key leads. No element of the page, so that it can be tested alone.
 */
import type { FileEntry, Listing } from "../protocol";

/** Entries of a group that are asked for at once. */
export const PAGE = 200;

/** What is known of an open group. */
export interface Branch {
  entries: readonly FileEntry[];
  total: number;
  loading: boolean;
  error: string | null;
}

/** A line of the tree. */
export type Row = EntryRow | MoreRow | NoteRow;

export interface EntryRow {
  kind: "entry";
  path: string;
  entry: FileEntry;
  /** 1 for the root's own. */
  level: number;
  /** Place among its siblings, from 1, and how many there are. */
  position: number;
  siblings: number;
  /** `null` for what has nothing inside. */
  open: boolean | null;
}

/** Asks for more of a group's entries. */
export interface MoreRow {
  kind: "more";
  path: string;
  group: string;
  level: number;
  left: number;
}

/** Says that a group is being read, is empty, or cannot be read. */
export interface NoteRow {
  kind: "note";
  path: string;
  level: number;
  text: string;
  tone: "plain" | "error";
}

export interface Tree {
  /** By the path of the group; the root's is `/`. */
  branches: ReadonlyMap<string, Branch>;
  open: ReadonlySet<string>;
}

export const EMPTY_TREE: Tree = { branches: new Map(), open: new Set(["/"]) };

const NOTHING_YET: Branch = { entries: [], total: 0, loading: false, error: null };

/** The path of a group's member. */
export function memberPath(group: string, name: string): string {
  return group === "/" ? `/${name}` : `${group}/${name}`;
}

/** The lines to show, from top to bottom. */
export function rows(tree: Tree, group = "/", level = 1): Row[] {
  const branch = tree.branches.get(group);
  if (branch === undefined) return [];
  const shown: Row[] = branch.entries.flatMap((entry, index): Row[] => {
    const path = memberPath(group, entry.name);
    const open = entry.kind === "group" && entry.error === null ? tree.open.has(path) : null;
    const row: EntryRow = {
      kind: "entry",
      path,
      entry,
      level,
      position: index + 1,
      siblings: branch.total,
      open,
    };
    return open === true ? [row, ...rows(tree, path, level + 1)] : [row];
  });
  const note = (text: string, tone: NoteRow["tone"]): NoteRow => ({
    kind: "note",
    path: `${group}#note`,
    level,
    text,
    tone,
  });
  if (branch.error !== null) return [...shown, note(branch.error, "error")];
  if (branch.loading) return [...shown, note("Reading…", "plain")];
  if (branch.total === 0) return [note("Nothing in it", "plain")];
  const left = branch.total - branch.entries.length;
  return left > 0 ? [...shown, { kind: "more", path: `${group}#more`, group, level, left }] : shown;
}

/** The tree with a group being read. */
export function reading(tree: Tree, group: string): Tree {
  const branch = tree.branches.get(group) ?? NOTHING_YET;
  return withBranch(tree, group, { ...branch, loading: true, error: null });
}

/** The tree with what was read of a group behind what is known. */
export function read(tree: Tree, group: string, from: number, listing: Listing): Tree {
  const known = tree.branches.get(group)?.entries.slice(0, from) ?? [];
  const entries = [...known, ...listing.entries];
  return withBranch(tree, group, { entries, total: listing.total, loading: false, error: null });
}

export function failed(tree: Tree, group: string, error: string): Tree {
  const branch = tree.branches.get(group) ?? NOTHING_YET;
  return withBranch(tree, group, { ...branch, loading: false, error });
}

export function setOpen(tree: Tree, group: string, open: boolean): Tree {
  const groups = new Set(tree.open);
  if (open) groups.add(group);
  else groups.delete(group);
  return { ...tree, open: groups };
}

function withBranch(tree: Tree, group: string, branch: Branch): Tree {
  return { ...tree, branches: new Map(tree.branches).set(group, branch) };
}

/** What a key does in a tree (WAI-ARIA Authoring Practices, tree view): go to a row, or open or close its group. */
export type Move = { to: string } | { open: string } | { close: string } | null;

export function move(all: readonly Row[], current: string | null, key: string): Move {
  const stops = all.filter((row) => row.kind !== "note");
  const index = stops.findIndex((row) => row.path === current);
  const row = stops[index];
  const to = (target: Row | undefined): Move => (target === undefined ? null : { to: target.path });
  switch (key) {
    case "ArrowDown":
      return to(stops[index + 1]);
    case "ArrowUp":
      return to(stops[index - 1]);
    case "Home":
      return to(stops[0]);
    case "End":
      return to(stops.at(-1));
    case "ArrowRight":
      if (row?.kind !== "entry" || row.open === null) return null;
      if (!row.open) return { open: row.path };
      return (stops[index + 1]?.level ?? 0) > row.level ? to(stops[index + 1]) : null;
    case "ArrowLeft":
      if (row === undefined) return null;
      if (row.kind === "entry" && row.open === true) return { close: row.path };
      return to(stops.slice(0, index).findLast((other) => other.level < row.level));
  }
  if (key.length !== 1 || key.trim() === "") return null;
  const starts = (other: Row): boolean =>
    other.kind === "entry" && other.entry.name.toLowerCase().startsWith(key.toLowerCase());
  return to([...stops.slice(index + 1), ...stops.slice(0, index)].find(starts));
}
