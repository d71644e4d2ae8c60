"""Arrays whose elements are no plain numbers: texts, records, complex numbers, references.

They are looked at, indexed and compared; they are not computed with.
"""

from _text import qualified_names, represent
from numpy._dtype import dtype
from numpy._indexing import as_integer, select
from numpy._print import format_elements


class object_dtype(dtype):
    """What such elements are. `base` is the type of an array type's elements."""

    def __init__(self, kind, itemsize, text, description, names=None, fields=None):
        self.name = description
        self.kind = kind
        self.itemsize = itemsize
        self.char = kind
        self.names = names
        self.fields = fields
        self._text = text

    @property
    def type(self):
        return {"O": object, "S": bytes_, "V": void, "c": complex}.get(self.kind, object)

    @property
    def str(self):
        return "|V%d" % self.itemsize if self.shape or self.names else self._text

    def __getitem__(self, name):
        if self.fields is None or name not in self.fields:
            raise KeyError("Field named '%s' not found." % name)
        return self.fields[name][0]

    def __eq__(self, other):
        if isinstance(other, dtype):
            return isinstance(other, object_dtype) and other._text == self._text
        return other in (self._text, self._text.lstrip("<|"), self.name) or (
            self.kind == "O" and other is object
        )

    def __hash__(self):
        return hash(self._text)

    def __str__(self):
        return self.name

    def __repr__(self):
        if self.names or self.shape:
            return "dtype(%s)" % self._text
        return "dtype('%s')" % (self.name if self.kind == "c" else self._text.lstrip("|" if self.kind in "OS" else ""))


class bytes_(bytes):
    """A text of fixed length."""

    def __repr__(self):
        return "np.bytes_(%s)" % represent(bytes(self))

    def __str__(self):
        return represent(bytes(self))


class void:
    """One record of a table, or bytes without meaning to HDF5."""

    def __init__(self, values, kind):
        self._values = values
        self.dtype = kind

    def __getitem__(self, key):
        if isinstance(key, str):
            if self.dtype.names is None or key not in self.dtype.names:
                raise ValueError("no field of name %s" % key)
            return self._values[self.dtype.names.index(key)]
        return self._values[key]

    def __len__(self):
        return len(self._values)

    def __iter__(self):
        return iter(self._values)

    def item(self):
        if not self.dtype.names:
            return self._values
        return tuple([one.item() if hasattr(one, "item") and not hasattr(one, "shape") else getattr(one, "_number", one) for one in self._values])

    tolist = item

    def tobytes(self):
        if self.dtype.names:
            raise NotImplementedError("a record's bytes cannot be had in Chunkbook; take its fields")
        return self._values

    def __eq__(self, other):
        other = other._values if isinstance(other, void) else other
        return list(self._values) == list(other) if self.dtype.names else self._values == other

    def __hash__(self):
        return hash(tuple(self._values))

    def __str__(self):
        return element_text(self)

    def __repr__(self):
        return "np.void(%s, dtype=%s)" % (element_text(self), self.dtype._text if self.dtype.names else "'%s'" % self.dtype._text)


