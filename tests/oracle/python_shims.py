"""What CPython does with the cells of www/tests/cells.py, written to www/tests/cells.expected.json.

    python tests/oracle/python_shims.py [--check]

With --check nothing is written; the exit code says whether the file is as CPython would make it.
Needs NumPy, h5py, Dask and IPython (for the text of values).
"""

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
        value = None if last is None else eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)
    return {"stdout": out.getvalue(), "text": None if value is None else pretty(value, max_width=79)}


def main():
    text = (TESTS / "cells.py").read_text(encoding="utf-8")
    target = TESTS / "cells.expected.json"
    namespace = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        found = [{"name": name, "source": source, **run(source, namespace)} for name, source in cells(text)]
    expected = json.dumps(found, indent=1, ensure_ascii=False) + "\n"
    if "--check" in sys.argv:
        return int(target.read_text(encoding="utf-8") != expected)
    target.write_text(expected, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
