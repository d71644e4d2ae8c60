"""Holds Chunkbook's HDF5 reader and writer against h5py.

    python tests/oracle/hdf5_matrix.py path/to/describe-binary

h5py writes a matrix of types, layouts, filters and shapes, which `describe` must read with the same bits;
`generate`, beside `describe`, writes files that h5py must read with the same numbers. Prints one line for each
failure and "N passed, N failed" at the end; exit status 1 when something failed. Needs h5py and NumPy; with hdf5plugin
its filters are judged too.
"""

import itertools
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy

try:
    import hdf5plugin
except ImportError:
    hdf5plugin = None

DTYPES = ["?", "i1", "u1"] + [
    order + code for code in ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8") for order in "<>"
]

passed = 0
failures = []


def check(condition, what):
    global passed
    if condition:
        passed += 1
    else:
        failures.append(what)
        print("FAILED", what)


def values_of(shape, dtype, seed=0):
    """Numbers over the type's range, with the awkward ones in front."""
    dtype = numpy.dtype(dtype)
    random = numpy.random.default_rng(seed)
    count = math.prod(shape)
    if dtype.kind == "b":
        flat = random.integers(0, 2, count).astype(dtype)
    elif dtype.kind in "iu":
        limits = numpy.iinfo(dtype)
        flat = random.integers(limits.min, limits.max, count, dtype=dtype.newbyteorder("="), endpoint=True)
        awkward = [limits.min, limits.max, 0]
        flat[: len(awkward)] = awkward[:count]
    else:
        flat = random.standard_normal(count)
        awkward = [-0.0, math.inf, math.nan, numpy.finfo(dtype).max, numpy.finfo(dtype).tiny / 4]
        flat[: len(awkward)] = awkward[:count]
    return flat.astype(dtype).reshape(shape)


def crc32(values):
    values = numpy.ascontiguousarray(values)
    return f"{zlib.crc32(values.astype(values.dtype.newbyteorder('<'), copy=False).tobytes()):08x}"


def describe(binary, path):
    done = subprocess.run([binary, str(path)], capture_output=True, text=True, timeout=600)
    check(done.returncode == 0, f"describe {path.name}: exit status {done.returncode}: {done.stderr[-300:]}")
    return {line.get("path", ""): line for line in map(json.loads, done.stdout.splitlines())}


def close(found, expected):
    if found is None or isinstance(found, str):
        text = {"NaN": math.nan, "inf": math.inf, "-inf": -math.inf}.get(found, found)
        return found is None and expected is None or str(text) == str(expected) or (
            isinstance(expected, float) and math.isnan(expected) and found == "NaN"
        )
    return expected is not None and math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-300)


def judge(line, name, values, dataset):
    """One line of describe against the array h5py reads."""
    if line is None or "error" in line:
        check(False, f"{name}: {line and line['error']}")
        return
    check(line["crc32"] == crc32(values), f"{name}: elements differ")
    check(line["dtype"] == values.dtype.newbyteorder("=").name, f"{name}: dtype {line['dtype']}, not {values.dtype}")
    check(line["shape"] == list(values.shape), f"{name}: shape {line['shape']}, not {values.shape}")
    chunks = None if dataset.chunks is None else list(dataset.chunks)
    check(line["chunks"] == chunks, f"{name}: chunks {line['chunks']}, not {chunks}")
    check(line["count"] == values.size, f"{name}: count {line['count']}")
    flat = values.astype("f8").ravel()
    numbers = flat[~numpy.isnan(flat)]
    check(line["nan_count"] == flat.size - numbers.size, f"{name}: nan_count {line['nan_count']}")
    if numbers.size and numpy.isfinite(numbers).all() and abs(numbers).max() < 1e150:
        exact = math.fsum(numbers)
        mean = exact / numbers.size
        scale = max(abs(numbers).max(), 1e-300)
        check(abs(line["sum"] - exact) <= 1e-12 * scale * numbers.size, f"{name}: sum {line['sum']}, not {exact}")
        check(abs(line["mean"] - mean) <= 1e-12 * scale, f"{name}: mean {line['mean']}, not {mean}")
        var = math.fsum((numbers - mean) ** 2) / numbers.size
        check(abs(line["var"] - var) <= 1e-10 * scale * scale, f"{name}: var {line['var']}, not {var}")
        check(close(line["std"], math.sqrt(line["var"])), f"{name}: std {line['std']}")
    if numbers.size:
        check(close(line["min"], float(numbers.min())), f"{name}: min {line['min']}, not {numbers.min()}")
        check(close(line["max"], float(numbers.max())), f"{name}: max {line['max']}, not {numbers.max()}")


