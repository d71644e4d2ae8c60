"""How values look: MIME bundles, and plain text laid out as IPython does."""

import json

import _host
import _text
from collections import OrderedDict

_WIDTH = 79


def bundle(value):
    """The MIME bundle of a value; `text/plain` is always there."""
    data = {"text/plain": pretty(value)}
    for method, mime in (("_repr_html_", "text/html"), ("_repr_svg_", "image/svg+xml")):
        function = getattr(value, method, None)
        if function is not None and not isinstance(value, type):
            rich = function()
            if rich is not None:
                data[mime] = rich
    function = getattr(value, "_repr_mimebundle_", None)
    if function is not None and not isinstance(value, type):
        data.update(function())
    return data


def show(*values):
    """Show values above the cell's result."""
    for value in values:
        _host.display(json.dumps(bundle(value)))


def pretty(value):
    """`repr`, with long lists, tuples, sets and dicts one item a line; classes by name alone."""
    if type(value) is type:
        return _text.qualified_names.get(value, value.__name__)
    return _layout(value, 0)


def _layout(value, indent):
    flat = _text.represent(value)
    kind = dict if type(value) is OrderedDict else type(value)
    if len(flat) + indent <= _WIDTH or kind not in (list, tuple, dict, set) or not value:
        return flat
    separator = ",\n" + " " * (indent + 1)
    if kind is dict:
        items = []
        for key, item in value.items():
            head = _text.represent(key) + ": "
            items.append(head + _layout(item, indent + 1 + len(head)))
        return "{" + separator.join(items) + "}"
    opening, closing = {list: "[]", tuple: "()", set: "{}"}[kind]
    items = [_layout(item, indent + 1) for item in _first(value)]
    if len(value) > len(items):
        items.append("...")
    end = ",)" if kind is tuple and len(value) == 1 else closing
    return opening + separator.join(items) + end


def _first(values):
    """At most a thousand, as IPython shows."""
    items = []
    for value in values:
        if len(items) == 1000:
            break
        items.append(value)
    return items
