//! The structures of a file as bytes (HDF5 File Format Specification 3.0): superblock 0, version 1
//! object headers, and the messages a new file needs.

use super::super::element::ieee;
use super::super::messages::Filter;
use crate::dtype::DType;
use crate::error::{Error, Result};

/// The address that says there is nothing.
pub(super) const UNDEFINED: u64 = u64::MAX;
/// Most entries of half a symbol table node, as the superblock states it.
pub(super) const LEAF_K: u16 = 4;
/// Half the children of a group's B-tree node, as the superblock states it.
pub(super) const GROUP_K: u16 = 16;
/// Half the children of a chunk index's B-tree node: fixed for superblock 0.
pub(super) const CHUNK_K: u16 = 32;
/// Bytes of the superblock.
pub(super) const SUPERBLOCK: u64 = 96;

/// One header message: its type and its body.
pub(super) type Message = (u16, Vec<u8>);

/// Little-endian bytes put one after another.
#[derive(Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Bytes {
    pub(super) fn u8(mut self, value: u8) -> Bytes {
        self.0.push(value);
        self
    }

    pub(super) fn u16(mut self, value: u16) -> Bytes {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Bytes {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Bytes {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn put(mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Zeros up to a multiple of eight bytes.
    pub(super) fn pad(mut self) -> Bytes {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        self
    }

    /// Zeros up to `len` bytes.
    pub(super) fn zeros_to(mut self, len: usize) -> Bytes {
        self.0.resize(len, 0);
        self
    }
}

/// The superblock of a file whose root group has these addresses.
pub(super) fn superblock(header: u64, tree: u64, heap: u64, end: u64) -> Vec<u8> {
    Bytes::default()
        .put(b"\x89HDF\r\n\x1a\n")
        .put(&[0, 0, 0, 0, 0, 8, 8, 0])
        .u16(LEAF_K)
        .u16(GROUP_K)
        .u32(0)
        .u64(0)
        .u64(UNDEFINED)
        .u64(end)
        .u64(UNDEFINED)
        .u64(0)
        .u64(header)
        .u32(1)
        .u32(0)
        .u64(tree)
        .u64(heap)
        .0
}

/// A version 1 object header.
///
/// # Errors
/// A value error when a message does not fit the 64 KiB that the format gives one.
pub(super) fn header(messages: &[Message]) -> Result<Vec<u8>> {
    let mut body = Bytes::default();
    for (id, message) in messages {
        let len = message.len().next_multiple_of(8);
        let size = u16::try_from(len)
            .map_err(|_| Error::value(format!("an attribute of {} bytes; HDF5 headers hold 64 KiB", message.len())))?;
        body = body.u16(*id).u16(size).u32(0).put(message).pad();
    }
    let count = u16::try_from(messages.len()).map_err(|_| Error::value("more than 65,535 attributes on one object"))?;
    Ok(Bytes::default().u8(1).u8(0).u16(count).u32(1).u32(body.0.len() as u32).pad().put(&body.0).0)
}

/// A version 1 dataspace that cannot grow.
pub(super) fn dataspace(shape: &[u64]) -> Vec<u8> {
    let head = Bytes::default().u8(1).u8(shape.len() as u8).put(&[0; 6]);
    shape.iter().fold(head, |bytes, &extent| bytes.u64(extent)).0
}

/// The datatype of numbers in this machine's byte order.
pub(super) fn datatype(dtype: DType) -> Vec<u8> {
    let big = u32::from(cfg!(target_endian = "big"));
    let size = dtype.size() as u32;
    let head = |class: u32, flags: u32, size: u32| Bytes::default().u32(class | 0x10 | flags << 8).u32(size);
    match dtype {
        // h5py's bool: an enum of FALSE and TRUE.
        DType::Bool => head(8, 2, 1).put(&datatype(DType::I8)).put(b"FALSE\0\0\0TRUE\0\0\0\0").put(&[0, 1]).0,
        DType::F16 | DType::F32 | DType::F64 => {
            let fields = ieee(dtype);
            // Bits 4 and 5: the leading mantissa bit is implied; bits 8 to 15: the sign's position.
            head(1, big | 0x20 | u32::from(fields.sign) << 8, size)
                .u16(0)
                .u16(dtype.size() as u16 * 8)
                .put(&[fields.exponent, fields.exponent_bits, fields.mantissa, fields.mantissa_bits])
                .u32(fields.bias)
                .0
        }
        integer => {
            let signed = u32::from(integer.is_signed_integer());
            head(0, big | signed << 3, size).u16(0).u16(dtype.size() as u16 * 8).0
        }
    }
}

/// The datatype of UTF-8 texts of any length.
pub(super) fn text_datatype() -> Vec<u8> {
    // Type 1 (text), NUL-terminated, character set 1 (UTF-8); made of single unsigned bytes.
    Bytes::default().u32(0x19 | 0x01_01 << 8).u32(16).put(&datatype(DType::U8)).0
}

/// A version 2 fill value: the default of zeros, or `value`. Written when space is allocated late.
pub(super) fn fill_value(value: Option<&[u8]>) -> Vec<u8> {
    let value = value.unwrap_or_default();
    Bytes::default().put(&[2, 2, 2, 1]).u32(value.len() as u32).put(value).0
}

/// A version 3 layout in one piece.
pub(super) fn contiguous_layout(address: u64, size: u64) -> Vec<u8> {
    Bytes::default().put(&[3, 1]).u64(address).u64(size).0
}

/// A version 3 layout in chunks.
pub(super) fn chunked_layout(index: u64, chunk: &[u64], element: usize) -> Vec<u8> {
    let head = Bytes::default().put(&[3, 2, chunk.len() as u8 + 1]).u64(index);
    chunk.iter().fold(head, |bytes, &extent| bytes.u32(extent as u32)).u32(element as u32).0
}

/// A version 1 filter pipeline.
pub(super) fn pipeline(filters: &[Filter]) -> Vec<u8> {
    let mut bytes = Bytes::default().u8(1).u8(filters.len() as u8).put(&[0; 6]);
    for filter in filters {
        // Flag 1: a chunk may be stored without this filter. A checksum never is.
        let optional = u16::from(filter.id != super::super::filters::FLETCHER32);
        bytes = bytes.u16(filter.id).u16(0).u16(optional).u16(filter.parameters.len() as u16);
        bytes = filter.parameters.iter().fold(bytes, |bytes, &value| bytes.u32(value)).pad();
    }
    bytes.0
}

/// A version 1 attribute.
pub(super) fn attribute(name: &str, datatype: &[u8], dataspace: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    let len = |bytes: usize| u16::try_from(bytes).map_err(|_| Error::value("an attribute's name is too long"));
    Ok(Bytes::default()
        .put(&[1, 0])
        .u16(len(name.len() + 1)?)
        .u16(len(datatype.len())?)
        .u16(len(dataspace.len())?)
        .put(name.as_bytes())
        .u8(0)
        .pad()
        .put(datatype)
        .pad()
        .put(dataspace)
        .pad()
        .put(data)
        .0)
}
