import { expect, test } from "vitest";
import { EMPTY_TREE, failed, move, read, reading, rows, setOpen, type Tree } from "../src/page/browser-tree";
import type { FileEntry } from "../src/protocol";

function entry(name: string, kind: FileEntry["kind"] = "dataset", error: string | null = null): FileEntry {
  return { name, kind, link: null, dataset: null, error };
}

function listed(tree: Tree, group: string, entries: FileEntry[], total = entries.length): Tree {
  return read(reading(tree, group), group, 0, { entries, total });
}

/** `group [inner, more], apple, broken` with the group open. */
function opened(): Tree {
  const root = listed(EMPTY_TREE, "/", [
    entry("group", "group"),
    entry("apple"),
    entry("broken", "group", "damaged"),
  ]);
  return listed(setOpen(root, "/group", true), "/group", [entry("inner"), entry("other", "group")], 5);
}

const paths = (tree: Tree): string[] => rows(tree).map((row) => row.path);

test("an open group's entries stand below it, one level deeper, with what is left of them", () => {
  expect(paths(opened())).toEqual([
    "/group",
    "/group/inner",
    "/group/other",
    "/group#more",
    "/apple",
    "/broken",
  ]);
  expect(rows(opened()).map((row) => row.level)).toEqual([1, 2, 2, 2, 1, 1]);
  expect(rows(opened())[3]).toMatchObject({ kind: "more", left: 3 });
  expect(rows(opened())[2]).toMatchObject({ position: 2, siblings: 5, open: false });
});

test("a closed group keeps what is known of it, and a broken one cannot be opened", () => {
  const closed = setOpen(opened(), "/group", false);
  expect(paths(closed)).toEqual(["/group", "/apple", "/broken"]);
  expect(closed.branches.get("/group")?.entries.length).toBe(2);
  expect(rows(closed)[2]).toMatchObject({ open: null });
});

test("the next entries come behind those that are known, also when they are asked for twice", () => {
  const page = { entries: [entry("c"), entry("d"), entry("e")], total: 5 };
  let tree = read(opened(), "/group", 2, page);
  tree = read(tree, "/group", 2, page);
  expect(paths(tree)).toEqual([
    "/group",
    "/group/inner",
    "/group/other",
    "/group/c",
    "/group/d",
    "/group/e",
    "/apple",
    "/broken",
  ]);
});

test("a group that is being read, is empty or cannot be read says so in its place", () => {
  const text = (tree: Tree): unknown => rows(tree).find((row) => row.kind === "note");
  const root = listed(EMPTY_TREE, "/", [entry("g", "group")]);
  const open = setOpen(root, "/g", true);
  expect(text(reading(open, "/g"))).toMatchObject({ text: "Reading…", level: 2 });
  expect(text(listed(open, "/g", []))).toMatchObject({ text: "Nothing in it" });
  expect(text(failed(open, "/g", "why not"))).toMatchObject({ text: "why not", tone: "error" });
});

test("arrows go up and down, into groups and out of them, as in any tree", () => {
  const all = rows(opened());
  expect(move(all, "/group", "ArrowDown")).toEqual({ to: "/group/inner" });
  expect(move(all, "/apple", "ArrowUp")).toEqual({ to: "/group#more" });
  expect(move(all, "/group", "ArrowRight")).toEqual({ to: "/group/inner" });
  expect(move(all, "/group/other", "ArrowRight")).toEqual({ open: "/group/other" });
  expect(move(all, "/group/inner", "ArrowRight")).toBeNull();
  expect(move(all, "/group/inner", "ArrowLeft")).toEqual({ to: "/group" });
  expect(move(all, "/group", "ArrowLeft")).toEqual({ close: "/group" });
  expect(move(all, "/apple", "ArrowLeft")).toBeNull();
  expect(move(all, "/broken", "Home")).toEqual({ to: "/group" });
  expect(move(all, "/group", "End")).toEqual({ to: "/broken" });
  expect(move(all, "/group", "ArrowUp")).toBeNull();
});

test("a letter goes to the next name that begins with it, around the end", () => {
  const all = rows(opened());
  expect(move(all, "/group", "a")).toEqual({ to: "/apple" });
  expect(move(all, "/apple", "O")).toEqual({ to: "/group/other" });
  expect(move(all, "/apple", "x")).toBeNull();
  expect(move(all, "/apple", "Tab")).toBeNull();
});
