"""What groups and datasets have in common."""

import _bridge
from _text import qualified_names
from h5py._attributes import Attributes


class HLObject:
    """What groups and datasets have in common: a place in an open file."""

    _object = None

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

    def _identity(self):
        """What is the same for all paths that lead to one object."""
        if self._object is None and self._is_open() and self._file._mode == "r":
            self._object = _bridge.call("h5_get", file=self._file._id, path=self.name).get("object")
        return self._object or self.name

    def __eq__(self, other):
        return (
            isinstance(other, HLObject)
            and other._file is self._file
            and other._identity() == self._identity()
        )

    def __hash__(self):
        return hash(self._identity())


qualified_names[HLObject] = "h5py._hl.base.HLObject"