FILTERS = [
    {},
    {"compression": "gzip", "compression_opts": 1},
    {"shuffle": True},
    {"fletcher32": True},
    {"compression": "gzip", "shuffle": True},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"compression": "lzf"},
    {"compression": "lzf", "shuffle": True, "fletcher32": True},
]

# Shape, chunk shape, maximum shape: edges that do not divide, one chunk, single elements, growth, high rank.
SHAPES = [
    ((100,), (7,), None),
    ((100,), (100,), None),
    ((5, 7), (2, 3), None),
    ((5, 7), (5, 7), (5, 7)),
    ((4, 3), (1, 1), None),
    ((20, 30), (7, 30), (None, 30)),
    ((20, 30), (7, 11), (40, 33)),
    ((20, 30), (7, 11), (None, None)),
    ((6, 1, 5, 3), (4, 1, 2, 3), None),
    ((3, 2, 2, 3, 2), (2, 2, 1, 2, 2), (None, 2, 2, 3, 4)),
    ((1,), (1,), (None,)),
]


def write_matrix(file):
    """The datasets of one file; gives the arrays by path."""
    arrays = {}

    def add(path, values, **options):
        file.create_dataset(path, data=values, **options)
        arrays[path] = values

    for number, dtype in enumerate(DTYPES):
        name = dtype.replace("<", "le-").replace(">", "be-").replace("?", "bool")
        add(f"/contiguous/{name}", values_of((13, 5), dtype, number))
        add(f"/scalar/{name}", values_of((), dtype, number))
        add(f"/chunked/{name}", values_of((13, 5), dtype, number), chunks=(4, 3))
        add(f"/filtered/{name}", values_of((13, 5), dtype, number), chunks=(4, 3), compression="gzip", shuffle=True)
        compact = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        compact.set_layout(h5py.h5d.COMPACT)
        values = values_of((3, 4), dtype, number)
        space = h5py.h5s.create_simple(values.shape)
        group = file.require_group("compact")
        dataset = h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(values.dtype, logical=True), space, compact)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, values, h5py.h5t.py_create(values.dtype, logical=True))
        arrays[f"/compact/{name}"] = values

    for number, (options, (shape, chunks, maximum)) in enumerate(itertools.product(FILTERS, SHAPES)):
        dtype = DTYPES[number % len(DTYPES)]
        add(f"/matrix/{number}", values_of(shape, dtype, number), chunks=chunks, maxshape=maximum, **options)

    for number, (shape, maximum) in enumerate([((0,), None), ((3, 0), None), ((0, 4), (None, 4))]):
        add(f"/empty/{number}", numpy.zeros(shape, "f4"), maxshape=maximum)

    def sparse(path, shape, chunks, fill, dtype, written, **options):
        dataset = file.create_dataset(path, shape, dtype, chunks=chunks, fillvalue=fill, **options)
        for selection in written:
            dataset[selection] = values_of(dataset[selection].shape, dtype, 5)
        arrays[path] = dataset[()]

    corner = numpy.s_[2:5, 3:4]
    for number, options in enumerate([{}, {"compression": "gzip"}, {"maxshape": (None, None)}, {"maxshape": (30, 30)}]):
        sparse(f"/fill/{number}-none", (10, 10), (4, 4), 7.5, "f8", [], **options)
        sparse(f"/fill/{number}-some", (10, 10), (4, 4), -3, "i2", [corner], **options)
        sparse(f"/fill/{number}-default", (10, 10), (4, 4), None, ">i4", [corner], **options)
    sparse("/fill/contiguous", (10, 10), None, 9, "u2", [])
    sparse("/fill/bool", (10,), (3,), True, "?", [numpy.s_[0:3]])

    # A dataset that shrank and one that grew: chunks outside the extent, chunks never written.
    for name, before, after in [("shrunk", (20, 20), (7, 13)), ("grown", (7, 13), (20, 20))]:
        for kind, maximum in [("one", (None, 20)), ("both", (None, None)), ("fixed", (20, 20))]:
            dataset = file.create_dataset(
                f"/resized/{name}-{kind}", data=values_of(before, "i4", 3), chunks=(4, 6), maxshape=maximum, fillvalue=5
            )
            dataset.resize(after)
            arrays[f"/resized/{name}-{kind}"] = dataset[()]

    # A chunk written without its filters, by its mask.
    dataset = file.create_dataset("/masked", (8,), "<i4", chunks=(4,), compression="gzip", shuffle=True)
    plain = numpy.arange(4, dtype="<i4")
    dataset.id.write_direct_chunk((0,), plain.tobytes(), 0b11)
    dataset.id.write_direct_chunk((4,), zlib.compress(plain.tobytes()), 0b01)
    arrays["/masked"] = numpy.concatenate([plain, plain])

    enum = h5py.enum_dtype({"RED": 0, "GREEN": 1, "BLUE": 42}, basetype="i2")
    add("/enum", values_of((6,), "i2", 1).astype(enum))
    arrays["/enum"] = numpy.asarray(arrays["/enum"]).astype("i2")
    file["/committed"] = numpy.dtype("<f4")
    dataset = file.create_dataset("/uses-committed", (5,), file["/committed"])
    dataset[:] = values_of((5,), "f4", 9)
    arrays["/uses-committed"] = dataset[()]
    array = file.create_dataset("/array-type", (3,), "(2,2)<i4")
    array[...] = values_of((3, 2, 2), "i4", 4)
    arrays["/array-type"] = array[()]
    # A thousand chunks: an index of several levels.
    add("/many", values_of((10, 1000), "i2", 8), chunks=(1, 10))
    add("/many-filtered", values_of((100, 1000), "i2", 8), chunks=(10, 10), maxshape=(None, None), compression="gzip")
    add("/many-fixed", values_of((100, 1100), "i2", 8), chunks=(5, 5))
    add("/many-extensible", values_of((9000,), "u1", 8), chunks=(3,), maxshape=(None,))
    return arrays


