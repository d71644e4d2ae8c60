"""The widgets that stand for a function's arguments, and the short ways to write them."""

from _text import represent, text


class Widget:
    """One control: a value, and how a person changes it."""

    # What it is called in protocol.ts.
    kind = None

    def __init__(self, description="", continuous_update=True, disabled=False, **looks):
        # `layout`, `style`, `tooltip` and the like are taken, and left to the page.
        self.description = description
        self.continuous_update = bool(continuous_update)
        self.disabled = bool(disabled)

    def get_interact_value(self):
        return self.value

    def observe(self, *args, **options):
        raise NotImplementedError(
            "observe is not there in Chunkbook: give the widget to interact, which calls a function with its value"
        )

    def __repr__(self):
        return "%s(value=%s)" % (type(self).__name__, represent(self.value))

    def _describe(self):
        """What the page needs to draw it; `value` is that of the control, not of the argument."""
        return {
            "kind": self.kind,
            "label": text(self.description),
            "continuous": self.continuous_update,
            "disabled": self.disabled,
            "value": self._control_value(),
        }

    def _control_value(self):
        return self.value

    def _take(self, value):
        """Take over the control's value."""
        self.value = value


class fixed:
    """A value that goes to the function without a control."""

    kind = None

    def __init__(self, value, **options):
        self.value = value
        self.description = ""

    def get_interact_value(self):
        return self.value


class _Slider(Widget):
    kind = "slider"
    _number = float
    _defaults = (0.0, 100.0, 0.1)
    _format = ".2f"

    def __init__(self, value=None, min=None, max=None, step=None, readout=True, readout_format=None, **options):
        Widget.__init__(self, **options)
        self.min, self.max, self.step = [
            self._number(default if given is None else given)
            for given, default in zip((min, max, step), self._defaults)
        ]
        if self.min > self.max:
            raise ValueError("setting max < min")
        self.readout = bool(readout)
        self.readout_format = readout_format or self._format
        self.value = self._within(self._first() if value is None else value)

    def _first(self):
        return self._number(0)

    def _within(self, value):
        value = self._number(value)
        return self.min if value < self.min else self.max if value > self.max else value

    def _take(self, value):
        self.value = self._within(value)

    def _describe(self):
        found = Widget._describe(self)
        found.update(
            min=self.min,
            max=self.max,
            step=self.step,
            readout=self.readout_format if self.readout else None,
        )
        return found


class IntSlider(_Slider):
    """A slider over whole numbers."""

    _number = int
    _defaults = (0, 100, 1)
    _format = "d"


class FloatSlider(_Slider):
    """A slider over numbers."""


class FloatLogSlider(_Slider):
    """A slider over the powers of a base: `min`, `max` and `step` are exponents."""

    _defaults = (0.0, 4.0, 0.1)
    _format = ".3g"

    def __init__(self, value=None, base=10.0, **options):
        self.base = float(base)
        _Slider.__init__(self, value, **options)

    def _first(self):
        return 1.0

    def _within(self, value):
        value = float(value)
        low, high = self.base**self.min, self.base**self.max
        return low if value < low else high if value > high else value

    def _control_value(self):
        import math

        return math.log(self.value) / math.log(self.base)

    def _take(self, value):
        self.value = self._within(self.base**value)

    def _describe(self):
        found = _Slider._describe(self)
        found["base"] = self.base
        return found


class _Selection(Widget):
    """One of several options; the control's value is the place in the list."""

    def __init__(self, options=(), value=None, index=None, **others):
        Widget.__init__(self, **others)
        self.options = options
        pairs = options.items() if hasattr(options, "items") else options
        pairs = list(pairs)
        if not all([isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs]):
            pairs = [(option, option) for option in pairs]
        self._labels = [text(label) for label, _ in pairs]
        self._values = [option for _, option in pairs]
        if value is not None:
            if value not in self._values:
                raise ValueError("Invalid selection: value not found")
            index = self._values.index(value)
        self.index = (0 if self._values else None) if index is None else index

    @property
    def value(self):
        return None if self.index is None else self._values[self.index]

    @value.setter
    def value(self, value):
        if value not in self._values:
            raise ValueError("Invalid selection: value not found")
        self.index = self._values.index(value)

    @property
    def label(self):
        return None if self.index is None else self._labels[self.index]

    def _control_value(self):
        return self.index

    def _take(self, value):
        self.index = value

    def _describe(self):
        found = Widget._describe(self)
        found["options"] = self._labels
        return found


class Dropdown(_Selection):
    kind = "dropdown"


class Select(_Selection):
    kind = "dropdown"


class ToggleButtons(_Selection):
    kind = "buttons"


class RadioButtons(_Selection):
    kind = "buttons"


class SelectionSlider(_Selection):
    kind = "selection-slider"

    def __init__(self, options=(), **others):
        _Selection.__init__(self, options, **others)
        if not self._values:
            raise ValueError("Options can't be empty.")


class Checkbox(Widget):
    kind = "checkbox"

    def __init__(self, value=False, **options):
        Widget.__init__(self, **options)
        self.value = bool(value)


class Text(Widget):
    kind = "text"

    def __init__(self, value="", **options):
        Widget.__init__(self, **options)
        self.value = value


# --- Abbreviations -----------------------------------------------------------------------------


def as_widget(value):
    """The widget that an argument of `interact` stands for, by the rules of ipywidgets."""
    if isinstance(value, (Widget, fixed)):
        return value
    if isinstance(value, tuple):
        return _from_range(value)
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, bool):
        return Checkbox(value)
    if isinstance(value, (int, float)):
        low, high = (0, 1) if value == 0 else (-value, 3 * value) if value > 0 else (3 * value, -value)
        slider = IntSlider if isinstance(value, int) else FloatSlider
        return slider(value=value, min=low, max=high)
    try:
        return Dropdown(options=value if hasattr(value, "items") else list(value))
    except TypeError:
        raise ValueError("%s cannot be transformed to a widget" % represent(value))


def _from_range(ends):
    """`(min, max)` or `(min, max, step)`."""
    if len(ends) not in (2, 3) or not all([isinstance(end, (int, float)) for end in ends]):
        raise ValueError("%s cannot be transformed to a widget" % represent(ends))
    low, high = ends[0], ends[1]
    whole = all([isinstance(end, int) for end in ends])
    value = low + (high - low) // 2 if isinstance(high - low, int) else low + (high - low) / 2
    options = {}
    if len(ends) == 3:
        step = ends[2]
        if step <= 0:
            raise ValueError("step must be >= 0, not %s" % represent(step))
        value = low + int((value - low) / step) * step
        options["step"] = step
    if not low <= value <= high:
        raise ValueError(
            "value must be between min and max (min=%s, value=%s, max=%s)"
            % (represent(low), represent(value), represent(high))
        )
    return (IntSlider if whole else FloatSlider)(value=value, min=low, max=high, **options)
