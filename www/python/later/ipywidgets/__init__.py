"""ipywidgets as far as `interact` needs it: controls in the page, whose values go to a function."""

from ipywidgets._interact import _call, interact, interact_manual
from ipywidgets._widgets import (
    Checkbox,
    Dropdown,
    FloatLogSlider,
    FloatSlider,
    IntSlider,
    RadioButtons,
    Select,
    SelectionSlider,
    Text,
    ToggleButtons,
    fixed,
)

__version__ = "8-chunkbook"


def _missing(name):
    def make(*args, **options):
        raise NotImplementedError(
            "ipywidgets.%s is not there in Chunkbook, which has interact, interact_manual, fixed and the widgets "
            "for their arguments; the same notebook has it in Jupyter" % name
        )

    return make


for _name in (
    "interactive interactive_output Layout Button Output HBox VBox Label HTML Image Tab Accordion Box GridBox "
    "IntText FloatText BoundedIntText BoundedFloatText IntRangeSlider FloatRangeSlider SelectMultiple "
    "SelectionRangeSlider Textarea Password Combobox IntProgress FloatProgress Play DatePicker ColorPicker "
    "FileUpload link jslink dlink"
).split():
    globals()[_name] = _missing(_name)
