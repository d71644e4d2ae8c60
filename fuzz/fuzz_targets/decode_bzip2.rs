//! Chunks filtered with bzip2 (307).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(307);
