"""Compare what cells see of a file's tree and links with h5py.

    python tests/oracle/h5py_tree.py target/release/examples/describe

Writes a file with h5py, evaluates each expression in the page's Python over the native engine (the example
`session` beside `describe`, through www/scripts/cells.mjs) and in h5py, and compares their values.

Prints one line for each expression that differs, then how many checks passed and failed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import hdf5plugin
import numpy as np

WWW = pathlib.Path(__file__).resolve().parent.parent.parent / "www"
EXPRESSIONS = [
    "list(f)",
    "len(f)",
    "['soft' in f, 'broken' in f, 'away' in f, 'group/x' in f, '/' in f, 'none' in f, 'none/x' in f]",
    "[f.get('broken'), f.get('none'), f.get('none', 5), f.get('none', 5, getlink=True)]",
    "f.get('soft', getlink=True)",
    "f.get('broken', getlink=True).path",
    "f.get('away', getlink=True)",
    "f['group'].get('up', getlink=True).path",
    "[f.get(name, getlink=True, getclass=True).__name__ for name in f]",
    "[f.get(name, getclass=True).__name__ for name in ('group', 'soft')]",
    "names(f.visit)",
    "names(f.visit_links)",
    "names(f['group'].visit)",
    "names(f['group'].visit_links)",
    "f.visit(lambda name: name if 'x' in name else None)",
    "f.visititems(lambda name, item: item.name if isinstance(item, h5py.Dataset) else None)",
    "f.visititems_links(lambda name, link: link if isinstance(link, h5py.ExternalLink) else None)",
    "f['soft'][0].item()",
    "list(f['chunked'].iter_chunks())",
    "list(f['chunked'].iter_chunks(window))",
    "f['chunked'].maxshape",
    "[f[name].compression for name in ('chunked', 'packed', 'scaled', 'plugged')]",
    "names(f['z'].visit)",
    "names(f['z'].visit_links)",
    "names(f['group'].visititems)",
    "[f['z'] == f['again'], f['z/a'] == f['z/b'], f['z'] == f['group'], f['z/a'] != f['z/b'], f == f['/']]",
    "f['named']",
    "f['record']",
    "[f['named'].dtype.str, f['named'].name, isinstance(f['named'], h5py.Datatype), f['named'].attrs['of']]",
    "[type(item).__name__ for item in f['z'].values()]",
    "f['z'].get('type', getclass=True).__name__",
]
FIRST = """
window = (slice(3, 9), 4)
def names(visit):
    found = []
    visit(lambda *seen: found.append(seen[0]))
    return found
"""


def write(path):
    """Groups with links of every kind, some that lead back up, several to one object, and named types."""
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(3)
        file["group/x"] = 1
        file["group/deeper/y"] = 2.5
        file["group/up"] = h5py.SoftLink("/")
        file["soft"] = h5py.SoftLink("/data")
        file["broken"] = h5py.SoftLink("/nothing")
        file["away"] = h5py.ExternalLink("other.h5", "/z")
        file.create_dataset("chunked", data=np.zeros((10, 7)), chunks=(4, 3), maxshape=(None, 7))
        file.create_dataset("packed", data=np.zeros(9), compression="gzip", shuffle=True)
        file.create_dataset("scaled", data=np.zeros(9, "i4"), scaleoffset=0)
        file.create_dataset("plugged", data=np.zeros(9), **hdf5plugin.Zstd())
        file["z/a"] = np.arange(3)
        file["z/b"] = file["z/a"]
        file["again"] = file["z"]
        file["z/self"] = file["z"]
        file["z/type"] = np.dtype("i2")
        file["named"] = np.dtype("f4")
        file["named"].attrs["of"] = 7
        file["record"] = np.dtype([("a", "f4"), ("b", "i8", (2,))])


def main():
    describe = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tree.h5"
        write(path)
        first = f"import h5py\nf = h5py.File('tree.h5', 'r')\n{FIRST}"
        listed = pathlib.Path(folder) / "cells.json"
        listed.write_text(json.dumps([first, *(f"print(repr({one}))" for one in EXPRESSIONS)]), encoding="utf-8")
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
        with h5py.File(path, "r") as file:
            namespace = {"h5py": h5py, "f": file}
            exec(FIRST, namespace)
            expected = [repr(eval(one, namespace)) for one in EXPRESSIONS]
    wrong = 0
    for one, outcome, wanted in zip(EXPRESSIONS, outcomes, expected, strict=True):
        found = outcome["error"] or outcome["stdout"].rstrip("\n")
        if found != wanted:
            wrong += 1
            print(f"{one}: {found}, h5py has {wanted}")
    passed, failed = len(EXPRESSIONS) - wrong, wrong
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
