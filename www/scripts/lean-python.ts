/** Leaves out of the kernel's Python what only its authors read. */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/**
 * The Python of the kernel without comments and docstrings, which are a sixth of it compressed. Every line stays where
 * it was, so that tracebacks name the lines of the sources.
 */
export function leanPython(): Plugin {
  return {
    name: "lean-python",
    enforce: "pre",
    load(id) {
      if (!id.endsWith(".py?raw")) return null;
      const path = id.slice(0, id.indexOf("?"));
      this.addWatchFile(path);
      return {
        code: `export default ${JSON.stringify(withoutComments(readFileSync(path, "utf8")))};`,
        moduleType: "js",
      };
    },
  };
}

/** A string that is a statement, from its quotes on; other strings in three quotes follow something on their line. */
const DOCSTRING = /^( *)"""[\s\S]*?"""$/gm;
const COMMENT = /^ *#.*$/gm;

const INDENTATION = /^ {4,}/gm;

/** Python without the comments that have a line of their own and without docstrings, on the same lines, indented by one. */
export function withoutComments(source: string): string {
  return source
    .replace(DOCSTRING, (text, indent: string) => `${indent}0${"\n".repeat(text.split("\n").length - 1)}`)
    .replace(COMMENT, "")
    .replace(INDENTATION, (spaces) => " ".repeat(spaces.length / 4));
}
