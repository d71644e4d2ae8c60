"""Files, groups and datasets."""

import _bridge
from _text import qualified_names, represent
from h5py._attributes import Attributes
from h5py._links import HardLink, link_of
from h5py._selection import is_mask_of_all, select_dataset
from h5py._values import Empty, NoPath, Reference, array_of, check_string_dtype, dtype_of, value_of
from numpy._dtype import as_dtype, make_scalar, number_of
from numpy._indexing import make_slice
from numpy._objects import object_array, text_array, void
from numpy._ndarray import as_operand_source, ndarray, operand, product, wrap


class HLObject:
    """What groups and datasets have in common: a place in an open file."""

    def __init__(self, file, name):
        self._file = file
        self.name = name

    @property
    def file(self):
        self._require_open()
        return self._file

    @property
    def parent(self):
        self._require_open()
        return self._file[self.name.rpartition("/")[0] or "/"]

    @property
    def attrs(self):
        self._require_open()
        return Attributes(self)

    def _is_open(self):
        return self._file._id is not None

    def _require_open(self):
        if not self._is_open():
            raise ValueError("Invalid %s: the file '%s' is closed" % (self._noun, self._file._name))

    def _require_writable(self):
        self._require_open()
        if self._file._mode == "r":
            raise ValueError(
                "Unable to write: no write intent on file '%s' (it was opened with mode 'r')"
                % self._file._name
            )

    def __bool__(self):
        return self._is_open()

    def __eq__(self, other):
        return isinstance(other, HLObject) and other._file is self._file and other.name == self.name

    def __hash__(self):
        return hash(self.name)


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
            return Group(self._file, path)
        return Dataset(self._file, info)

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

    def _visit_links(self, prefix, function, readable=False):
        """Goes through hard links only, as h5py does; `readable` leaves out what cannot be opened."""
        for member in self._members():
            if readable and (member["type"] == "other" or member.get("error")):
                continue
            name = member["name"]
            link = self._link(name)
            answer = function(prefix + name, link)
            if answer is None and member["type"] == "group" and isinstance(link, HardLink):
                answer = self[name]._visit_links(prefix + name + "/", function, readable)
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


