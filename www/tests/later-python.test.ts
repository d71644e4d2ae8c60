import { expect, test } from "vitest";
import { namesLaterPython } from "../src/kernel/python";
import { laterPython } from "../src/page/later-python";

/** How cells import the files. */
const modules = Object.keys(laterPython).map((path) =>
  path
    .replace(/^.*\/python\/later\/|\.py$/g, "")
    .replaceAll("/", ".")
    .replace(/\._.*$/, ""),
);

test.each(modules)("a cell that imports %s waits for the Python that comes later", (name) => {
  expect(namesLaterPython(`import ${name}`)).toBe(true);
  expect(namesLaterPython(`from ${name} import *`)).toBe(true);
});

test("a cell of the tutorial's modules waits for nothing", () => {
  expect(namesLaterPython("import h5py\nimport numpy as np\nimport dask.array as da\nprint(restored)")).toBe(
    false,
  );
});
