//! A file written to the browser's private storage through the engine's own request queue and read
//! back from it, in a worker, against a plain loop.
#![cfg(target_arch = "wasm32")]

use chunkbook::block::Block;
use chunkbook::dtype::DType;
use chunkbook::grid::Region;
use chunkbook::hdf5::{CreateDataset, File, Writer};
use chunkbook::web::queue::{use_local_reader, Operation};
use chunkbook::web::storage::WebStorage;
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

// A reader in plain sight: one file, opened beforehand, because opening is asynchronous.
#[wasm_bindgen(inline_js = r#"
let handle;
export async function open_handle(name) {
    const root = await navigator.storage.getDirectory();
    const file = await root.getFileHandle(name, { create: true });
    handle = await file.createSyncAccessHandle();
    handle.truncate(0);
}
export async function close_handle(name) {
    handle.close();
    await (await navigator.storage.getDirectory()).removeEntry(name);
}
export function serve(memory, address) {
    const slot = new Int32Array(memory.buffer, address, 16);
    const bytes = new Uint8Array(memory.buffer, slot[5] >>> 0, slot[6] >>> 0);
    const at = (slot[3] >>> 0) + (slot[4] >>> 0) * 2 ** 32;
    slot[7] = 0;
    switch (slot[1]) {
        case 1: if (handle.read(bytes, { at }) !== bytes.length) slot[7] = 5; break;
        case 2: handle.write(bytes, { at }); break;
        case 3: handle.flush(); break;
        case 4: { const size = handle.getSize(); slot[8] = size | 0; slot[9] = 0; slot[13] = 7; break; }
        case 5: slot[13] = 7; break;
    }
    Atomics.store(slot, 0, 4);
}
"#)]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn open_handle(name: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch)]
    async fn close_handle(name: &str) -> Result<(), JsValue>;
    fn serve(memory: &JsValue, address: u32);
}

#[wasm_bindgen_test]
async fn a_dataset_written_to_private_storage_reads_back_element_by_element() {
    open_handle("round-trip.hdf5").await.expect("private storage can be opened");
    let memory = wasm_bindgen::memory();
    let serve_here = Closure::<dyn Fn(u32)>::new(move |address| serve(&memory, address));
    use_local_reader(serve_here.as_ref().clone().unchecked_into());

    let storage = Arc::new(WebStorage::create("round-trip.hdf5").unwrap());
    let writer = Writer::create(storage.clone(), "round-trip.hdf5").unwrap();
    let spec = CreateDataset {
        shape: vec![100, 64],
        dtype: DType::F64,
        chunks: Some(vec![10, 64]),
        deflate: Some(4),
        shuffle: true,
        fletcher32: true,
        fill: None,
    };
    let dataset = writer.create_dataset("/data", &spec).unwrap();
    let value = |row: u64, column: u64| (row * 64 + column) as f64 / 3.0;
    for start in (0..100).step_by(10) {
        let rows: Vec<f64> = (0..640).map(|i| value(start + i / 64, i % 64)).collect();
        let block = Block::from_elements(DType::F64, &[10, 64], &rows).unwrap();
        dataset.write(&Region { start: vec![start, 0], count: vec![10, 64] }, &block).unwrap();
    }
    writer.close().unwrap();
    storage.finish(Operation::Commit).unwrap();

    let read = Arc::new(WebStorage::open("round-trip.hdf5").unwrap());
    let file = File::open(read, "round-trip.hdf5").unwrap();
    let source = file.dataset("/data").unwrap().source().unwrap();
    let block = source.read(&Region { start: vec![7, 3], count: vec![90, 60] }).unwrap();
    for (i, &element) in block.elements::<f64>().iter().enumerate() {
        assert_eq!(element, value(7 + i as u64 / 60, 3 + i as u64 % 60));
    }
    close_handle("round-trip.hdf5").await.expect("private storage can be closed");
}
