"""h5py as far as Chunkbook has it: read any file, write new ones."""

from h5py._dataset import Dataset
from h5py._file import Datatype, File, Group, is_hdf5
from h5py._links import ExternalLink, HardLink, SoftLink
from h5py._object import HLObject
from h5py._values import (
    Empty,
    Reference,
    RegionReference,
    check_ref_dtype,
    check_string_dtype,
    check_vlen_dtype,
)

__version__ = "3-chunkbook"


class version:
    version = __version__
