"""Holds what lies elsewhere against h5py: virtual datasets, external raw files, links of every kind.

    python tests/oracle/hdf5_links.py path/to/describe-binary

h5py writes folders of files that refer to one another; `describe` must find the same numbers, or name the file that is
missing. Prints one line for each failure and "N passed, N failed" at the end; exit status 1 when something failed. Needs
h5py and NumPy.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy

VERSIONS = ["earliest", ("v110", "v110"), ("v112", "v112"), "latest"]
UNLIMITED = h5py.h5s.UNLIMITED

passed = 0
failures = []


def check(condition, what):
    global passed
    if condition:
        passed += 1
    else:
        failures.append(what)
        print("FAILED", what)


def crc32(values):
    values = numpy.ascontiguousarray(values)
    return f"{zlib.crc32(values.astype(values.dtype.newbyteorder('<'), copy=False).tobytes()):08x}"


def describe(binary, path):
    done = subprocess.run([binary, str(path)], capture_output=True, text=True, timeout=600, cwd=path.parent)
    check(done.returncode == 0, f"{path.name}: describe failed: {done.stderr[-500:]}")
    return {line.get("path", "/"): line for line in map(json.loads, done.stdout.splitlines())}


def compare(binary, path, what, names=None):
    """Every numeric dataset of the file, by h5py's numbers."""
    lines = describe(binary, path)
    with h5py.File(path, "r") as file:
        for name in names or sorted(file):
            line = lines.get("/" + name, {})
            values = numpy.asarray(file[name][()])
            check(line.get("shape") == list(values.shape), f"{what} {name}: shape {line.get('shape', line)}")
            check(line.get("crc32") == crc32(values), f"{what} {name}: other numbers than h5py's")


def space(shape, maximum=None):
    return h5py.h5s.create_simple(shape, maximum)


def slab(selected, axes, operation=h5py.h5s.SELECT_SET):
    """`axes` are (start, stride, count, block)."""
    start, stride, count, block = zip(*axes)
    selected.select_hyperslab(start, count, stride, block, op=operation)
    return selected


