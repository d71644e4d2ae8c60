//! A dataset's description, and the source of its elements.

use super::chunk_map::{ChunkMap, Extents};
use super::datatype::Datatype;
use super::element::{Element, ElementType};
use super::file::{File, Object};
use super::filters::{self, Pipeline};
use super::messages::{self, Dataspace, Filter, Layout};
use super::read::{check_chunk, DatasetSource};
use crate::dtype::Scalar;
use crate::error::{Error, Result};
use crate::source::ChunkSource;
use hdf5_reader::messages as ids;
use std::sync::Arc;

/// A dataset of an open file. Cheap to clone.
#[derive(Clone)]
pub struct Dataset {
    inner: Arc<Inner>,
}

struct Inner {
    file: File,
    path: String,
    address: u64,
    dataspace: Dataspace,
    shape: Vec<u64>,
    datatype: Datatype,
    layout: Result<Layout>,
    pipeline: Result<Pipeline>,
    fill: Result<Option<Vec<u8>>>,
    external: bool,
    /// CRC-32 of the header, part of what identifies the elements.
    fingerprint: u32,
}

impl Dataset {
    /// Reads the description in `object`'s header. Only what shape and type need can fail here; the
    /// rest is reported when it is asked for.
    pub(super) fn new(object: &Object) -> Result<Dataset> {
        let file = &object.file;
        let body = |id: u16| object.header.find(id).map(|message| file.message_body(message)).transpose();
        let missing = |what: &str| Error::invalid_file(format!("the dataset has no {what}; the file is damaged"));
        let dataspace = body(ids::MSG_DATASPACE)?.ok_or_else(|| missing("shape"))?;
        let dataspace = Dataspace::parse(&dataspace, file.widths())?;
        let datatype = Datatype::parse(&body(ids::MSG_DATATYPE)?.ok_or_else(|| missing("datatype"))?)?;
        let layout = body(ids::MSG_DATA_LAYOUT)
            .and_then(|body| body.ok_or_else(|| missing("data layout")))
            .and_then(|body| Layout::parse(&body, file.widths()));
        let pipeline = body(ids::MSG_FILTER_PIPELINE)
            .and_then(|body| body.map(|body| messages::filters(&body)).transpose())
            .map(|filters| Pipeline::new(filters.unwrap_or_default()));
        let fill = body(ids::MSG_FILL_VALUE_OLD).and_then(|old| {
            let new = body(ids::MSG_FILL_VALUE)?;
            messages::fill_value(old.as_deref(), new.as_deref())
        });
        let mut crc = crc32fast::Hasher::new();
        object.header.messages.iter().for_each(|message| crc.update(&message.body));
        let shape = match &dataspace {
            Dataspace::Null => Vec::new(),
            Dataspace::Simple { dims, .. } => dims.clone(),
        };
        let inner = Inner {
            file: file.clone(),
            path: object.path.clone(),
            address: object.address,
            dataspace,
            shape,
            datatype,
            layout,
            pipeline,
            fill,
            external: object.header.find(ids::MSG_EXTERNAL_FILES).is_some(),
            fingerprint: crc.finalize(),
        };
        Ok(Dataset { inner: Arc::new(inner) })
    }

    /// Its path in the file it lies in, which an external link may have led to.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// Extent of each axis; empty for a scalar.
    pub fn shape(&self) -> &[u64] {
        &self.inner.shape
    }

    /// Whether the dataset has no elements at all, not even one of a scalar (`h5py.Empty`).
    pub fn is_null(&self) -> bool {
        self.inner.dataspace == Dataspace::Null
    }

    /// The extents up to which it may grow, `None` along an axis without limit.
    pub fn maxshape(&self) -> Vec<Option<u64>> {
        match &self.inner.dataspace {
            Dataspace::Simple { max: Some(max), .. } => max.clone(),
            _ => self.inner.shape.iter().map(|&extent| Some(extent)).collect(),
        }
    }

    /// The chunk shape, where it is stored in chunks.
    pub fn chunks(&self) -> Option<&[u64]> {
        match &self.inner.layout {
            Ok(Layout::Chunked { dims, .. }) => Some(dims),
            _ => None,
        }
    }

    /// The type of its elements as the file stores them.
    pub fn datatype(&self) -> &Datatype {
        &self.inner.datatype
    }

    /// The type of its elements in memory.
    pub fn element_type(&self) -> ElementType {
        match Element::of(&self.inner.datatype) {
            Ok(element) => ElementType::Numeric(element.dtype),
            Err(_) => ElementType::Other(self.inner.datatype.describe()),
        }
    }

    /// The filters its chunks went through when written.
    pub fn filters(&self) -> &[Filter] {
        self.inner.pipeline.as_ref().map_or(&[], Pipeline::filters)
    }

