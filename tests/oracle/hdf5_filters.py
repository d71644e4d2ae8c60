"""Holds the filters that HDF5 itself brings against h5py: szip, scale-offset, n-bit, and chunks whose edges are stored plain.

    python tests/oracle/hdf5_filters.py path/to/describe-binary

h5py writes each filter with every number type, values that compress and values that do not, and parameters over their
range; `describe` must read the same bits. Prints one line for each failure and "N passed, N failed" at the end; exit
status 1 when something failed. Needs h5py and NumPy.
"""

import ctypes
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import zlib

import h5py
import numpy

INTEGERS = ["i1", "u1"] + [order + code for order in "<>" for code in ("i2", "u2", "i4", "u4", "i8", "u8")]
FLOATS = ["<f4", ">f4", "<f8", ">f8"]
SHAPE, CHUNK = (23, 17), (7, 6)
# H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS of H5Dpublic.h, for which h5py has no name.
PLAIN_EDGES = 2

passed = 0
failures = []


def check(condition, what):
    global passed
    if condition:
        passed += 1
    else:
        failures.append(what)
        print("FAILED", what)


def values(draw, dtype, shape, kind):
    """Numbers that go up slowly, take the whole range, or are all the same."""
    dtype = numpy.dtype(dtype)
    if dtype.kind == "f":
        smooth = numpy.cumsum(draw.standard_normal(shape), axis=-1)
        return (smooth if kind == "smooth" else draw.standard_normal(shape) * 1e4).astype(dtype)
    limits = numpy.iinfo(dtype)
    if kind == "smooth":
        least = limits.min // 2 if limits.min < 0 else 5
        return (numpy.arange(numpy.prod(shape)).reshape(shape) % 97 + least).astype(dtype)
    if kind == "constant":
        return numpy.full(shape, limits.max // 3).astype(dtype)
    whole = draw.integers(limits.min, limits.max, shape, dtype=dtype.newbyteorder("="), endpoint=True)
    return whole.astype(dtype)


def add(file, name, stored, chunk, prepare, datatype=None, fill=None, maximum=None):
    """A dataset whose creation properties `prepare` sets; False where HDF5 refuses the combination."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk(chunk)
    if fill is not None:
        plist.set_fill_value(numpy.array(fill, stored.dtype))
    try:
        prepare(plist)
        space = h5py.h5s.create_simple(stored.shape, maximum)
        datatype = datatype or h5py.h5t.py_create(stored.dtype)
        dataset = h5py.h5d.create(file.id, name.encode(), datatype, space, plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, numpy.ascontiguousarray(stored))
    except (ValueError, OSError, RuntimeError):
        if name in file:
            del file[name]
        return False
    return True


def write_scaleoffset(file, draw):
    for dtype, kind, bits, fill in itertools.product(INTEGERS, ["smooth", "full", "constant"], [0, 3, 7], [None, 3]):
        stored = values(draw, dtype, SHAPE, kind)
        name = f"integers {dtype} {kind} {bits} {fill}"
        add(file, name, stored, CHUNK, lambda plist: plist.set_scaleoffset(h5py.h5z.SO_INT, bits), fill=fill)
    for dtype, kind, digits, fill in itertools.product(FLOATS, ["smooth", "full"], [0, 2, 5], [None, -1.5]):
        stored = values(draw, dtype, SHAPE, kind)
        name = f"floats {dtype} {kind} {digits} {fill}"
        add(file, name, stored, CHUNK, lambda plist: plist.set_scaleoffset(h5py.h5z.SO_FLOAT_DSCALE, digits), fill=fill)


def write_szip(file, draw):
    methods = {"nn": h5py.h5z.SZIP_NN_OPTION_MASK, "ec": h5py.h5z.SZIP_EC_OPTION_MASK}
    for dtype, kind, method, pixels in itertools.product(INTEGERS + FLOATS, ["smooth", "full"], methods, [4, 8, 16, 32]):
        stored = values(draw, dtype, (23, 70), kind)
        for chunk in ((10, 64), (7, 33)):
            name = f"{dtype} {kind} {method} {pixels} {chunk}"
            add(file, name, stored, chunk, lambda plist: plist.set_szip(methods[method], pixels))


def write_nbit(file, draw):
    def packed(plist):
        plist.set_filter(h5py.h5z.FILTER_NBIT, 0)

    for dtype, kind in itertools.product(INTEGERS, ["smooth", "full"]):
        bits = numpy.dtype(dtype).itemsize * 8
        for precision, offset in [(bits, 0), (bits - 3, 0), (bits - 5, 2), (bits // 2, bits // 4)]:
            datatype = h5py.h5t.py_create(numpy.dtype(dtype)).copy()
            datatype.set_precision(precision)
            datatype.set_offset(offset)
            stored = values(draw, dtype, SHAPE, kind)
            add(file, f"{dtype} {kind} {precision} {offset}", stored, CHUNK, packed, datatype)
    for precision, offset, exponent in [(20, 7, 6), (16, 0, 5), (24, 8, 8)]:
        datatype = h5py.h5t.IEEE_F32LE.copy()
        sign = offset + precision - 1
        datatype.set_fields(sign, sign - exponent, exponent, offset, precision - 1 - exponent)
        datatype.set_offset(offset)
        datatype.set_precision(precision)
        datatype.set_ebias(2 ** (exponent - 1) - 1)
        for kind in ("smooth", "full"):
            add(file, f"float {precision} {offset} {kind}", values(draw, "<f4", SHAPE, kind), CHUNK, packed, datatype)


def write_plain_edges(file, draw, library):
    shapes = [((7, 11), None), ((7, 11), (40, 33)), ((7, 11), (None, 30)), ((7, 11), (None, None)), ((25, 40), (50, 60))]
    filters = {
        "gzip": lambda plist: plist.set_deflate(4),
        "shuffle": lambda plist: (plist.set_shuffle(), plist.set_deflate(4)),
        "checked": lambda plist: (plist.set_deflate(4), plist.set_fletcher32()),
    }
    for (chunk, maximum), name in itertools.product(shapes, filters):

        def prepare(plist):
            filters[name](plist)
            if library.H5Pset_chunk_opts(plist.id, PLAIN_EDGES) < 0:
                raise RuntimeError("H5Pset_chunk_opts failed")

        limits = maximum and tuple(h5py.h5s.UNLIMITED if limit is None else limit for limit in maximum)
        added = add(file, f"{name} {chunk} {maximum}", values(draw, "<i4", (20, 30), "smooth"), chunk, prepare, maximum=limits)
        check(added, f"plain edges: {name} {chunk} {maximum} cannot be written")


def hdf5_library():
    """HDF5 as h5py brings it, for the one call that h5py lacks; None where it is linked in another way."""
    folder = pathlib.Path(h5py.__file__).parent.with_name("h5py.libs")
    for path in sorted(folder.glob("libhdf5-*.so*")):
        library = ctypes.CDLL(str(path))
        library.H5Pset_chunk_opts.argtypes = [ctypes.c_int64, ctypes.c_uint]
        return library
    return None


def compare(binary, path, least):
    """Every dataset of the file; there must be at least so many, since HDF5 may refuse to write some."""
    done = subprocess.run([binary, str(path)], capture_output=True, text=True, timeout=600)
    check(done.returncode == 0, f"{path.name}: describe failed: {done.stderr[-500:]}")
    lines = {line["path"]: line for line in map(json.loads, done.stdout.splitlines())}
    with h5py.File(path, "r") as file:
        check(len(file) >= least, f"{path.name}: only {len(file)} datasets could be written")
        for name, dataset in file.items():
            read = dataset[()]
            expected = zlib.crc32(read.astype(read.dtype.newbyteorder("<"), copy=False).tobytes())
            line = lines.get("/" + name, {})
            check(line.get("crc32") == f"{expected:08x}", f"{path.stem} {name}: {line.get('error', 'other numbers')}")


def main():
    binary = pathlib.Path(sys.argv[1]).resolve()
    library = hdf5_library()
    parts = {"scaleoffset": (write_scaleoffset, 250), "szip": (write_szip, 500), "nbit": (write_nbit, 110)}
    with tempfile.TemporaryDirectory() as folder:
        for name, (write, least) in parts.items():
            path = pathlib.Path(folder) / f"{name}.h5"
            with h5py.File(path, "w") as file:
                write(file, numpy.random.default_rng(3))
            compare(binary, path, least)
        if library is None:
            print("skipped: chunks with plain edges, since h5py's own libhdf5 is not where its wheels have it")
        else:
            path = pathlib.Path(folder) / "plain-edges.h5"
            with h5py.File(path, "w", libver="latest") as file:
                write_plain_edges(file, numpy.random.default_rng(3), library)
            compare(binary, path, 15)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
