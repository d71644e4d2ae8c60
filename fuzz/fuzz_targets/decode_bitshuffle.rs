//! Chunks filtered with bitshuffle (32008).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(32008);
