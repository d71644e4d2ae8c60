//! Other files that a file names: where its external links lead.

use crate::error::Result;
use crate::storage::{FileStorage, Storage};
use std::path::PathBuf;
use std::sync::Arc;

/// The files beside an open one, for what it names but does not hold.
pub trait Neighbours: Send + Sync {
    /// Opens the file `name`: as the referring file gives it, or behind that file's folder.
    ///
    /// # Errors
    /// A file-not-found error when there is none of that name, upon which other names are tried.
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>>;
}

/// A folder of the operating system as the place where neighbours are.
pub struct Folder {
    folder: PathBuf,
}

impl Folder {
    /// Names are relative to `folder`; to the working folder where that is empty.
    pub fn new(folder: impl Into<PathBuf>) -> Folder {
        Folder { folder: folder.into() }
    }
}

impl Neighbours for Folder {
    fn open(&self, name: &str) -> Result<Arc<dyn Storage>> {
        Ok(Arc::new(FileStorage::open(self.folder.join(name))?))
    }
}

/// The names under which `name` is looked for when the file `referrer` names it, each once: in the
/// referrer's folder and as given, as HDF5 does, and by its last part alone, since a file that was
/// dropped on a page has lost its folder.
pub(super) fn candidates(referrer: &str, name: &str) -> Vec<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let folder = referrer.rfind('/').map_or("", |slash| &referrer[..=slash]);
    let absolute = name.starts_with('/');
    let mut names = vec![name.to_string(), format!("{folder}{last}"), last.to_string()];
    if !absolute {
        names.insert(0, format!("{folder}{name}"));
    }
    let mut kept: Vec<String> = Vec::new();
    for name in names {
        if !name.is_empty() && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_tried_in_the_referrers_folder_then_as_given_then_by_its_last_part() {
        assert_eq!(candidates("runs/a.h5", "raw/b.h5"), ["runs/raw/b.h5", "raw/b.h5", "runs/b.h5", "b.h5"]);
        assert_eq!(candidates("a.h5", "b.h5"), ["b.h5"]);
        assert_eq!(candidates("a.h5", "/data/b.h5"), ["/data/b.h5", "b.h5"]);
    }
}
