//! Requests from compute threads to the workers that own files.
//!
//! No JavaScript object reaches a rayon thread: it never returns to its event loop. So a thread
//! that needs bytes writes a request into a slot of shared memory, wakes the reader worker that
//! owns the file, and sleeps until the slot says done. The reader reads straight into the
//! requester's memory. `www/src/io/slots.ts` is the other side of this layout.
//!
//! Without cross-origin isolation there is one thread and no other worker can see this memory;
//! the same slot is then served by a function on the kernel's own thread.

use crate::error::{Error, ErrorKind, Result};
use js_sys::{Atomics, Function, Int32Array, WebAssembly};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use wasm_bindgen::prelude::*;

/// Reader workers that can be asked.
pub const READERS: usize = 4;
/// Requests under way at one reader: a thread has a few at most, so more than the threads there can be.
const SLOTS: usize = 64;
/// 32-bit words of a slot.
const WORDS: usize = 16;
/// Bytes of a reader's words on why it failed, at most.
const MESSAGE: usize = 512;

const STATE: usize = 0;
const OPERATION: usize = 1;
const FILE: usize = 2;
const OFFSET_LOW: usize = 3;
const OFFSET_HIGH: usize = 4;
const POINTER: usize = 5;
const LENGTH: usize = 6;
const STATUS: usize = 7;
const RESULT_LOW: usize = 8;
const RESULT_HIGH: usize = 9;
const MESSAGE_POINTER: usize = 10;
const MESSAGE_CAPACITY: usize = 11;
const MESSAGE_LENGTH: usize = 12;
const EXTRA: usize = 13;
const VERSION_LOW: usize = 14;
const VERSION_HIGH: usize = 15;

/// Set in the extra word of an opened file that was dropped; ids are smaller.
const DROPPED: i32 = 0x4000_0000;

const FREE: i32 = 0;
const CLAIMED: i32 = 1;
const PENDING: i32 = 2;
const DONE: i32 = 4;

/// What a reader is asked to do; the numbers are `Operation` in `www/src/io/slots.ts`.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub enum Operation {
    /// Read `length` bytes at `offset` of `file` to `pointer`.
    Read = 1,
    /// Write `length` bytes from `pointer` at `offset` of `file`.
    Write = 2,
    /// Make what was written to `file` durable.
    Flush = 3,
    /// Open the file named at `pointer`; the result is its size, the extra word its id, the version
    /// the time of its last change.
    Open = 4,
    /// Create the file named at `pointer`; the extra word is its id.
    Create = 5,
    /// Close `file`; one that was created gets its name now.
    Commit = 6,
    /// Close `file` without keeping it, if it was created.
    Discard = 7,
    /// Delete the stored file named at `pointer`.
    Remove = 8,
    /// Write free and total bytes of the storage, as two 64-bit floats, to `pointer`.
    Space = 9,
    /// Write the list of files as JSON to `pointer`, `length` bytes at most; the result is its length.
    List = 10,
    /// Reduce `length` bytes at `offset` of `file` as the words at `pointer` say, see `pushdown.rs`; the result is how many
    /// microseconds of that were not reading.
    Reduce = 11,
}

/// The words that compute threads and reader workers share.
#[repr(C, align(64))]
struct Reader {
    /// Counts requests; a reader sleeps on it.
    wake: AtomicI32,
    /// Counts messages that wait in the reader's event loop; counted up by JavaScript.
    mail: AtomicI32,
    padding: [AtomicI32; 14],
    slots: [[AtomicI32; WORDS]; SLOTS],
}

static QUEUE: [Reader; READERS] = [const {
    Reader {
        wake: AtomicI32::new(0),
        mail: AtomicI32::new(0),
        padding: [const { AtomicI32::new(0) }; 14],
        slots: [const { [const { AtomicI32::new(0) }; WORDS] }; SLOTS],
    }
}; READERS];

/// Whether requests go to reader workers (true) or to [`LOCAL`].
static SHARED: AtomicBool = AtomicBool::new(false);
/// Readers there are, for spreading requests.
static ACTIVE_READERS: AtomicU32 = AtomicU32::new(1);

thread_local! {
    /// Serves a slot on this thread: `(address of the slot) => void`. Set on the kernel's thread.
    static LOCAL: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Address of the queue of reader `index` in wasm memory.
#[wasm_bindgen(js_name = queueAddress)]
pub fn queue_address(index: usize) -> usize {
    std::ptr::from_ref(&QUEUE[index]) as usize
}

/// Sends requests to `readers` workers that serve the queues of shared memory.
#[wasm_bindgen(js_name = useReaders)]
pub fn use_readers(readers: u32) {
    ACTIVE_READERS.store(readers.clamp(1, READERS as u32), Ordering::SeqCst);
    SHARED.store(true, Ordering::SeqCst);
}

/// Serves requests by `serve(address of the slot)` on this thread, which is then the only one.
#[wasm_bindgen(js_name = useLocalReader)]
pub fn use_local_reader(serve: Function) {
    LOCAL.with(|local| *local.borrow_mut() = Some(serve));
    SHARED.store(false, Ordering::SeqCst);
}

/// Number of reader workers that requests can be spread over.
pub(super) fn active_readers() -> u32 {
    ACTIVE_READERS.load(Ordering::Relaxed)
}

/// Whether readers serve requests by themselves, and not the thread that asks.
pub(super) fn is_shared() -> bool {
    SHARED.load(Ordering::Relaxed)
}

/// A request and what came back.
pub(super) struct Answer {
    /// Bytes read or written, the size of the file opened, the bytes of a list, or the microseconds of a reduction.
    pub result: u64,
    /// The id of the file opened or created; for a file opened, its kind is in [`Answer::dropped`].
    pub extra: i32,
    /// Whether the file opened is a dropped one, which every reader can read.
    pub dropped: bool,
    /// When the file opened was last changed, in milliseconds.
    pub version: u64,
}

/// Asks reader `reader` and waits for the answer.
///
/// `memory` is where it reads to or writes from, or for [`Operation::Reduce`] the words of that; it stays borrowed, and
/// so in place, until then.
///
/// # Errors
/// Those that the reader tells, by its words; see [`Request::wait`].
pub(super) fn ask(
    reader: usize,
    operation: Operation,
    file: i32,
    offset: u64,
    memory: *mut u8,
    length: usize,
) -> Result<Answer> {
    post(reader, operation, file, offset, memory, length).wait()
}

/// Asks reader `reader` for the bytes at `offset` of `file`, which it puts into `out` while the caller goes on.
pub(super) fn start_read(reader: usize, file: i32, offset: u64, out: &mut [u8]) -> Request<'_> {
    post(reader, Operation::Read, file, offset, out.as_mut_ptr(), out.len())
}

