//! The browser's side of the engine: the only room that names `wasm_bindgen`, `js_sys`, `web_sys`.
//!
//! It holds no logic: [`WebSession`] hands requests to a [`Session`], [`WebHost`] is what the page
//! offers it, and [`queue`] carries reads, writes and reductions from compute threads to the workers that own
//! the files.

mod pushdown;
pub mod queue;
pub mod storage;

use crate::error::{Error, Result};
use crate::execute::TaskRecord;
use crate::hdf5::Neighbours;
use crate::session::{ComputationUpdate, FileInfo, Host, Limits, ProgressReport, Session, Space};
use crate::storage::{Storage, WritableStorage};
use queue::Operation;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use storage::WebStorage;
use wasm_bindgen::prelude::*;

pub use wasm_bindgen_rayon::init_thread_pool;

#[wasm_bindgen]
extern "C" {
    /// `EngineCallbacks` of `www/src/kernel/engine.ts`.
    pub type Callbacks;

    #[wasm_bindgen(method)]
    fn interrupted(this: &Callbacks) -> bool;

    #[wasm_bindgen(method)]
    fn progress(this: &Callbacks, report: Option<String>);

    #[wasm_bindgen(method)]
    fn computation(this: &Callbacks, update: String, finished: Vec<f64>);
}

thread_local! {
    /// The worker's clock and the moment it counts from, which each worker has its own of.
    static CLOCK: (web_sys::Performance, f64) = {
        let clock = js_sys::global().unchecked_into::<web_sys::WorkerGlobalScope>().performance();
        let clock = clock.expect("every worker has a clock");
        let origin = clock.time_origin();
        (clock, origin)
    };
}

/// A [`Session`] for the kernel worker.
///
/// wasm-bindgen catches panics at the border and wants to know that what they leave behind is sound:
/// [`Session::dispatch`] catches them itself, and says so.
#[wasm_bindgen(js_name = Session)]
pub struct WebSession(AssertUnwindSafe<Session>);

#[wasm_bindgen(js_class = Session)]
impl WebSession {
    /// A session that computes on `threads` threads, which must be running already when more than one.
    #[wasm_bindgen(constructor)]
    pub fn new(threads: usize, callbacks: Callbacks) -> WebSession {
        crate::clock::provide(|| CLOCK.with(|(clock, origin)| origin + clock.now()));
        let host = WebHost { callbacks, open: Arc::default(), created: RefCell::default() };
        WebSession(AssertUnwindSafe(Session::new(Box::new(host), Limits::for_tab(threads))))
    }

    /// Answers a request in JSON; see [`Session::dispatch`].
    pub fn dispatch(&mut self, request: &str) -> String {
        self.0.dispatch(request)
    }
}

/// What the page offers a session.
struct WebHost {
    callbacks: Callbacks,
    open: Arc<OpenFiles>,
    /// Files being written.
    created: RefCell<HashMap<String, Arc<WebStorage>>>,
}

/// Files open for reading, by cells or through links of other files, to be closed when their name gets
/// another content.
#[derive(Default)]
struct OpenFiles(Mutex<HashMap<String, Vec<Weak<WebStorage>>>>);

impl OpenFiles {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        // Asked anew each time: only the reader knows which file bears the name now.
        let storage = Arc::new(WebStorage::open(name)?);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let others = open.entry(name.into()).or_default();
        others.retain(|other| other.strong_count() > 0);
        others.push(Arc::downgrade(&storage));
        Ok(storage)
    }

    fn close(&self, name: &str) {
        // Taken out first: closing waits for a reader, which others that open files need not wait for.
        let readers = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        for storage in readers.unwrap_or_default() {
            if let Some(storage) = storage.upgrade() {
                storage.close();
            }
        }
    }
}

impl Neighbours for OpenFiles {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        // The shelf has no folders, and the browser's storage takes such a name for a mistake.
        if name.contains(['/', '\\']) {
            return Err(Error::file_not_found(format!("no file named '{name}'")));
        }
        OpenFiles::open(self, name)
    }
}

impl Host for WebHost {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        self.open.open(name)
    }

    fn neighbours(&self) -> Arc<dyn Neighbours> {
        Arc::clone(&self.open) as _
    }

    fn create(&self, name: &str) -> Result<Arc<dyn WritableStorage>> {
        let storage = Arc::new(WebStorage::create(name)?);
        self.created.borrow_mut().insert(name.into(), Arc::clone(&storage));
        Ok(storage)
    }

    fn commit(&self, name: &str) -> Result<()> {
        self.open.close(name);
        match self.created.borrow_mut().remove(name) {
            Some(storage) => storage.finish(Operation::Commit),
            None => Err(Error::internal(format!("'{name}' is not being written"))),
        }
    }

    fn discard(&self, name: &str) -> Result<()> {
        match self.created.borrow_mut().remove(name) {
            Some(storage) => storage.finish(Operation::Discard),
            None => Ok(()),
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.open.close(name);
        storage::remove(name)
    }

    fn files(&self) -> Result<Vec<FileInfo>> {
        storage::list()
    }

    fn space(&self) -> Result<Space> {
        storage::space()
    }

    fn interrupted(&self) -> bool {
        self.callbacks.interrupted()
    }

    fn progress(&self, report: Option<&ProgressReport>) {
        self.callbacks.progress(report.and_then(|report| serde_json::to_string(report).ok()));
    }

    fn computation(&self, update: &ComputationUpdate<'_>) {
        let flat = update.finished.iter().flat_map(TaskRecord::numbers).collect();
        self.callbacks.computation(update.json.clone(), flat);
    }

    fn memory_used(&self) -> u64 {
        // Wasm memory only grows: this is the most that was ever in use.
        core::arch::wasm32::memory_size(0) as u64 * 65_536
    }

    fn cached_bytes(&self) -> u64 {
        storage::kept_bytes()
    }

    fn reduced_chunks(&self) -> u64 {
        pushdown::reduced_chunks()
    }
}
