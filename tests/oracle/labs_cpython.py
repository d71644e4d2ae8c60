"""Run the labs notebook under CPython with the real h5py, NumPy, Dask and ipywidgets.

The functions behind its controls are called with other values than those they begin with, and what can be known
beforehand is held against what they find. tests/e2e/labs.test.mjs asks the same of the page.

Prints what did not hold, then how many checks passed and failed.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "www" / "notebooks" / "labs.ipynb"

# Each runs after the notebook's last cell.
CHECKS = {
    "other quantities and fewer rows": "three_ways('var', 500); three_ways('std', 250)",
    "other chunks": "chunk_size(100, 2000); chunk_size(2000, 2000)",
    "other rounds": "combine(2); combine(32)",
    "other offsets and lengths": "variance(1, 1); variance(10**15, 300); variance(10**5, 7)",
    "heavy work": "speed_up('heavy', 1); speed_up('heavy', 2)",
    "verdicts on given times": """
assert verdict_on([1.0]) == 'There is one thread, and nothing to compare it with.'
assert verdict_on([1.23, 1.0]) == (
    '2 threads are 1.23 times as fast as one: 62 % of what 2 could be. '
    'Each further thread gains 15 % or more. Such differences may be noise: measured once; run it again.')
assert verdict_on([8.0, 4.0, 2.7, 2.69]) == (
    '4 threads are 2.97 times as fast as one: 74 % of what 4 could be. '
    'Thread number 4 is the first that gains less than 15 %. '
    'Such differences may be noise: measured once; run it again.')
assert verdict_on([1.0, 0.5]) == (
    '2 threads are 2.00 times as fast as one: 100 % of what 2 could be. Each further thread gains 15 % or more.')
assert verdict_on([1.0, 1.5]) == (
    '2 threads take 1.50 times as long as one. Thread number 2 is the first that gains less than 15 %.')
""",
    "blocks on the file's chunks read nothing twice": """
for aligned in [(250, 500), (500, 500), (250, 2000), (2000, 2000)]:
    assert re_read(file['packed'], aligned) == 1
""",
    "blocks across the file's chunks read as much as counted by hand": """
assert re_read(file['packed'], (125, 500)) == 2
assert re_read(file['packed'], (300, 500)) == 250 * (2 + 2 + 2 + 2 + 2 + 2 + 1) / 2000
""",
    "advice is aligned, within the memory and enough for the threads": """
for data in (file['packed'], big):
    for threads in (1, 2, 8, 64):
        for _, memory in MEMORY:
            chunks, why = advise(data, threads, memory)
            assert re_read(data, chunks) == 1
            size = block_bytes(data, chunks)
            fits = size <= memory / (2 * threads)
            assert fits or (chunks == data.chunks and 'too much' in why), (chunks, why)
            assert size <= 128e6
            assert block_count(data, chunks) >= 4 * threads or chunks == data.chunks
""",
}


class Outcomes:
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


class Notebook:
    """Runs cells in IPython, and takes note of errors, also of those that `interact` shows and does not pass on."""

    def __init__(self):
        self.shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        self.errors = []
        self.shell.showtraceback = self._note

    def _note(self, *arguments, **options):
        kind, error, _ = sys.exc_info()
        self.errors.append(f"{kind.__name__}: {error}")

    def run(self, source):
        """The errors, and the displays by type, of a cell."""
        self.errors = []
        with capture_output() as captured:
            self.shell.run_cell(source)
        return self.errors, [kind for output in captured.outputs for kind in output.data]


def main():
    parser = argparse.ArgumentParser(description="Run the labs notebook under CPython.")
    parser.add_argument("describe", nargs="?", help="the example program that every oracle is given; not needed here")
    parser.parse_args()

    outcomes = Outcomes()
    document = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(document)
    cells = [cell for cell in document.cells if cell.cell_type == "code"]
    outcomes.that(not any(cell.outputs for cell in cells), "the notebook is stored with outputs")

    with tempfile.TemporaryDirectory(prefix="chunkbook-labs-") as folder:
        os.chdir(folder)
        notebook = Notebook()
        for cell in cells:
            errors, shown = notebook.run(cell.source)
            outcomes.that(not errors, f"cell {cell.id}: {errors}")
            if "@interact" in cell.source:
                outcomes.that("text/html" in shown, f"cell {cell.id} shows {shown} below its controls")
        for name, source in CHECKS.items():
            errors, _ = notebook.run(source)
            outcomes.that(not errors, f"{name}: {errors}")
        notebook.run("file.close()")
        os.chdir(ROOT)

    print(f"{outcomes.passed} passed, {outcomes.failed} failed")
    sys.exit(1 if outcomes.failed else 0)


if __name__ == "__main__":
    main()
