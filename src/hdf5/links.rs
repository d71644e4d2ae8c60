//! The links of a group, however it stores them: in header messages, in a fractal heap, or in a
//! symbol table.

use super::adapter::{convert, Bytes};
use super::cursor::{text, Cursor};
use super::fractal_heap::{records, FractalHeap};
use super::header::{Header, Widths};
use crate::error::{Error, Result};
use hdf5_reader::btree_v1::collect_btree_v1_leaves_storage;
use hdf5_reader::btree_v2::BTreeV2Record;
use hdf5_reader::local_heap::LocalHeap;
use hdf5_reader::messages as ids;
use std::collections::HashMap;

/// Where a link leads.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The object header at an address.
    Hard(u64),
    /// A path in the same file.
    Soft(String),
    /// A path in another file.
    External { file: String, path: String },
    /// Nowhere known; the reason.
    Unreadable(Error),
}

/// The links of one group, in the order h5py lists them.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: Vec<(String, Target)>,
    by_name: HashMap<String, usize>,
}

impl Links {
    /// Reads the links of the group whose header is `header`; `None` if it is no group.
    pub(super) fn read(bytes: &Bytes, widths: Widths, header: &Header) -> Result<Option<Links>> {
        let bytes = &bytes.metered();
        let mut found = Vec::new();
        let mut by_order = false;
        if let Some(message) = header.find(ids::MSG_LINK_INFO) {
            let mut cursor = hdf5_reader::io::Cursor::new(&message.body);
            let info = ids::link_info::parse(&mut cursor, widths.offset, widths.length, message.body.len())
                .map_err(convert)?;
            by_order = info.creation_order_tracked;
            if info.fractal_heap_address != u64::MAX && info.btree_name_index_address != u64::MAX {
                dense(bytes, widths, info.fractal_heap_address, info.btree_name_index_address, &mut found)?;
            }
        } else if let Some(message) = header.find(ids::MSG_SYMBOL_TABLE) {
            let mut cursor = Cursor::new(&message.body);
            let (tree, heap) = (cursor.address(widths.offset)?, cursor.address(widths.offset)?);
            if let (Some(tree), Some(heap)) = (tree, heap) {
                symbol_table(bytes, widths, tree, heap, &mut found)?;
            }
        } else if header.find(ids::MSG_LINK).is_none() {
            return Ok(None);
        }
        for message in header.messages.iter().filter(|message| message.id == ids::MSG_LINK) {
            found.push(link(&message.body, widths));
        }
        if by_order {
            found.sort_by_key(|link| link.order);
        } else {
            found.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        }
        Ok(Some(Links::new(found.into_iter().map(|link| (link.name, link.target)).collect())))
    }

