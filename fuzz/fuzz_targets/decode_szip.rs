//! Chunks filtered with szip (4).
#![no_main]

chunkbook_fuzz::fuzz_decoder!(4);
