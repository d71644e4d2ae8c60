"""Attributes of groups and datasets."""

import _bridge
from _text import qualified_names, represent
from h5py._values import Empty, array_of, value_of
from numpy._dtype import make_scalar, number_of
from numpy._ndarray import ndarray, nest
from numpy._objects import object_array, text_array


class Attributes:
    """A mapping from names to text, numbers or small arrays."""

    def __init__(self, owner):
        self._owner = owner

    def _all(self):
        owner = self._owner
        owner._require_open()
        found = _bridge.call("h5_attrs", file=owner._file._id, path=owner.name)
        return sorted(found, key=lambda attribute: attribute["name"])

    def __getitem__(self, name):
        for attribute in self._all():
            if attribute["name"] == name:
                return _value(attribute)
        raise KeyError("Unable to synchronously open attribute (can't locate attribute: '%s')" % name)

    def __setitem__(self, name, value):
        owner = self._owner
        owner._require_writable()
        _bridge.call("h5_set_attr", file=owner._file._id, path=owner.name, name=name, value=_encode(value))

    create = modify = __setitem__

    def get(self, name, default=None):
        return self[name] if name in self else default

    def __contains__(self, name):
        return name in [attribute["name"] for attribute in self._all()]

    def __iter__(self):
        return iter([attribute["name"] for attribute in self._all()])

    def __len__(self):
        return len(self._all())

    def keys(self):
        return _View("KeysViewHDF5", list(self))

    def values(self):
        return _View("ValuesViewHDF5", [_listed(attribute) for attribute in self._all()])

    def items(self):
        return _View("ItemsViewHDF5", [(attribute["name"], _listed(attribute)) for attribute in self._all()])

    def update(self, values):
        for name, value in dict(values).items():
            self[name] = value

    def __repr__(self):
        if not self._owner._is_open():
            return "<Attributes of closed HDF5 object>"
        return "<Attributes of HDF5 object '%s'>" % self._owner.name


class _View:
    def __init__(self, name, items):
        self._name = name
        self._items = items

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __contains__(self, item):
        return item in self._items

    def __repr__(self):
        return "<%s %s>" % (self._name, represent(self._items))


class Unreadable:
    """Stands among an object's attributes for one that cannot be read, so that it does not hide the others."""

    def __init__(self, reason):
        self._reason = reason

    def __repr__(self):
        return "<unreadable: %s>" % self._reason


def _listed(attribute):
    error = attribute["value"].get("error")
    return _value(attribute) if error is None else Unreadable(error)


def _value(attribute):
    value = attribute["value"]
    if "text" in value:
        return value["text"]
    if "texts" in value:
        return text_array(value["texts"], (len(value["texts"]),))
    if "empty" in value:
        return Empty()
    if "error" in value:
        raise NotImplementedError("attribute '%s': %s" % (attribute["name"], value["error"]))
    if "element" in value:
        if value["shape"]:
            return array_of(value["values"], value["shape"], value["element"])
        return value_of(value["values"][0], value["element"])
    kind, shape = value["dtype"], value["shape"]
    numbers = [_bridge.number(text, kind) for text in value["data"]]
    if not shape:
        return make_scalar(numbers[0], kind)
    from numpy import array

    return array(nest(numbers, shape), dtype=kind)


def _encode(value):
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return {"text": value}
    if isinstance(value, object_array):
        value = value.tolist()
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, str) for item in value):
        return {"texts": list(value)}
    from numpy import asarray

    if number_of(value) is None and not isinstance(value, ndarray):
        value = asarray(value)
    if isinstance(value, ndarray):
        flat = value.ravel().tolist()
        data = [_bridge.number_text(number) for number in flat]
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}
    dtype = value.dtype.name if hasattr(value, "dtype") else _bridge.scalar(value)["dtype"]
    return {"dtype": dtype, "shape": [], "data": [_bridge.number_text(number_of(value))]}


qualified_names[Attributes] = "h5py._hl.attrs.AttributeManager"
