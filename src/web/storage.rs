//! Dropped and stored files as [`Storage`], through the request queue.

use super::pushdown;
use super::queue::{active_readers, ask, start_read, Answer, Operation, Request, READERS};
use crate::clock;
use crate::error::{Error, Result};
use crate::kernels::pushdown::Pushdown;
use crate::kernels::reduction::Partial;
use crate::session::{FileInfo, Space};
use crate::storage::{Budget, RangeCache, Storage, WritableStorage};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The reader that lists, opens, writes and deletes stored files. Others have handles for reading only.
const STORED_READER: usize = 0;
/// Reads larger than this are split, so that one request does not keep a reader for seconds.
const REQUEST_BYTES: usize = 256 << 20;
/// Outside the pool a dropped file is read by several readers at once, in parts of no fewer bytes: each costs
/// milliseconds to begin.
const PART_BYTES: usize = 16 << 20;
/// Small ranges are cut from a block of this size, which is kept: metadata and small chunks lie close together, and
/// a dropped `File` takes about a millisecond for any range, however small.
const BLOCK_BYTES: usize = 256 << 10;

/// What dropped files are kept of, where they are small enough to be kept whole: from memory they read twenty times as
/// fast.
static KEPT: Budget = Budget::new(256 << 20);
/// A dropped file may have changed since it was last read, unless that is no longer ago, in milliseconds.
const TRUSTED_MS: f64 = 5.0;

/// Bytes of dropped files that are kept in memory.
pub fn kept_bytes() -> u64 {
    KEPT.held()
}

/// Whether a reader other than [`STORED_READER`] has a stored file open.
#[derive(Clone, Copy, Default)]
enum Handle {
    #[default]
    NotAsked,
    /// Open, with this id.
    Open(i32),
    /// The browser opens files once only, or it is another file by now.
    Refused,
}

/// A file that a reader worker has open.
pub struct WebStorage {
    name: String,
    /// The file's id at [`STORED_READER`], and at every reader if it was dropped.
    file: i32,
    /// What the other readers have of a stored file.
    handles: Mutex<[Handle; READERS]>,
    len: AtomicU64,
    version: u64,
    dropped: bool,
    created: bool,
    closed: AtomicBool,
    /// Spreads reads of a dropped file over the readers, where threads have none of their own.
    turn: AtomicU32,
    /// The last block read for small ranges: for each reader's threads one, and one for all others, so that threads
    /// that read in different places leave each other's alone.
    blocks: [Mutex<Kept>; READERS + 1],
    /// Larger ranges of a small dropped file.
    ranges: Option<RangeCache>,
    /// When a dropped file was last read, by [`clock::now_ms`].
    read_ms: AtomicU64,
}

/// Bytes of a file that are kept, and where they lie.
#[derive(Default)]
struct Kept {
    offset: u64,
    bytes: Vec<u8>,
}

impl Kept {
    fn get(&self, offset: u64, length: usize) -> Option<&[u8]> {
        let start = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(start..start.checked_add(length)?)
    }
}

impl WebStorage {
    /// Opens the dropped or stored file `name` for reading.
    pub fn open(name: &str) -> Result<WebStorage> {
        let answer = ask_by_name(STORED_READER, Operation::Open, name)?;
        Ok(WebStorage::new(name, &answer, false))
    }

    /// Creates the stored file `name`; it takes that name once finished.
    pub fn create(name: &str) -> Result<WebStorage> {
        let answer = ask_by_name(STORED_READER, Operation::Create, name)?;
        Ok(WebStorage::new(name, &answer, true))
    }

    fn new(name: &str, answer: &Answer, created: bool) -> WebStorage {
        WebStorage {
            name: name.into(),
            file: answer.extra,
            handles: Mutex::default(),
            len: AtomicU64::new(answer.result),
            version: answer.version,
            dropped: answer.dropped,
            created,
            closed: AtomicBool::new(false),
            turn: AtomicU32::new(0),
            blocks: Default::default(),
            ranges: (answer.dropped && answer.result <= KEPT.limit()).then(|| RangeCache::new(&KEPT)),
            read_ms: AtomicU64::new(0),
        }
    }

    /// Closes the file for everyone who still has it: later reads fail.
    pub fn close(&self) {
        let _ = self.finish(Operation::Discard);
    }

