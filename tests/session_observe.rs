//! What a session tells its host of a computation: the updates that the page draws its views from.
#![cfg(not(target_arch = "wasm32"))]

use chunkbook::error::Result;
use chunkbook::hdf5::Neighbours;
use chunkbook::session::{ComputationUpdate, FileInfo, FolderHost, Host, Limits, ProgressReport, Session, Space};
use chunkbook::storage::{Storage, WritableStorage};
use serde_json::{json, Value};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A folder that keeps the updates, and tells a little more memory each time it is asked.
struct Keeping {
    folder: FolderHost,
    updates: Rc<RefCell<Vec<Value>>>,
    memory: RefCell<u64>,
}

impl Host for Keeping {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        self.folder.open(name)
    }

    fn neighbours(&self) -> Arc<dyn Neighbours> {
        self.folder.neighbours()
    }

    fn create(&self, name: &str) -> Result<Arc<dyn WritableStorage>> {
        self.folder.create(name)
    }

    fn commit(&self, name: &str) -> Result<()> {
        self.folder.commit(name)
    }

    fn discard(&self, name: &str) -> Result<()> {
        self.folder.discard(name)
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.folder.remove(name)
    }

    fn files(&self) -> Result<Vec<FileInfo>> {
        self.folder.files()
    }

    fn space(&self) -> Result<Space> {
        self.folder.space()
    }

    fn interrupted(&self) -> bool {
        false
    }

    fn progress(&self, _report: Option<&ProgressReport>) {}

    fn computation(&self, update: &ComputationUpdate<'_>) {
        let mut told: Value = serde_json::from_str(&update.json).unwrap();
        told["finished"] = json!(update.finished.len());
        self.updates.borrow_mut().push(told);
    }

    fn memory_used(&self) -> u64 {
        *self.memory.borrow_mut() += 1000;
        *self.memory.borrow()
    }
}

#[test]
fn the_last_update_has_the_sums_the_limit_and_what_arrays_hold() {
    let folder = tempfile::tempdir().unwrap();
    let updates = Rc::new(RefCell::new(vec![]));
    let host = Keeping { folder: FolderHost::new(folder.path()), updates: Rc::clone(&updates), memory: 0.into() };
    let limits = Limits { array_bytes: 1 << 20, ..Limits::for_tab(2) };
    let mut session = Session::new(Box::new(host), limits);
    let mut ok = |request: Value| -> Value {
        let answer: Value = serde_json::from_str(&session.dispatch(&request.to_string())).unwrap();
        assert!(answer.get("error").is_none(), "{request} -> {answer}");
        answer["ok"].clone()
    };
    ok(json!({"op": "np_seed", "seed": 0}));
    let array = ok(json!({"op": "np_random", "kind": "rand", "shape": [60, 10]}))["array"].clone();
    let lazy = ok(json!({"op": "da_from", "array": array, "chunks": [10, 10]}))["lazy"].clone();
    let std = ok(json!({"op": "da_reduce", "name": "std", "lazy": lazy}))["lazy"].clone();
    ok(json!({"op": "da_compute", "lazies": [std]}));
    let std_ends = updates.borrow().len();
    ok(json!({"op": "da_compute", "lazies": [lazy]}));
    assert_eq!(updates.borrow().last().unwrap()["arrays"], 2 * 60 * 10 * 8, "with the result's");

    let mut updates = updates.borrow_mut();
    updates.truncate(std_ends);
    let last = updates.last().unwrap();
    assert_eq!(last["ended"], json!({"error": null}));
    let (totals, outline) = (&last["totals"], &updates[0]["outline"]);
    let told: u64 = updates.iter().map(|update| update["finished"].as_u64().unwrap()).sum();
    assert_eq!(totals["ended"].as_u64(), Some(told));
    assert_eq!((&totals["failed"], &last["unrecorded"]), (&json!(0), &json!([])));
    assert_eq!(totals["slowest"].as_array().map(Vec::len), Some(10));
    assert_eq!(outline["limit"], 1 << 20);
    assert_eq!(last["arrays"], 60 * 10 * 8);
    assert!(last["memoryBefore"].as_u64() < last["memory"].as_u64(), "{last}");
    assert!(last["peak"].as_u64() <= outline["forecast"].as_u64(), "{last} {outline}");
    let label = outline["label"].as_str().unwrap();
    assert!(!label.is_empty() && !label.starts_with('_'), "{label:?}");
}
