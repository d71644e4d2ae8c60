//! Chunks filtered with zfp (32013).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(32013);
