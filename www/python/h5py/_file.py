"""Files and groups."""

import _bridge
from _text import qualified_names, represent
from h5py._dataset import Dataset
from h5py._links import HardLink, link_of
from h5py._object import HLObject
from h5py._values import Empty, NoPath, Reference, dtype_of
from numpy._dtype import as_dtype, number_of
from numpy._ndarray import as_operand_source, ndarray, product


class Group(HLObject):
    """A group: a mapping from names to groups and datasets."""

    _noun = "group identifier"

    def _path(self, name):
        if isinstance(name, bytes):
            name = name.decode()
        if not isinstance(name, str):
            raise TypeError("Accessing a group is done with bytes or str, not %s" % repr(type(name)))
        path = name if name.startswith("/") else self.name.rstrip("/") + "/" + name
        parts = [part for part in path.split("/") if part not in ("", ".")]
        return "/" + "/".join(parts)

    def _members(self):
        self._require_open()
        found = _bridge.call("h5_members", file=self._file._id, path=self.name)
        return sorted(found, key=lambda member: member["name"])

    def __getitem__(self, name):
        self._require_open()
        if isinstance(name, Reference):
            if not name:
                raise ValueError("Invalid HDF5 object reference")
            if name._path is NoPath:
                raise KeyError("the object of this reference has no name in file '%s'" % self._file._name)
            name = name._path
        path = self._path(name)
        return self._open(_bridge.call("h5_get", file=self._file._id, path=path), path)

    def _open(self, info, path):
        if info["type"] == "group":
            found = Group(self._file, path)
        elif info["type"] == "datatype":
            found = Datatype(self._file, path, dtype_of(info["element"]))
        else:
            found = Dataset(self._file, info)
        found._object = info.get("object")
        return found

    def get(self, name, default=None, getclass=False, getlink=False):
        """The object `name`, its class, how it is linked, or the class of the link."""
        try:
            found = self._link(name) if getlink else self[name]
        except KeyError:
            return default
        return type(found) if getclass else found

    def _link(self, name):
        self._require_open()
        return link_of(_bridge.call("h5_link", file=self._file._id, path=self._path(name)))

    def __contains__(self, name):
        """Whether there is a link `name`, wherever it may lead."""
        if not self._is_open():
            return False
        if self._path(name) == "/":
            return True
        try:
            self._link(name)
            return True
        except KeyError:
            return False

    def __len__(self):
        return len(self._members())

    def __iter__(self):
        return iter([member["name"] for member in self._members()])

    def keys(self):
        return KeysView(self)

    def values(self):
        return ValuesView(self)

    def items(self):
        return ItemsView(self)

    def visititems(self, function):
        """Call `function(name, object)` for everything below; stops at the first answer that is not None."""
        return self._visit_links(
            "", lambda name, link: function(name, self[name]) if isinstance(link, HardLink) else None, True
        )

    def visit(self, function):
        """Call `function(name)` for everything below; stops at the first answer that is not None."""
        return self._visit_links(
            "", lambda name, link: function(name) if isinstance(link, HardLink) else None, True
        )

    def visititems_links(self, function):
        """Call `function(name, link)` for every link below; stops at the first answer that is not None."""
        return self._visit_links("", function)

    def visit_links(self, function):
        """Call `function(name)` for every link below; stops at the first answer that is not None."""
        return self._visit_links("", lambda name, link: function(name))

    def _visit_links(self, prefix, function, objects=False, seen=None):
        """
        Goes through hard links only, as h5py does, and into each group once; `objects` leaves out what cannot be
        opened, and names each object once.
        """
        seen = {self._identity()} if seen is None else seen
        for member in self._members():
            name = member["name"]
            link = self._link(name)
            identity = member.get("object")
            again = isinstance(link, HardLink) and identity in seen
            if objects and (again or member.get("error")):
                continue
            if isinstance(link, HardLink) and identity is not None:
                seen.add(identity)
            answer = function(prefix + name, link)
            if answer is None and member["type"] == "group" and isinstance(link, HardLink) and not again:
                answer = self[name]._visit_links(prefix + name + "/", function, objects, seen)
            if answer is not None:
                return answer
        return None

    def create_group(self, name, track_order=None):
        self._require_writable()
        path = self._path(name)
        _bridge.call("h5_create_group", file=self._file._id, path=path)
        return Group(self._file, path)

    def require_group(self, name):
        if name not in self:
            return self.create_group(name)
        found = self[name]
        if not isinstance(found, Group):
            raise TypeError("Incompatible object (Dataset) already exists")
        return found

    def create_dataset(
        self,
        name,
        shape=None,
        dtype=None,
        data=None,
        chunks=None,
        compression=None,
        compression_opts=None,
        shuffle=None,
        fletcher32=None,
        fillvalue=None,
        maxshape=None,
        scaleoffset=None,
        track_order=None,
        **others,
    ):
        """A new dataset. Without `dtype` or `data` its elements are float32, as in h5py."""
        self._require_writable()
        if others:
            raise TypeError("create_dataset() got an unexpected keyword argument '%s'" % list(others)[0])
        if scaleoffset is not None:
            raise NotImplementedError("the scaleoffset filter cannot be written in Chunkbook")
        if maxshape is not None and (shape is None or tuple(maxshape) != _tuple(shape)):
            raise NotImplementedError(
                "resizable datasets (maxshape) cannot be written in Chunkbook; give the final shape"
            )
        if isinstance(data, (str, bytes, Empty)):
            raise NotImplementedError(
                "dataset '%s' of file '%s': %s cannot be written in Chunkbook, numbers can; a text can be an attribute"
                % (name, self._file._name, "what is empty" if isinstance(data, Empty) else "texts")
            )
        if data is not None:
            data = as_operand_source(data)
            own_shape = getattr(data, "shape", ())
            if shape is None:
                shape = own_shape
            elif product(_tuple(shape)) != product(own_shape):
                raise ValueError("Shape tuple is incompatible with data")
            dtype = data.dtype if dtype is None and hasattr(data, "dtype") else dtype
            if dtype is None:
                dtype = "bool" if isinstance(data, bool) else "int64" if isinstance(data, int) else "float64"
        if shape is None:
            raise TypeError("One of data, shape or dtype must be specified")
        shape = _tuple(shape)
        kind = as_dtype("float32" if dtype is None else dtype)
        chunks = True if chunks is None and (compression or shuffle or fletcher32) else chunks
        compression, compression_opts = _compression(compression, compression_opts)
        info = _bridge.call(
            "h5_create_dataset",
            file=self._file._id,
            path=self._path(name),
            shape=list(shape),
            dtype=kind.name,
            chunks=(
                chunks
                if chunks is None or chunks is True
                else None if chunks is False else list(_tuple(chunks))
            ),
            compression=compression,
            compression_opts=compression_opts,
            shuffle=bool(shuffle),
            fletcher32=bool(fletcher32),
            fillvalue=None if fillvalue is None else _bridge.scalar(number_of(fillvalue)),
        )
        made = Dataset(self._file, info)
        if data is not None:
            made[...] = data if not isinstance(data, ndarray) or data.shape == shape else data.reshape(shape)
        return made

    def require_dataset(self, name, shape, dtype, exact=False, **options):
        if name not in self:
            return self.create_dataset(name, shape, dtype, **options)
        found = self[name]
        if found.shape != _tuple(shape):
            raise TypeError("Shapes do not match (existing %s vs new %s)" % (found.shape, _tuple(shape)))
        return found

    def __setitem__(self, name, value):
        self.create_dataset(name, data=value)

    def __delitem__(self, name):
        raise NotImplementedError(
            "objects cannot be deleted from a file in Chunkbook; write a new file without them"
        )

    def __repr__(self):
        if not self._is_open():
            return "<Closed HDF5 group>"
        return '<HDF5 group "%s" (%d members)>' % (self.name, len(self))


