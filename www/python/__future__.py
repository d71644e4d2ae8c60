"""All that CPython 3.11 has here is either always on or of no effect."""

annotations = division = print_function = absolute_import = unicode_literals = generator_stop = None
