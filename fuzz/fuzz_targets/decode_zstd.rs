//! Chunks filtered with zstd (32015).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(32015);
