//! Dataspace, layout, fill value and filter messages (HDF5 File Format Specification 3.0, IV.A.2).

use super::cursor::{text, Cursor};
use super::header::Widths;
use crate::error::{Error, Result};

/// The extents of a dataset or attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dataspace {
    /// No elements at all, not even of rank 0.
    Null,
    /// Extents; none for a scalar.
    Simple {
        dims: Vec<u64>,
        /// Extents up to which the dataset may grow; `None` along an axis is without limit.
        max: Option<Vec<Option<u64>>>,
    },
}

impl Dataspace {
    pub(super) fn parse(body: &[u8], widths: Widths) -> Result<Dataspace> {
        let mut cursor = Cursor::new(body);
        let version = cursor.u8()?;
        let rank = cursor.u8()?;
        let flags = cursor.u8()?;
        match version {
            1 => cursor.skip(5)?,
            2 => {
                if cursor.u8()? == 2 {
                    return Ok(Dataspace::Null);
                }
            }
            other => return Err(Error::unsupported(format!("dataspace version {other} is not known"))),
        }
        if rank > 32 {
            return Err(Error::invalid_file(format!("dataspace of rank {rank}; the format allows 32")));
        }
        let dims = (0..rank).map(|_| cursor.uint(widths.length.into())).collect::<Result<Vec<_>>>()?;
        let max = if flags & 1 != 0 {
            Some((0..rank).map(|_| cursor.address(widths.length)).collect::<Result<Vec<_>>>()?)
        } else {
            None
        };
        Ok(Dataspace::Simple { dims, max })
    }
}

/// How chunks are found (layout versions 4 and 5 name it, earlier ones have [`Index::BtreeV1`] only).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Index {
    BtreeV1,
    /// The one chunk there is; stored size and filter mask when it is filtered.
    Single(Option<(u64, u32)>),
    Implicit,
    FixedArray,
    ExtensibleArray,
    BtreeV2,
}

/// Where a dataset's elements lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In the header itself.
    Compact(Vec<u8>),
    /// In one piece; `None` when nothing was ever written. `size` is unknown in versions 1 and 2.
    Contiguous { address: Option<u64>, size: Option<u64> },
    /// In chunks.
    Chunked {
        /// Chunk shape in elements.
        dims: Vec<u64>,
        /// Address of the index; `None` when no chunk was ever written.
        address: Option<u64>,
        index: Index,
        /// Whether chunks that pass the dataset's edge are stored without filters.
        plain_edges: bool,
        /// Element size as the layout message repeats it, where it does.
        element: Option<u64>,
    },
    /// Assembled from other datasets, as an object of the global heap tells: its collection's address and index
    /// in it, or nothing where no dataset was ever named.
    Virtual { heap: Vec<u8> },
}

impl Layout {
    pub(super) fn parse(body: &[u8], widths: Widths) -> Result<Layout> {
        let mut cursor = Cursor::new(body);
        match cursor.u8()? {
            1 | 2 => old(&mut cursor, widths),
            version @ 3..=5 => match cursor.u8()? {
                0 => {
                    let size = cursor.u16()?;
                    Ok(Layout::Compact(cursor.bytes(size.into())?.to_vec()))
                }
                1 => Ok(Layout::Contiguous {
                    address: cursor.address(widths.offset)?,
                    size: Some(cursor.uint(widths.length.into())?),
                }),
                2 if version == 3 => {
                    let rank = cursor.u8()?;
                    let address = cursor.address(widths.offset)?;
                    chunked_v1(&mut cursor, rank, address)
                }
                2 => chunked_v4(&mut cursor, widths),
                3 => Ok(Layout::Virtual { heap: cursor.bytes(usize::from(widths.offset) + 4)?.to_vec() }),
                other => Err(Error::unsupported(format!("data layout class {other} is not known"))),
            },
            other => Err(Error::unsupported(format!("data layout version {other} is not known"))),
        }
    }
}

/// Versions 1 and 2: rank, class, five reserved bytes, address (not for compact data), extents.
fn old(cursor: &mut Cursor, widths: Widths) -> Result<Layout> {
    let rank = cursor.u8()?;
    let class = cursor.u8()?;
    cursor.skip(5)?;
    match class {
        0 => {
            cursor.skip(4 * usize::from(rank))?;
            let size = cursor.u32()?;
            Ok(Layout::Compact(cursor.bytes(size as usize)?.to_vec()))
        }
        1 => Ok(Layout::Contiguous { address: cursor.address(widths.offset)?, size: None }),
        2 => {
            let address = cursor.address(widths.offset)?;
            chunked_v1(cursor, rank, address)
        }
        other => Err(Error::unsupported(format!("data layout class {other} is not known"))),
    }
}

/// `rank` extents of 4 bytes, the last of which is the element size.
fn chunked_v1(cursor: &mut Cursor, rank: u8, address: Option<u64>) -> Result<Layout> {
    let mut dims = (0..rank).map(|_| Ok(u64::from(cursor.u32()?))).collect::<Result<Vec<_>>>()?;
    let element = dims.pop();
    Ok(Layout::Chunked { dims, address, index: Index::BtreeV1, plain_edges: false, element })
}

