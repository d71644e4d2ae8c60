//! Chunks filtered with fletcher32 (3).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(3);