def _tuple(shape):
    number = number_of(shape)
    return (int(number),) if number is not None else tuple([int(length) for length in shape])


def _compression(name, level):
    """`compression=` as h5py takes it: "gzip", a level, True, or None."""
    if name is None or name is False:
        return None, None
    if name is True:
        return "gzip", 4 if level is None else level
    if isinstance(name, int):
        return "gzip", name
    if name != "gzip":
        raise NotImplementedError("compression '%s' cannot be written in Chunkbook; 'gzip' can" % name)
    level = 4 if level is None else int(level)
    if not 0 <= level <= 9:
        raise ValueError("GZIP setting must be an integer from 0-9, not %d" % level)
    return "gzip", level


class Datatype(HLObject):
    """A named type: one that several datasets and attributes can have."""

    _noun = "datatype identifier"

    def __init__(self, file, name, dtype):
        HLObject.__init__(self, file, name)
        self.dtype = dtype

    def __repr__(self):
        if not self._is_open():
            return "<Closed HDF5 named type>"
        return '<HDF5 named type "%s" (dtype %s)>' % (self.name.rpartition("/")[2], self.dtype.str)


class KeysView:
    def __init__(self, group):
        self._group = group

    def __iter__(self):
        return iter(self._group)

    def __len__(self):
        return len(self._group)

    def __contains__(self, name):
        return name in self._group

    def __repr__(self):
        return "<KeysViewHDF5 %s>" % represent(list(self._group))


class ValuesView(KeysView):
    def __iter__(self):
        for name in self._group:
            yield self._group.get(name)

    def __repr__(self):
        return "ValuesViewHDF5(%s)" % repr(self._group)


class ItemsView(KeysView):
    def __iter__(self):
        for name in self._group:
            yield name, self._group.get(name)

    def __repr__(self):
        return "ItemsViewHDF5(%s)" % repr(self._group)


class File(Group):
    """An HDF5 file: one of the shelf to read ("r"), or a new one in the browser's storage ("w", "x")."""

    _noun = "file identifier"

    def __init__(self, name, mode="r", driver=None, libver=None, **options):
        if not isinstance(name, str):
            name = str(name)
        if mode not in ("r", "r+", "w", "w-", "x", "a"):
            raise ValueError("Invalid mode; must be one of r, r+, w, w-, x, a")
        while name.startswith("./"):
            name = name[2:]
        self._id = None
        self._name = name
        self._mode = "r" if mode == "r" else "r+"
        self._id = _bridge.call("h5_open", name=name, mode=mode)["file"]
        self._file = self
        self.name = "/"

    @property
    def filename(self):
        return self._name

    @property
    def mode(self):
        self._require_open()
        return self._mode

    def close(self):
        """Close the file; what was written is complete from here on."""
        if self._id is not None:
            number, self._id = self._id, None
            _bridge.call("h5_close", file=number)

    def flush(self):
        self._require_open()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __repr__(self):
        if not self._is_open():
            return "<Closed HDF5 file>"
        return '<HDF5 file "%s" (mode %s)>' % (self._name.rpartition("/")[2], self._mode)


def is_hdf5(name):
    """Whether a file of the shelf is HDF5."""
    try:
        File(name, "r").close()
        return True
    except OSError:
        return False


qualified_names[Group] = "h5py._hl.group.Group"
qualified_names[Datatype] = "h5py._hl.datatype.Datatype"
qualified_names[File] = "h5py._hl.files.File"
