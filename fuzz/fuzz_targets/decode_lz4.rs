//! Chunks filtered with lz4 (32004).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(32004);
