"""Hold the outputs that the page's Python is tested against to what CPython does.

    python tests/oracle/python_shims.py [--write]

www/tests/cells.py has cells; www/tests/cells.expected.json what they print and give under CPython with the
real NumPy, h5py and Dask; www/tests/python-cells.test.ts runs them in the page's Python. This script runs
them here and compares; with --write it writes the file anew.

Prints one line for each cell that differs, then how many checks passed and failed.
"""

import argparse
import ast
import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile

from IPython.lib.pretty import pretty

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent.parent / "www" / "tests"


def cells(text):
    """(name, source) of every cell; a cell begins with `# %% name`."""
    for part in text.split("\n# %% ")[1:]:
        name, _, source = part.partition("\n")
        yield name, source.rstrip("\n")


def run(source, namespace):
    """Run a cell; what it prints, and its last expression's value as IPython shows it."""
    tree = ast.parse(source)
    last = tree.body[-1] if isinstance(tree.body[-1], ast.Expr) and not source.endswith(";") else None
    if last is not None:
        tree.body.pop()
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "<cell>", "exec"), namespace)
        value = (
            None if last is None else eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
        )
    return {"stdout": out.getvalue(), "text": None if value is None else pretty(value, max_width=79)}


def main():
    parser = argparse.ArgumentParser(description="Hold the expected outputs of the page's Python to CPython.")
    parser.add_argument("--write", action="store_true", help="write the expected outputs anew")
    parser.add_argument(
        "describe", nargs="?", help="the example program that every oracle is given; not needed here"
    )
    arguments = parser.parse_args()

    text = (TESTS / "cells.py").read_text(encoding="utf-8")
    target = TESTS / "cells.expected.json"
    namespace = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = [{"name": name, "source": source, **run(source, namespace)} for name, source in cells(text)]
    if arguments.write:
        target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return

    expected = {cell["name"]: cell for cell in json.loads(target.read_text(encoding="utf-8"))}
    wrong = [cell["name"] for cell in found if expected.get(cell["name"]) != cell]
    for name in wrong:
        print(f"cell {name!r} does something else under CPython; look, then run this with --write")
    passed, failed = len(found) - len(wrong), len(wrong)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
