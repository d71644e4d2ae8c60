//! Chunks filtered with deflate (1).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(1);