    /// The name of its compression as h5py gives it: `gzip`, `lzf`, `szip`, or none.
    pub fn compression(&self) -> Option<&'static str> {
        self.filters().iter().find_map(|filter| match filter.id {
            filters::DEFLATE => Some("gzip"),
            filters::SZIP => Some("szip"),
            filters::LZF => Some("lzf"),
            _ => None,
        })
    }

    /// The level of gzip compression, where there is one.
    pub fn compression_level(&self) -> Option<u32> {
        let deflate = self.filters().iter().find(|filter| filter.id == filters::DEFLATE)?;
        deflate.parameters.first().copied()
    }

    /// Whether elements' bytes are shuffled before compression.
    pub fn shuffle(&self) -> bool {
        self.filters().iter().any(|filter| filter.id == filters::SHUFFLE)
    }

    /// Whether chunks carry a checksum.
    pub fn fletcher32(&self) -> bool {
        self.filters().iter().any(|filter| filter.id == filters::FLETCHER32)
    }

    /// What elements are that were never written, where they are single numbers.
    pub fn fill_value(&self) -> Option<Scalar> {
        let element = Element::of(&self.inner.datatype).ok()?;
        match self.inner.fill.as_ref().ok()? {
            Some(bytes) => element.scalar(bytes),
            None => element.scalar(&vec![0; element.stored]),
        }
    }

    /// Bytes of the file that hold its elements, as far as its description tells; the whole file's
    /// length for chunks, which share one file at most.
    pub fn stored_size(&self) -> u64 {
        match &self.inner.layout {
            Ok(Layout::Compact(data)) => data.len() as u64,
            _ => self.inner.file.bytes().len(),
        }
    }

    /// How its elements are stored: `chunked`, `contiguous`, `compact`, `virtual` or `external`.
    ///
    /// # Errors
    /// Why the layout cannot be read.
    pub fn layout_name(&self) -> Result<&'static str> {
        match &self.inner.layout {
            Ok(_) if self.inner.external => Ok("external"),
            Ok(Layout::Compact(_)) => Ok("compact"),
            Ok(Layout::Contiguous { .. }) => Ok("contiguous"),
            Ok(Layout::Chunked { .. }) => Ok("chunked"),
            Ok(Layout::Virtual) => Ok("virtual"),
            Err(error) => Err(self.located(error.clone())),
        }
    }

    /// Bytes that its elements take in the file, as h5py's `id.get_storage_size()` counts them: of chunks what
    /// is stored after filtering, nothing of what was never written.
    ///
    /// # Errors
    /// Why the layout or the chunk index cannot be read; an unsupported error for elements of other files.
    pub fn storage_size(&self) -> Result<u64> {
        self.counted_storage().map_err(|error| self.located(error))
    }

    fn counted_storage(&self) -> Result<u64> {
        let inner = &*self.inner;
        let item = u64::from(inner.datatype.size);
        match inner.layout.as_ref().map_err(Error::clone)? {
            _ if inner.external => Err(Error::unsupported("the size of its elements in other, raw files is not known")),
            Layout::Virtual => Err(Error::unsupported("the size of a virtual dataset's sources is not known")),
            Layout::Compact(data) => Ok(data.len() as u64),
            Layout::Contiguous { address: None, .. } | Layout::Chunked { address: None, .. } => Ok(0),
            Layout::Contiguous { size: Some(size), .. } => Ok(*size),
            Layout::Contiguous { .. } => Ok(inner.shape.iter().fold(item, |n, &extent| n.saturating_mul(extent))),
            Layout::Chunked { dims, address: Some(address), index, element, .. } => {
                check_chunk(dims, &inner.shape, *element, item)?;
                if inner.shape.contains(&0) {
                    return Ok(0);
                }
                let extents = Extents { shape: &inner.shape, max: self.max(), chunk: dims, element: item };
                let map = ChunkMap::read(inner.file.bytes(), inner.file.widths(), index, *address, &extents)
                    .map_err(|error| error.at("chunk index"))?;
                Ok(map.stored().iter().fold(0, |bytes, stored| stored.size.saturating_add(bytes)))
            }
        }
    }

    /// What it is to its user: `testdata.hdf5:/data`.
    pub fn label(&self) -> String {
        format!("{}:{}", self.inner.file.name(), self.inner.path)
    }

    /// Its elements, to be read block by block from any thread. An array type's extents come
    /// behind the dataset's own, as in h5py.
    ///
    /// # Errors
    /// A type error when the elements are not numbers; an unsupported error that names the filter,
    /// the layout or the number format that cannot be read.
    pub fn source(&self) -> Result<Arc<dyn ChunkSource>> {
        self.checked_source().map_err(|error| self.located(error)).map(|source| Arc::new(source) as _)
    }

    pub(super) fn located(&self, error: Error) -> Error {
        error.at(format!("dataset '{}'", self.inner.path)).at(format!("file '{}'", self.inner.file.name()))
    }

    fn checked_source(&self) -> Result<DatasetSource> {
        let inner = &*self.inner;
        if self.is_null() {
            return Err(Error::type_error("it is an empty (null) dataset, without any elements"));
        }
        let element = Element::of(&inner.datatype)?;
        let layout = inner.layout.clone()?;
        if inner.external {
            return Err(Error::unsupported(
                "its elements lie in other, raw files beside this one; copy them in with h5repack -l CONTI",
            ));
        }
        let pipeline = inner.pipeline.clone()?;
        let fill = inner.fill.clone()?;
        let identity = format!(
            "{}:{}:{}:{}:{:x}:{:08x}",
            inner.file.name(),
            inner.file.bytes().len(),
            inner.file.bytes().version(),
            inner.path,
            inner.address,
            inner.fingerprint
        );
        DatasetSource::new(self.clone(), inner.file.clone(), element, layout, pipeline, fill, identity)
    }

    /// The greatest shape as the chunk indexes need it.
    pub(super) fn max(&self) -> Option<&[Option<u64>]> {
        match &self.inner.dataspace {
            Dataspace::Simple { max, .. } => max.as_deref(),
            Dataspace::Null => None,
        }
    }
}
