"""`os` for the files on the shelf; everything is in one folder."""

from uos import *
import uos as _os

import _bridge
from os import path

name = "posix"
sep = "/"
linesep = "\n"
curdir = "."
environ = {}


def shelf():
    """The files of the shelf by name."""
    return {file["name"]: file for file in _bridge.call("files")}


def getenv(key, default=None):
    return environ.get(key, default)


def cpu_count():
    """Threads that compute."""
    return _bridge.call("info")["threads"]


def getcwd():
    return "/"


def listdir(path="."):
    """The names of the shelf's files."""
    if path in (".", "", "/"):
        return sorted(shelf())
    return _os.listdir(path)


def remove(name):
    """Delete a file from the shelf."""
    found = path.shelf_name(name)
    if found not in shelf():
        raise FileNotFoundError(2, "No such file or directory", name)
    _bridge.call("remove_file", name=found)


unlink = remove


def makedirs(name, mode=0o777, exist_ok=False):
    _os.mkdir(name)