class object_array:
    """An array of such elements, row-major in `_flat`."""

    def __init__(self, flat, shape, kind):
        self._flat = flat
        self.shape = tuple(shape)
        self.dtype = kind

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return len(self._flat)

    @property
    def nbytes(self):
        return self.size * self.dtype.itemsize

    @property
    def flat(self):
        return iter(self._flat)

    def ravel(self):
        return object_array(self._flat, (self.size,), self.dtype)

    flatten = ravel

    def copy(self):
        return object_array(list(self._flat), self.shape, self.dtype)

    def tolist(self):
        items = [item.item() if isinstance(item, void) else item for item in self._flat]
        items = [bytes(item) if isinstance(item, bytes_) else item for item in items]
        return _nested(items, self.shape)

    def item(self):
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._flat[0]

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        return iter([self[i] for i in range(len(self))])

    def __contains__(self, value):
        return value in self._flat

    def __getitem__(self, index):
        if isinstance(index, str):
            return self._field(index)
        mask = index.tolist() if hasattr(index, "tolist") else index
        if isinstance(mask, list):
            return self._taken(mask)
        chosen = select(index, self.shape)
        flat = [self._flat[position] for position in _positions(chosen.axes, self.shape)]
        if not chosen.final_shape and all(as_integer(item) is not None for item in (index if isinstance(index, tuple) else (index,))):
            return flat[0]
        return object_array(flat, chosen.final_shape, self.dtype)

    def _taken(self, items):
        """The rows that a list of integers or a mask of the first axis chooses."""
        if items and all([isinstance(item, bool) for item in items]):
            if len(items) != len(self):
                raise IndexError("boolean index did not match indexed array along axis 0; size of axis is %d but size of corresponding boolean axis is %d" % (len(self), len(items)))
            items = [i for i, wanted in enumerate(items) if wanted]
        width = self.size // max(len(self), 1)
        flat = []
        for item in items:
            number = as_integer(item)
            if number is None:
                raise IndexError("arrays used as indices must be of integer (or boolean) type")
            if not -len(self) <= number < len(self):
                raise IndexError("index %d is out of bounds for axis 0 with size %d" % (number, len(self)))
            number %= len(self)
            flat.extend(self._flat[number * width : (number + 1) * width])
        return object_array(flat, (len(items),) + self.shape[1:], self.dtype)

    def _field(self, name):
        if self.dtype.names is None or name not in self.dtype.names:
            raise ValueError("no field of name %s" % name)
        from numpy import array

        values = [record[name] for record in self._flat]
        kind = self.dtype.fields[name][0]
        if isinstance(kind, object_dtype):
            return object_array(values, self.shape, kind)
        return array(_nested(values, self.shape), dtype=kind)

    @property
    def real(self):
        return self._part(lambda item: item.real)

    @property
    def imag(self):
        return self._part(lambda item: item.imag)

    def __abs__(self):
        return self._part(abs)

    def _part(self, part):
        from numpy import array

        if self.dtype.kind != "c":
            raise TypeError("elements of type %s have no real and imaginary part" % self.dtype)
        return array(
            _nested([part(item) for item in self._flat], self.shape),
            dtype="float32" if self.dtype.itemsize == 8 else "float64",
        )

    def astype(self, kind):
        """As texts, with `str` or "U"; nothing else."""
        if kind is object or kind == "O":
            return self.copy()
        if kind is not str and not (isinstance(kind, str) and kind.lstrip("<=|")[:1] in ("U", "T")):
            raise TypeError("elements of type %s become texts only, with astype(str)" % self.dtype)
        texts = [item.decode() if isinstance(item, bytes) else str(item) for item in self._flat]
        return text_array(texts, self.shape)

    def __eq__(self, other):
        from numpy import array

        others = other._flat if isinstance(other, object_array) else other
        if isinstance(others, (list, tuple)) and not self.dtype.names:
            if len(others) != self.size:
                raise ValueError("operands could not be broadcast together")
            same = [a == b for a, b in zip(self._flat, others)]
        else:
            same = [item == other for item in self._flat]
        return array(_nested(same, self.shape), dtype="bool")

    def __ne__(self, other):
        return ~(self == other)

    def __hash__(self):
        raise TypeError("unhashable type: 'numpy.ndarray'")

    def _refuse(self, *others, **options):
        raise TypeError(
            "elements of type %s cannot be computed with; take a numeric field of a table, or the real and imag of complex numbers"
            % self.dtype
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _refuse
    sum = mean = std = var = min = max = prod = argmin = argmax = _refuse

    def __str__(self):
        return _array_text(self._flat, self.shape, "\n", 1) if self.shape else element_text(self._flat[0])

    def __repr__(self):
        body = _array_text(self._flat, self.shape, ",\n", 7) if self.shape else represent(self._flat[0])
        if self.dtype.kind == "O":
            shown = "object"
        elif self.dtype.names:
            return "array(%s,\n      dtype=%s)" % (body, self.dtype._text)
        else:
            shown = self.dtype.name if self.dtype.kind == "c" else "'%s'" % self.dtype._text
        if shown == "complex128":
            return "array(%s)" % body
        return "array(%s, dtype=%s)" % (body, shown)


def text_array(texts, shape):
    """An array of Python strings."""
    return object_array(texts, shape, object_dtype("O", 8, "|O", "object"))


def element_text(item):
    """An element as it is printed inside an array."""
    if isinstance(item, void):
        if item.dtype.names is None:
            return represent(item._values)
        parts = [element_text(value) for value in item._values]
        return "(%s,)" % parts[0] if len(parts) == 1 else "(%s)" % ", ".join(parts)
    if isinstance(item, bytes):
        return represent(bytes(item))
    if isinstance(item, complex):
        return represent(item)[1:-1].replace("(", "").replace(")", "") if represent(item)[:1] == "(" else represent(item)
    number = getattr(item, "_number", item)
    if isinstance(number, float):
        shown = represent(number)
        return shown[:-1] if shown[-2:] == ".0" else shown
    return represent(number)


def _formatted(numbers, kind, itemsize):
    formatted = format_elements(numbers, kind, itemsize)
    return [formatted(number) for number in numbers]


def _column_texts(items):
    """The elements of an array as they are printed in it, numbers below each other."""
    first = items[0] if items else None
    if isinstance(first, complex):
        reals = _formatted([item.real for item in items], "f", 8)
        imaginary = [text.strip() for text in _formatted([item.imag for item in items], "f", 8)]
        signed = [(text if text[0] == "-" else "+" + text) + "j" for text in imaginary]
        width = max([len(text) for text in signed])
        return [real + text + " " * (width - len(text)) for real, text in zip(reals, signed)]
    if isinstance(first, void) and first.dtype.names:
        columns = [_column_texts([item[i] for item in items]) for i in range(len(first))]
        rows = [[column[i] for column in columns] for i in range(len(items))]
        return ["(%s,)" % row[0] if len(row) == 1 else "(%s)" % ", ".join(row) for row in rows]
    numbers = [getattr(item, "_number", None) for item in items]
    if numbers and all([isinstance(number, (int, float)) for number in numbers]):
        kind = getattr(first, "dtype").kind
        return _formatted(numbers, kind, first.dtype.itemsize)
    return [element_text(item) for item in items]


def _array_text(flat, shape, row_end, indent):
    """What NumPy prints between the brackets; columns are aligned over the whole array."""
    shown = _shown_flat(len(flat))
    texts = dict(zip(shown, _column_texts([flat[i] for i in shown])))
    return _rows_text(texts, 0, shape, row_end, indent)


def _rows_text(texts, begin, shape, row_end, indent):
    if len(shape) > 1:
        width = product(shape[1:])
        rows = [
            _rows_text(texts, begin + i * width, shape[1:], row_end, indent + 1) for i in range(shape[0]) if begin + i * width in texts
        ]
        return "[" + (row_end + " " * indent).join(rows) + "]"
    parts = []
    for i in range(begin, begin + shape[0]):
        if i in texts:
            parts.append(texts[i])
        elif not parts or parts[-1] != "...":
            parts.append("...")
    return "[" + (", " if row_end[0] == "," else " ").join(parts) + "]"


def _shown_flat(count):
    """Positions that are printed of an array of `count` elements: all, or the first and last."""
    return list(range(count)) if count <= 1000 else [0, 1, 2, count - 3, count - 2, count - 1]


def product(lengths):
    """The number of elements of an array with axes of these lengths."""
    count = 1
    for length in lengths:
        count *= length
    return count


def _nested(flat, shape):
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return list(flat)
    width = len(flat) // max(shape[0], 1)
    return [_nested(flat[i * width : (i + 1) * width], shape[1:]) for i in range(shape[0])]


def _positions(axes, shape):
    """Row-major positions of the elements that `axes` choose."""
    positions = [0]
    for (start, count, step), length in zip(axes, shape):
        positions = [p * length + start + i * step for p in positions for i in range(count)]
    return positions


qualified_names[object_array] = "numpy.ndarray"
qualified_names[void] = "numpy.void"
qualified_names[bytes_] = "numpy.bytes_"
