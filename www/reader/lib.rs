//! Reductions where files are read: the engine's own, in a module that each reader worker has for itself.
//!
//! A dropped file comes in buffers of the reader's. To have them reduced by the engine's threads, they are copied into
//! the memory that those share, which browsers do word by word, and are then fetched from another processor's cache.
//! Here they are copied as fast as can be into a memory that is nobody else's and reduced at once, by the same code, and
//! what crosses over is some words for a chunk. A stored file is read straight into that memory, and each piece is
//! reduced while it is in the processor's cache.
//!
//! `www/src/io/pushdown.ts` calls it; nothing here knows of JavaScript. Whatever goes wrong ends the module with a trap:
//! the reader then says that it could not, and the engine reads the bytes itself.
#![cfg(target_arch = "wasm32")]

use chunkbook::kernels::pushdown::Reducer;
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    /// What is wanted on the way in, what has come of it on the way out.
    static WORDS: RefCell<Vec<u64>> = const { RefCell::new(vec![]) };
    /// The chunk that each compute thread has here. One that was given up is there until the thread's next.
    static CHUNKS: RefCell<BTreeMap<u32, Reducer>> = const { RefCell::new(BTreeMap::new()) };
}

fn with_chunk<T>(thread: u32, use_it: impl FnOnce(&mut Reducer) -> T) -> T {
    CHUNKS.with_borrow_mut(|chunks| use_it(chunks.get_mut(&thread).unwrap()))
}

/// Where the words lie that are exchanged, of which there are to be `length`.
#[no_mangle]
pub extern "C" fn words(length: usize) -> *mut u64 {
    WORDS.with_borrow_mut(|words| {
        words.resize(length, 0);
        words.as_mut_ptr()
    })
}

/// Begins a chunk of `thread` as the words say.
#[no_mangle]
pub extern "C" fn begin(thread: u32) {
    let reducer = WORDS.with_borrow(|words| Reducer::new(words)).unwrap();
    CHUNKS.with_borrow_mut(|chunks| chunks.insert(thread, reducer));
}

/// Where the bytes of its next piece go.
#[no_mangle]
pub extern "C" fn piece(thread: u32) -> *mut u8 {
    with_chunk(thread, |chunk| chunk.piece().as_mut_ptr())
}

/// How many they are; 0 when there are no more.
#[no_mangle]
pub extern "C" fn piece_bytes(thread: u32) -> usize {
    with_chunk(thread, |chunk| chunk.piece().len())
}

/// Reduces the piece, all of which is there.
#[no_mangle]
pub extern "C" fn add(thread: u32) {
    with_chunk(thread, Reducer::add).unwrap();
}

/// Ends the chunk and puts what has come of it into the words; so many they are.
#[no_mangle]
pub extern "C" fn finish(thread: u32) -> usize {
    let chunk = CHUNKS.with_borrow_mut(|chunks| chunks.remove(&thread)).unwrap();
    let answer = chunk.finish().unwrap();
    let length = answer.len();
    WORDS.set(answer);
    length
}
