"""`shutil.disk_usage`: what the browser's storage holds and has room for."""

import _bridge
from collections import namedtuple

_Usage = namedtuple("usage", ("total", "used", "free"))


def disk_usage(path="."):
    """Bytes in all, used and free, of the browser's storage."""
    answer = _bridge.call("free_space")
    free = int(answer["free"])
    used = int(answer["usage"])
    return _Usage(used + free, used, free)
