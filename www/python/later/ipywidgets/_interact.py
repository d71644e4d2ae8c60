"""`interact`: controls for a function's arguments, and its output below them.

The page draws the controls from their description. When one is changed it asks for `_call`; what the function puts
out between `call_begun` and `call_ended` it shows below the controls, in place of what was there.
"""

import json

import _cell
import _display
import _host
from collections import OrderedDict
from ipywidgets._widgets import as_widget

# By number. They stay until the kernel is restarted, as the functions may be called until then.
_panels = []


class interactive:
    """The controls of one function."""

    def __init__(self, function, arguments, manual):
        self.f = function
        self.result = None
        self._manual = manual
        self._arguments = arguments
        self._number = len(_panels)
        _panels.append(self)

    @property
    def kwargs_widgets(self):
        return tuple(self._arguments.values())

    @property
    def kwargs(self):
        return OrderedDict([(name, widget.get_interact_value()) for name, widget in self._arguments.items()])

    def update(self, *args):
        """Call the function with the present values. Its error is shown, and not passed on; a wish to stop is."""
        _host.call_begun(self._number)
        error = ""
        try:
            self.result = self.f(**self.kwargs)
            if self.result is not None:
                _display.show(self.result)
        except Exception as raised:
            error = json.dumps(_cell.describe(raised))
        finally:
            _host.call_ended(self._number, error)

    def _repr_mimebundle_(self, **options):
        widgets = []
        for name, widget in self._arguments.items():
            if widget.kind is not None:
                described = widget._describe()
                described["name"] = name
                described["label"] = described["label"] or name
                widgets.append(described)
        panel = {"number": self._number, "manual": self._manual, "widgets": widgets}
        return {"application/vnd.chunkbook.interact+json": panel}

    def __repr__(self):
        values = ["%s=%s" % (name, repr(widget.value)) for name, widget in self._arguments.items()]
        return "interactive(%s(%s)); run the cell to use its controls" % (self.f.__name__, ", ".join(values))


class _Interact:
    """`interact(f, x=10)`, and `@interact(x=10)` above a function."""

    # Calls in cells say in which order the keywords stand (see python-source.ts): MicroPython forgets it.
    takes_keyword_order = True

    def __init__(self, manual=None, abbreviations=None):
        self._manual = manual
        self._abbreviations = abbreviations or OrderedDict()

    def __call__(self, function=None, __keyword_order__=None, **abbreviations):
        merged = OrderedDict(self._abbreviations)
        for name in __keyword_order__.split(" ") if __keyword_order__ else []:
            if name in abbreviations:
                merged[name] = abbreviations[name]
        for name, abbreviation in abbreviations.items():
            merged[name] = abbreviation
        if function is None:
            return _Interact(self._manual, merged)
        arguments = OrderedDict([(name, as_widget(given)) for name, given in merged.items()])
        panel = interactive(function, arguments, self._manual)
        _display.show(panel)
        if self._manual is None:
            panel.update()
        return function

    def options(self, manual=False, manual_name="Run Interact", **others):
        return _Interact(manual_name if manual else None, self._abbreviations)


interact = _Interact()
interact_manual = _Interact("Run Interact")


def _call(number, values):
    """What the page asks for: take over the controls' values, given as JSON, and call the function."""
    if number >= len(_panels):
        raise RuntimeError("the kernel was restarted since these controls were made; run their cell again")
    panel = _panels[number]
    for name, value in json.loads(values).items():
        panel._arguments[name]._take(value)
    panel.update()
