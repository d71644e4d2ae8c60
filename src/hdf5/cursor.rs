//! A checked walk over little-endian bytes.

use crate::error::{Error, Result};

/// Reads little-endian fields one after another; never past the end.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8]) -> Cursor<'a> {
        Cursor { data, position: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn remaining(&self) -> usize {
        self.data.len() - self.position
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        let range = self
            .position
            .checked_add(len)
            .and_then(|end| self.data.get(self.position..end))
            .ok_or_else(|| Error::invalid_file("a structure of the file ends too early; the file is damaged"))?;
        self.position += len;
        Ok(range)
    }

    pub(super) fn skip(&mut self, len: usize) -> Result<()> {
        self.bytes(len).map(|_| ())
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(self.uint(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(self.uint(4)? as u32)
    }

    /// An unsigned integer of `width` bytes, at most 8.
    pub(super) fn uint(&mut self, width: usize) -> Result<u64> {
        if width > 8 {
            return Err(Error::unsupported(format!("integer of {width} bytes in the file's structures")));
        }
        let mut word = [0; 8];
        word[..width].copy_from_slice(self.bytes(width)?);
        Ok(u64::from_le_bytes(word))
    }

    /// An unsigned integer of `width` bytes, at most 8, the most significant first, as some filters' headers have them.
    pub(super) fn big_endian(&mut self, width: usize) -> Result<u64> {
        self.uint(width).map(|value| value.swap_bytes() >> (64 - 8 * width))
    }

    /// An address of `width` bytes; `None` when it is the undefined one (all bits set).
    pub(super) fn address(&mut self, width: u8) -> Result<Option<u64>> {
        let value = self.uint(width.into())?;
        let undefined = if width >= 8 { u64::MAX } else { (1 << (8 * u32::from(width))) - 1 };
        Ok((value != undefined).then_some(value))
    }

    /// Bytes up to the next NUL, which is consumed.
    pub(super) fn until_nul(&mut self) -> Result<&'a [u8]> {
        let rest = &self.data[self.position..];
        let len = rest
            .iter()
            .position(|&byte| byte == 0)
            .ok_or_else(|| Error::invalid_file("a name in the file does not end; the file is damaged"))?;
        self.position += len + 1;
        Ok(&rest[..len])
    }
}

/// File text as text: UTF-8 where it is, Latin-1 bytes marked otherwise.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
