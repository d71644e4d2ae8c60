//! Chunks filtered with nbit (5).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(5);