fn chunked_v4(cursor: &mut Cursor, widths: Widths) -> Result<Layout> {
    let flags = cursor.u8()?;
    let rank = cursor.u8()?;
    let width = cursor.u8()?;
    let mut dims = (0..rank).map(|_| cursor.uint(width.into())).collect::<Result<Vec<_>>>()?;
    let element = dims.pop();
    let index = match cursor.u8()? {
        1 if flags & 0x02 != 0 => {
            let size = cursor.uint(widths.length.into())?;
            Index::Single(Some((size, cursor.u32()?)))
        }
        1 => Index::Single(None),
        2 => Index::Implicit,
        3 => {
            cursor.skip(1)?;
            Index::FixedArray
        }
        4 => {
            cursor.skip(5)?;
            Index::ExtensibleArray
        }
        5 => {
            cursor.skip(6)?;
            Index::BtreeV2
        }
        other => return Err(Error::unsupported(format!("chunk index type {other} is not known"))),
    };
    let address = cursor.address(widths.offset)?;
    Ok(Layout::Chunked { dims, address, index, plain_edges: flags & 0x01 != 0, element })
}

/// When fill values are written (`H5D_fill_time_t`): 0 on allocation, 1 never, 2 if the user set one.
const FILL_NEVER: u8 = 1;

/// The bytes of one element that stand where nothing was written; `None` reads as zeros.
///
/// HDF5 leaves the reader's buffer alone where a fill value is undefined or never to be written;
/// h5py starts from zeros. `old` is the message of HDF5 before 1.4, `new` its successor, which wins.
pub(super) fn fill_value(old: Option<&[u8]>, new: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
    let (mut cursor, defined) = match (new, old) {
        (Some(body), _) => {
            let mut cursor = Cursor::new(body);
            let version = cursor.u8()?;
            let (time, defined) = match version {
                1 | 2 => {
                    cursor.skip(1)?;
                    (cursor.u8()?, cursor.u8()? != 0)
                }
                3 => {
                    let flags = cursor.u8()?;
                    // Bit 4: undefined; bit 5: a value follows.
                    ((flags >> 2) & 0x03, flags & 0x30 == 0x20)
                }
                other => return Err(Error::unsupported(format!("fill value version {other} is not known"))),
            };
            (cursor, defined && time != FILL_NEVER)
        }
        (None, Some(body)) => (Cursor::new(body), body.len() >= 4),
        (None, None) => return Ok(None),
    };
    if !defined {
        return Ok(None);
    }
    let size = cursor.u32()?;
    // Size -1 is how some versions write "undefined".
    if size == 0 || size == u32::MAX {
        return Ok(None);
    }
    Ok(Some(cursor.bytes(size as usize)?.to_vec()))
}

/// One step of a filter pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The number it is registered under.
    pub id: u16,
    /// The name the file gives it, if any.
    pub name: Option<String>,
    /// Its parameters.
    pub parameters: Vec<u32>,
}

impl Filter {
    /// How it is called: the name it is registered under, or the file's name for it, or its number.
    pub fn label(&self) -> String {
        match super::filters::registered_name(self.id).or(self.name.as_deref()) {
            Some(name) => name.into(),
            None => self.id.to_string(),
        }
    }
}

/// Parses a filter pipeline message.
pub(super) fn filters(body: &[u8]) -> Result<Vec<Filter>> {
    let mut cursor = Cursor::new(body);
    let version = cursor.u8()?;
    let count = cursor.u8()?;
    match version {
        1 => cursor.skip(6)?,
        2 => {}
        other => return Err(Error::unsupported(format!("filter pipeline version {other} is not known"))),
    }
    if count > 32 {
        return Err(Error::invalid_file(format!("pipeline of {count} filters; the format allows 32")));
    }
    let mut filters = Vec::new();
    for _ in 0..count {
        let id = cursor.u16()?;
        let name_len = if version == 1 || id >= 256 { cursor.u16()? } else { 0 };
        cursor.skip(2)?;
        let parameters = cursor.u16()?;
        let name = cursor.bytes(name_len.into())?;
        if version == 1 {
            cursor.skip(usize::from(name_len).wrapping_neg() % 8)?;
        }
        let name = text(name.split(|&byte| byte == 0).next().unwrap_or_default());
        let values = (0..parameters).map(|_| cursor.u32()).collect::<Result<Vec<_>>>()?;
        if version == 1 && parameters % 2 == 1 {
            cursor.skip(4)?;
        }
        filters.push(Filter { id, name: (!name.is_empty()).then_some(name), parameters: values });
    }
    Ok(filters)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: Widths = Widths { offset: 8, length: 8 };

    #[test]
    fn a_version_2_layout_has_five_reserved_bytes_before_the_address() {
        let mut body = vec![2, 2, 1, 0, 0, 0, 0, 0];
        body.extend(0x1234u64.to_le_bytes());
        body.extend([7, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!(Layout::parse(&body, WIDTHS).unwrap(), Layout::Contiguous { address: Some(0x1234), size: None });
    }

    #[test]
    fn version_1_filter_names_and_odd_parameter_counts_are_padded() {
        let mut body = vec![1, 2, 0, 0, 0, 0, 0, 0];
        body.extend([1, 0, 8, 0, 0, 0, 1, 0]);
        body.extend(*b"deflate\0");
        body.extend([4, 0, 0, 0, 0, 0, 0, 0]);
        body.extend([3, 0, 0, 0, 0, 0, 0, 0]);
        let filters = filters(&body).unwrap();
        assert_eq!(filters[0], Filter { id: 1, name: Some("deflate".into()), parameters: vec![4] });
        assert_eq!(filters[1].id, 3);
    }

    #[test]
    fn a_null_dataspace_is_not_a_scalar() {
        assert_eq!(Dataspace::parse(&[2, 0, 0, 2], WIDTHS).unwrap(), Dataspace::Null);
        let scalar = Dataspace::Simple { dims: vec![], max: None };
        assert_eq!(Dataspace::parse(&[2, 0, 0, 0], WIDTHS).unwrap(), scalar);
    }
}