class Dataset(HLObject):
    """A dataset: read with `dataset[...]`, written by assignment."""

    _noun = "dataset identifier"

    def __init__(self, file, info):
        HLObject.__init__(self, file, info["path"])
        self._info = info
        self._id = info["dataset"]
        self._shape = tuple(info["shape"])
        self._dtype = as_dtype(info["dtype"]) if info.get("numeric", True) else dtype_of(info["element"])
        if info.get("null"):
            self._shape = None

    @property
    def shape(self):
        self._require_open()
        return self._shape

    @property
    def dtype(self):
        self._require_open()
        return self._dtype

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return product(self.shape)

    @property
    def nbytes(self):
        return self.size * self.dtype.itemsize

    def _listed(self, key):
        self._require_open()
        value = self._info.get(key)
        return tuple(value) if isinstance(value, list) else value

    @property
    def chunks(self):
        return self._listed("chunks")

    @property
    def maxshape(self):
        value = self._listed("maxshape")
        return self._shape if value is None else value

    @property
    def compression(self):
        return self._listed("compression")

    @property
    def compression_opts(self):
        return self._listed("compression_opts")

    @property
    def shuffle(self):
        return bool(self._listed("shuffle"))

    @property
    def fletcher32(self):
        return bool(self._listed("fletcher32"))

    @property
    def fillvalue(self):
        value = self._listed("fillvalue")
        if value is None:
            return make_scalar(0, self._dtype) if self._info.get("numeric", True) else None
        return make_scalar(_bridge.number(value["value"], value["dtype"]), self._dtype)

    @property
    def is_virtual(self):
        return self._listed("layout") == "virtual"

    def __len__(self):
        if not self.shape:
            raise TypeError("Attempt to take len() of scalar dataset")
        return self.shape[0]

    def len(self):
        return self.__len__()

    def __iter__(self):
        if not self.shape:
            raise TypeError("Can't iterate over a scalar dataset")
        for i in range(self.shape[0]):
            yield self[i]

    def _require_numeric(self):
        self._require_open()
        if not self._info.get("numeric", True):
            names = self._dtype.names
            raise TypeError(
                "dataset '%s' of file '%s' holds %s, which cannot be computed with%s"
                % (
                    self.name,
                    self._file._name,
                    self._info["dtype"],
                    "" if names is None else "; take one of its fields, such as dataset.fields(%r)" % names[0],
                )
            )

    def fields(self, names):
        """A field of a table, read when it is indexed and ready for `da.from_array`."""
        self._require_open()
        if not isinstance(names, str):
            return _Fields(self, tuple(names))
        return Dataset(self._file, _bridge.call("h5_field", dataset=self._id, name=names))

    def asstr(self, encoding=None, errors="strict"):
        """The same dataset, its texts read as `str` instead of bytes."""
        if check_string_dtype(self.dtype) is None:
            raise TypeError("dset.asstr() can only be used on datasets with an HDF5 string datatype")
        return _AsText(self, encoding or "utf-8", errors)

    def _values(self, index):
        """Elements that are no numbers."""
        chosen = select_dataset(index, self._shape)
        if chosen.pick is not None:
            rows = self[...]
            return rows[index] if len(self._shape) == 1 else _refuse_list(self)
        found = _bridge.call("h5_values", dataset=self._id, selection=chosen.axes)
        element = self._info["element"]
        kept = [axis[1] for i, axis in enumerate(chosen.axes) if i not in chosen.drop]
        if not kept and not (isinstance(index, slice) or index is Ellipsis):
            return value_of(found["values"][0], element)
        return array_of(found["values"], kept, element)

    def __getitem__(self, index):
        self._require_open()
        if self._shape is None:
            if index is not Ellipsis and index != ():
                raise ValueError("Empty datasets cannot be sliced")
            return Empty(self._dtype)
        names = [item for item in (index if isinstance(index, tuple) else (index,)) if isinstance(item, str)]
        if names:
            return self._named(names, index)
        if not self._info.get("numeric", True):
            return self._values(index)
        if is_mask_of_all(index, self._shape):
            return self[()][index[0] if isinstance(index, tuple) else index]
        chosen = select_dataset(index, self._shape)
        return wrap(
            _bridge.call(
                "h5_read", dataset=self._id, selection=chosen.axes, drop=chosen.drop, pick=chosen.pick
            )
        )

    def _named(self, names, index):
        """`dataset["x"]`, `dataset["x", :10]`, `dataset["x", "y"]`."""
        if self._dtype.names is None:
            raise ValueError("Field names only allowed for compound types")
        rest = tuple([item for item in index if not isinstance(item, str)]) if isinstance(index, tuple) else ()
        return (self.fields(names[0]) if len(names) == 1 else _Fields(self, tuple(names)))[rest]

    def __setitem__(self, index, value):
        self._require_numeric()
        self._require_writable()
        chosen = select_dataset(index, self._shape)
        if chosen.pick is not None:
            raise NotImplementedError(
                "dataset '%s' of file '%s' is written with integers and slices in Chunkbook; "
                "write the rows of a list one by one" % (self.name, self._file._name)
            )
        if hasattr(value, "_lazy"):
            value = value.compute()
        value = as_operand_source(value)
        if isinstance(value, ndarray):
            target, source = chosen.shape, value.shape
            if not _fits(source, target):
                raise TypeError("Can't broadcast %s -> %s" % (source, target))
            value = value._fitted([axis[1] for axis in chosen.axes])
        _bridge.call("h5_write", dataset=self._id, selection=chosen.axes, value=operand(value))

    def read_direct(self, destination, source_sel=None, dest_sel=None):
        destination[... if dest_sel is None else dest_sel] = self[... if source_sel is None else source_sel]

    def write_direct(self, source, source_sel=None, dest_sel=None):
        self[... if dest_sel is None else dest_sel] = source[... if source_sel is None else source_sel]

    def astype(self, dtype):
        return _AsType(self, as_dtype(dtype))

    def iter_chunks(self, selection=None):
        """Tuples of slices, one for each chunk: its part of `selection`, an index of slices and integers."""
        if self.chunks is None:
            raise TypeError("Chunked dataset required")
        chosen = select_dataset(... if selection is None else selection, self.shape)
        if chosen.pick is not None or any(step != 1 for start, count, step in chosen.axes):
            raise ValueError("Selection object must be an index of slices without steps")
        parts = [()]
        for (first, count, step), chunk in zip(chosen.axes, self.chunks):
            end = first + count
            slices = [
                make_slice(max(start, first), min(start + chunk, end), 1)
                for start in range(first // chunk * chunk, end, chunk)
            ]
            parts = [before + (one,) for before in parts for one in slices]
        return iter(parts)

    def resize(self, size, axis=None):
        raise NotImplementedError("datasets cannot be resized in Chunkbook; write a new one")

    def _to_numpy(self):
        return self[()]

    def __repr__(self):
        if not self._is_open():
            return "<Closed HDF5 dataset>"
        own = self.name.rpartition("/")[2] or "/"
        stored = "|V%d" % self._dtype.itemsize if self._dtype.names else self._dtype.str
        if self._info.get("element", {}).get("order") == ">":
            stored = ">" + stored[1:]
        return '<HDF5 dataset "%s": shape %s, type "%s">' % (own, self._shape, stored)


def _refuse_list(dataset):
    raise NotImplementedError(
        "dataset '%s' of file '%s' holds no plain numbers and has several axes: index it with integers and slices"
        % (dataset.name, dataset._file._name)
    )


class _Fields:
    """Some fields of a table."""

    def __init__(self, dataset, names):
        self._dataset = dataset
        self._names = names
        known = {}
        for member in dataset._info["element"].get("members", []):
            known[member["name"]] = member
        for name in names:
            if name not in known:
                raise ValueError("Field %s does not appear in this type." % name)
        self._element = {
            "class": "compound",
            "size": dataset._info["element"]["size"],
            "members": [known[name] for name in names],
        }

    def __len__(self):
        return len(self._dataset)

    def __getitem__(self, index):
        records = self._dataset[index]
        kind = dtype_of(self._element)
        if isinstance(records, void):
            return void([records[name] for name in self._names], kind)
        return object_array(
            [void([record[name] for name in self._names], kind) for record in records.flat], records.shape, kind
        )


class _AsText:
    """`dataset.asstr()[...]`"""

    def __init__(self, dataset, encoding, errors):
        self._dataset = dataset
        self._encoding = encoding
        self._errors = errors

    def __len__(self):
        return len(self._dataset)

    def __getitem__(self, index):
        found = self._dataset[index]
        if isinstance(found, bytes):
            return self._decoded(found)
        return text_array([self._decoded(item) for item in found.flat], found.shape)

    def _decoded(self, item):
        if self._encoding.lower().replace("_", "-") in ("latin-1", "latin1", "iso-8859-1"):
            return "".join([chr(byte) for byte in item])
        if self._errors == "strict":
            return bytes(item).decode()
        raise NotImplementedError("asstr() decodes strictly in Chunkbook; read bytes for errors=%r" % self._errors)


class _AsType:
    """`dataset.astype("float32")[...]`"""

    def __init__(self, dataset, dtype):
        self._dataset = dataset
        self._dtype = dtype

    def __getitem__(self, index):
        return self._dataset[index].astype(self._dtype)


def _fits(source, target):
    """Whether h5py broadcasts a value of shape `source` to a selection of shape `target`."""
    source = [n for i, n in enumerate(source) if n != 1 or any([m != 1 for m in source[:i]])]
    if len(source) > len(target):
        return False
    return all(a == b or a == 1 for a, b in zip(reversed(source), reversed(target)))


def is_hdf5(name):
    """Whether a file of the shelf is HDF5."""
    try:
        File(name, "r").close()
        return True
    except OSError:
        return False


qualified_names[HLObject] = "h5py._hl.base.HLObject"
qualified_names[Group] = "h5py._hl.group.Group"
qualified_names[File] = "h5py._hl.files.File"
qualified_names[Dataset] = "h5py._hl.dataset.Dataset"
