"""How a member is linked into its group: `group.get(name, getlink=True)`."""

from _text import qualified_names


class HardLink:
    """A link to an object of the same file."""


class SoftLink:
    """A link to a path of the same file."""

    def __init__(self, path):
        self._path = str(path)

    @property
    def path(self):
        return self._path

    def __repr__(self):
        return '<SoftLink to "%s">' % self._path


class ExternalLink:
    """A link to a path of another file."""

    def __init__(self, filename, path):
        self._filename = str(filename)
        self._path = str(path)

    @property
    def filename(self):
        return self._filename

    @property
    def path(self):
        return self._path

    def __repr__(self):
        return '<ExternalLink to "%s" in file "%s"' % (self._path, self._filename)


def link_of(answer):
    """The link that an answer to `h5_link` describes."""
    if answer["type"] == "soft":
        return SoftLink(answer["path"])
    if answer["type"] == "external":
        return ExternalLink(answer["file"], answer["path"])
    return HardLink()


qualified_names[HardLink] = "h5py._hl.group.HardLink"
qualified_names[SoftLink] = "h5py._hl.group.SoftLink"
qualified_names[ExternalLink] = "h5py._hl.group.ExternalLink"
