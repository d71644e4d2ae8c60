//! Files of the operating system, for native programs and tests.
use super::{Storage, WritableStorage};
use crate::error::{Error, Result};
use std::fs::File;
use std::path::Path;

/// A file opened for reading.
pub struct FileStorage {
    file: File,
    len: u64,
    version: u64,
}

impl FileStorage {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// A file-not-found or storage error that names the path.
    pub fn open(path: impl AsRef<Path>) -> Result<FileStorage> {
        let path = path.as_ref();
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::file_not_found(format!("no such file: '{}'", path.display())),
            _ => Error::storage(format!("cannot open '{}': {error}", path.display())),
        };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(Error::storage(format!("'{}' is a folder, not a file", path.display())));
        }
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Ok(FileStorage { file, len: metadata.len(), version: changed.map_or(0, |time| time.as_nanos() as u64) })
    }
}

impl Storage for FileStorage {
    fn len(&self) -> u64 {
        self.len
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, offset, out)
    }
}

/// A file opened for writing, emptied.
pub struct WritableFile {
    file: File,
}

impl WritableFile {
    /// Creates the file at `path`, or empties it.
    ///
    /// # Errors
    /// A storage error that names the path.
    pub fn create(path: impl AsRef<Path>) -> Result<WritableFile> {
        let path = path.as_ref();
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .map_err(|error| Error::storage(format!("cannot create '{}': {error}", path.display())))?;
        Ok(WritableFile { file })
    }
}

impl Storage for WritableFile {
    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, offset, out)
    }
}

impl WritableStorage for WritableFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        write_all_at(&self.file, offset, bytes)
    }

    fn flush(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| Error::storage(format!("flush failed: {error}")))
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, offset: u64, out: &mut [u8]) -> Result<()> {
    use std::os::unix::fs::FileExt;
    file.read_exact_at(out, offset).map_err(|error| read_failed(offset, out.len(), &error))
}

#[cfg(unix)]
fn write_all_at(file: &File, offset: u64, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::FileExt;
    file.write_all_at(bytes, offset).map_err(|error| write_failed(&error))
}

/// Without positioned reads the cursor is shared, so readers take turns.
#[cfg(not(unix))]
static CURSOR: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(not(unix))]
fn read_exact_at(mut file: &File, offset: u64, out: &mut [u8]) -> Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let _turn = CURSOR.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.read_exact(out))
        .map_err(|error| read_failed(offset, out.len(), &error))
}

#[cfg(not(unix))]
fn write_all_at(mut file: &File, offset: u64, bytes: &[u8]) -> Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    let _turn = CURSOR.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(bytes)).map_err(|error| write_failed(&error))
}

fn read_failed(offset: u64, len: usize, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        Error::invalid_file(format!("the file ends before byte {}: it is truncated", offset.saturating_add(len as u64)))
    } else {
        Error::storage(format!("reading {len} bytes at {offset} failed: {error}"))
    }
}

fn write_failed(error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::StorageFull {
        Error::storage_full("no space left on the device")
    } else {
        Error::storage(format!("write failed: {error}"))
    }
}