def virtual(file, name, dtype, shape, mappings, maximum=None, fill=None):
    """`mappings` are (selected virtual space, file, dataset, selected source space)."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    for target, source_file, source, selected in mappings:
        plist.set_virtual(target, source_file.encode(), source.encode(), selected)
    if fill is not None:
        plist.set_fill_value(numpy.array(fill, dtype))
    datatype = h5py.h5t.py_create(numpy.dtype(dtype), logical=True)
    h5py.h5d.create(file.id, name.encode(), datatype, space(shape, maximum), plist)


def split(draw, count):
    """`count` as blocks times block."""
    divisors = [block for block in range(1, count + 1) if count % block == 0]
    block = int(draw.choice(divisors))
    return count // block, block


def axis(draw, count):
    """A regular selection of `count` elements and the least extent that holds it."""
    blocks, block = split(draw, count)
    stride = block + int(draw.integers(0, 3))
    start = int(draw.integers(0, 4))
    return (start, stride, blocks, block), start + stride * blocks + int(draw.integers(0, 3))


def irregular(draw, shape, count):
    """`count` elements in rows and single elements, scattered."""
    selected = space(shape)
    selected.select_none()
    chosen = sorted(draw.choice(int(numpy.prod(shape)), count, replace=False))
    for position in chosen:
        index = numpy.unravel_index(position, shape)
        slab(selected, [(int(i), 1, 1, 1) for i in index], h5py.h5s.SELECT_OR)
    return selected


def write_random(folder, libver, seed):
    """Virtual datasets over regular, irregular and reshaped selections of sources in this file and another."""
    draw = numpy.random.default_rng(seed)
    path = folder / f"random-{seed}.h5"
    with h5py.File(path, "w", libver=libver) as file, h5py.File(folder / f"other-{seed}.h5", "w", libver=libver) as other:
        for number in range(12):
            dtype = draw.choice(["<i4", ">i2", "<f8", "u1", "<f4"])
            counts = [int(draw.integers(1, 7)) for _ in range(draw.integers(1, 4))]
            source_axes, source_shape = zip(*[axis(draw, count) for count in counts])
            target_axes, target_shape = zip(*[axis(draw, count) for count in counts])
            elsewhere = bool(number % 2)
            holder = other if elsewhere else file
            values = draw.integers(-100 if numpy.dtype(dtype).kind != "u" else 0, 100, source_shape).astype(dtype)
            settings = {} if number % 3 else {"chunks": True, "compression": "gzip"}
            holder.create_dataset(f"source{number}", data=values, **settings)
            where = f"other-{seed}.h5" if elsewhere else "."
            total = int(numpy.prod(counts))
            selections = [
                ("regular", target_shape, slab(space(target_shape), target_axes), slab(space(source_shape), source_axes)),
                ("irregular", target_shape, irregular(draw, target_shape, total), slab(space(source_shape), source_axes)),
                ("reshaped", (total + 3,), slab(space((total + 3,)), [(2, 1, 1, total)]), slab(space(source_shape), source_axes)),
                ("deeper", (2, *target_shape), slab(space((2, *target_shape)), [(1, 1, 1, 1), *target_axes]), slab(space(source_shape), source_axes)),
                ("whole", source_shape, space(source_shape), space(source_shape)),
            ]  # fmt: skip
            for kind, shape, target, source in selections:
                mapping = [(target, where, f"source{number}", source)]
                virtual(file, f"{kind}{number}", dtype, shape, mapping, fill=7)
                if kind == "regular":
                    virtual(file, f"wider{number}", "<f8", shape, mapping, fill=-0.5)
    return path


def write_assembled(folder, libver):
    """What h5py's own interface makes, and what needs more than one dataset."""
    path = folder / "assembled.h5"
    point = numpy.dtype([("x", "<i4"), ("y", "<f8"), ("m", "<f4", (2, 2))])
    with h5py.File(path, "w", libver=libver) as file:
        for number in range(4):
            with h5py.File(folder / f"part-{number}.h5", "w", libver=libver) as part:
                part["data"] = numpy.arange(10, dtype="<i4") + 100 * number
                part["points"] = numpy.array([(i, i / 2, [[i, 1], [2, 3]]) for i in range(5)], point)
                part["arrays"] = numpy.arange(24).reshape(6, 2, 2)
        layout = h5py.VirtualLayout((4, 10), "<i4")
        for number in range(4):
            layout[number] = h5py.VirtualSource(f"part-{number}.h5", "data", shape=(10,))
        file.create_virtual_dataset("stacked", layout, fillvalue=-1)
        layout = h5py.VirtualLayout((20, 4), "<i4")
        for number in range(4):
            layout[::2, number] = h5py.VirtualSource(f"part-{number}.h5", "data", shape=(10,))
        file.create_virtual_dataset("interleaved", layout, fillvalue=-1)
        layout = h5py.VirtualLayout((3, 10), "<i4")
        layout[1] = h5py.VirtualSource("part-0.h5", "no such dataset", shape=(10,))
        layout[2] = h5py.VirtualSource("part-0.h5", "data", shape=(10,))
        file.create_virtual_dataset("lacking", layout, fillvalue=5)
        layout = h5py.VirtualLayout((8, 10), "<i4")
        layout[:4] = h5py.VirtualSource(".", "stacked", shape=(4, 10))
        layout[4:] = h5py.VirtualSource(".", "stacked", shape=(4, 10))
        file.create_virtual_dataset("nested", layout)
        layout = h5py.VirtualLayout((100,), "u1")
        layout[10:20] = h5py.VirtualSource("part-3.h5", "data", shape=(10,))
        file.create_virtual_dataset("clipped", layout)
        layout = h5py.VirtualLayout((10, 3), "<f8")
        for axis in range(3):
            layout[:, axis] = h5py.VirtualSource("part-1.h5", "data", shape=(10,))
        file.create_virtual_dataset("columns", layout)
        layout = h5py.VirtualLayout((7,), point)
        layout[1:6] = h5py.VirtualSource("part-2.h5", "points", shape=(5,))
        file.create_virtual_dataset("table", layout)
        virtual(file, "unfilled", "<i4", (6,), [], fill=9)
        file["plain"] = numpy.arange(5)
    return path


def write_growing(folder, libver):
    """Sources that have grown since, and sources named by their number."""
    path = folder / "growing.h5"
    for number in range(3):
        with h5py.File(folder / f"block-{number}.h5", "w", libver=libver) as part:
            part[f"data{number}"] = numpy.arange(8, dtype="<i4").reshape(2, 4) + 10 * number
    with h5py.File(folder / "grown.h5", "w", libver=libver) as part:
        part.create_dataset("a", data=numpy.arange(30, dtype="<i4").reshape(10, 3), maxshape=(None, 3))
        part.create_dataset("b", data=numpy.arange(12, dtype="<i4").reshape(4, 3) + 500, maxshape=(None, 3))
    with h5py.File(path, "w", libver=libver) as file:
        target = slab(space((2, 4), (UNLIMITED, 4)), [(0, 2, UNLIMITED, 2), (0, 4, 1, 4)])
        virtual(file, "numbered", "<i4", (2, 4), [(target, "block-%b.h5", "data%b", space((2, 4)))], (UNLIMITED, 4))
        whole = slab(space((2, 3), (UNLIMITED, 3)), [(0, 1, UNLIMITED, 1), (0, 3, 1, 3)])
        virtual(file, "longer", "<i4", (2, 3), [(whole, "grown.h5", "a", whole)], (UNLIMITED, 3))
        even = slab(space((2, 6), (UNLIMITED, 6)), [(0, 2, UNLIMITED, 1), (0, 3, 1, 3)])
        pairs = slab(space((2, 6), (UNLIMITED, 6)), [(0, 3, UNLIMITED, 2), (3, 3, 1, 3)])
        mappings = [(even, "grown.h5", "a", whole), (pairs, "grown.h5", "b", whole)]
        virtual(file, "uneven", "<i4", (2, 6), mappings, (UNLIMITED, 6), fill=-3)
        sparse = slab(space((2, 3), (UNLIMITED, 3)), [(1, 4, UNLIMITED, 3), (0, 3, 1, 3)])
        virtual(file, "sparse", "<i4", (2, 3), [(whole, "grown.h5", "a", sparse)], (UNLIMITED, 3))
    return path


