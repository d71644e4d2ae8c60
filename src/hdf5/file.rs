//! An HDF5 file opened for reading: its tree of groups and datasets.

use super::adapter::{convert, guarded, Bytes};
use super::attribute::{self, AttributeValue};
use super::cursor::Cursor;
use super::dataset::Dataset;
use super::datatype::Datatype;
use super::header::{Header, Message, Shared, Widths};
use super::links::{Links, Target};
use super::neighbours::{self, Neighbours};
use super::paths;
use super::virtual_map::Nesting;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::Storage;
use hdf5_reader::messages as ids;
use hdf5_reader::superblock::Superblock;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// What a path of a file leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A group of further objects.
    Group,
    /// A dataset.
    Dataset,
    /// A committed datatype, or something that cannot be read.
    Other,
}

/// One entry of a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name in the group.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The other file it lies in, where an external link leads there.
    pub file: Option<String>,
    /// Its [`File::object_id`], if it can be opened.
    pub object_id: Option<String>,
    /// Why it cannot be opened, if it cannot.
    pub error: Option<Error>,
}

/// What a name in a group is, whether or not something is found where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// An object of this file.
    Hard,
    /// A path of this file.
    Soft {
        /// The path as it was given, relative to the link's group unless it begins with a slash.
        path: String,
    },
    /// A path of another file.
    External {
        /// The file's name as it was given.
        file: String,
        /// The path in it.
        path: String,
    },
}

/// An HDF5 file opened for reading. Cheap to clone; usable from any thread.
#[derive(Clone)]
pub struct File {
    inner: Arc<Inner>,
}

struct Inner {
    bytes: Bytes,
    widths: Widths,
    root: u64,
    extension: Option<u64>,
    name: String,
    groups: Mutex<Groups>,
    paths: OnceLock<HashMap<u64, String>>,
    family: Arc<Family>,
}

/// Links of groups that were read, so that each is read once while there is room.
#[derive(Default)]
struct Groups {
    by_address: HashMap<u64, Arc<Links>>,
    /// How many links they have together.
    links: usize,
}

impl Groups {
    /// Links kept before all are forgotten: any number of groups may share one list in the file.
    const MAX_LINKS: usize = 1 << 20;

    fn keep(&mut self, address: u64, links: &Arc<Links>) {
        if self.links > Groups::MAX_LINKS {
            *self = Groups::default();
        }
        self.links += links.len();
        self.by_address.insert(address, Arc::clone(links));
    }
}

/// The files that links between them have led to, so that each is opened once while it is in use.
#[derive(Default)]
struct Family {
    neighbours: Option<Arc<dyn Neighbours>>,
    /// By the name it was opened under. Weak, since each of them holds the family.
    files: Mutex<HashMap<String, Weak<Inner>>>,
}

/// An object found at the end of a path.
#[derive(Clone)]
pub(super) struct Object {
    /// The file it is in, which an external link may have changed.
    pub(super) file: File,
    /// Its path in that file.
    pub(super) path: String,
    pub(super) address: u64,
    pub(super) header: Arc<Header>,
}

/// Soft and external links followed on the way to one object before it is called a circle.
const MAX_LINKS: u32 = 40;

impl File {
    /// Opens the file in `storage`; `name` is what messages call it.
    ///
    /// # Errors
    /// An invalid-file error that says whether it is no HDF5 file, a truncated one, or a damaged one.
    pub fn open(storage: Arc<dyn Storage>, name: &str) -> Result<File> {
        File::open_in(Arc::default(), storage, name)
    }

    /// Opens the file in `storage` as [`File::open`] does; external links lead into `neighbours`.
    ///
    /// # Errors
    /// As those of [`File::open`]; a neighbour is opened only when a link to it is followed.
    pub fn open_among(storage: Arc<dyn Storage>, name: &str, neighbours: Arc<dyn Neighbours>) -> Result<File> {
        let family = Family { neighbours: Some(neighbours), ..Family::default() };
        File::open_in(Arc::new(family), storage, name)
    }

