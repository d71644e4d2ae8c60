//! What the HDF5 tests share: a small random generator, and storage without much behind it.
#![allow(dead_code)] // each test program uses its own part

use chunkbook::error::{Error, Result};
use chunkbook::storage::{Storage, WritableStorage};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// xorshift64*: the same numbers on every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number in `0..end`.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}

const PAGE: u64 = 1 << 16;

/// Storage of any length that keeps only the pages written: the rest is zeros.
#[derive(Default)]
pub struct Sparse {
    pages: Mutex<HashMap<u64, Vec<u8>>>,
    len: AtomicU64,
}

impl Sparse {
    fn each_page(offset: u64, len: usize, mut each: impl FnMut(u64, usize, std::ops::Range<usize>)) {
        let mut done = 0;
        while done < len {
            let at = offset + done as u64;
            let within = (at % PAGE) as usize;
            let part = (PAGE as usize - within).min(len - done);
            each(at / PAGE, within, done..done + part);
            done += part;
        }
    }
}

impl Storage for Sparse {
    fn len(&self) -> u64 {
        self.len.load(Ordering::SeqCst)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        if offset + out.len() as u64 > self.len() {
            return Err(Error::invalid_file("read past the end of the sparse storage"));
        }
        let pages = self.pages.lock().unwrap();
        Sparse::each_page(offset, out.len(), |page, within, range| match pages.get(&page) {
            Some(page) => out[range.clone()].copy_from_slice(&page[within..within + range.len()]),
            None => out[range].fill(0),
        });
        Ok(())
    }
}

impl WritableStorage for Sparse {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut pages = self.pages.lock().unwrap();
        Sparse::each_page(offset, bytes.len(), |page, within, range| {
            let page = pages.entry(page).or_insert_with(|| vec![0; PAGE as usize]);
            page[within..within + range.len()].copy_from_slice(&bytes[range]);
        });
        self.len.fetch_max(offset + bytes.len() as u64, Ordering::SeqCst);
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

/// Storage that counts what is read from it.
pub struct Counting {
    inner: Arc<dyn Storage>,
    pub bytes: AtomicU64,
}

impl Counting {
    pub fn new(inner: Arc<dyn Storage>) -> Counting {
        Counting { inner, bytes: AtomicU64::new(0) }
    }
}

impl Storage for Counting {
    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.bytes.fetch_add(out.len() as u64, Ordering::SeqCst);
        self.inner.read_at(offset, out)
    }
}
