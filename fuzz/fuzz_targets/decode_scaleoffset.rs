//! Chunks filtered with scaleoffset (6).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(6);