def test_reading(binary, folder):
    settings = [
        ("earliest", {"libver": "earliest"}),
        ("latest", {"libver": "latest"}),
        ("v108", {"libver": ("v108", "v108")}),
        ("ordered", {"libver": "latest", "track_order": True}),
        ("user-block", {"libver": "earliest", "userblock_size": 1024}),
    ]
    for name, options in settings:
        path = folder / f"matrix-{name}.h5"
        with h5py.File(path, "w", **options) as file:
            arrays = write_matrix(file)
            file["/text"] = ["a", "b"]
            file["/compound"] = numpy.zeros(3, [("x", "i4"), ("y", "f8")])
            file["/null"] = h5py.Empty("f4")
            file["/dangling"] = h5py.SoftLink("/nowhere")
            file["/alias"] = h5py.SoftLink("/contiguous")
            file["/elsewhere"] = h5py.ExternalLink("other.h5", "/data")
            file["/loop/back"] = h5py.SoftLink("/loop")
            layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
            layout[:] = h5py.VirtualSource("other.h5", "data", shape=(4,))
            if options["libver"] == "latest":
                file.create_virtual_dataset("/virtual", layout)
        lines = describe(binary, path)
        with h5py.File(path, "r") as file:
            for where, values in arrays.items():
                # What h5py reads back is the truth; it must also be what was written.
                read = file[where][()]
                check(crc32(read) == crc32(values), f"{name} {where}: h5py itself reads other numbers")
                judge(lines.get(where), f"{name} {where}", numpy.asarray(read), file[where])
        check("/alias/le-i4" in lines, f"{name}: a group behind a soft link is missing")
        for where in ["/text", "/compound", "/null"]:
            check(lines.get(where, {}).get("kind") == "not-numeric", f"{name} {where}: {lines.get(where)}")
        for where in ["/dangling", "/elsewhere"]:
            check("error" in lines.get(where, {}), f"{name} {where}: {lines.get(where)}")