    fn open_in(family: Arc<Family>, storage: Arc<dyn Storage>, name: &str) -> Result<File> {
        let file = guarded(|| File::open_unnamed(Arc::clone(&family), storage, name))
            .map_err(|error| error.at(format!("file '{name}'")))?;
        let mut files = family.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|_, file| file.strong_count() > 0);
        files.insert(name.into(), Arc::downgrade(&file.inner));
        Ok(file)
    }

    fn open_unnamed(family: Arc<Family>, storage: Arc<dyn Storage>, name: &str) -> Result<File> {
        let whole = Bytes::new(Arc::clone(&storage), 0);
        if storage.is_empty() {
            return Err(Error::invalid_file("not an HDF5 file: it is empty"));
        }
        let superblock = Superblock::parse_from_storage(&whole).map_err(|error| match error {
            hdf5_reader::error::Error::InvalidMagic => not_hdf5(&whole),
            other => convert(other),
        })?;
        let base = superblock.base_address;
        let bytes = Bytes::new(storage, base);
        check_length(&bytes, &superblock, base)?;
        let widths = Widths { offset: superblock.offset_size, length: superblock.length_size };
        if !matches!(widths.offset, 2 | 4 | 8) || !matches!(widths.length, 2 | 4 | 8) {
            return Err(Error::unsupported(format!(
                "addresses of {} and lengths of {} bytes are not known",
                widths.offset, widths.length
            )));
        }
        let root = superblock.root_object_header_address().map_err(convert)?;
        let inner = Inner {
            bytes,
            widths,
            root,
            extension: superblock.extension_address,
            name: name.into(),
            groups: Mutex::default(),
            paths: OnceLock::new(),
            family,
        };
        let file = File { inner: Arc::new(inner) };
        file.links(&file.root()?)?;
        Ok(file)
    }

    /// The name given when it was opened.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// A path to the object at `address`, where hard links lead to it from the root.
    pub(super) fn path_at(&self, address: u64) -> Option<String> {
        self.inner.paths.get_or_init(|| paths::by_address(self)).get(&address).cloned()
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.inner.bytes
    }

    pub(super) fn widths(&self) -> Widths {
        self.inner.widths
    }

    /// What `path` leads to.
    ///
    /// # Errors
    /// A key error when there is no such object; an invalid-file error when it cannot be read.
    pub fn kind(&self, path: &str) -> Result<Kind> {
        self.located(path, |file| Ok(kind_of(&file.find(path)?.header)))
    }

    /// The entries of the group at `path`, in h5py's order: by name, or by creation where the group
    /// tracks it. One that cannot be opened is listed with its error.
    ///
    /// # Errors
    /// A key error when there is no such object; a type error when it is no group.
    pub fn members(&self, path: &str) -> Result<Vec<Member>> {
        self.located(path, |file| {
            let group = file.find(path)?;
            let links = group.file.links(&group)?;
            // Kept until all are found, so that a file with several links to it is opened once.
            let found: Vec<_> = links
                .iter()
                .map(|(name, target)| (name.clone(), group.file.follow(target, &group, &Cell::new(0))))
                .collect();
            let member = |(name, object): (String, Result<Object>)| match object {
                Ok(object) => {
                    let other = (!object.file.is_same(file)).then(|| object.file.inner.name.clone());
                    let object_id = Some(file.id_of(&object));
                    Member { name, kind: kind_of(&object.header), file: other, object_id, error: None }
                }
                Err(error) => {
                    let error = error.at(format!("'{name}'")).at(format!("file '{}'", file.inner.name));
                    Member { name, kind: Kind::Other, file: None, object_id: None, error: Some(error) }
                }
            };
            Ok(found.into_iter().map(member).collect())
        })
    }

    /// The dataset at `path`.
    ///
    /// # Errors
    /// A key error when there is no such object; a type error when it is no dataset; an
    /// invalid-file or unsupported error when its description cannot be read.
    pub fn dataset(&self, path: &str) -> Result<Dataset> {
        self.located(path, |file| {
            let object = file.find(path)?;
            match kind_of(&object.header) {
                Kind::Dataset => Dataset::new(&object, Nesting::default()),
                Kind::Group => Err(Error::type_error("it is a group, not a dataset; name one of its datasets")),
                Kind::Other => Err(Error::type_error("it is a committed datatype, not a dataset")),
            }
        })
    }

    /// The dataset at `path` as a source of a virtual one; `None` where the file has nothing of that path.
    pub(super) fn source_dataset(&self, path: &str, nesting: Nesting) -> Result<Option<Dataset>> {
        let object = match self.find(path) {
            Err(error) if error.kind() == ErrorKind::Key && self.lacks(path) => return Ok(None),
            found => found?,
        };
        if kind_of(&object.header) != Kind::Dataset {
            return Err(Error::type_error(format!("'{path}' in '{}' is no dataset", self.inner.name)));
        }
        Dataset::new(&object, nesting).map(Some)
    }

    /// Whether the way of hard links along `path` ends early; what other links lead to might be elsewhere.
    fn lacks(&self, path: &str) -> bool {
        let mut address = self.inner.root;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            let Ok(links) = self.object(address).and_then(|group| self.links(&group)) else { return false };
            match links.get(name) {
                None => return true,
                Some(Target::Hard(member)) => address = *member,
                Some(_) => return false,
            }
        }
        false
    }

    /// The attributes of the object at `path`, each with its value or why it cannot be had.
    ///
    /// # Errors
    /// A key error when there is no such object.
    pub fn attributes(&self, path: &str) -> Result<Vec<(String, Result<AttributeValue>)>> {
        self.located(path, |file| {
            let object = file.find(path)?;
            attribute::read_all(&object.file, &object.header)
        })
    }

    /// A text that is the same for every path that leads to one object, for walks that must not go in circles.
    ///
    /// # Errors
    /// A key error when there is no such object.
    pub fn object_id(&self, path: &str) -> Result<String> {
        self.located(path, |file| Ok(file.id_of(&file.find(path)?)))
    }

    fn id_of(&self, object: &Object) -> String {
        match object.file.is_same(self) {
            true => format!("{:x}", object.address),
            false => format!("{}:{:x}", object.file.inner.name, object.address),
        }
    }

    /// The committed datatype at `path`.
    ///
    /// # Errors
    /// A key error when there is no such object; a type error when it is something else; an invalid-file error when it
    /// cannot be read.
    pub fn committed_datatype(&self, path: &str) -> Result<Datatype> {
        self.located(path, |file| {
            let object = file.find(path)?;
            match (kind_of(&object.header), object.header.find(ids::MSG_DATATYPE)) {
                (Kind::Other, Some(message)) => Datatype::parse(&object.file.message_body(message)?),
                _ => Err(Error::type_error("it is neither a group, a dataset nor a committed datatype")),
            }
        })
    }

    /// What the name at the end of `path` is in its group; the way to the group is followed.
    ///
    /// # Errors
    /// A key error when there is no such name; an invalid-file error when the link cannot be read.
    pub fn link(&self, path: &str) -> Result<Link> {
        self.located(path, |file| {
            let (group, name) = match path.trim_end_matches('/').rsplit_once('/') {
                Some((group, name)) => (format!("/{group}"), name),
                None => ("/".into(), path),
            };
            let group = file.find(&group)?;
            let links = group.file.links(&group)?;
            Ok(match links.get(name).ok_or_else(|| no_such(name, &links))? {
                Target::Hard(_) => Link::Hard,
                Target::Soft(path) => Link::Soft { path: path.clone() },
                Target::External { file, path } => Link::External { file: file.clone(), path: path.clone() },
                Target::Unreadable(error) => return Err(error.clone()),
            })
        })
    }

    pub(super) fn is_same(&self, other: &File) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    fn located<T>(&self, path: &str, read: impl FnOnce(&File) -> Result<T>) -> Result<T> {
        guarded(|| read(self)).map_err(|error| error.at(format!("'{path}'")).at(format!("file '{}'", self.inner.name)))
    }

    pub(super) fn object(&self, address: u64) -> Result<Object> {
        let header = Header::read(&self.inner.bytes, address, self.inner.widths)?;
        Ok(Object { file: self.clone(), path: "/".into(), address, header: Arc::new(header) })
    }

    pub(super) fn root(&self) -> Result<Object> {
        self.object(self.inner.root)
    }

    pub(super) fn links(&self, group: &Object) -> Result<Arc<Links>> {
        let groups = || self.inner.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(links) = groups().by_address.get(&group.address) {
            return Ok(Arc::clone(links));
        }
        let links = Links::read(&self.inner.bytes, self.inner.widths, &group.header)?
            .ok_or_else(|| Error::type_error("it is no group, so it has no members"))?;
        let links = Arc::new(links);
        groups().keep(group.address, &links);
        Ok(links)
    }

    pub(super) fn find(&self, path: &str) -> Result<Object> {
        self.find_from(self.root()?, path, &Cell::new(0))
    }

    /// Follows `path` from `start`, or from the root when it begins with a slash. `followed` counts all links on
    /// the way to one object, not only those inside one another: links to paths over two further links each
    /// would double the way with every step.
    fn find_from(&self, start: Object, path: &str, followed: &Cell<u32>) -> Result<Object> {
        let mut object = if path.starts_with('/') { self.root()? } else { start };
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            let group = object;
            let links = group.file.links(&group).map_err(|error| match error.kind() {
                ErrorKind::Type => Error::key(format!("no such object: what precedes '{name}' is no group")),
                _ => error,
            })?;
            let target = links.get(name).ok_or_else(|| no_such(name, &links))?;
            object = group.file.follow(target, &group, followed)?;
            if object.file.is_same(&group.file) {
                object.path = format!("{}/{name}", group.path.trim_end_matches('/'));
            }
        }
        Ok(object)
    }

    fn follow(&self, target: &Target, group: &Object, followed: &Cell<u32>) -> Result<Object> {
        if matches!(target, Target::Soft(_) | Target::External { .. }) {
            if followed.get() >= MAX_LINKS {
                return Err(Error::key(format!("more than {MAX_LINKS} links to follow; they lead in a circle")));
            }
            followed.set(followed.get() + 1);
        }
        match target {
            Target::Hard(address) => self.object(*address),
            Target::Soft(path) => self
                .find_from(group.clone(), path, followed)
                .map_err(|error| error.at(format!("soft link to '{path}'"))),
            Target::External { file, path } => self
                .neighbour(file)
                .and_then(|other| other.find_from(other.root()?, path, followed))
                .map_err(|error| error.at(format!("link to '{path}' in another file, '{file}'"))),
            Target::Unreadable(error) => Err(error.clone()),
        }
    }

    /// The file that this one calls `name`.
    pub(super) fn neighbour(&self, name: &str) -> Result<File> {
        let family = &self.inner.family;
        self.beside(name, |neighbours, candidate| {
            let known = family.files.lock().unwrap_or_else(PoisonError::into_inner).get(candidate).cloned();
            match known.and_then(|known| known.upgrade()) {
                Some(inner) => Ok(Some(File { inner })),
                None => present(neighbours.open(candidate))?
                    .map(|storage| File::open_in(Arc::clone(family), storage, candidate))
                    .transpose(),
            }
        })
    }

    /// The bytes of the raw file that this one calls `name`.
    pub(super) fn raw_neighbour(&self, name: &str) -> Result<Arc<dyn Storage>> {
        self.beside(name, |neighbours, candidate| present(neighbours.open(candidate)))
    }

    /// What `open` finds first under the names that `name` may stand for.
    fn beside<T>(&self, name: &str, open: impl Fn(&dyn Neighbours, &str) -> Result<Option<T>>) -> Result<T> {
        let missing = || {
            Error::key(format!("the file '{name}' is not at hand; add it to the file shelf, beside '{}'", self.name()))
        };
        let neighbours = self.inner.family.neighbours.as_ref().ok_or_else(missing)?;
        for candidate in neighbours::candidates(self.name(), name) {
            if let Some(found) = open(neighbours.as_ref(), &candidate)? {
                return Ok(found);
            }
        }
        Err(missing())
    }

    /// A message's own bytes, wherever they lie.
    pub(super) fn message_body(&self, message: &Message) -> Result<Vec<u8>> {
        self.shared().body(message)
    }

    pub(super) fn shared(&self) -> Shared<'_> {
        Shared { bytes: &self.inner.bytes, widths: self.inner.widths, extension: self.inner.extension }
    }
}

