"""What stands in the brackets of a dataset, by h5py's rules."""

from numpy._indexing import as_integer, make_slice, select
from numpy._ndarray import ndarray


class DatasetSelection:
    """A normalised index of a dataset.

    `axes`, `drop` and `shape` are those of `numpy._indexing.Selection`; `pick` is None, or an axis and
    the increasing indices along it that a list or a mask chose.
    """

    def __init__(self, basic, pick):
        self.axes = basic.axes
        self.drop = basic.drop
        self.shape = basic.shape
        self.pick = pick


def is_mask_of_all(index, shape):
    """Whether `index` is a boolean array over all axes of a dataset of more than one."""
    if isinstance(index, tuple) and len(index) == 1:
        index = index[0]
    if not isinstance(index, ndarray) or index.dtype.kind != "b" or index.ndim < 2:
        return False
    if index.shape != shape:
        raise TypeError("Boolean indexing array has incompatible shape")
    return True


def select_dataset(index, shape):
    """No negative steps, integers in range, one list or mask at most, at most one index for an axis."""
    items = index if isinstance(index, tuple) else (index,)
    items = tuple([int(item) if isinstance(item, bool) else item for item in items])
    given = [item for item in items if item is not Ellipsis]
    if not shape and given:
        raise ValueError("Illegal slicing argument for scalar dataspace")
    if len(given) > len(shape):
        raise ValueError("%d indexing arguments for %d dimensions" % (len(given), len(shape)))
    if len(items) - len(given) > 1:
        raise ValueError("Only one ellipsis may be used.")
    basic, pick, axis = [], None, 0
    for item in items:
        if item is Ellipsis:
            axis += len(shape) - len(given)
        else:
            item, indices = _axis_index(item, shape[axis])
            if indices is not None:
                if pick is not None:
                    raise TypeError(
                        "Only one indexing vector or array is currently allowed for fancy indexing"
                    )
                pick = [axis, indices]
            axis += 1
        basic.append(item)
    return DatasetSelection(select(tuple(basic), shape), pick)


def _axis_index(item, length):
    """An index of one axis as an integer or a slice; and the indices, if it is a list or a mask."""
    if isinstance(item, str):
        raise ValueError("Field names only allowed for compound types")
    if item is None:
        raise TypeError("Indexing with None (or np.newaxis) is not supported")
    if isinstance(item, slice):
        if item.step is not None and item.step < 1:
            raise ValueError("Step must be >= 1 (got %s)" % item.step)
        return item, None
    number = as_integer(item)
    if number is not None:
        if not -length <= number < length:
            raise IndexError("Index (%d) out of range for (0-%d)" % (number, length - 1))
        return item, None
    return make_slice(None), _indices(item, length)


def _indices(item, length):
    """The increasing indices that a list, a tuple, a range or an array chooses along an axis of `length`."""
    if isinstance(item, ndarray):
        if item.ndim != 1:
            raise TypeError("Only 1D arrays allowed for fancy indexing")
        if item.size and item.dtype.kind not in "iub":
            raise TypeError("Indexing arrays must have integer dtypes")
    elif not isinstance(item, (list, tuple, range)):
        raise TypeError("Selection can't process %s" % repr(item))
    values = item.tolist() if isinstance(item, ndarray) else list(item)
    if any(isinstance(value, (list, tuple, ndarray)) for value in values):
        raise TypeError("Selection can't process %s" % repr(item))
    if values and all(isinstance(value, bool) for value in values):
        if len(values) != length:
            raise TypeError("boolean index did not match indexed array")
        return [i for i, chosen in enumerate(values) if chosen]
    indices = []
    for value in values:
        number = int(value) if isinstance(value, bool) else as_integer(value)
        if number is None:
            raise TypeError("Indexing arrays must have integer dtypes")
        if not -length <= number < length:
            raise IndexError("Fancy indexing out of range for (0-%d)" % (length - 1))
        indices.append(number % length)
        if len(indices) > 1 and indices[-2] >= indices[-1]:
            raise TypeError("Indexing elements must be in increasing order")
    return indices
