"""Compare what cells see of texts, tables, complex numbers and references with h5py.

    python tests/oracle/h5py_values.py target/release/examples/describe

Writes a file with h5py, evaluates each expression in the page's Python over the native engine (the example
`session` beside `describe`, through www/scripts/cells.mjs) and in h5py, and compares what they print.

Prints one line for each expression that differs, then how many checks passed and failed.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

WWW = pathlib.Path(__file__).resolve().parent.parent.parent / "www"
EXPRESSIONS = [
    "f['names'][:]",
    "f['names'][1]",
    "f['names'].asstr()[1:]",
    "f['names'].asstr()[0]",
    "f['names'].dtype",
    "f['names'][[0, 2]]",
    "list(f['names'])",
    "f['one'][()]",
    "f['one'].asstr()[()]",
    "f['fixed'][:]",
    "f['fixed'].dtype",
    "f['fixed'][1:][0]",
    "f['fixed'][:].astype(str).tolist()",
    "f['fixed'][:].tolist()",
    "f['table'].dtype.names",
    "f['table'].dtype",
    "f['table'][:2]",
    "f['table'][0]['y']",
    "f['table'][-1]['tag']",
    "f['table'][0].item()[0]",
    "f['table']['x']",
    "f['table']['x', 1:]",
    "f['table']['tag']",
    "f['table'].fields('y')[1:]",
    "f['table']['y', 'x'][:1].dtype.names",
    "f['table'][1:]['y']",
    "f['table']['x'].sum()",
    "f['table'].shape",
    "len(f['table'])",
    "f['complex'][:]",
    "complex(f['complex'][0])",
    "f['complex'][:].imag",
    "abs(f['complex'][:])",
    "f['complex'].dtype",
    "f[f['references'][0]].name",
    "f[f['references'][1]]",
    "[bool(one) for one in f['references']]",
    "f['references'][0]",
    "f['sequences'][0]",
    "[list(one) for one in f['sequences']]",
    "f['enum'][:]",
    "f['arrays'][:]",
    "f['arrays'][()].shape",
    "[f['arrays'][0], f['arrays'][-1, 0], f['arrays'][1:, 1:3]]",
    "f['arrays'][[0, 1], 2]",
    "[f['arrays'].shape, f['arrays'].size, f['arrays'].nbytes, f['arrays'].chunks, f['arrays'].dtype.shape, f['arrays'].dtype.str]",
    "f['arrays']",
    "f['arrays'].dtype.base",
    "f['null'].shape",
    "f['null'][()].dtype == 'float32'",
    "f['fixed']",
    "f['big']",
    "f['big'].is_virtual",
    "f['table']",
    "f['names']",
    "f['complex']",
    "f['null']",
    "f['table'].attrs['fixed']",
    "f['table'].attrs['fixed_array']",
    "f['table'].attrs['text']",
    "f['table'].attrs['texts']",
    "[f['table'].attrs['texts'].shape, f['table'].attrs['texts'].dtype.kind, list(f['table'].attrs['texts']), f['table'].attrs['texts'][1]]",
    "[f['null'].maxshape, f['null'].shape, f['null'].size]",
    "[(f['table'].attrs['texts'] != 'a').tolist(), (f['table'].attrs['texts'] != ['a', 'b', '']).tolist()]",
    "f[f['table'].attrs['reference']]",
    "float(f['table'].attrs['complex'].imag)",
    "h5py.check_string_dtype(f['names'].dtype)",
    "h5py.check_string_dtype(f['fixed'].dtype)",
    "h5py.check_string_dtype(f['numbers'].dtype)",
    "h5py.check_ref_dtype(f['references'].dtype).__name__",
    "da.from_array(f['table'].fields('y'), chunks=2).sum().compute()",
]


def write(path):
    with h5py.File(path, "w") as file:
        text = h5py.string_dtype()
        file.create_dataset("names", data=["one", "zwölf", ""], dtype=text)
        file["one"] = "only"
        file["fixed"] = np.array([b"abc", b"a", b""])
        table = np.zeros(3, [("x", "<i4"), ("y", "<f8"), ("tag", "S3")])
        table["x"], table["y"], table["tag"] = [1, -2, 3], [0.5, 1, 1e9], [b"ab", b"", b"xyz"]
        file["table"] = table
        file["complex"] = np.array([1 + 2j, -0.5j])
        file["big"] = np.arange(3, dtype=">f8")
        file["numbers"] = np.arange(3)
        references = file.create_dataset("references", (3,), h5py.ref_dtype)
        references[0], references[1] = file["table"].ref, file.create_group("group").ref
        sequences = file.create_dataset("sequences", (2,), h5py.vlen_dtype("<i4"))
        sequences[0], sequences[1] = [1, 2, 3], [-5]
        file.create_dataset("enum", data=[0, 42], dtype=h5py.enum_dtype({"A": 0, "B": 42}, basetype="i1"))
        arrays = file.create_dataset("arrays", (2, 3), np.dtype(("<i4", (2, 2))), chunks=(1, 3))
        arrays[...] = np.arange(24).reshape(2, 3, 2, 2)
        file["null"] = h5py.Empty("f4")
        attributes = file["table"].attrs
        attributes["fixed"] = np.bytes_(b"fixed")
        attributes["fixed_array"] = np.array([b"a", b"bcd"])
        attributes["text"] = "vlen"
        attributes["texts"] = ["a", "zwölf", ""]
        attributes["reference"] = file["names"].ref
        attributes["complex"] = 1 + 2j


def main():
    describe = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "values.h5"
        write(path)
        first = "import h5py\nimport dask.array as da\nf = h5py.File('values.h5', 'r')"
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
        import dask.array

        with h5py.File(path, "r") as file:
            namespace = {"h5py": h5py, "f": file, "da": dask.array}
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