# Chunks of one element, of fewer than a bitshuffled group of 8, with edges, of several blocks, and of one whole.
PLUGIN_SHAPES = [((5,), (1,)), ((20,), (7,)), ((50, 33), (16, 9)), ((9001,), (4999,)), ((300, 200), (300, 200))]


def plugin_filters():
    """The options of create_dataset for each of hdf5plugin's filters that can be read."""
    for size in (0, 16, 1000, 4096):
        yield f"lz4-{size}", hdf5plugin.LZ4(nbytes=size)
    for compression, elements in itertools.product(["none", "lz4", "zstd"], [0, 8, 64, 4096]):
        yield f"bitshuffle-{compression}-{elements}", hdf5plugin.Bitshuffle(cname=compression, nelems=elements)
    for level in (1, 3, 12, 22):
        yield f"zstd-{level}", hdf5plugin.Zstd(clevel=level)
    for level in (1, 9):
        yield f"bzip2-{level}", hdf5plugin.BZip2(blocksize=level)
    for coder, shuffle in itertools.product(["blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd"], [0, 1, 2]):
        yield f"blosc-{coder}-{shuffle}", hdf5plugin.Blosc(cname=coder, clevel=9 if shuffle else 1, shuffle=shuffle)
    yield "shuffle-zstd", {"shuffle": True, **hdf5plugin.Zstd()}
    yield "lz4-fletcher32", {"fletcher32": True, **hdf5plugin.LZ4()}


def plugin_values(shape, dtype, kind, seed):
    """Numbers that do not compress, a few that often come again, or one alone."""
    values = values_of(shape, dtype, seed)
    if kind == "random":
        return values
    few = values.ravel()[: 1 if kind == "constant" else 9]
    count = math.prod(shape)
    repeats = numpy.random.default_rng(seed).integers(1, 40, count)
    return numpy.resize(numpy.repeat(numpy.resize(few, count), repeats), shape)


def test_plugins(binary, folder):
    path = folder / "plugins.h5"
    dtypes = ["?", "i1", "<i2", ">u4", "<i8", "<f2", ">f4", "<f8"]
    kinds = ["random", "few", "constant"]
    arrays = {}
    with h5py.File(path, "w") as file:
        for name, options in plugin_filters():
            for number, (dtype, (shape, chunks)) in enumerate(itertools.product(dtypes, PLUGIN_SHAPES)):
                kind = kinds[number % len(kinds)]
                where = f"/{name}/{number}-{kind}-{numpy.dtype(dtype).name}"
                arrays[where] = plugin_values(shape, dtype, kind, number)
                file.create_dataset(where, data=arrays[where], chunks=chunks, **options)
    lines = describe(binary, path)
    with h5py.File(path, "r") as file:
        for where, values in arrays.items():
            read = file[where][()]
            check(crc32(read) == crc32(values), f"plugins {where}: h5py itself reads other numbers")
            judge(lines.get(where), f"plugins {where}", numpy.asarray(read), file[where])


ZFP_SHAPES = [
    ((5,), (5,)),
    ((1000,), (77,)),
    ((30, 41), (8, 9)),
    ((9, 11, 6), (4, 5, 6)),
    ((4, 5, 6, 3), (3, 4, 5, 2)),
    ((3, 30, 20), (1, 16, 7)),
]


