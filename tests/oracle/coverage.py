"""Compares `describe` with h5py over every file of a folder.

    python tests/oracle/coverage.py DIR [path/to/describe-binary]

Prints one line for each disagreement, and at the end how many numeric datasets of h5py's agree, disagree,
are refused (with the reasons, most frequent first) or are missing. Exit status 1 on a disagreement, a
panic or a hang. Needs h5py and NumPy; with hdf5plugin more filters are judged.
"""

import collections
import json
import multiprocessing
import pathlib
import re
import subprocess
import sys
import zlib

import h5py
import numpy

try:
    import hdf5plugin  # noqa: F401  registers its filters with HDF5
except ImportError:
    pass

TIMEOUT = 120
LIMIT = 1 << 30


def is_numeric(dtype):
    base = dtype.base
    return (
        (base.kind in "biuf" and base.itemsize <= 8 or base.kind == "c" and base.itemsize <= 16)
        and h5py.check_string_dtype(dtype) is None
        and h5py.check_vlen_dtype(dtype) is None
        and h5py.check_ref_dtype(dtype) is None
    )


def crc32(values):
    values = numpy.ascontiguousarray(values)
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    return f"{zlib.crc32(little.tobytes()):08x}"


def walk(group, prefix, ancestors, found):
    """Every dataset that h5py reads, by path; ("error", text) where it cannot."""
    address = h5py.h5o.get_info(group.id).addr
    if address in ancestors:
        return
    for name in group:
        path = f"{prefix}/{name}"
        try:
            item = group[name]
        except Exception:
            continue
        if item.file.filename != group.file.filename:
            continue
        if isinstance(item, h5py.Group):
            walk(item, path, ancestors | {address}, found)
        elif isinstance(item, h5py.Dataset):
            try:
                if item.shape is None or not is_numeric(item.dtype):
                    continue
                if item.size * item.dtype.itemsize > LIMIT:
                    found[path] = ("large", "")
                    continue
                values = item[()]
                found[path] = (values.dtype.newbyteorder("=").name, crc32(values))
            except Exception as error:
                found[path] = ("error", str(error))


def judge(path, queue):
    found = {}
    try:
        with h5py.File(path, "r") as file:
            walk(file["/"], "", frozenset(), found)
    except Exception as error:
        found["/"] = ("error", str(error))
    queue.put(found)


def by_h5py(path):
    """h5py in a process of its own: some broken files bring the C library down."""
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=judge, args=(path, queue))
    process.start()
    try:
        found = queue.get(timeout=TIMEOUT)
    except Exception:
        found = {}
        process.kill()
    process.join()
    return found


def by_describe(binary, path):
    """Lines by path, and what went wrong with the program itself."""
    try:
        done = subprocess.run([binary, path], capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return {}, "hang"
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    trouble = f"exit status {done.returncode}: {done.stderr[-300:]}" if done.returncode else None
    return {line.get("path", "/"): line for line in lines}, trouble


def reason(text):
    """The last part of an error message, without names and numbers."""
    return re.sub(r"\d+", "N", re.sub(r"'[^']*'", "'…'", text))[-150:]


def main():
    folder = pathlib.Path(sys.argv[1])
    binary = sys.argv[2] if len(sys.argv) > 2 else "target/release/examples/describe"
    count = collections.Counter()
    refused = collections.Counter()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if not is_candidate(path):
            continue
        expected = by_h5py(str(path))
        lines, trouble = by_describe(binary, str(path))
        count["files"] += 1
        if trouble:
            count["trouble"] += 1
            print(f"TROUBLE {path}: {trouble}")
        for name, (dtype, crc) in expected.items():
            if dtype in ("error", "large"):
                count["h5py " + dtype] += 1
                continue
            line = lines.get(name) or next((l for p, l in lines.items() if name.startswith(p.rstrip("/") + "/") and "error" in l), None)
            if line is None:
                count["missing"] += 1
                print(f"MISSING {path}: {name}")
            elif "error" in line:
                count["refused"] += 1
                refused[reason(line["error"])] += 1
                if "-v" in sys.argv:
                    print(f"REFUSED {path}: {name}: {line['error']}")
            elif (line["dtype"], line["crc32"]) == (dtype, crc):
                count["agree"] += 1
            else:
                count["disagree"] += 1
                print(f"DISAGREE {path}: {name}: {line['dtype']} {line['crc32']}, h5py {dtype} {crc}")
    print()
    for text, times in refused.most_common():
        print(f"{times:6} refused: {text}")
    print(", ".join(f"{number} {what}" for what, number in sorted(count.items())))
    return 1 if count["disagree"] or count["trouble"] else 0


def is_candidate(path):
    with open(path, "rb") as file:
        head = file.read(1 << 16)
    return b"\x89HDF" in head or path.suffix in (".h5", ".hdf5", ".nc", ".he5")


if __name__ == "__main__":
    sys.exit(main())
