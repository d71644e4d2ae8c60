"""Run the tutorial notebook under CPython with the real h5py, NumPy and Dask, and judge its answers.

    python tests/oracle/tutorial_cpython.py [--page-outputs FILE.json]

The notebook is executed cell by cell in an IPython kernel, in an empty folder, with the size of step 4
reduced. What it prints is held against values that NumPy computes here, over the same random numbers,
without files, chunks or Dask.

The outputs of the same cells as the page gave them, left in test-results/ by
tests/e2e/tutorial.test.mjs, are judged in the same way and compared with CPython's cell by cell. They
are left out of it where there are none, or none of this notebook.

Prints one line for each thing found wrong, then how many checks passed and failed.
"""

import argparse
import ast
import json
import re
import sys
import tempfile
import time
from pathlib import Path

import nbclient
import nbformat
import numpy

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "www" / "notebooks" / "tutorial.ipynb"
PAGE_OUTPUTS = ROOT / "test-results" / "tutorial-page-outputs.json"

# The one edit: the side of the array of step 4. tests/e2e/tutorial.test.mjs makes the same one.
FULL_SIZE = "ROWS = COLUMNS = 30000 "
REDUCED_SIDE = 1500
REDUCED_SIZE = f"ROWS = COLUMNS = {REDUCED_SIDE} "

# Sums are added up in another order in the page than in NumPy, and so end in other digits.
RELATIVE_TOLERANCE = 1e-9

NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")
# The fingerprint that ends a layer's name: ('sum-partial-3f9ac1', 0, 0).
TOKEN = re.compile(r"(?<=[a-z]-)[0-9a-f]{4,40}(?=')")
TIMEIT_LINE = re.compile(r"[\d.]+ *(?:ns|[uµμ]s|ms|s|min)\b.* per loop")

# A drawing is a bitmap or SVG under Jupyter, and a placed graph that can be hovered over in the page.
DRAWING_TYPES = {"image/png", "image/svg+xml", "application/vnd.chunkbook.graph+json"}

# Why the output of a cell may differ between the page and CPython, by the cell's tag.
TAGS = {
    "timing": "it shows how long something took",
    "memory": "it depends on how much memory there is",
    "drawing": "it shows a picture",
    "graph": "it shows the insides of tasks, which are the implementation's own",
    "large": "it sets the size of the large file, and shows how much storage is free",
    "repr": "it shows the text form of a lazy array",
    "own-file": "it is edited by the reader",
}


class Checks:
    """Counts what held and prints what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, holds, complaint):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {complaint}")


def read_notebook():
    """The notebook with the size of step 4 reduced."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    edits = 0
    for cell in notebook.cells:
        edits += cell.source.count(FULL_SIZE)
        cell.source = cell.source.replace(FULL_SIZE, REDUCED_SIZE)
    if edits != 1:
        sys.exit(f"{NOTEBOOK}: expected {FULL_SIZE!r} once, found it {edits} times")
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# --- The notebook as a document ---------------------------------------------------------------------


def check_document(notebook, checks):
    try:
        nbformat.validate(notebook)
        complaint = ""
    except nbformat.ValidationError as error:
        complaint = str(error)
    checks.that(not complaint, f"the notebook is not valid nbformat: {complaint}")

    ids = [cell.id for cell in notebook.cells]
    checks.that(len(set(ids)) == len(ids), "two cells have the same id")

    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    steps = re.findall(r"^## (\d+)\. ", prose, re.MULTILINE)
    checks.that(steps == [str(step) for step in range(1, 11)], f"the steps are not 1 to 10 in order: {steps}")

    for cell in code_cells(notebook):
        checks.that(not cell.outputs, f"cell {cell.id}: the notebook is stored with outputs")
        for tag in cell.metadata.get("tags", []):
            checks.that(tag in TAGS, f"cell {cell.id}: unknown tag {tag!r}")
        for complaint in syntax_the_page_lacks(cell.source):
            checks.that(False, f"cell {cell.id}: {complaint}, which MicroPython does not have")


def syntax_the_page_lacks(source):
    """What a cell uses of CPython 3.11 that the page's Python would not parse."""
    without_magics = re.sub(r"^%\w+ *", "", source, flags=re.MULTILINE)
    found = []
    for node in ast.walk(ast.parse(without_magics)):
        if isinstance(node, ast.Match):
            found.append(f"line {node.lineno}: match")
        elif isinstance(node, ast.Dict) and None in node.keys:
            found.append(f"line {node.lineno}: {{**mapping}}")
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and is_starred_display(node):
            found.append(f"line {node.lineno}: a starred element in a display")
    return found


