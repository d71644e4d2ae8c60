"""Settings: `dask.config.set(scheduler="threads")`, for a block or for good."""

from dask._compute import checked_scheduler

_settings = {}


class set:
    """Set options; as a context manager, for the block only."""

    def __init__(self, arg=None, **options):
        values = dict(arg or {})
        values.update(options)
        if "scheduler" in values:
            checked_scheduler(values["scheduler"])
        self._saved = dict(_settings)
        _settings.update(values)

    def __enter__(self):
        return _settings

    def __exit__(self, *error):
        _settings.clear()
        _settings.update(self._saved)


def get(key, default=None):
    return _settings.get(key, default)
