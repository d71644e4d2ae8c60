"""Runs the Python of the benchmarks under CPython: a line of JSON asks, a line of JSON answers.

Asked: {"source": "..."}; answered: {"printed": "..."} or {"error": "..."}. All runs share one namespace.
"""

import contextlib
import io
import json
import platform
import sys
import traceback

import dask
import h5py
import numpy


def main():
    versions = {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "dask": dask.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }
    print(json.dumps(versions), flush=True)
    namespace = {}
    for line in sys.stdin:
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(json.loads(line)["source"], "benchmark", "exec"), namespace)
            answer = {"printed": printed.getvalue()}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


main()