def is_starred_display(node):
    """Whether it is `[*a]` and the like, but not the target of an assignment such as `a, *b = c`."""
    is_target = isinstance(getattr(node, "ctx", None), ast.Store)
    return not is_target and any(isinstance(element, ast.Starred) for element in node.elts)


# --- Running it -------------------------------------------------------------------------------------


def run_in_cpython(notebook):
    """Each code cell's {id, stdout, result, error, mime}, as the page's outputs are given."""
    with tempfile.TemporaryDirectory(prefix="chunkbook-tutorial-") as folder:
        client = nbclient.NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=600,
            allow_errors=True,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    return [cell_outputs(cell) for cell in code_cells(notebook)]


def cell_outputs(cell):
    stdout, result, error, mime = "", None, None, []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stdout":
            stdout += output.text
        elif output.output_type == "execute_result":
            result = output.data["text/plain"]
        elif output.output_type == "error":
            error = f"{output.ename}: {output.evalue}"
        mime += sorted(output.get("data", {}))
    return {"id": cell.id, "stdout": stdout, "result": result, "error": error, "mime": mime}


# --- Known answers ----------------------------------------------------------------------------------


class Reference:
    """What NumPy says of the numbers of one of the two files, computed in one go in memory."""

    def __init__(self, seed, side):
        numpy.random.seed(seed)
        self.values = numpy.concatenate([numpy.random.rand(300, side) for _ in range(side // 300)])
        self.four = {
            "sum": self.values.sum(),
            "mean": self.values.mean(),
            "var": self.values.var(),
            "std": self.values.std(),
        }
        self.variance_of_variances = numpy.var([chunk.var() for chunk in numpy.split(self.values, side // 300)])


def check_answers(side, outputs, small, large, checks):
    """Hold what the cells print against NumPy's own values. `side` says whose outputs they are."""
    cells = {output["id"]: output for output in outputs}

    def text(cell_id):
        output = cells.get(cell_id, {})
        return (output.get("stdout") or "") + (output.get("result") or "")

    def close(cell_id, name, expected):
        found = value_of(name, text(cell_id))
        holds = found is not None and is_close(found, expected)
        checks.that(holds, f"{side}, cell {cell_id}: {name} is {found}, NumPy says {expected}")

    for output in outputs:
        checks.that(output["error"] is None, f"{side}, cell {output['id']}: {output['error']}")

    progress = re.findall(r"^Writing chunk (\d+) -> (\d+)$", text("write-small"), re.MULTILINE)
    expected = [(str(start), str(start + 300)) for start in range(0, 3000, 300)]
    checks.that(progress == expected, f"{side}, cell write-small: printed {progress}")

    checks.that(text("naive-read") == "(3000, 3000)", f"{side}, cell naive-read: shape {text('naive-read')}")
    for cell_id in ("naive-answers", "dask-answers", "own-answers"):
        for name, value in small.four.items():
            close(cell_id, name, value)
    for cell_id in ("dask-big", "dask-big-answers"):
        for name, value in large.four.items():
            close(cell_id, name, value)

    ends = [float(number) for number in NUMBER.findall(text("read-part"))[2:]]
    expected = [*large.values[0, :4], *large.values[-1, -4:]]
    checks.that(
        len(ends) == 8 and all(abs(a - b) < 1e-8 for a, b in zip(ends, expected, strict=True)),
        f"{side}, cell read-part: read {ends}, NumPy says {expected}",
    )

    aggregate = [float(number) for number in NUMBER.findall(text("graph-aggregate"))]
    checks.that(
        len(aggregate) == 2 and aggregate[0] == aggregate[1] and is_close(aggregate[0], small.four["sum"]),
        f"{side}, cell graph-aggregate: {aggregate}, NumPy says {small.four['sum']}",
    )

    close("combine-wrong", "sum", large.four["sum"])
    close("combine-wrong", "mean", large.four["mean"])
    close("combine-wrong", "var", large.variance_of_variances)
    wrong = value_of("var", text("combine-wrong"))
    checks.that(wrong is not None and 0 < wrong < 1e-6, f"{side}, cell combine-wrong: {wrong} is not wrong enough")
    for name in ("mean", "var", "std"):
        close("combine-right", name, large.four[name])
    right = value_of("var", text("combine-right"))
    checks.that(
        right is not None and abs(right - 1 / 12) < 1e-3, f"{side}, cell combine-right: {right} is not near 1/12"
    )

    for cell_id, lines in (("naive-timing", 4), ("dask-timing", 4)):
        found = len(TIMEIT_LINE.findall(text(cell_id)))
        checks.that(found == lines, f"{side}, cell {cell_id}: {found} lines of %timeit, not {lines}")
    checks.that("Wall time" in text("dask-big-together"), f"{side}, cell dask-big-together: %time tells no wall time")

    memory = text("naive-big")
    checks.that(
        memory.startswith("It just fits: ") or memory.startswith("MemoryError: "),
        f"{side}, cell naive-big: neither fits nor is a MemoryError: {memory!r}",
    )
    for cell_id in ("draw", "own-draw"):
        mime = cells.get(cell_id, {}).get("mime", [])
        checks.that(set(mime) & DRAWING_TYPES, f"{side}, cell {cell_id}: no drawing among {mime}")


def value_of(name, text):
    """The number printed behind a name at the start of a line, such as `mean 0.4999`."""
    found = re.search(rf"^{name} +({NUMBER.pattern})", text, re.MULTILINE)
    return float(found.group(1)) if found else None


def is_close(a, b):
    return abs(a - b) <= RELATIVE_TOLERANCE * max(abs(a), abs(b))


# --- The page against CPython -----------------------------------------------------------------------


def check_page_against_cpython(notebook, page, cpython, checks):
    page_ids = [output["id"] for output in page]
    ids = [cell.id for cell in code_cells(notebook)]
    checks.that(page_ids == ids, f"the page ran the cells {page_ids}, the notebook has {ids}")

    by_id = {output["id"]: output for output in page}
    for cell, theirs in zip(code_cells(notebook), cpython, strict=True):
        ours = by_id.get(cell.id)
        if ours is None:
            continue
        tags = cell.metadata.get("tags", [])
        if "timing" in tags or "drawing" in tags:
            continue  # check_answers looked at their form.
        if cell.id == "graph":
            difference = sorted(graph_keys(ours["stdout"]) ^ graph_keys(theirs["stdout"]))
            checks.that(not difference, f"cell graph: keys in one graph only: {difference}")
            continue
        for part in ("stdout", "result"):
            complaint = difference_of(ours[part] or "", theirs[part] or "")
            checks.that(not complaint, f"cell {cell.id}, {part}: {complaint}")


def graph_keys(printed):
    """The keys with an index of a printed task graph, without their fingerprints."""
    keys = re.findall(r"^[ {](\('[^']+'[^)]*\)):", printed, re.MULTILINE)
    return {TOKEN.sub("TOKEN", re.sub(r"\s+", " ", key)) for key in keys}


def difference_of(ours, theirs):
    """How two outputs differ other than in the last digits, fingerprints and white space; "" if not at all."""
    our_words, our_numbers = words_and_numbers(ours)
    their_words, their_numbers = words_and_numbers(theirs)
    if our_words != their_words:
        return f"page {ours!r}, CPython {theirs!r}"
    for a, b in zip(our_numbers, their_numbers, strict=True):
        if not is_close(a, b):
            return f"{a} in the page, {b} in CPython"
    return ""


def words_and_numbers(text):
    text = TOKEN.sub("TOKEN", text)
    text = re.sub(r"^free: .*$", "free: SOME GB", text, flags=re.MULTILINE)
    words = " ".join(NUMBER.sub(" NUMBER ", text).split())
    return words, [float(number) for number in NUMBER.findall(text)]


def newest_page_outputs():
    """What the last end-to-end run left, unless the notebook has been changed since."""
    if not PAGE_OUTPUTS.exists():
        print("the page's outputs are not compared: run tests/e2e/tutorial.test.mjs first")
    elif PAGE_OUTPUTS.stat().st_mtime < NOTEBOOK.stat().st_mtime:
        print("the page's outputs are not compared: they are older than the notebook")
    else:
        return PAGE_OUTPUTS
    return None


def main():
    parser = argparse.ArgumentParser(description="Judge the tutorial notebook's answers under CPython, and the page's.")
    parser.add_argument("--page-outputs", type=Path, metavar="FILE.json", help="outputs of the cells in the page")
    parser.add_argument("describe", nargs="?", help="the example program that every oracle is given; not needed here")
    arguments = parser.parse_args()
    page_outputs = arguments.page_outputs or newest_page_outputs()

    checks = Checks()
    notebook = read_notebook()
    check_document(notebook, checks)

    small = Reference(seed=0, side=3000)
    large = Reference(seed=7, side=REDUCED_SIDE)
    cpython = run_in_cpython(notebook)
    check_answers("CPython", cpython, small, large, checks)

    if page_outputs:
        print("comparing with the page's outputs of", time.ctime(page_outputs.stat().st_mtime))
        page = json.loads(page_outputs.read_text())
        check_answers("page", page, small, large, checks)
        check_page_against_cpython(notebook, page, cpython, checks)

    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)


if __name__ == "__main__":
    main()
