"""Datasets."""

import _bridge
from _text import qualified_names
from h5py._object import HLObject
from h5py._selection import is_mask_of_all, select_dataset
from h5py._values import Empty, array_of, check_string_dtype, dtype_of, value_of
from numpy._dtype import as_dtype, make_scalar
from numpy._indexing import make_slice
from numpy._ndarray import as_operand_source, ndarray, operand, product, wrap
from numpy._objects import object_array, text_array, void


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
        # Extents of an array type, which numbers that are read have behind the dataset's own.
        self._inner = []
        element = info.get("element", {})
        while element.get("class") == "array":
            self._inner += element["shape"]
            element = element["base"]

    @property
    def shape(self):
        self._require_open()
        return self._shape

    @property
    def dtype(self):
        self._require_open()
        return dtype_of(self._info["element"]) if self._inner else self._dtype

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return None if self.shape is None else product(self.shape)

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
        return self._shape if value is None or self._shape is None else value

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
        axes = chosen.axes + [[0, extent, 1] for extent in self._inner]
        return wrap(
            _bridge.call("h5_read", dataset=self._id, selection=axes, drop=chosen.drop, pick=chosen.pick)
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
        stored = self.dtype.str
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


qualified_names[Dataset] = "h5py._hl.dataset.Dataset"