def test_zfp(binary, folder):
    """Lossy, so what h5py reads back is the truth, to the last bit."""
    path = folder / "zfp.h5"
    modes = [{"rate": rate} for rate in (1, 8.5, 30)]
    modes += [{"precision": bits} for bits in (3, 20, 64)] + [{"accuracy": by} for by in (0.0, 1e-3, 2.5)]
    modes += [{"reversible": True}]
    with h5py.File(path, "w") as file:
        for number, mode in enumerate(modes):
            for dtype, (shape, chunks) in itertools.product(["<i4", "<i8", "<f4", "<f8"], ZFP_SHAPES):
                if "accuracy" in mode and dtype[1] == "i":
                    continue
                random = numpy.random.default_rng(number)
                values = random.standard_normal(shape).cumsum(axis=-1) * (1e6 if dtype[1] == "i" else 1)
                values = numpy.where(random.random(shape) < 0.1, 0, values).astype(dtype)
                where = f"/{number}/{dtype[1:]}/{len(shape)}-{chunks[0]}-{chunks[-1]}"
                file.create_dataset(where, data=values, chunks=chunks, **hdf5plugin.Zfp(**mode))
    lines = describe(binary, path)
    with h5py.File(path, "r") as file:
        names = []
        file.visititems(lambda name, item: names.append("/" + name) if isinstance(item, h5py.Dataset) else None)
        for where in names:
            judge(lines.get(where), f"zfp {where}", numpy.asarray(file[where][()]), file[where])


