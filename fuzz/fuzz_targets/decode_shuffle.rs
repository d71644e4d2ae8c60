//! Chunks filtered with shuffle (2).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(2);
