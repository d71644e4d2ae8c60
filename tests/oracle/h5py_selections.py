"""Compare what cells read of datasets by random selections with h5py.

    python tests/oracle/h5py_selections.py target/release/examples/describe

Writes a file with h5py, runs one cell for each selection in the page's Python over the native engine
(the example `session` beside `describe`, through www/scripts/cells.mjs), and holds shape, dtype and
elements, or the exception and its message, to h5py's.

Prints one line for each selection that differs, then how many checks passed and failed.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

import h5py
import numpy as np

WWW = pathlib.Path(__file__).resolve().parent.parent.parent / "www"
SELECTIONS = 600
# Mistakes, and what random selections seldom meet.
SPECIAL = [
    ("b", "[2, 1]"),
    ("b", "[1, 1]"),
    ("b", "[0, 99]"),
    ("b", "[-1]"),
    ("b", "[0, -1]"),
    ("b", "[-1, 0]"),
    ("b", "[0, -99]"),
    ("b", "[]"),
    ("b", "[1.5]"),
    ("b", "['a']"),
    ("b", "[True, False]"),
    ("b", "[0, 1], [1, 2]"),
    ("b", "[[0, 2]]"),
    ("b", "np.array([[0, 2]])"),
    ("b", "np.array([1.0])"),
    ("b", "np.ones((3, 3), dtype=bool)"),
    ("b", "True"),
    ("b", "(0, 2),"),
    ("b", "range(3)"),
    ("b", "..., [1, 4]"),
    ("b", "::-1"),
    ("b", "0, 0, 0"),
    ("b", "99"),
    ("b", "None"),
    ("b", "..., ..."),
    ("a", "np.int64(3)"),
    ("a", "np.uint8(3)"),
    ("s", "()"),
    ("s", "..."),
    ("s", "[0]"),
    ("s", "0"),
]
# What h5py says where it fails over a selection that its own rules allow; the page's h5py reads these.
OWN_FAILURES = ("Use other code for boolean selection", "Dataspaces don't have hyperslab selections")


def write(path):
    """Datasets of one to four axes, in several layouts; the shapes by name."""
    numbers = np.random.default_rng(7)
    with h5py.File(path, "w") as file:
        file["a"] = numbers.integers(-99, 99, 50)
        file.create_dataset("b", data=numbers.random((23, 17)), chunks=(4, 5), compression="gzip")
        file.create_dataset("c", data=numbers.integers(0, 255, (9, 8, 7), dtype="u1"), chunks=(2, 8, 3))
        file.create_dataset("d", data=numbers.random((5, 6, 4, 3), dtype="f4"), chunks=(5, 1, 4, 2), shuffle=True)
        file["e"] = np.zeros((0, 4))
        file["s"] = 3
        # A step of a read holds 64 MiB: this takes several.
        file.create_dataset("wide", shape=(40, 1 << 20), dtype="f8", chunks=(3, 1 << 20), fillvalue=1.5)
        file["wide"][7, 5], file["wide"][38, 9] = 7, 38
        return {name: file[name].shape for name in "abcd"}


def selection(shape, draw):
    """A random selection as Python source: at most one list or mask, integers and slices besides."""
    fancy = draw.choice([None, *range(len(shape))])
    if len(shape) > 1 and draw.random() < 0.05:
        flags = [draw.random() < 0.2 for _ in range(int(np.prod(shape)))]
        return f"np.array({flags}).reshape({shape})"
    items = []
    for axis, length in enumerate(shape):
        kind = draw.random()
        if axis == fancy:
            chosen = sorted(draw.sample(range(length), draw.randint(0, length)))
            if kind < 0.3:
                mask = [i in chosen for i in range(length)]
                items.append(f"np.array({mask})" if kind < 0.15 else f"{mask}")
            elif kind < 0.6 and chosen:
                items.append(f"np.array({chosen})")
            else:
                items.append(f"{[i if draw.random() < 0.7 else i - length for i in chosen]}")
        elif kind < 0.25:
            items.append(str(draw.randrange(-length, length)))
        else:
            bounds = [draw.choice(["", str(draw.randint(-length - 2, length + 2))]) for _ in range(2)]
            items.append(":".join([*bounds, draw.choice(["", "1", "2", "3", "5"])]))
    cut = draw.random()
    if cut < 0.2:
        items = items[: draw.randint(1, len(items))]
    elif cut < 0.3:
        items[draw.randrange(len(items))] = "..."
    return ", ".join(items)


SHOW = """
def show(read):
    try:
        value = read()
    except Exception as error:
        return print(type(error).__name__, error)
    values = value.ravel().tolist() if value.ndim else [value.item()]
    print(value.shape, value.dtype, [float(number) for number in values])
"""


def main():
    describe = pathlib.Path(sys.argv[1]).resolve()
    draw = random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        shapes = write(pathlib.Path(folder) / "selections.h5")
        chosen = [(name, selection(shapes[name], draw)) for name in draw.choices("abcd", k=SELECTIONS)]
        chosen += [*SPECIAL, ("e", "[]"), ("e", "[], [1]"), ("wide", "[0, 7, 38], 3:11:2"), ("wide", "::7, [5, 9, 99]")]
        cells = [f"show(lambda: f[{name!r}][{source}])" for name, source in chosen]
        first = f"import h5py, numpy as np\nf = h5py.File('selections.h5', 'r')\n{SHOW}"
        listed = pathlib.Path(folder) / "cells.json"
        listed.write_text(json.dumps([first, *cells]), encoding="utf-8")
        ran = subprocess.run(
            ["node", "scripts/cells.mjs", describe.with_name("session"), folder, listed],
            cwd=WWW,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            sys.exit(ran.stderr)
        outcomes = json.loads(ran.stdout)[1:]
        printed = []
        with h5py.File(pathlib.Path(folder) / "selections.h5", "r") as file:
            namespace = {"np": np, "f": file, "print": lambda *values: printed.append(" ".join(map(str, values)))}
            exec(SHOW, namespace)
            for cell in cells:
                exec(cell, namespace)
    wrong = left_out = 0
    for (name, source), outcome, expected in zip(chosen, outcomes, printed, strict=True):
        found = outcome["error"] or outcome["stdout"].rstrip("\n")
        if any(failure in expected for failure in OWN_FAILURES):
            left_out += 1
        elif found != expected:
            wrong += 1
            print(f"{name}[{source[:200]}]: {found[:200]!r}, h5py has {expected[:200]!r}")
    passed, failed = len(chosen) - wrong - left_out, wrong
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
