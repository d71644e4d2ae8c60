"""Holds elements that are no plain numbers against h5py: texts, compounds, complex numbers, references and the like.

    python tests/oracle/hdf5_values.py path/to/describe-binary

h5py writes a file with the oldest and with the newest format; the example `session`, beside `describe`, must give the same
values, fields and attributes. Prints one line for each failure and "N passed, N failed" at the end; exit status 1 when
something failed. Needs h5py and NumPy.
"""

import json
import math
import pathlib
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy

passed = 0
failures = []


def check(condition, what):
    global passed
    if condition:
        passed += 1
    else:
        failures.append(what)
        print("FAILED", what)


class Session:
    def __init__(self, binary, folder):
        self.process = subprocess.Popen(
            [binary, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def ask(self, op, **arguments):
        self.process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ok(self, op, **arguments):
        answer = self.ask(op, **arguments)
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["ok"]


def write(path, libver):
    """One dataset of every class, plain, chunked and filtered."""
    with h5py.File(path, "w", libver=libver) as file:
        text = h5py.string_dtype()
        point = numpy.dtype(
            [("x", ">i2"), ("y", "<f8"), ("tag", "S3"), ("m", "<f4", (2, 3)), ("ok", "?"), ("z", "<c8")]
        )
        nested = numpy.dtype([("a", point), ("b", "<u8"), ("name", text)])
        points = numpy.zeros((5, 4), point)
        points["x"] = numpy.arange(20).reshape(5, 4) - 10
        points["y"] = numpy.linspace(-1, 1, 20).reshape(5, 4)
        points["tag"] = [[b"ab", b"", b"abc", b"\xff"]] * 5
        points["m"] = numpy.arange(120).reshape(5, 4, 2, 3)
        points["ok"] = points["x"] > 0
        points["z"] = points["y"] * (1 - 2j)
        deep = numpy.zeros(3, nested)
        deep["a"] = points[0, :3]
        deep["b"] = [0, 1, 2**64 - 1]
        deep["name"] = ["one", "zwölf", ""]
        file["points"] = points
        file.create_dataset("points_chunked", data=points, chunks=(2, 3), compression="gzip", shuffle=True)
        file.create_dataset("points_partly", (7, 6), point, chunks=(2, 3))[2:4, 1:5] = points[:2]
        file["nested"] = deep
        file.create_dataset("texts", data=["", "a", "zwölf", "long " * 50, "x"], dtype=text)
        file.create_dataset("texts_unwritten", (4,), text, chunks=(2,))
        file["fixed"] = numpy.array([b"abc", b"a", b"", b"\xc3\xa9"], "S3")
        file.create_dataset("fixed_utf8", data=["é".encode(), b"ab"], dtype=h5py.string_dtype("utf-8", 4))
        file["text"] = "only one"
        for code in ("<c8", ">c8", "<c16", ">c16"):
            file["complex " + code] = (numpy.arange(6).reshape(2, 3) * (1.5 - 0.1j)).astype(code)
        file["opaque"] = numpy.array([b"1234567", b"abcdefg"], "V7")
        colours = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype=">i2")
        file.create_dataset("enum", data=[0, 42, 1, 7], dtype=colours)
        file["truth"] = numpy.array([True, False])
        lists = file.create_dataset("sequences", (3,), h5py.vlen_dtype("<i4"))
        lists[0], lists[1] = [1, 2, 3], [-5]
        file["extended"] = numpy.array([0.1, -3.0, 1e300, numpy.inf], "longdouble")
        references = file.create_dataset("references", (3,), h5py.ref_dtype)
        references[0], references[1] = file["points"].ref, file.create_group("group/inner").ref
        regions = file.create_dataset("regions", (2,), h5py.regionref_dtype)
        regions[0] = file["points"].regionref[1:3, :2]
        file["arrays"] = numpy.zeros(2, numpy.dtype([("m", "<i4", (2, 2))]))["m"]
        attributes = file["points"].attrs
        attributes["fixed"] = numpy.bytes_(b"fixed")
        attributes["fixed_array"] = numpy.array([b"a", b"bcd"], "S3")
        attributes["compound"] = deep[1]
        attributes["complex"] = 1 + 2j
        attributes["reference"] = file["nested"].ref
        attributes["text"] = "vlen"
        attributes["empty"] = h5py.Empty("f8")


def same_number(text, number):
    number = float(number) if isinstance(number, (float, numpy.floating)) else number
    if isinstance(number, float):
        return math.isnan(number) if text == "nan" else float(text) == number
    return int(text) == int(number)


def same(ours, theirs, dtype, file):
    """Whether the session's value is h5py's."""
    if h5py.check_ref_dtype(dtype) is not None:
        if not theirs:
            return ours is None
        return ours["path"] == file[theirs].name
    if h5py.check_string_dtype(dtype) is not None and dtype.kind == "O":
        theirs = theirs.encode() if isinstance(theirs, str) else theirs
        return ours.encode("latin-1") == (theirs or b"")
    base = h5py.check_vlen_dtype(dtype)
    if base is not None:
        return len(ours) == len(theirs) and all(same(a, b, base, file) for a, b in zip(ours, theirs))
    if dtype.subdtype is not None:
        base, _ = dtype.subdtype
        return all(same(a, b, base, file) for a, b in zip(ours, numpy.ravel(theirs), strict=True))
    if dtype.names is not None:
        return all(same(a, theirs[name], dtype[name], file) for a, name in zip(ours, dtype.names, strict=True))
    if dtype.kind == "S":
        return ours.encode("latin-1") == bytes(theirs)
    if dtype.kind == "V":
        return ours.encode("latin-1") == theirs.tobytes()
    if dtype.kind == "b":
        return ours is bool(theirs)
    if dtype.kind == "c":
        return same_number(ours[0], theirs.real) and same_number(ours[1], theirs.imag)
    return same_number(ours, theirs)


def read_numbers(session, dataset):
    """A numeric dataset's elements through the path that computations take."""
    info = session.ok("h5_read", dataset=dataset["dataset"], selection=[[0, n, 1] for n in dataset["shape"]])
    if "scalar" in info:
        return [info["scalar"]["value"]]
    return session.ok("np_to_list", array=info["array"])["data"]


def judge(session, path):
    number = session.ok("h5_open", name=path.name, mode="r")["file"]
    with h5py.File(path) as file:
        for name, dataset in file.items():
            if not isinstance(dataset, h5py.Dataset):
                continue
            ours = session.ok("h5_get", file=number, path="/" + name)
            what = f"{path.name}:{name}"
            for selection in selections(dataset.shape):
                answer = session.ok("h5_values", dataset=ours["dataset"], selection=selection)
                index = tuple(slice(start, start + (count - 1) * step + 1, step) for start, count, step in selection)
                theirs = dataset[index if index else ()]
                base = dataset.dtype.subdtype[0] if dataset.dtype.subdtype else None
                flat = theirs.reshape(-1, *dataset.dtype.shape) if base is not None else numpy.ravel(numpy.asarray(theirs, dtype=object if dataset.dtype.kind == "O" else None))
                agree = len(flat) == len(answer["values"]) and all(
                    same(a, b, dataset.dtype, file) for a, b in zip(answer["values"], flat)
                )
                check(agree, f"{what}{selection}")
            judge_fields(session, ours, dataset, what)
        attributes = {one["name"]: one["value"] for one in session.ok("h5_attrs", file=number, path="/points")}
        theirs = file["points"].attrs
        for name in ("fixed", "fixed_array", "compound", "complex", "reference"):
            ours, expected = attributes[name], theirs[name]
            dtype = theirs.get_id(name).dtype
            flat = numpy.ravel(expected) if isinstance(expected, numpy.ndarray) else [expected]
            agree = ours["shape"] == list(numpy.shape(expected)) and all(
                same(a, b, dtype, file) for a, b in zip(ours["values"], flat, strict=True)
            )
            check(agree, f"{path.name}: attribute {name}: {ours}")
        check(attributes["text"] == {"text": "vlen"} and attributes["empty"] == {"empty": True}, "plain attributes")


def selections(shape):
    yield [[0, extent, 1] for extent in shape]
    if shape and min(shape) > 1:
        yield [[1, extent - 1, 1] for extent in shape]
        yield [[0, (extent + 1) // 2, 2] for extent in shape]


def judge_fields(session, ours, dataset, what):
    """Numeric members of a compound dataset, read as arrays of numbers."""
    for field in dataset.dtype.names or ():
        made = session.ok("h5_field", dataset=ours["dataset"], name=field)
        theirs = dataset[field]
        if not made["numeric"]:
            continue
        values = read_numbers(session, {**made, "shape": list(theirs.shape)})
        check(
            all(
                (text == "True") == bool(value) if theirs.dtype.kind == "b" else same_number(text, value)
                for text, value in zip(values, numpy.ravel(theirs), strict=True)
            ),
            f"{what}[{field!r}]",
        )
    if dataset.dtype.names:
        answer = session.ask("h5_field", dataset=ours["dataset"], name="nothing")
        message = answer["error"]["message"]
        check("nothing" in message and dataset.dtype.names[0] in message, f"{what}: {message}")


def judge_describe(describe, path):
    """Complex numbers by their bits."""
    done = subprocess.run([describe, str(path)], capture_output=True, text=True, check=True)
    lines = {line["path"]: line for line in map(json.loads, done.stdout.splitlines())}
    with h5py.File(path) as file:
        for name in (name for name in file if name.startswith("complex")):
            values = file[name][()]
            values = values.astype(values.dtype.newbyteorder("<"))
            line = lines["/" + name]
            check(
                line.get("crc32") == f"{zlib.crc32(values.tobytes()):08x}" and line["dtype"] == values.dtype.name,
                f"{path.name}:{name} described as {line}",
            )
        for name in ("texts", "points", "references", "opaque"):
            check(lines["/" + name].get("kind") == "not-numeric", f"{path.name}:{name} is listed as not numeric")


def main():
    describe = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(describe.with_name("session"), folder)
        for libver in ("earliest", "latest"):
            path = pathlib.Path(folder) / f"{libver}.h5"
            write(path, libver)
            judge(session, path)
            judge_describe(describe, path)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
