//! One error for the whole engine.
//!
//! An [`Error`] is opaque: callers ask it what it is with the `is_*` predicates or [`Error::kind`]
//! and show it with `Display`. Every message a user can cause says *what* was asked, *where* (the
//! file, dataset or argument), *why* it cannot be had, and what to do about it. Layers that know
//! more than the one that failed add it with [`Error::at`].

use std::fmt;

/// The result of anything in the engine that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure an [`Error`] is; each maps to one Python exception in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file with that name does not exist (`FileNotFoundError`).
    FileNotFound,
    /// The bytes are not what the format demands: not HDF5, truncated, damaged (`OSError`).
    InvalidFile,
    /// The storage refused to read or write (`OSError`).
    Storage,
    /// The storage has no room left (`OSError`, `ENOSPC`).
    StorageFull,
    /// The file is no longer what it was when it was opened (`OSError`).
    FileChanged,
    /// No object, attribute or graph key has that name (`KeyError`).
    Key,
    /// An index lies outside the array (`IndexError`).
    Index,
    /// A value is not acceptable, such as a wrong shape or chunk shape (`ValueError`).
    Value,
    /// A Python integer does not fit the element type it is to have (`OverflowError`).
    Overflow,
    /// An element type does not fit the operation, such as a sum of strings (`TypeError`).
    Type,
    /// More memory was asked for than there is (`MemoryError`).
    Memory,
    /// A part of the format, or an operation, that Chunkbook does not have (`NotImplementedError`).
    Unsupported,
    /// The user stopped the computation (`KeyboardInterrupt`).
    Interrupted,
    /// A bug in Chunkbook: a task panicked, an invariant did not hold (`RuntimeError`).
    Internal,
}

impl ErrorKind {
    /// The kind's name in messages between the engine and its hosts, such as `"file-not-found"`.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::FileNotFound => "file-not-found",
            ErrorKind::InvalidFile => "invalid-file",
            ErrorKind::Storage => "storage",
            ErrorKind::StorageFull => "storage-full",
            ErrorKind::FileChanged => "file-changed",
            ErrorKind::Key => "key",
            ErrorKind::Index => "index",
            ErrorKind::Value => "value",
            ErrorKind::Overflow => "overflow",
            ErrorKind::Type => "type",
            ErrorKind::Memory => "memory",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Interrupted => "interrupted",
            ErrorKind::Internal => "internal",
        }
    }
}

/// A failure, with its kind, its reason, and the places it passed on the way up.
///
/// It is one pointer wide, so `Result<T>` stays small, and cheap to clone, so one failed task can
/// be reported by everyone that waited for it.
#[derive(Clone)]
pub struct Error(std::sync::Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    /// Outermost place last, such as `["chunk (3, 0)", "dataset '/data'", "file 'a.hdf5'"]`.
    places: Vec<String>,
}

impl Error {
    /// An error of `kind`; `message` gives the reason and the remedy.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(std::sync::Arc::new(Inner { kind, message: message.into(), places: Vec::new() }))
    }

    /// This error with the place it happened at, from inside out: chunk, dataset, file.
    #[must_use]
    pub fn at(self, place: impl Into<String>) -> Error {
        let mut inner = std::sync::Arc::unwrap_or_clone(self.0);
        inner.places.push(place.into());
        Error(std::sync::Arc::new(inner))
    }

    /// The sort of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The reason and remedy, without the places.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the user stopped the computation.
    pub fn is_interrupted(&self) -> bool {
        self.0.kind == ErrorKind::Interrupted
    }

    /// Whether more memory was asked for than there is.
    pub fn is_memory(&self) -> bool {
        self.0.kind == ErrorKind::Memory
    }

    /// Whether this part of the format or operation is one that Chunkbook does not have.
    pub fn is_unsupported(&self) -> bool {
        self.0.kind == ErrorKind::Unsupported
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in self.0.places.iter().rev() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.0.kind)
    }
}

impl std::error::Error for Error {}

macro_rules! constructors {
    ($($name:ident => $kind:ident, $doc:literal;)*) => {
        impl Error {
            $(
                #[doc = $doc]
                pub fn $name(message: impl Into<String>) -> Error {
                    Error::new(ErrorKind::$kind, message)
                }
            )*
        }
    };
}

constructors! {
    file_not_found => FileNotFound, "An [`ErrorKind::FileNotFound`].";
    invalid_file => InvalidFile, "An [`ErrorKind::InvalidFile`].";
    storage => Storage, "An [`ErrorKind::Storage`].";
    storage_full => StorageFull, "An [`ErrorKind::StorageFull`].";
    file_changed => FileChanged, "An [`ErrorKind::FileChanged`].";
    key => Key, "An [`ErrorKind::Key`].";
    index => Index, "An [`ErrorKind::Index`].";
    value => Value, "An [`ErrorKind::Value`].";
    overflow => Overflow, "An [`ErrorKind::Overflow`].";
    type_error => Type, "An [`ErrorKind::Type`].";
    memory => Memory, "An [`ErrorKind::Memory`].";
    unsupported => Unsupported, "An [`ErrorKind::Unsupported`].";
    interrupted => Interrupted, "An [`ErrorKind::Interrupted`].";
    internal => Internal, "An [`ErrorKind::Internal`].";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_shown_outermost_first() {
        let error = Error::invalid_file("checksum does not match; the file is damaged")
            .at("chunk (3, 0)")
            .at("dataset '/data'")
            .at("file 'a.hdf5'");
        assert_eq!(
            error.to_string(),
            "file 'a.hdf5': dataset '/data': chunk (3, 0): checksum does not match; the file is damaged"
        );
        assert_eq!(error.kind().name(), "invalid-file");
    }
}
