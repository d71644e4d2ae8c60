//! Opens a file, walks its tree and reads some of everything.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = chunkbook_fuzz::walk::read_all(bytes.to_vec());
});
