//! What a session asks of the place it runs in: files, a clock, and someone who watches.

use crate::error::{Error, Result};
use crate::execute::TaskRecord;
use crate::hdf5::{Folder, Neighbours};
use crate::storage::{FileStorage, Storage, WritableFile, WritableStorage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A file that can be opened by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileInfo {
    /// The name `h5py.File` takes.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// `dropped`: read where it lies; `stored`: in the host's own storage.
    pub kind: String,
}

/// Room on the host's storage, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Space {
    /// Bytes that can still be written.
    pub free: u64,
    /// Bytes there are in all.
    pub quota: u64,
}

/// What is under way, for a progress bar: `Progress` of `www/src/protocol.ts`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProgressReport {
    /// What runs, such as `sum of testdata.hdf5:/data`.
    pub label: String,
    /// Tasks (or chunks written) done.
    pub done: u64,
    /// Tasks in all; 0 where it is not known.
    pub total: u64,
    /// Bytes read or written so far.
    pub bytes: u64,
    /// Milliseconds since the start.
    pub elapsed: f64,
    /// Bytes of memory in use.
    pub memory: u64,
}

/// What happened in a computation since its last update.
pub struct ComputationUpdate<'a> {
    /// `ComputationUpdate` of `www/src/protocol.ts` as JSON, without the tasks.
    pub json: String,
    /// The tasks that have ended, in that order.
    pub finished: &'a [TaskRecord],
}

/// The world around a session.
pub trait Host {
    /// Opens the file `name` for reading.
    ///
    /// # Errors
    /// A file-not-found error when there is none.
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>>;

    /// The files that links of an open file may lead to, from any thread.
    fn neighbours(&self) -> Arc<dyn Neighbours>;

    /// Creates the file `name`; it replaces one of that name once [`Host::commit`] is called.
    fn create(&self, name: &str) -> Result<Arc<dyn WritableStorage>>;

    /// Keeps a file created under `name`, now complete. Where that fails, nothing of it is left.
    fn commit(&self, name: &str) -> Result<()>;

    /// Drops a file created under `name`, as if it had never been begun.
    fn discard(&self, name: &str) -> Result<()>;

    /// Deletes the file `name`.
    fn remove(&self, name: &str) -> Result<()>;

    /// The files there are.
    fn files(&self) -> Result<Vec<FileInfo>>;

    /// Room on the storage.
    fn space(&self) -> Result<Space>;

    /// Whether the user asked for the running cell to stop.
    fn interrupted(&self) -> bool;

    /// Takes note of progress; `None` when the computation has ended.
    fn progress(&self, report: Option<&ProgressReport>);

    /// Takes note of what a computation does: about every 50 ms, and once at its end.
    fn computation(&self, update: &ComputationUpdate<'_>);

    /// Bytes of memory the program holds; 0 where the host cannot tell.
    fn memory_used(&self) -> u64;

    /// Bytes of it in which parts of files are kept.
    fn cached_bytes(&self) -> u64 {
        0
    }

    /// Chunks that were reduced where they are read, so far.
    fn reduced_chunks(&self) -> u64 {
        0
    }
}

/// A folder of the operating system as a host, for native programs and tests.
pub struct FolderHost {
    folder: PathBuf,
}

impl FolderHost {
    /// Files are those directly in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> FolderHost {
        FolderHost { folder: folder.into() }
    }

    fn partial(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.partial"))
    }
}

fn failed(name: &str, error: &std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::file_not_found(format!("no file named '{name}'")),
        _ => Error::storage(format!("'{name}': {error}")),
    }
}

impl Host for FolderHost {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(FileStorage::open(self.folder.join(name))?))
    }

    fn neighbours(&self) -> Arc<dyn Neighbours> {
        Arc::new(Folder::new(&self.folder))
    }

    fn create(&self, name: &str) -> Result<Arc<dyn WritableStorage>> {
        Ok(Arc::new(WritableFile::create(self.partial(name))?))
    }

    fn commit(&self, name: &str) -> Result<()> {
        std::fs::rename(self.partial(name), self.folder.join(name)).map_err(|error| {
            let _ = self.discard(name);
            failed(name, &error)
        })
    }

    fn discard(&self, name: &str) -> Result<()> {
        std::fs::remove_file(self.partial(name)).map_err(|error| failed(name, &error))
    }

    fn remove(&self, name: &str) -> Result<()> {
        std::fs::remove_file(self.folder.join(name)).map_err(|error| failed(name, &error))
    }

    fn files(&self) -> Result<Vec<FileInfo>> {
        let entries = std::fs::read_dir(&self.folder).map_err(|error| failed(".", &error))?;
        let mut files: Vec<FileInfo> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok()?;
                let name = entry.file_name().into_string().ok()?;
                (metadata.is_file() && !name.ends_with(".partial")).then(|| FileInfo {
                    name,
                    size: metadata.len(),
                    kind: "stored".into(),
                })
            })
            .collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }

    fn space(&self) -> Result<Space> {
        // The standard library cannot tell; a native program has the operating system's own tools.
        Ok(Space { free: u64::MAX >> 12, quota: u64::MAX >> 12 })
    }

    fn interrupted(&self) -> bool {
        false
    }

    fn progress(&self, _report: Option<&ProgressReport>) {}

    fn computation(&self, _update: &ComputationUpdate<'_>) {}

    fn memory_used(&self) -> u64 {
        0
    }
}
