//! Chunks filtered with blosc (32001).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(32001);
