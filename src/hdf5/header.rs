//! Object headers as lists of raw messages (HDF5 File Format Specification 3.0, IV.A.1).
//!
//! hdf5-reader parses every message of a header at once, so one it does not know hides the whole
//! object, and it drops what decides between right and wrong numbers (a float's bit fields, a chunk
//! layout's flags). Here a message stays bytes until someone needs it.

use super::adapter::Bytes;
use super::cursor::Cursor;
use super::fractal_heap::FractalHeap;
use crate::error::{Error, Result};
use hdf5_reader::checksum::jenkins_lookup3;
use hdf5_reader::messages as ids;
use std::collections::HashSet;

/// The widths the superblock fixes for addresses and lengths.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    /// Bytes of an address.
    pub(super) offset: u8,
    /// Bytes of a length.
    pub(super) length: u8,
}

/// One header message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Message type, such as [`ids::MSG_DATASPACE`].
    pub(super) id: u16,
    /// Message flags; bit 1 says that the body is a reference to where the message really lies.
    pub(super) flags: u8,
    /// The message's bytes.
    pub(super) body: Vec<u8>,
    /// Creation index, where the header tracks it.
    pub(super) order: Option<u16>,
}

impl Message {
    /// Whether the body is only a reference to the message.
    pub(super) fn is_shared(&self) -> bool {
        self.flags & 0x02 != 0
    }
}

/// All messages of one object.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// The messages in file order, NIL and continuation messages left out.
    pub(super) messages: Vec<Message>,
}

/// Bytes of one object's header beyond which it is not believed.
const MAX_HEADER_BYTES: u64 = 64 << 20;

impl Header {
    /// Reads the object header at `address`.
    ///
    /// # Errors
    /// An invalid-file error when the header is damaged: signature, checksum, sizes, a cycle.
    pub(super) fn read(bytes: &Bytes, address: u64, widths: Widths) -> Result<Header> {
        let prefix = bytes.read_up_to(address, 32)?;
        let (first, version2) = if prefix.starts_with(b"OHDR") {
            (Block2::first(&prefix, address)?, true)
        } else {
            (block1(&prefix, address)?, false)
        };
        let mut walk = Walk {
            bytes,
            widths,
            messages: Vec::new(),
            seen: HashSet::new(),
            budget: MAX_HEADER_BYTES,
            track_order: first.track_order,
        };
        let mut pending = vec![first];
        while let Some(part) = pending.pop() {
            let more = if version2 { walk.version2(&part)? } else { walk.version1(&part)? };
            // Continuations are followed in file order: the first found is popped first.
            pending.extend(more.into_iter().rev());
        }
        Ok(Header { messages: walk.messages })
    }

    /// The first message of type `id`.
    pub(super) fn find(&self, id: u16) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }
}

/// A run of messages: where it starts (prefix included) and how much of it is messages.
struct Part {
    address: u64,
    /// Bytes before the first message.
    prefix: u64,
    /// Bytes of messages.
    len: u64,
    /// Bytes after the messages: the checksum of version 2.
    suffix: u64,
    track_order: bool,
}

/// The first part of a version 1 header.
fn block1(prefix: &[u8], address: u64) -> Result<Part> {
    let mut cursor = Cursor::new(prefix);
    let version = cursor.u8()?;
    if version != 1 {
        return Err(Error::invalid_file(format!(
            "no object header at address {address}: found version {version} where 1 or 2 belongs; the file is damaged"
        )));
    }
    cursor.skip(7)?;
    let len = u64::from(cursor.u32()?);
    Ok(Part { address, prefix: 16, len, suffix: 0, track_order: false })
}

struct Block2;

impl Block2 {
    fn first(prefix: &[u8], address: u64) -> Result<Part> {
        let mut cursor = Cursor::new(prefix);
        cursor.skip(4)?;
        let version = cursor.u8()?;
        if version != 2 {
            return Err(Error::unsupported(format!("object header version {version} is not known")));
        }
        let flags = cursor.u8()?;
        if flags & 0x20 != 0 {
            cursor.skip(16)?;
        }
        if flags & 0x10 != 0 {
            cursor.skip(4)?;
        }
        let len = cursor.uint(1 << (flags & 0x03))?;
        Ok(Part { address, prefix: cursor.position() as u64, len, suffix: 4, track_order: flags & 0x04 != 0 })
    }
}

struct Walk<'a> {
    bytes: &'a Bytes,
    widths: Widths,
    messages: Vec<Message>,
    seen: HashSet<u64>,
    budget: u64,
    track_order: bool,
}