    /// Names that are not UTF-8 can become the same text: neither of two such links leads anywhere, since it
    /// might be to the other's object.
    fn new(mut links: Vec<(String, Target)>) -> Links {
        let mut by_name = HashMap::new();
        let mut twins = Vec::new();
        for (position, (name, _)) in links.iter().enumerate() {
            if let Some(twin) = by_name.insert(name.clone(), position) {
                twins.extend([twin, position]);
            }
        }
        for twin in twins {
            links[twin].1 = Target::Unreadable(Error::unsupported(
                "several links of its group read the same, so which is meant cannot be told; rename all but one",
            ));
        }
        Links { links, by_name }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, Target)> {
        self.links.iter()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Target> {
        self.by_name.get(name).map(|&position| &self.links[position].1)
    }
}

struct Found {
    name: String,
    target: Target,
    order: Option<u64>,
}

/// A link message. One that cannot be parsed still gets a place in the list.
fn link(body: &[u8], widths: Widths) -> Found {
    let mut name = "(unreadable link)".to_string();
    let mut order = None;
    let target = target(body, widths, &mut name, &mut order).unwrap_or_else(Target::Unreadable);
    Found { name, target, order }
}

/// What a link message says (specification IV.A.2.g), its name and order as far as it can be followed.
fn target(body: &[u8], widths: Widths, name: &mut String, order: &mut Option<u64>) -> Result<Target> {
    let mut cursor = Cursor::new(body);
    let version = cursor.u8()?;
    if version != 1 {
        return Err(Error::unsupported(format!("link version {version} is not known")));
    }
    let flags = cursor.u8()?;
    let kind = if flags & 0x08 != 0 { cursor.u8()? } else { HARD };
    if flags & 0x04 != 0 {
        *order = Some(cursor.uint(8)?);
    }
    if flags & 0x10 != 0 {
        // The name's encoding, which writers get wrong: the bytes themselves tell.
        cursor.skip(1)?;
    }
    let len = cursor.uint(1 << (flags & 0x03))?;
    *name = text(cursor.bytes(usize::try_from(len).unwrap_or(usize::MAX))?);
    if kind == HARD {
        return Ok(Target::Hard(cursor.uint(widths.offset.into())?));
    }
    let len = cursor.u16()?;
    let value = cursor.bytes(len.into())?;
    match kind {
        SOFT => Ok(Target::Soft(text(value))),
        EXTERNAL => {
            let mut cursor = Cursor::new(value);
            cursor.skip(1)?;
            Ok(Target::External { file: text(cursor.until_nul()?), path: text(cursor.until_nul()?) })
        }
        other => Err(Error::unsupported(format!("a link of kind {other}, which only the program that made it knows"))),
    }
}

/// Kinds of links.
const HARD: u8 = 0;
const SOFT: u8 = 1;
const EXTERNAL: u8 = 64;

fn dense(bytes: &Bytes, widths: Widths, heap: u64, tree: u64, found: &mut Vec<Found>) -> Result<()> {
    let mut heap = FractalHeap::open(bytes, widths, heap)?;
    for record in records(bytes, widths, tree)? {
        let BTreeV2Record::LinkNameHash { heap_id, .. } = record else { continue };
        match heap.object(&heap_id) {
            Ok(body) => found.push(link(&body, widths)),
            Err(error) => {
                found.push(Found { name: "(unreadable link)".into(), target: Target::Unreadable(error), order: None })
            }
        }
    }
    Ok(())
}

/// A version 1 group: a B-tree of symbol table nodes, names in a local heap.
fn symbol_table(bytes: &Bytes, widths: Widths, tree: u64, heap: u64, found: &mut Vec<Found>) -> Result<()> {
    let heap = LocalHeap::parse_at_storage(bytes, heap, widths.offset, widths.length).map_err(convert)?;
    let names = bytes.read(heap.data_segment_address, heap.data_segment_size)?;
    let name_at = |offset: u64| -> Result<String> {
        let rest = usize::try_from(offset).ok().and_then(|start| names.get(start..));
        let rest = rest.ok_or_else(|| Error::invalid_file("a name lies outside its heap; the file is damaged"))?;
        let name = Cursor::new(rest).until_nul()?;
        // Any number of entries may name the same long text.
        bytes.spend(name.len() as u64)?;
        Ok(text(name))
    };
    let leaves =
        collect_btree_v1_leaves_storage(bytes, tree, widths.offset, widths.length, None, &[], None).map_err(convert)?;
    for (_, node) in leaves {
        let head = bytes.read(node, 8)?;
        let mut cursor = Cursor::new(&head);
        if cursor.bytes(4)? != b"SNOD" {
            return Err(Error::invalid_file("a group's symbol table node has no signature; the file is damaged"));
        }
        cursor.skip(2)?;
        let count = u64::from(cursor.u16()?);
        let entry = 2 * u64::from(widths.offset) + 24;
        let entries = bytes.read(node + 8, count * entry)?;
        let mut cursor = Cursor::new(&entries);
        for _ in 0..count {
            let name = cursor.uint(widths.offset.into())?;
            let address = cursor.uint(widths.offset.into())?;
            let kind = cursor.u32()?;
            cursor.skip(4)?;
            let scratch = cursor.u32()?;
            cursor.skip(12)?;
            let target = match kind {
                2 => name_at(scratch.into()).map_or_else(Target::Unreadable, Target::Soft),
                _ => Target::Hard(address),
            };
            let name = name_at(name)?;
            found.push(Found { name, target, order: None });
        }
    }
    Ok(())
}