def test_damage(binary, folder):
    """Every truncation of a file is refused or read right, never read wrong."""
    whole = folder / "whole.h5"
    values = values_of((20, 30), "f8", 1)
    with h5py.File(whole, "w") as file:
        file.create_dataset("x", data=values, chunks=(7, 11), compression="gzip", fletcher32=True)
    data = whole.read_bytes()
    path = folder / "cut.h5"
    for length in range(0, len(data), max(1, len(data) // 40)):
        path.write_bytes(data[:length])
        lines = describe(binary, path)
        line = lines.get("/x") or next(iter(lines.values()), {})
        check("error" in line, f"{length} of {len(data)} bytes: {line}")
    path.write_bytes(b"CDF\x01" + bytes(100))
    check("netCDF" in next(iter(describe(binary, path).values()))["error"], "a netCDF classic file is not named")


def expected(shape, dtype):
    flat = (numpy.arange(math.prod(shape), dtype="u8") * 7919 + 13) % 251
    return (flat % 2 if dtype == "bool" else flat).astype(dtype).reshape(shape)


def test_writing(generate, binary, folder):
    entries = []
    names = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
    filters = [{}, {"deflate": 4}, {"shuffle": True, "deflate": 1}, {"fletcher32": True}, {"shuffle": True, "deflate": 9, "fletcher32": True}]
    shapes = [((), None), ((10,), None), ((0, 3), None), ((10,), (3,)), ((7, 9), (4, 5)), ((7, 9), (7, 9)), ((4, 3, 5), (3, 2, 2)), ((300, 400), (64, 100)), ((2000, 50), None)]
    orders = ["whole", "rows", "columns", "scattered", "half", "twice"]
    for number, ((shape, chunks), options, order) in enumerate(itertools.product(shapes, filters, orders)):
        if (chunks is None and options) or (order != "whole" and 0 in shape):
            continue
        entry = {"path": f"/matrix/{number}", "shape": shape, "dtype": names[number % len(names)], "order": order, **options}
        if chunks:
            entry["chunks"] = chunks
        if number % 3 == 0:
            entry["fill"] = 1 if entry["dtype"] == "bool" else 100
        entries.append(entry)
    entries += [{"path": f"/types/{name}", "shape": [6, 5], "dtype": name, "chunks": [4, 2]} for name in names]
    entries += [{"path": f"/groups/g{number:03}/deeper", "group": True} for number in range(300)]
    entries.append({"path": "/many", "shape": [100000], "dtype": "int16", "chunks": [1]})
    entries.append({"path": "/many-filtered", "shape": [500, 500], "dtype": "int16", "chunks": [5, 5], "deflate": 1})
    entries.append({"path": "/guessed", "shape": [1000, 1000], "dtype": "float64", "deflate": 1})
    attributes = {"text": "größer", "empty": "", "texts": ["a", "", "ccc"], "number": 1.5, "numbers": [1, 2, 3]}
    entries.append({"path": "/matrix", "attributes": attributes})
    entries.append({"path": "/many", "attributes": {f"a{number}": f"text {number}" for number in range(50)}})

    path = folder / "written.h5"
    done = subprocess.run([generate, str(path)], input=json.dumps(entries), capture_output=True, text=True, timeout=600)
    check(done.returncode == 0, f"generate: {done.stderr[-500:]}")
    lines = describe(binary, path)
    with h5py.File(path, "r") as file:
        for entry in entries:
            where = entry["path"]
            if "shape" not in entry:
                continue
            name = f"written {entry}"
            dataset = file[where]
            values = expected(entry["shape"], entry["dtype"])
            if entry.get("order") == "half" and entry["shape"]:
                values[entry["shape"][0] // 2 :] = entry.get("fill", 0)
            check(dataset.dtype == numpy.dtype(entry["dtype"]), f"{name}: dtype {dataset.dtype}")
            check(dataset.shape == tuple(entry["shape"]), f"{name}: shape {dataset.shape}")
            if "chunks" in entry:
                check(dataset.chunks == tuple(entry["chunks"]), f"{name}: chunks {dataset.chunks}")
            check(dataset.compression_opts == entry.get("deflate"), f"{name}: compression {dataset.compression_opts}")
            check(dataset.shuffle == entry.get("shuffle", False), f"{name}: shuffle {dataset.shuffle}")
            check(dataset.fletcher32 == entry.get("fletcher32", False), f"{name}: fletcher32 {dataset.fletcher32}")
            check(float(dataset.fillvalue) == entry.get("fill", 0), f"{name}: fillvalue {dataset.fillvalue}")
            read = dataset[()]
            check(crc32(read) == crc32(values), f"{name}: h5py reads other numbers")
            judge(lines.get(where), name, numpy.asarray(read), dataset)
        guess = h5py._hl.filters.guess_chunk((1000, 1000), None, 8)
        check(file["/guessed"].chunks == guess, f"guessed chunks {file['/guessed'].chunks}, h5py's {guess}")
        check(sorted(file["/groups"]) == [f"g{number:03}" for number in range(300)], "the groups differ")
        check(all("deeper" in group for group in file["/groups"].values()), "groups in groups are missing")
        found = dict(file["/matrix"].attrs)
        check(found["text"] == "größer" and found["empty"] == "", f"text attributes {found}")
        check(list(found["texts"]) == ["a", "", "ccc"], f"text attributes {found}")
        check(found["number"] == 1.5 and list(found["numbers"]) == [1, 2, 3], f"numeric attributes {found}")
        check(file["/many"].attrs["a49"] == "text 49", "one of many attributes differs")
    # What h5py can also add to: the file's structures are whole.
    with h5py.File(path, "a") as file:
        file["/added/by/h5py"] = numpy.arange(10)
        file["/matrix"].attrs["later"] = 1
        del file["/types/int8"]
    check("/added/by/h5py" in describe(binary, path), "a dataset that h5py added is missing")


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    generate = binary.with_name("generate" + binary.suffix)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        test_reading(binary, folder)
        if hdf5plugin is not None:
            test_plugins(binary, folder)
            test_zfp(binary, folder)
        test_damage(binary, folder)
        if generate.exists():
            test_writing(generate, binary, folder)
        else:
            check(False, f"{generate} is missing: cargo build --examples")
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
