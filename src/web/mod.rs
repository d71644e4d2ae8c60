//! The browser's side of the engine: the only room that names `wasm_bindgen`, `js_sys`, `web_sys`.
//!
//! It holds no logic: [`WebSession`] hands requests to a [`Session`], [`WebHost`] is what the page
//! offers it, and [`queue`] carries reads and writes from compute threads to the workers that own
//! the files.

pub mod queue;
pub mod storage;

use crate::error::{Error, Result};
use crate::session::{FileInfo, Host, Limits, ProgressReport, Session, Space};
use crate::storage::{Storage, WritableStorage};
use queue::Operation;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
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

    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
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
        let host = WebHost { callbacks, open: RefCell::default(), created: RefCell::default() };
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
    /// Files open for reading, to be closed when their name gets another content.
    open: RefCell<HashMap<String, Vec<Weak<WebStorage>>>>,
    /// Files being written.
    created: RefCell<HashMap<String, Arc<WebStorage>>>,
}

impl WebHost {
    fn close_readers(&self, name: &str) {
        for storage in self.open.borrow_mut().remove(name).unwrap_or_default() {
            if let Some(storage) = storage.upgrade() {
                storage.close();
            }
        }
    }
}

impl Host for WebHost {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        // Asked anew each time: only the reader knows which file bears the name now.
        let storage = Arc::new(WebStorage::open(name)?);
        let mut open = self.open.borrow_mut();
        let others = open.entry(name.into()).or_default();
        others.retain(|other| other.strong_count() > 0);
        others.push(Arc::downgrade(&storage));
        Ok(storage)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn WritableStorage>> {
        let storage = Arc::new(WebStorage::create(name)?);
        self.created.borrow_mut().insert(name.into(), Arc::clone(&storage));
        Ok(storage)
    }

    fn commit(&self, name: &str) -> Result<()> {
        self.close_readers(name);
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
        self.close_readers(name);
        storage::remove(name)
    }

    fn files(&self) -> Result<Vec<FileInfo>> {
        storage::list()
    }

    fn space(&self) -> Result<Space> {
        storage::space()
    }

    fn now(&self) -> f64 {
        performance_now()
    }

    fn interrupted(&self) -> bool {
        self.callbacks.interrupted()
    }

    fn progress(&self, report: Option<&ProgressReport>) {
        self.callbacks.progress(report.and_then(|report| serde_json::to_string(report).ok()));
    }

    fn memory_used(&self) -> u64 {
        // Wasm memory only grows: this is the most that was ever in use.
        core::arch::wasm32::memory_size(0) as u64 * 65_536
    }
}
