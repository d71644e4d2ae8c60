"""Warnings: printed, never raised."""


def warn(message, category=None, stacklevel=1, **options):
    name = UserWarning.__name__ if category is None else category.__name__
    print("%s: %s" % (name, message))


def filterwarnings(*args, **options):
    pass


simplefilter = resetwarnings = filterwarnings


class catch_warnings:
    def __init__(self, **options):
        pass

    def __enter__(self):
        return []

    def __exit__(self, *error):
        pass