impl Walk<'_> {
    fn load(&mut self, part: &Part) -> Result<Vec<u8>> {
        let total = part
            .len
            .checked_add(part.prefix + part.suffix)
            .filter(|&total| total <= self.budget)
            .ok_or_else(|| Error::invalid_file("object header larger than 64 MiB; the file is damaged"))?;
        self.budget -= total;
        if !self.seen.insert(part.address) {
            return Err(Error::invalid_file("object header continues in a circle; the file is damaged"));
        }
        self.bytes.read(part.address, total)
    }

    fn continuation(&self, body: &[u8]) -> Result<(u64, u64)> {
        let mut cursor = Cursor::new(body);
        Ok((cursor.uint(self.widths.offset.into())?, cursor.uint(self.widths.length.into())?))
    }

    fn version1(&mut self, part: &Part) -> Result<Vec<Part>> {
        let data = self.load(part)?;
        let mut cursor = Cursor::new(&data[part.prefix as usize..]);
        let mut more = Vec::new();
        while cursor.remaining() >= 8 {
            let id = cursor.u16()?;
            let size = cursor.u16()?;
            let flags = cursor.u8()?;
            cursor.skip(3)?;
            let body = cursor.bytes(size.into())?.to_vec();
            if id == ids::MSG_CONTINUATION {
                let (address, len) = self.continuation(&body)?;
                more.push(Part { address, prefix: 0, len, suffix: 0, track_order: false });
            } else if id != ids::MSG_NIL {
                self.messages.push(Message { id, flags, body, order: None });
            }
        }
        Ok(more)
    }

    fn version2(&mut self, part: &Part) -> Result<Vec<Part>> {
        let data = self.load(part)?;
        let (covered, checksum) = data.split_at(data.len() - 4);
        if jenkins_lookup3(covered).to_le_bytes() != checksum {
            return Err(Error::invalid_file("object header checksum does not match; the file is damaged"));
        }
        if part.prefix == 4 && !data.starts_with(b"OCHK") {
            return Err(Error::invalid_file("object header continuation has no signature; the file is damaged"));
        }
        let mut cursor = Cursor::new(&covered[part.prefix as usize..]);
        let envelope = if self.track_order { 6 } else { 4 };
        let mut more = Vec::new();
        // Fewer bytes than a message's envelope are a gap.
        while cursor.remaining() >= envelope {
            let id = u16::from(cursor.u8()?);
            let size = cursor.u16()?;
            let flags = cursor.u8()?;
            let order = if self.track_order { Some(cursor.u16()?) } else { None };
            let body = cursor.bytes(size.into())?.to_vec();
            if id == ids::MSG_CONTINUATION {
                let (address, len) = self.continuation(&body)?;
                let len = len
                    .checked_sub(8)
                    .ok_or_else(|| Error::invalid_file("object header continuation too short; the file is damaged"))?;
                more.push(Part { address, prefix: 4, len, suffix: 4, track_order: self.track_order });
            } else if id != ids::MSG_NIL {
                self.messages.push(Message { id, flags, body, order });
            }
        }
        Ok(more)
    }
}

/// Finds the message that a shared one refers to, in another header or in the file's heap of shared messages.
pub(super) struct Shared<'a> {
    pub(super) bytes: &'a Bytes,
    pub(super) widths: Widths,
    /// Address of the superblock extension, which names the table of shared messages.
    pub(super) extension: Option<u64>,
}

impl Shared<'_> {
    /// The bytes of `message`, wherever they lie.
    pub(super) fn body(&self, message: &Message) -> Result<Vec<u8>> {
        if message.is_shared() {
            self.resolve(message.id, &message.body)
        } else {
            Ok(message.body.clone())
        }
    }

    /// The bytes of a message of type `id` whose shared reference is `body`.
    pub(super) fn resolve(&self, id: u16, body: &[u8]) -> Result<Vec<u8>> {
        let mut cursor = Cursor::new(body);
        let version = cursor.u8()?;
        let place = cursor.u8()?;
        match (version, place) {
            (1, _) => {
                cursor.skip(6)?;
                self.in_header(id, cursor.uint(self.widths.offset.into())?)
            }
            (2, 0 | 2) | (3, 2) => self.in_header(id, cursor.uint(self.widths.offset.into())?),
            (3, 1) => self.in_heap(id, cursor.bytes(8)?),
            _ => Err(Error::unsupported(format!("shared message version {version}, location {place} is not known"))),
        }
    }

    fn in_header(&self, id: u16, address: u64) -> Result<Vec<u8>> {
        let header = Header::read(self.bytes, address, self.widths)?;
        let message = header
            .find(id)
            .filter(|message| !message.is_shared())
            .ok_or_else(|| Error::invalid_file("shared message not found where it should be; the file is damaged"))?;
        Ok(message.body.clone())
    }

    /// The table of shared messages is searched for a heap that tracks messages of this type
    /// (specification III.H).
    fn in_heap(&self, id: u16, heap_id: &[u8]) -> Result<Vec<u8>> {
        let missing = || Error::invalid_file("the file has no heap for its shared messages; it is damaged");
        let extension = Header::read(self.bytes, self.extension.ok_or_else(missing)?, self.widths)?;
        let table = extension.find(ids::MSG_SHARED_TABLE).ok_or_else(missing)?;
        let mut cursor = Cursor::new(&table.body);
        cursor.skip(1)?;
        let address = cursor.uint(self.widths.offset.into())?;
        let indexes = u64::from(cursor.u8()?);
        let entry = 14 + 2 * u64::from(self.widths.offset);
        let table = self.bytes.read(address, 4 + indexes * entry + 4)?;
        let (covered, checksum) = table.split_at(table.len() - 4);
        let mut cursor = Cursor::new(covered);
        if cursor.bytes(4)? != b"SMTB" || jenkins_lookup3(covered).to_le_bytes() != checksum {
            return Err(Error::invalid_file("the table of shared messages is damaged"));
        }
        let bit = match id {
            ids::MSG_DATASPACE => 0,
            ids::MSG_DATATYPE => 1,
            ids::MSG_FILL_VALUE | ids::MSG_FILL_VALUE_OLD => 2,
            ids::MSG_FILTER_PIPELINE => 3,
            _ => 4,
        };
        for _ in 0..indexes {
            cursor.skip(2)?;
            let types = cursor.u16()?;
            cursor.skip(10 + usize::from(self.widths.offset))?;
            let heap = cursor.uint(self.widths.offset.into())?;
            if types & (1 << bit) == 0 {
                continue;
            }
            return FractalHeap::open(self.bytes, self.widths, heap)?.object(heap_id);
        }
        Err(missing())
    }
}
