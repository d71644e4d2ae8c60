//! Chunks filtered with lzf (32000).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(32000);