    /// Ends the file's use, keeping or dropping it if it was created.
    pub fn finish(&self, operation: Operation) -> Result<()> {
        if self.dropped || self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        // Before the first handle, and whatever becomes of them: a file in use cannot get another's place.
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        for (reader, handle) in handles.iter_mut().enumerate() {
            if let Handle::Open(file) = std::mem::replace(handle, Handle::Refused) {
                let _ = ask(reader, Operation::Discard, file, 0, std::ptr::null_mut(), 0);
            }
        }
        ask(STORED_READER, operation, self.file, 0, std::ptr::null_mut(), 0).map(drop)
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Error::file_changed(format!(
                "'{}' was deleted or written anew since it was opened; open it again",
                self.name
            )));
        }
        Ok(())
    }

    /// The reader to ask, and the file's id there. Each compute thread has a reader of its own as far as they go:
    /// the thread sleeps while its reader works, so that together they keep one core busy, and a reader goes on in a
    /// dropped file where its thread's last read ended.
    fn reader(&self) -> (usize, i32) {
        let readers = active_readers() as usize;
        let own = rayon::current_thread_index().map(|thread| thread % readers);
        if self.dropped {
            let turn = || self.turn.fetch_add(1, Ordering::Relaxed) as usize % readers;
            return (own.unwrap_or_else(turn), self.file);
        }
        let reader = own.unwrap_or(STORED_READER);
        if reader == STORED_READER || self.created {
            return (STORED_READER, self.file);
        }
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Handle::NotAsked = handles[reader] {
            handles[reader] = self.open_another(reader);
        }
        match handles[reader] {
            Handle::Open(file) => (reader, file),
            Handle::NotAsked | Handle::Refused => (STORED_READER, self.file),
        }
    }

    fn open_another(&self, reader: usize) -> Handle {
        match ask_by_name(reader, Operation::Open, &self.name) {
            Ok(answer) if !answer.dropped && (answer.result, answer.version) == (self.len(), self.version) => {
                Handle::Open(answer.extra)
            }
            Ok(answer) => {
                if !answer.dropped {
                    let _ = ask(reader, Operation::Discard, answer.extra, 0, std::ptr::null_mut(), 0);
                }
                Handle::Refused
            }
            Err(_) => Handle::Refused,
        }
    }

    fn read_directly(&self, mut offset: u64, out: &mut [u8]) -> Result<()> {
        let part = if self.dropped && rayon::current_thread_index().is_none() {
            let parts = (out.len() / PART_BYTES).clamp(1, active_readers() as usize);
            out.len().div_ceil(parts).clamp(1, REQUEST_BYTES)
        } else {
            REQUEST_BYTES
        };
        let requests: Vec<Request> = out
            .chunks_mut(part)
            .map(|part| {
                let (reader, file) = self.reader();
                let start = offset;
                offset += part.len() as u64;
                start_read(reader, file, start, part)
            })
            .collect();
        requests
            .into_iter()
            .try_for_each(|request| request.wait().map(drop))
            .map_err(|error| error.at(format!("file '{}'", self.name)))
    }
}

impl Drop for WebStorage {
    fn drop(&mut self) {
        let _ = self.finish(Operation::Discard);
    }
}

