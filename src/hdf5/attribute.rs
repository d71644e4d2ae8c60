//! Attributes and their values.

use super::adapter::convert;
use super::cursor::{text, Cursor};
use super::datatype::{Class, Datatype};
use super::element::Element;
use super::file::File;
use super::fractal_heap::{records, FractalHeap};
use super::header::{Header, Shared};
use super::messages::Dataspace;
use super::value::{Value, Values};
use crate::block::{shape_text, Block};
use crate::error::{Error, Result};
use hdf5_reader::btree_v2::BTreeV2Record;
use hdf5_reader::messages as ids;

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum AttributeValue {
    /// One text.
    Text(String),
    /// Texts of a one-dimensional attribute (of any rank when read, row-major).
    Texts(Vec<String>),
    /// Numbers; of shape `()` for a single one.
    Numeric(Block),
    /// Anything else, of any type: texts of fixed length, compounds, references.
    Other {
        /// The type of an element.
        datatype: Datatype,
        /// Extents; empty for a single element.
        shape: Vec<u64>,
        /// The elements, row-major.
        values: Vec<Value>,
    },
    /// An attribute without elements (`h5py.Empty`).
    Empty,
}

/// The attributes of the object whose header is `header`.
pub(super) fn read_all(file: &File, header: &Header) -> Result<Vec<(String, Result<AttributeValue>)>> {
    let widths = file.widths();
    let bytes = file.bytes().metered();
    let shared = Shared { bytes: &bytes, ..file.shared() };
    let mut bodies: Vec<(Option<u64>, Result<Vec<u8>>)> = Vec::new();
    let mut by_order = false;
    for message in header.messages.iter().filter(|message| message.id == ids::MSG_ATTRIBUTE) {
        bodies.push((message.order.map(u64::from), shared.body(message)));
    }
    if let Some(message) = header.find(ids::MSG_ATTRIBUTE_INFO) {
        let mut cursor = hdf5_reader::io::Cursor::new(&message.body);
        let info = ids::attribute_info::parse(&mut cursor, widths.offset, widths.length, message.body.len())
            .map_err(convert)?;
        by_order = info.creation_order_tracked;
        if info.fractal_heap_address != u64::MAX && info.btree_name_index_address != u64::MAX {
            dense(&shared, info.fractal_heap_address, info.btree_name_index_address, &mut bodies)?;
        }
    }
    let mut values = Values::new(file);
    let mut attributes: Vec<_> = bodies
        .into_iter()
        .map(|(order, body)| match body.and_then(|body| Parsed::of(&shared, &body)) {
            Ok(parsed) => (order, parsed.name.clone(), parsed.value(&mut values)),
            Err(error) => (order, "(unreadable attribute)".to_string(), Err(error)),
        })
        .collect();
    if by_order {
        attributes.sort_by_key(|(order, ..)| *order);
    } else {
        attributes.sort_by(|a, b| a.1.as_bytes().cmp(b.1.as_bytes()));
    }
    Ok(attributes.into_iter().map(|(_, name, value)| (name, value)).collect())
}

fn dense(shared: &Shared, heap: u64, tree: u64, bodies: &mut Vec<(Option<u64>, Result<Vec<u8>>)>) -> Result<()> {
    let mut heap = FractalHeap::open(shared.bytes, shared.widths, heap)?;
    for record in records(shared.bytes, shared.widths, tree)? {
        let BTreeV2Record::AttributeNameHash { heap_id, flags, creation_order, .. } = record else { continue };
        let body = if flags & 0x02 != 0 {
            Err(Error::unsupported("an attribute stored in the file's heap of shared messages"))
        } else {
            heap.object(&heap_id)
        };
        bodies.push((Some(u64::from(creation_order)), body));
    }
    Ok(())
}

/// An attribute message taken apart (specification IV.A.2.m).
struct Parsed {
    name: String,
    datatype: Datatype,
    dataspace: Dataspace,
    data: Vec<u8>,
}

impl Parsed {
    fn of(shared: &Shared, body: &[u8]) -> Result<Parsed> {
        let mut cursor = Cursor::new(body);
        let version = cursor.u8()?;
        let flags = cursor.u8()?;
        let sizes = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
        match version {
            1 | 2 => {}
            3 => cursor.skip(1)?,
            other => return Err(Error::unsupported(format!("attribute version {other} is not known"))),
        }
        let mut part = |size: usize| -> Result<&[u8]> {
            let part = cursor.bytes(size)?;
            if version == 1 {
                cursor.skip(size.wrapping_neg() % 8)?;
            }
            Ok(part)
        };
        let name = part(sizes[0])?;
        let (datatype, dataspace) = (part(sizes[1])?, part(sizes[2])?);
        let is_shared = |bit: u8| version > 1 && flags & bit != 0;
        let whole = |id: u16, bit: u8, body: &[u8]| {
            if is_shared(bit) {
                shared.resolve(id, body)
            } else {
                Ok(body.to_vec())
            }
        };
        Ok(Parsed {
            name: text(name.split(|&byte| byte == 0).next().unwrap_or_default()),
            datatype: Datatype::parse(&whole(ids::MSG_DATATYPE, 1, datatype)?)?,
            dataspace: Dataspace::parse(&whole(ids::MSG_DATASPACE, 2, dataspace)?, shared.widths)?,
            data: cursor.bytes(cursor.remaining())?.to_vec(),
        })
    }

    fn value(&self, values: &mut Values) -> Result<AttributeValue> {
        let Dataspace::Simple { dims, .. } = &self.dataspace else { return Ok(AttributeValue::Empty) };
        let size = self.datatype.size as usize;
        let data = dims
            .iter()
            .try_fold(size as u64, |n, &extent| n.checked_mul(extent))
            .and_then(|needed| self.data.get(..usize::try_from(needed).ok()?))
            .ok_or_else(|| Error::invalid_file(format!("an attribute of shape {} is cut short", shape_text(dims))))?;
        match &self.datatype.class {
            Class::VariableString { .. } => {
                let mut texts = Vec::new();
                for value in values.all(&self.datatype, data)? {
                    if let Value::Text(bytes) = value {
                        texts.push(text(&bytes));
                    }
                }
                Ok(match texts.pop() {
                    Some(only) if dims.is_empty() => AttributeValue::Text(only),
                    last => AttributeValue::Texts(texts.into_iter().chain(last).collect()),
                })
            }
            _ if Element::of(&self.datatype).is_ok() => self.numbers(dims, data),
            _ => Ok(AttributeValue::Other {
                datatype: self.datatype.clone(),
                shape: dims.clone(),
                values: values.all(&self.datatype, data)?,
            }),
        }
    }

    fn numbers(&self, dims: &[u64], data: &[u8]) -> Result<AttributeValue> {
        let element = Element::of(&self.datatype)?;
        let shape: Vec<usize> = dims.iter().chain(&element.trailing).map(|&extent| extent as usize).collect();
        let mut block = Block::zeros(element.dtype, &shape)?;
        element.decode(data, block.bytes_mut());
        Ok(AttributeValue::Numeric(block))
    }
}