/// Nothing instead of the error that there is no such file.
fn present<T>(opened: Result<T>) -> Result<Option<T>> {
    match opened {
        Ok(opened) => Ok(Some(opened)),
        Err(error) if error.kind() == ErrorKind::FileNotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn kind_of(header: &Header) -> Kind {
    let has = |id| header.find(id).is_some();
    if has(ids::MSG_DATATYPE) && has(ids::MSG_DATASPACE) {
        Kind::Dataset
    } else if has(ids::MSG_SYMBOL_TABLE) || has(ids::MSG_LINK_INFO) || has(ids::MSG_LINK) {
        Kind::Group
    } else {
        Kind::Other
    }
}

fn no_such(name: &str, links: &Links) -> Error {
    let names: Vec<_> = links.iter().map(|(name, _)| name.as_str()).take(8).collect();
    if names.is_empty() {
        return Error::key(format!("no such object: '{name}'; the group is empty"));
    }
    let more = if links.iter().count() > names.len() { ", …" } else { "" };
    Error::key(format!("no such object: '{name}'; there are {}{more}", names.join(", ")))
}

/// What the file is instead, where its first bytes tell.
fn not_hdf5(bytes: &Bytes) -> Error {
    let head = bytes.read_up_to(0, 8).unwrap_or_default();
    let what = match head.as_slice() {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => "it is a netCDF classic file; convert it with nccopy -k nc4",
        [0x0e, 0x03, 0x13, 0x01, ..] => "it is an HDF4 file; convert it with h4toh5",
        [0x89, b'P', b'N', b'G', ..] => "it is a PNG image",
        [b'P', b'K', 3 | 5, ..] => "it is a zip archive; unpack it first",
        [0x1f, 0x8b, ..] => "it is compressed with gzip; unpack it first",
        [0x89, b'H', b'D', b'F', ..] => "its signature is damaged, as by a transfer in text mode",
        _ => "the signature \\x89HDF\\r\\n\\x1a\\n is missing",
    };
    Error::invalid_file(format!("not an HDF5 file: {what}"))
}

/// HDF5 notes the file's length in its superblock and refuses a file that is shorter.
fn check_length(bytes: &Bytes, superblock: &Superblock, base: u64) -> Result<()> {
    let at = match superblock.version {
        0 => 24,
        1 => 28,
        _ => 12,
    };
    let prefix = bytes.read_up_to(0, 64)?;
    let mut cursor = Cursor::new(&prefix);
    cursor.skip(at)?;
    // The superblock counts from the base address it states, which need not be where it lies.
    let stated = cursor.uint(superblock.offset_size.min(8).into())?;
    let expected = superblock.eof_address.saturating_sub(stated);
    if bytes.len() < expected {
        return Err(Error::invalid_file(format!(
            "the file is truncated: it should have {} bytes but has {}; copy or download it again",
            expected.saturating_add(base),
            bytes.len() + base
        )));
    }
    Ok(())
}
