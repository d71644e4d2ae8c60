//! What a virtual dataset is assembled from (HDF5 File Format Specification 3.0, III.E and VIII.B).

use super::adapter::Bytes;
use super::cursor::{text, Cursor};
use super::dataset::Dataset;
use super::file::File;
use super::header::Widths;
use super::heap::GlobalHeap;
use super::selection::{Blocks, Selection};
use crate::error::{Error, Result};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

/// Elements of one source and where they belong in the virtual dataset, as the file has it.
#[derive(Clone, Debug, PartialEq)]
struct Mapping {
    /// The source's file, which may name a block by `%b`; `None` for the virtual dataset's own.
    file: Option<String>,
    /// The source's path, which may name a block by `%b`.
    dataset: String,
    source: Selection,
    target: Selection,
}

/// A mapping without `%b` and without limit: of one source, as it is now.
#[derive(Clone)]
pub(super) struct Piece {
    file: Result<File>,
    dataset: String,
    pub(super) source: Selection,
    pub(super) target: Selection,
}

/// Everything that a virtual dataset is assembled from.
pub(super) struct VirtualMap {
    pub(super) pieces: Vec<Piece>,
    /// The extents, which grow with those of sources without limit.
    pub(super) shape: Vec<u64>,
}

/// How deep in virtual datasets of virtual datasets one is, and how many sources were opened for the outermost:
/// a file may name a dataset as its own source, any number of times.
#[derive(Clone, Default)]
pub(super) struct Nesting {
    depth: u32,
    opened: Arc<AtomicU32>,
}

impl Nesting {
    const MAX_DEPTH: u32 = 8;
    const MAX_OPENED: u32 = 1 << 17;

    fn deeper(&self) -> Result<Nesting> {
        let opened = self.opened.fetch_add(1, Ordering::Relaxed);
        if self.depth >= Nesting::MAX_DEPTH || opened >= Nesting::MAX_OPENED {
            return Err(Error::invalid_file("virtual datasets that lead in a circle"));
        }
        Ok(Nesting { depth: self.depth + 1, opened: Arc::clone(&self.opened) })
    }
}

impl Piece {
    /// The dataset that the piece is taken from; `None` where its file lacks it, which reads as fill value.
    pub(super) fn open(&self, nesting: &Nesting) -> Result<Option<Dataset>> {
        let file = self.file.clone()?;
        file.source_dataset(&self.dataset, nesting.deeper()?)
    }

    /// What tells whether the source's file is still the same.
    pub(super) fn identity(&self) -> String {
        match &self.file {
            Ok(file) => format!("{}:{}:{}", file.name(), file.bytes().len(), file.bytes().version()),
            Err(_) => "missing".into(),
        }
    }
}

/// Blocks named by `%b` that are looked for.
const MAX_BLOCKS: u64 = 100_000;

impl VirtualMap {
    /// Reads the object that `reference`, an address and an index, names in `file`'s global heap. `shape` is the
    /// dataset's as its header has it.
    ///
    /// # Errors
    /// An invalid-file error when the object is damaged; an unsupported error for selections of single points.
    pub(super) fn read(file: &File, reference: &[u8], shape: &[u64], nesting: &Nesting) -> Result<VirtualMap> {
        let mut heap = GlobalHeap::new(file.bytes(), file.widths());
        let mappings = match heap.object(&mut Cursor::new(reference))? {
            Some(object) => parse(object, file.widths(), shape.len(), &file.bytes().metered())?,
            None => Vec::new(),
        };
        let mut map = VirtualMap { pieces: Vec::new(), shape: shape.to_vec() };
        // One past the last index that is mapped, of mappings with and without limit.
        let mut least = vec![0; shape.len()];
        let mut reached: Vec<Option<u64>> = vec![None; shape.len()];
        for mapping in mappings {
            for (least, end) in least.iter_mut().zip(mapping.target.ends(shape.len())) {
                *least = end.unwrap_or(0).max(*least);
            }
            let Some(axis) = mapping.target.unlimited_axis() else {
                let piece = mapping.piece(file, None);
                map.pieces.push(piece);
                continue;
            };
            let end = match mapping.source.unlimited_axis() {
                Some(source_axis) => map.grow(file, mapping, axis, source_axis, nesting)?,
                None => map.name_blocks(file, &mapping, axis, nesting)?,
            };
            reached[axis] = Some(reached[axis].unwrap_or(0).max(end));
        }
        for (axis, reached) in reached.into_iter().enumerate() {
            if let Some(reached) = reached {
                map.shape[axis] = reached.max(least[axis]);
            }
        }
        Ok(map)
    }

    /// Adds a mapping that goes as far as its source does; gives how far that is.
    fn grow(
        &mut self,
        file: &File,
        mapping: Mapping,
        axis: usize,
        source_axis: usize,
        nesting: &Nesting,
    ) -> Result<u64> {
        let mut piece = mapping.piece(file, None);
        let opened = match &piece.file {
            Ok(_) => piece.open(nesting)?,
            // How far is not known; what the header says is all there is, and reading names the file.
            Err(_) => None,
        };
        let (Selection::Regular(source), Selection::Regular(target)) = (&mut piece.source, &mut piece.target) else {
            return Ok(0);
        };
        let len = match (&piece.file, opened) {
            (Ok(_), None) => 0,
            (Ok(_), Some(dataset)) => {
                let extent = dataset.shape().get(source_axis).copied();
                source[source_axis].before(extent.ok_or_else(ranks_differ)?)
            }
            (Err(_), _) => target[axis].before(self.shape[axis]),
        };
        source[source_axis].len = len;
        target[axis].len = len;
        let end = [&source[source_axis], &target[axis]].map(Blocks::end);
        let [Some(_), Some(end)] = end else { return Err(Error::invalid_file("a virtual dataset without end")) };
        self.pieces.push(piece);
        Ok(end)
    }

