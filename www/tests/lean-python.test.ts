import { expect, test } from "vitest";
import { withoutComments } from "../scripts/lean-python";

test("comments, docstrings and most of the indentation go, and every line stays where it was", () => {
  const source = [
    '"""What this is."""',
    "# why",
    "class Mistake(Exception):",
    '    """One,',
    "",
    '    told at length."""',
    "",
    "def f(x):",
    "    # not the string",
    '    return x + """',
    'kept"""',
  ].join("\n");
  expect(withoutComments(source).split("\n")).toEqual([
    "0",
    "",
    "class Mistake(Exception):",
    " 0",
    "",
    "",
    "",
    "def f(x):",
    "",
    ' return x + """',
    'kept"""',
  ]);
});

test("what looks like a comment in a line of code is left alone", () => {
  expect(withoutComments('colour = "#2a9d8f"  # teal')).toBe('colour = "#2a9d8f"  # teal');
});
