//! The allocator of the WebAssembly module: it keeps small blocks for the thread that freed them.
//!
//! The standard library's allocator for WebAssembly is one heap behind a spinning lock. A task of one number allocates
//! and frees small blocks, so many once that two threads spent more on that lock than on their tasks. Blocks of up to
//! 512 bytes stay here with the thread that frees them, by size in steps of 16 bytes, as in the thread caches of
//! tcmalloc (Ghemawat & Menage 2005); everything else goes to the heap as before. Native builds have an allocator with
//! such a cache already, and only test this one.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

/// Bytes from one size of blocks to the next.
const STEP: usize = 16;
/// Sizes that are kept: of up to 512 bytes.
const SIZES: usize = 32;
/// Blocks of each size that a thread keeps: half a megabyte if it keeps all of all sizes.
const MOST_KEPT: usize = 64;
/// The alignment of all blocks that are kept: what the heap gives to any block.
const ALIGN: usize = 8;

/// Blocks of one size, the last freed on top. Not a list within the blocks: nothing here looks into them.
struct Kept {
    len: Cell<usize>,
    blocks: [Cell<*mut u8>; MOST_KEPT],
}

impl Kept {
    const fn none() -> Kept {
        Kept { len: Cell::new(0), blocks: [const { Cell::new(null_mut()) }; MOST_KEPT] }
    }

    fn take(&self) -> Option<*mut u8> {
        let top = self.len.get().checked_sub(1)?;
        self.len.set(top);
        self.blocks.get(top).map(Cell::get)
    }

    fn put(&self, block: *mut u8) -> bool {
        let top = self.len.get();
        let Some(place) = self.blocks.get(top) else { return false };
        place.set(block);
        self.len.set(top + 1);
        true
    }
}

thread_local! {
    // Constant and without a destructor, so that it needs no memory of its own and outlives every other thread local.
    static KEPT: [Kept; SIZES] = const { [const { Kept::none() }; SIZES] };
}

/// The number of the size that a block is kept as; nothing for larger and for more aligned ones.
fn size_number(layout: Layout) -> Option<usize> {
    let size = layout.size().div_ceil(STEP).checked_sub(1)?;
    (size < SIZES && layout.align() <= ALIGN).then_some(size)
}

/// What blocks of size number `size` are in the heap.
fn in_heap(size: usize) -> Option<Layout> {
    Layout::from_size_align((size + 1) * STEP, ALIGN).ok()
}

/// The heap of the standard library with what each thread keeps before it.
pub struct ThreadCache;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: ThreadCache = ThreadCache;

