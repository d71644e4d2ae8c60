"""Elements of any type: what the engine tells of them, as h5py gives it."""

import _bridge
from _text import qualified_names
from numpy._dtype import as_dtype, make_scalar
from numpy._ndarray import nest, product
from numpy._objects import bytes_, object_array, object_dtype, void


class Reference:
    """A reference to an object of the file; `file[reference]` opens it."""

    _what = "object reference"

    def __init__(self, path):
        self._path = path

    def __bool__(self):
        return self._path is not None

    def __repr__(self):
        return "<HDF5 %s%s>" % (self._what, "" if self else " (null)")


class RegionReference(Reference):
    """A reference to some elements of a dataset; `file[reference]` opens the dataset."""

    _what = "region reference"


class NoPath:
    """Where a reference leads to an object that no name leads to."""


class Empty:
    """What has no elements. The type of an attribute without elements is not known here, so it has none."""

    shape = None
    size = None

    def __init__(self, kind=None):
        self.dtype = None if kind is None else as_dtype(kind)

    def __eq__(self, other):
        return isinstance(other, Empty) and other.dtype == self.dtype

    def __hash__(self):
        return hash(self.dtype)

    def __repr__(self):
        return "Empty()" if self.dtype is None else "Empty(dtype=%r)" % self.dtype.str


def dtype_of(element):
    """The dtype of what the engine calls an element."""
    kind = element["class"]
    if kind in ("number", "enum"):
        return as_dtype(element["dtype"])
    if kind == "bool":
        return as_dtype("bool")
    if kind == "string" and element["length"] is not None:
        made = object_dtype("S", element["length"], "|S%d" % element["length"], "|S%d" % element["length"])
    elif kind == "compound":
        names = tuple([member["name"] for member in element["members"]])
        fields = {}
        for member in element["members"]:
            fields[member["name"]] = (dtype_of(member["element"]), member["offset"])
        text = "[%s]" % ", ".join(["(%r, %s)" % (name, _member_text(fields[name][0])) for name in names])
        made = object_dtype("V", element["size"], text, text, names, fields)
    elif kind == "complex":
        size = int(element["dtype"][7:]) // 8
        made = object_dtype("c", size, "%sc%d" % (element["order"], size), element["dtype"])
    elif kind == "array":
        base = dtype_of(element["base"])
        text = "(%s, %r)" % (_member_text(base), tuple(element["shape"]))
        size = base.itemsize * product(element["shape"])
        made = object_dtype("V", size, text, text)
        made.subdtype, made.shape, made.base = (base, tuple(element["shape"])), tuple(element["shape"]), base
    elif kind == "opaque":
        made = object_dtype("V", element["size"], "|V%d" % element["size"], "|V%d" % element["size"])
    elif kind == "float128":
        made = object_dtype("f", 16, "<f16", "float128")
    else:
        made = object_dtype("O", 8, "|O", "object")
    made.element = element
    return made


def _member_text(kind):
    """A field's type as it stands in the list of fields."""
    if isinstance(kind, object_dtype) and (kind.names or kind.shape):
        return kind._text
    return "'%s'" % kind.str.lstrip("|" if kind.kind in "SO" else "")


def value_of(value, element):
    """One element as h5py gives it."""
    kind = element["class"]
    if kind in ("number", "enum"):
        return make_scalar(_bridge.number(value, element["dtype"]), element["dtype"])
    if kind == "bool":
        return make_scalar(value, "bool")
    if kind == "string":
        data = bytes([ord(character) for character in value])
        return data if element["length"] is None else bytes_(data)
    if kind == "complex":
        return complex(float(value[0]), float(value[1]))
    if kind == "compound":
        members = [value_of(one, member["element"]) for one, member in zip(value, element["members"])]
        return void(members, dtype_of(element))
    if kind == "array":
        return array_of(value, element["shape"], element["base"])
    if kind == "sequence":
        return array_of(value, [len(value)], element["base"])
    if kind == "reference":
        path = None if value is None else value["path"] or NoPath
        return RegionReference(path) if element["to"] == "region" else Reference(path)
    if kind == "float128":
        return float(value)
    if kind == "opaque":
        return void(bytes([ord(character) for character in value]), dtype_of(element))
    raise TypeError("elements of type %s cannot be shown" % element.get("text", kind))


def array_of(values, shape, element):
    """An array of elements as h5py gives it: of numbers, or of anything else."""
    kind = dtype_of(element)
    if isinstance(kind, object_dtype):
        return object_array([value_of(value, element) for value in values], shape, kind)
    from numpy import array

    if element["class"] == "bool":
        numbers = list(values)
    else:
        numbers = [_bridge.number(text, element["dtype"]) for text in values]
    return array(nest(numbers, tuple(shape)), dtype=kind)


def check_string_dtype(kind):
    """What `h5py.check_string_dtype` tells: encoding and length of a string type, or None."""
    element = getattr(kind, "element", None)
    if element is None or element["class"] != "string":
        return None
    return string_info(element["charset"], element["length"])


class string_info:
    """Encoding and length of strings; a length of None is a variable one."""

    def __init__(self, encoding, length):
        self.encoding = encoding
        self.length = length

    def __repr__(self):
        return "string_info(encoding=%r, length=%r)" % (self.encoding, self.length)


def check_vlen_dtype(kind):
    element = getattr(kind, "element", None)
    return dtype_of(element["base"]) if element is not None and element["class"] == "sequence" else None


def check_ref_dtype(kind):
    element = getattr(kind, "element", None)
    if element is None or element["class"] != "reference":
        return None
    return RegionReference if element["to"] == "region" else Reference


qualified_names[Reference] = "h5py.h5r.Reference"
qualified_names[RegionReference] = "h5py.h5r.RegionReference"
qualified_names[Empty] = "h5py._hl.base.Empty"
