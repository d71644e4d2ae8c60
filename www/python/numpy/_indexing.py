"""Basic indexing: from what stands in the brackets to one (start, count, step) for every axis."""

from _text import represent

make_slice = __make_slice__


class Selection:
    """A normalised basic index.

    `axes` has [start, count, step] for every axis of the array, `drop` the axes that integers
    remove, `newaxes` where `None` puts axes of length 1 into the result.
    """

    def __init__(self, axes, drop, newaxes):
        self.axes = axes
        self.drop = drop
        self.newaxes = newaxes

    @property
    def shape(self):
        """The result's shape, before new axes."""
        return tuple([axis[1] for i, axis in enumerate(self.axes) if i not in self.drop])

    @property
    def final_shape(self):
        """The result's shape, new axes included."""
        shape = list(self.shape)
        for position in self.newaxes:
            shape.insert(position, 1)
        return tuple(shape)


def as_integer(value):
    """The Python int in an integer index; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    number = getattr(value, "_number", None)
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def slice_bounds(index, length):
    """`index.indices(length)` as (start, count, step)."""
    start, stop, step = [None if v is None else as_integer(v) for v in (index.start, index.stop, index.step)]
    for given, found in ((index.start, start), (index.stop, stop), (index.step, step)):
        if given is not None and found is None:
            raise TypeError("slice indices must be integers or None or have an __index__ method")
    step = 1 if step is None else step
    if step == 0:
        raise ValueError("slice step cannot be zero")
    low, high = (0, length) if step > 0 else (-1, length - 1)

    def clip(value, default):
        if value is None:
            return default
        if value < 0:
            value += length
        return min(max(value, low), high)

    start = clip(start, low if step > 0 else high)
    stop = clip(stop, high if step > 0 else low)
    count = max(0, (stop - start + step - (1 if step > 0 else -1)) // step)
    # From before the first element backwards there is nothing, and no element to begin at.
    return (start if count else 0), count, step


def select(index, shape):
    """The Selection for `array[index]` of an array of this shape, with NumPy's errors."""
    items = index if isinstance(index, tuple) else (index,)
    used = len([item for item in items if item is not None and item is not Ellipsis])
    if used > len(shape):
        raise IndexError(
            "too many indices for array: array is %d-dimensional, but %d were indexed" % (len(shape), used)
        )
    if len([item for item in items if item is Ellipsis]) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    axes, drop, newaxes = [], [], []
    position = 0
    for item in items:
        if item is Ellipsis:
            for _ in range(len(shape) - used):
                axes.append([0, shape[len(axes)], 1])
                position += 1
        elif item is None:
            newaxes.append(position)
            position += 1
        elif isinstance(item, slice):
            axes.append(list(slice_bounds(item, shape[len(axes)])))
            position += 1
        else:
            number = as_integer(item)
            if number is None:
                raise IndexError(
                    "only integers, slices (`:`), ellipsis (`...`) and numpy.newaxis (`None`) are valid indices "
                    "here, not %s" % (type(item).__name__ if hasattr(item, "shape") else represent(item))
                )
            axis = len(axes)
            length = shape[axis]
            if not -length <= number < length:
                raise IndexError(
                    "index %d is out of bounds for axis %d with size %d" % (number, axis, length)
                )
            axes.append([number % length, 1, 1])
            drop.append(axis)
    while len(axes) < len(shape):
        axes.append([0, shape[len(axes)], 1])
    return Selection(axes, drop, newaxes)