def test_virtual(binary):
    for libver in VERSIONS:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for seed in range(6):
                path = write_random(folder, libver, seed)
                with h5py.File(path, "r") as file:
                    names = [name for name in file if not name.startswith("source")]
                compare(binary, path, f"{libver} {path.name}", names)
            path = write_assembled(folder, libver)
            with h5py.File(path, "r") as file:
                names = [name for name in file if name != "table"]
                table = file["table"][()]
            compare(binary, path, f"{libver} assembled", names)
            check("compound" in describe(binary, path)["/table"]["error"], f"{libver} table: {describe(binary, path)['/table']}")
            check(table["x"].tolist() == fields(binary, path), f"{libver} table: other fields than h5py's")
            compare(binary, write_growing(folder, libver), f"{libver} growing")


def fields(binary, path):
    """The field `x` of the dataset `table`, by the example `session`."""
    command = [pathlib.Path(binary).with_name("session"), str(path.parent)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(op, **arguments):
            process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())["ok"]

        number = ask("h5_open", name=path.name, mode="r")["file"]
        table = ask("h5_get", file=number, path="/table")
        field = ask("h5_field", dataset=table["dataset"], name="x")
        read = ask("h5_read", dataset=field["dataset"], selection=[[0, 7, 1]])
        values = ask("np_to_list", array=read["array"])["data"]
        process.stdin.close()
    return [int(value) for value in values]


def test_missing(binary):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = write_assembled(folder, "latest")
        os.remove(folder / "part-2.h5")
        lines = describe(binary, path)
        for dataset in ("stacked", "interleaved", "nested"):
            error = lines[f"/{dataset}"].get("error", "")
            check("'part-2.h5' is not at hand" in error, f"missing source: {dataset}: {lines[f'/{dataset}']}")
        for dataset in ("lacking", "clipped", "columns", "plain"):
            check("error" not in lines[f"/{dataset}"], f"missing source: {dataset}: {lines[f'/{dataset}']}")
        with h5py.File(folder / "circle.h5", "w") as file:
            for dataset, source in (("a", "b"), ("b", "a")):
                layout = h5py.VirtualLayout((4,), "<i4")
                layout[:] = h5py.VirtualSource(".", source, shape=(4,))
                file.create_virtual_dataset(dataset, layout)
        line = describe(binary, folder / "circle.h5")["/a"]
        check("circle" in line.get("error", ""), f"virtual datasets in a circle: {line}")


def test_external(binary):
    draw = numpy.random.default_rng(5)
    for libver in VERSIONS:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            path = folder / "raw.h5"
            with h5py.File(path, "w", libver=libver) as file:
                for number, dtype in enumerate(["<i4", ">f8", "u1"]):
                    values = draw.integers(0, 200, (12, 5)).astype(dtype)
                    length = values.nbytes // 3
                    pieces = [(str(folder / f"raw{number}{i}.bin"), 8 * i, length) for i in range(3)]
                    file.create_dataset(f"pieces{number}", data=values, external=pieces)
                    rest = [(str(folder / f"rest{number}.bin"), 0, h5py.h5f.UNLIMITED)]
                    file.create_dataset(f"rest{number}", data=values, external=rest)
            compare(binary, path, f"{libver} raw")


def test_links(binary):
    for libver in VERSIONS:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            path = folder / "links.h5"
            with h5py.File(path, "w", libver=libver) as file:
                file["group/data"] = numpy.arange(6)
                file["hard"] = file["group/data"]
                file["soft"] = h5py.SoftLink("/group/data")
                file["group/relative"] = h5py.SoftLink("data")
                file["group/deeper/back"] = h5py.SoftLink("/soft")
                file["broken"] = h5py.SoftLink("/nowhere")
                file["group/circle"] = file["group"]
            lines = describe(binary, path)
            expected = crc32(numpy.arange(6))
            for name in ("/group/data", "/hard", "/soft", "/group/relative", "/group/deeper/back"):
                check(lines.get(name, {}).get("crc32") == expected, f"{libver} links: {name}: {lines.get(name)}")
            check("nowhere" in lines["/broken"].get("error", ""), f"{libver} links: {lines.get('/broken')}")


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    test_virtual(binary)
    test_missing(binary)
    test_external(binary)
    test_links(binary)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