// Never inlined: these are called from everywhere, and would make the module larger.
//
// SAFETY: for each layout it is either the heap or the kept blocks that blocks of it come from and go to, as `size_number`
// depends on the layout alone. A block of size number `size` is one that the heap gave for `in_heap(size)`, which is at
// least as large and as aligned as any layout of that number. It is either with the caller or in one thread's `Kept`:
// `dealloc` puts it there once, when the caller has given it up, and `take` removes it before it is given again. Nothing
// here can panic, and nothing allocates.
unsafe impl GlobalAlloc for ThreadCache {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = size_number(layout);
        if let Some(block) = size.and_then(|size| KEPT.with(|kept| kept.get(size)?.take())) {
            return block;
        }
        // SAFETY: `layout` is the caller's, who promises that it is not empty; the one in the heap is not, either.
        unsafe { System.alloc(size.and_then(in_heap).unwrap_or(layout)) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if size_number(layout).is_none() {
            // SAFETY: as promised by the caller.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: as promised by the caller; the block has at least the bytes of `layout`.
        unsafe {
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let size = size_number(layout);
        let is_kept = size.and_then(|size| KEPT.with(|kept| Some(kept.get(size)?.put(block))));
        if is_kept != Some(true) {
            // SAFETY: the heap gave the block for this very layout, see above.
            unsafe { System.dealloc(block, size.and_then(in_heap).unwrap_or(layout)) }
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `new_size` with this alignment makes a layout.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        match (size_number(layout), size_number(new)) {
            // SAFETY: the heap gave the block for this very layout.
            (None, None) => unsafe { System.realloc(block, layout, new_size) },
            (Some(own), Some(other)) if own == other => block,
            // SAFETY: both blocks have the bytes that are copied, and a new one is not the old one.
            _ => unsafe {
                let moved = self.alloc(new);
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// A block that owns itself, filled with one byte.
    struct Filled {
        block: *mut u8,
        layout: Layout,
        byte: u8,
    }

    // SAFETY: it has the block to itself.
    unsafe impl Send for Filled {}

    impl Filled {
        fn new(layout: Layout, byte: u8) -> Filled {
            // SAFETY: the layout is not empty.
            let block = unsafe { ThreadCache.alloc(layout) };
            assert!(!block.is_null() && block.addr() % layout.align() == 0);
            // SAFETY: it was given for that many bytes.
            unsafe { block.write_bytes(byte, layout.size()) };
            Filled { block, layout, byte }
        }

        fn resize(&mut self, size: usize) {
            // SAFETY: the block is ours, of this layout, and the size is neither 0 nor too large.
            self.block = unsafe { ThreadCache.realloc(self.block, self.layout, size) };
            let had = self.layout.size().min(size);
            self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
            self.check(had);
            // SAFETY: it was made that many bytes large.
            unsafe { self.block.write_bytes(self.byte, size) };
        }

        fn check(&self, len: usize) {
            // SAFETY: that many bytes were written.
            let bytes = unsafe { std::slice::from_raw_parts(self.block, len) };
            assert!(bytes.iter().all(|&byte| byte == self.byte), "another block lies in it");
        }
    }

    impl Drop for Filled {
        fn drop(&mut self) {
            self.check(self.layout.size());
            // SAFETY: the block is ours, of this layout.
            unsafe { ThreadCache.dealloc(self.block, self.layout) };
        }
    }

    /// Gives back what this thread keeps: threads of the module never end, those of tests do.
    fn give_back() {
        KEPT.with(|kept| {
            for (size, kept) in kept.iter().enumerate() {
                while let Some(block) = kept.take() {
                    // SAFETY: it is a block of that size, which nobody has.
                    unsafe { System.dealloc(block, in_heap(size).unwrap()) };
                }
            }
        });
    }

    /// Numbers without pattern (Marsaglia 2003, xorshift).
    fn next(state: &mut u32) -> usize {
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;
        *state as usize
    }

    #[test]
    fn blocks_of_any_size_and_alignment_hold_what_was_written_whoever_frees_them() {
        let rounds = if cfg!(miri) { 200 } else { 20_000 };
        let (give, taken) = mpsc::channel::<Filled>();
        let other = std::thread::spawn(move || {
            let mut held = vec![];
            for (number, mut block) in taken.into_iter().enumerate() {
                block.resize(1 + number % 700);
                held.push(block);
                held.truncate(100);
            }
            drop(held);
            give_back();
        });
        let mut state = 1;
        let mut held: Vec<Filled> = vec![];
        for round in 0..rounds {
            let layout = Layout::from_size_align(1 + next(&mut state) % 600, 1 << (next(&mut state) % 6)).unwrap();
            held.push(Filled::new(layout, round as u8));
            let at = next(&mut state) % held.len();
            match next(&mut state) % 4 {
                0 => give.send(held.swap_remove(at)).unwrap(),
                1 => held[at].resize(1 + next(&mut state) % 600),
                _ if held.len() > 300 => drop(held.split_off(150)),
                _ => drop(held.swap_remove(at)),
            }
        }
        drop((held, give));
        other.join().unwrap();
        give_back();
    }

    #[test]
    fn a_block_that_was_freed_is_given_again_and_zeroed_where_zeros_were_asked_for() {
        let layout = Layout::from_size_align(100, 8).unwrap();
        let address = Filled::new(layout, 7).block;
        // SAFETY: the layout is not empty.
        let block = unsafe { ThreadCache.alloc_zeroed(layout) };
        assert_eq!(block, address);
        Filled { block, layout, byte: 0 }.check(100);
        give_back();
    }

    #[test]
    fn a_thread_keeps_no_more_than_its_share() {
        let layout = Layout::from_size_align(48, 8).unwrap();
        drop((0..3 * MOST_KEPT).map(|_| Filled::new(layout, 1)).collect::<Vec<_>>());
        assert_eq!(KEPT.with(|kept| kept[2].len.get()), MOST_KEPT);
        give_back();
    }
}