    /// Adds the blocks of a mapping whose sources are named by `%b`, up to the first that is not there; gives how
    /// far they go.
    fn name_blocks(&mut self, file: &File, mapping: &Mapping, axis: usize, nesting: &Nesting) -> Result<u64> {
        let Selection::Regular(axes) = &mapping.target else { return Ok(0) };
        if !mapping.names_blocks() {
            return Err(Error::invalid_file("a virtual dataset without limit from a source with one"));
        }
        let Blocks { start, stride, block, .. } = axes[axis];
        let mut end = 0;
        for number in 0..MAX_BLOCKS {
            let mut piece = mapping.piece(file, Some(number));
            if piece.file.is_err() || piece.open(nesting)?.is_none() {
                break;
            }
            let Some(start) = stride.checked_mul(number).and_then(|distance| distance.checked_add(start)) else {
                break;
            };
            let mut axes = axes.clone();
            axes[axis] = Blocks::run(start, block);
            end = axes[axis].end().ok_or_else(|| Error::invalid_file("a virtual dataset without end"))?;
            piece.target = Selection::Regular(axes);
            self.pieces.push(piece);
        }
        Ok(end)
    }
}

pub(super) fn ranks_differ() -> Error {
    Error::invalid_file("a virtual dataset's source has another rank than its selection; one of the files is damaged")
}

impl Mapping {
    fn names_blocks(&self) -> bool {
        self.file.iter().chain([&self.dataset]).any(|name| named(name, Some(0)) != named(name, None))
    }

    /// The mapping as it is, or that of one block of those named by `%b`.
    fn piece(&self, file: &File, block: Option<u64>) -> Piece {
        let source_file = match &self.file {
            Some(name) => file.neighbour(&named(name, block)),
            None => Ok(file.clone()),
        };
        Piece {
            file: source_file,
            dataset: named(&self.dataset, block),
            source: self.source.clone(),
            target: self.target.clone(),
        }
    }
}

/// `name` with `%b` replaced by the number of the block, where it stands for one, and `%%` by `%`.
fn named(name: &str, block: Option<u64>) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (code, len) = match (rest[at + 1..].chars().next(), block) {
            (Some('%'), _) => ("%".to_string(), 2),
            (Some('b'), Some(number)) => (number.to_string(), 2),
            _ => ("%".to_string(), 1),
        };
        out.push_str(&code);
        rest = &rest[at + len..];
    }
    out + rest
}

/// The source's file is the virtual dataset's own (of version 1 of the list, as all flags).
const SAME_FILE: u8 = 0x04;
/// The file's name is that of an earlier entry.
const SHARED_FILE: u8 = 0x01;
/// The path is that of an earlier entry.
const SHARED_DATASET: u8 = 0x02;

/// Version 0 names file and dataset of every entry; version 1, of HDF5 2.0, refers to earlier ones.
fn parse(object: &[u8], widths: Widths, rank: usize, meter: &Bytes) -> Result<Vec<Mapping>> {
    let mut cursor = Cursor::new(object);
    let version = cursor.u8()?;
    if version > 1 {
        return Err(Error::unsupported(format!("a virtual dataset's list of version {version} is not known")));
    }
    let count = cursor.uint(widths.length.into())?;
    let mut mappings: Vec<Mapping> = Vec::new();
    for _ in 0..count {
        let flags = if version == 0 { 0 } else { cursor.u8()? };
        let file = match flags {
            _ if flags & SAME_FILE != 0 => None,
            _ if flags & SHARED_FILE != 0 => earlier(&mappings, &mut cursor, widths)?.file.clone(),
            _ => Some(text(cursor.until_nul()?)).filter(|name| name != "."),
        };
        let dataset = match flags {
            _ if flags & SHARED_DATASET != 0 => earlier(&mappings, &mut cursor, widths)?.dataset.clone(),
            _ => text(cursor.until_nul()?),
        };
        meter.spend((file.as_ref().map_or(0, String::len) + dataset.len()) as u64)?;
        let (source, target) = (Selection::parse(&mut cursor)?, Selection::parse(&mut cursor)?);
        if target.rank().is_some_and(|selected| selected != rank) {
            return Err(ranks_differ());
        }
        mappings.push(Mapping { file, dataset, source, target });
    }
    Ok(mappings)
}

fn earlier<'a>(mappings: &'a [Mapping], cursor: &mut Cursor, widths: Widths) -> Result<&'a Mapping> {
    let entry = cursor.uint(widths.length.into())?;
    let entry = usize::try_from(entry).ok().and_then(|entry| mappings.get(entry));
    entry.ok_or_else(|| Error::invalid_file("a virtual dataset's list refers to an entry to come"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_named_by_their_number_and_percent_signs_by_two() {
        assert_eq!(named("run-%b/100%%.h5", Some(7)), "run-7/100%.h5");
        assert_eq!(named("run-%b.h5", None), "run-%b.h5");
        assert_eq!(named("50%", Some(1)), "50%");
        assert_eq!(named("é%bé", Some(12)), "é12é");
    }
}
