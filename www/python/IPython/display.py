"""`display`, and the wrappers that say what a text is."""

import _display

display = _display.show


class DisplayObject:
    """Text of one MIME type."""

    def __init__(self, data=None):
        self.data = data

    def __repr__(self):
        return "<IPython.core.display.%s object>" % type(self).__name__


class HTML(DisplayObject):
    def _repr_html_(self):
        return self.data


class SVG(DisplayObject):
    def _repr_svg_(self):
        return self.data


class Markdown(DisplayObject):
    def __repr__(self):
        return self.data


class Pretty(Markdown):
    pass


def clear_output(wait=False):
    """Accepted; outputs of a cell stay."""