/// A request under way, which has the memory it reads to or writes from until it is answered.
pub(super) struct Request<'a> {
    slot: &'static [AtomicI32; WORDS],
    /// Where the reader writes why it failed.
    message: Box<[u8; MESSAGE]>,
    memory: PhantomData<&'a mut [u8]>,
}

fn post<'a>(
    reader: usize,
    operation: Operation,
    file: i32,
    offset: u64,
    memory: *mut u8,
    length: usize,
) -> Request<'a> {
    let queue = &QUEUE[reader];
    let slot = claim(queue);
    let mut message = Box::new([0u8; MESSAGE]);
    let set = |word: usize, value: i32| slot[word].store(value, Ordering::Relaxed);
    set(OPERATION, operation as i32);
    set(FILE, file);
    set(OFFSET_LOW, offset as u32 as i32);
    set(OFFSET_HIGH, (offset >> 32) as u32 as i32);
    set(POINTER, memory as usize as i32);
    set(LENGTH, length as i32);
    set(MESSAGE_POINTER, message.as_mut_ptr() as usize as i32);
    set(MESSAGE_CAPACITY, message.len() as i32);
    set(MESSAGE_LENGTH, 0);
    slot[STATE].store(PENDING, Ordering::SeqCst);
    if is_shared() {
        queue.wake.fetch_add(1, Ordering::SeqCst);
        let _ = Atomics::notify(&shared_words(), word_index(&queue.wake));
    }
    Request { slot, message, memory: PhantomData }
}

impl Request<'_> {
    /// Waits for the answer.
    ///
    /// # Errors
    /// What the reader tells: that a file is not there, has changed or ends too early, that storage is full or fails, or
    /// that a name is none. An internal error where files are asked for on another thread than the kernel's and there
    /// are no readers.
    pub(super) fn wait(self) -> Result<Answer> {
        let slot = self.slot;
        self.settle()?;
        let get = |word: usize| slot[word].load(Ordering::Relaxed);
        let answer = Answer {
            result: wide(get(RESULT_LOW), get(RESULT_HIGH)),
            version: wide(get(VERSION_LOW), get(VERSION_HIGH)),
            extra: get(EXTRA) & !DROPPED,
            dropped: get(EXTRA) & DROPPED != 0,
        };
        let kind = match get(STATUS) {
            0 => return Ok(answer),
            1 => ErrorKind::FileNotFound,
            2 => ErrorKind::StorageFull,
            3 => ErrorKind::FileChanged,
            4 => ErrorKind::Value,
            5 => ErrorKind::InvalidFile,
            _ => ErrorKind::Storage,
        };
        let length = (get(MESSAGE_LENGTH).max(0) as usize).min(MESSAGE);
        Err(Error::new(kind, String::from_utf8_lossy(&self.message[..length])))
    }

    /// Returns once the reader has done with the request's memory.
    fn settle(&self) -> Result<()> {
        let slot = self.slot;
        if is_shared() {
            let words = shared_words();
            while slot[STATE].load(Ordering::SeqCst) == PENDING {
                // Returns at once with "not-equal" when the answer came in between; a spurious wake loops.
                let _ = Atomics::wait(&words, word_index(&slot[STATE]), PENDING);
            }
            return Ok(());
        }
        if slot[STATE].load(Ordering::SeqCst) == DONE {
            return Ok(());
        }
        let address = slot.as_ptr() as usize as u32;
        LOCAL.with(|local| match &*local.borrow() {
            Some(serve) => serve
                .call1(&JsValue::NULL, &address.into())
                .map(drop)
                .map_err(|thrown| Error::internal(format!("the file reader failed: {thrown:?}; reload the page"))),
            None => Err(Error::internal("files can only be reached from the kernel's thread; reload the page")),
        })
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let _ = self.settle();
        self.slot[STATE].store(FREE, Ordering::SeqCst);
    }
}

fn wide(low: i32, high: i32) -> u64 {
    u64::from(low as u32) | (u64::from(high as u32) << 32)
}

fn claim(queue: &'static Reader) -> &'static [AtomicI32; WORDS] {
    loop {
        for slot in &queue.slots {
            if slot[STATE].compare_exchange(FREE, CLAIMED, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                return slot;
            }
        }
        std::hint::spin_loop();
    }
}

/// All of wasm memory as 32-bit words. Made anew for each request: growing memory detaches no
/// shared buffer, but an old view does not reach the new end.
fn shared_words() -> Int32Array {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    Int32Array::new(&memory.buffer())
}

fn word_index(word: &AtomicI32) -> u32 {
    (word.as_ptr() as usize / 4) as u32
}
