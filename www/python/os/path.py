"""`os.path` for the files on the shelf."""

sep = "/"


def shelf_name(name):
    """A path as the shelf names the file: without `./` before it."""
    name = str(name)
    while name.startswith("./"):
        name = name[2:]
    return name


def _find(name):
    import os

    return os.shelf().get(shelf_name(name))


def exists(name):
    return name in (".", "/", "") or _find(name) is not None


lexists = exists


def isfile(name):
    return _find(name) is not None


def isdir(name):
    return name in (".", "/")


def getsize(name):
    """Bytes of a file of the shelf."""
    file = _find(name)
    if file is None:
        raise FileNotFoundError(2, "No such file or directory", name)
    return int(file["size"])


def getmtime(name):
    file = _find(name)
    if file is None:
        raise FileNotFoundError(2, "No such file or directory", name)
    return file.get("lastModified", 0) / 1000


def join(first, *parts):
    joined = first
    for part in parts:
        if part.startswith("/"):
            joined = part
        elif joined == "" or joined.endswith("/"):
            joined += part
        else:
            joined += "/" + part
    return joined


def split(name):
    head, slash, tail = name.rpartition("/")
    return (head or slash, tail)


def basename(name):
    return split(name)[1]


def dirname(name):
    return split(name)[0]


def splitext(name):
    stem, dot, extension = name.rpartition(".")
    if not dot or "/" in extension or basename(stem) == "":
        return name, ""
    return stem, dot + extension


def abspath(name):
    return name if name.startswith("/") else "/" + shelf_name(name)


def normpath(name):
    return name


def expanduser(name):
    return name