impl Storage for WebStorage {
    fn len(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn prefers_runs(&self) -> bool {
        self.dropped
    }

    fn reduces(&self) -> bool {
        // Of a file that is kept in memory the second reduction has no reading to do; one being written is not whole.
        self.ranges.is_none() && !self.created
    }

    fn reduce(&self, ranges: &[Range<u64>], wanted: &Pushdown) -> Option<Vec<Vec<Partial>>> {
        if !self.reduces() || self.check_open().is_err() {
            return None;
        }
        let (reader, file) = self.reader();
        pushdown::reduce(reader, file, ranges, wanted)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.check_open()?;
        let end = offset.checked_add(out.len() as u64).filter(|&end| end <= self.len());
        if end.is_none() {
            return Err(Error::invalid_file(format!(
                "the file '{}' ends at byte {} but bytes from {offset} were asked for: it is truncated; get a whole copy of it",
                self.name,
                self.len()
            )));
        }
        if self.created || out.len() >= BLOCK_BYTES / 4 {
            return match &self.ranges {
                Some(ranges) => self.read_kept(ranges, offset, out),
                None => self.read_directly(offset, out),
            };
        }
        let own = rayon::current_thread_index().map_or(READERS, |thread| thread % READERS);
        let mut kept = self.blocks[own].lock().unwrap_or_else(PoisonError::into_inner);
        if kept.get(offset, out.len()).is_none() {
            self.keep(&mut kept, offset)?;
        }
        let Some(bytes) = kept.get(offset, out.len()) else {
            return Err(Error::internal("a block of a file lacks what it was read for"));
        };
        out.copy_from_slice(bytes);
        Ok(())
    }
}

impl WebStorage {
    /// Reads a range that is kept, or that is kept from now on.
    fn read_kept(&self, ranges: &RangeCache, offset: u64, out: &mut [u8]) -> Result<()> {
        let now = clock::now_ms();
        let trusted = now - f64::from_bits(self.read_ms.load(Ordering::Relaxed)) < TRUSTED_MS;
        if ranges.get(offset, out) {
            // The browser refuses to read a file that has changed, be it a byte.
            return if trusted {
                Ok(())
            } else {
                self.read_directly(offset, &mut out[..1]).inspect(|()| self.trust(now))
            };
        }
        self.read_directly(offset, out)?;
        self.trust(now);
        ranges.put(offset, out);
        Ok(())
    }

    fn trust(&self, now: f64) {
        self.read_ms.store(now.to_bits(), Ordering::Relaxed);
    }

    /// Reads the block that has what a small range at `offset` wants. It goes on where the last one ended, if the
    /// range begins in that one: what they share is not read again.
    fn keep(&self, kept: &mut Kept, offset: u64) -> Result<()> {
        let mut start = offset / 4096 * 4096;
        let mut bytes = std::mem::take(&mut kept.bytes);
        let last = kept.offset..kept.offset + bytes.len() as u64;
        let shared = if last.contains(&start) {
            bytes.drain(..(start - last.start) as usize);
            bytes.len()
        } else {
            bytes.clear();
            0
        };
        let from = start + shared as u64;
        let length = (self.len() - from).min(BLOCK_BYTES as u64) as usize;
        crate::block::extend_with_zeros(&mut bytes, shared + length);
        let read = self.read_directly(from, &mut bytes[shared..]);
        if read.is_err() {
            bytes.clear();
            start = 0;
        }
        *kept = Kept { offset: start, bytes };
        read
    }
}

impl WritableStorage for WebStorage {
    fn write_at(&self, mut offset: u64, bytes: &[u8]) -> Result<()> {
        self.check_open()?;
        for part in bytes.chunks(REQUEST_BYTES) {
            let length = part.len();
            // The reader only reads from the memory of a write.
            ask(STORED_READER, Operation::Write, self.file, offset, part.as_ptr().cast_mut(), length)?;
            offset += length as u64;
        }
        self.len.fetch_max(offset, Ordering::SeqCst);
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        self.check_open()?;
        ask(STORED_READER, Operation::Flush, self.file, 0, std::ptr::null_mut(), 0).map(drop)
    }
}

fn ask_by_name(reader: usize, operation: Operation, name: &str) -> Result<Answer> {
    ask(reader, operation, 0, 0, name.as_ptr().cast_mut(), name.len())
}

/// Deletes the stored file `name`.
pub fn remove(name: &str) -> Result<()> {
    ask_by_name(STORED_READER, Operation::Remove, name).map(drop)
}

/// Room on the browser's storage.
pub fn space() -> Result<Space> {
    let mut bytes = [0u8; 16];
    ask(STORED_READER, Operation::Space, 0, 0, bytes.as_mut_ptr(), bytes.len())?;
    let number = |at: usize| {
        let mut word = [0u8; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        f64::from_le_bytes(word).max(0.0) as u64
    };
    Ok(Space { free: number(0), quota: number(8) })
}

/// Dropped and stored files.
pub fn list() -> Result<Vec<FileInfo>> {
    let mut capacity = 64 << 10;
    loop {
        let mut bytes = vec![0u8; capacity];
        let answer = ask(STORED_READER, Operation::List, 0, 0, bytes.as_mut_ptr(), bytes.len())?;
        let length = answer.result as usize;
        if length <= capacity {
            return serde_json::from_slice(&bytes[..length])
                .map_err(|error| Error::internal(format!("the list of files is not understood: {error}")));
        }
        capacity = length;
    }
}
