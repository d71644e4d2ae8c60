//! A dataset's description, and the source of its elements.

use super::adapter::guarded;
use super::chunk_map::{ChunkMap, Extents};
use super::datatype::{Class, Datatype};
use super::element::{Element, ElementType};
use super::external::RawFiles;
use super::field::FieldSource;
use super::file::{File, Object};
use super::filters::{self, Pipeline};
use super::messages::{self, Dataspace, Filter, Layout};
use super::read::{check_chunk, check_region, decode_fill, DatasetSource};
use super::value::{Value, Values};
use super::virtual_map::{Nesting, VirtualMap};
use super::virtual_read::VirtualSource;
use crate::dtype::Scalar;
use crate::error::{Error, Result};
use crate::grid::Region;
use crate::source::ChunkSource;
use hdf5_reader::messages as ids;
use std::hash::Hasher;
use std::sync::Arc;
use twox_hash::XxHash64;

/// A dataset of an open file. Cheap to clone.
#[derive(Clone)]
pub struct Dataset {
    inner: Arc<Inner>,
}

#[derive(Clone)]
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
    /// The message that names the raw files where its elements lie, where they do.
    external: Option<Result<Vec<u8>>>,
    /// Which member of the stored compound this is, where it is one.
    field: Option<Field>,
    /// What it is assembled from, where it is a virtual dataset.
    assembly: Option<Result<Arc<VirtualMap>>>,
    nesting: Nesting,
    /// CRC-32 of the header, part of what identifies the elements.
    fingerprint: u64,
}

#[derive(Clone)]
struct Field {
    /// Names of the members that lead to it, outermost first.
    names: Vec<String>,
    /// Bytes before it in the element.
    offset: u64,
    /// The type of the whole element.
    whole: Datatype,
}

/// What is made of a dataset's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Numbers,
    /// Complex numbers as pairs.
    Complex,
    /// The stored bytes.
    Bytes,
}

impl Dataset {
    /// Reads the description in `object`'s header. Only what shape and type need can fail here; the
    /// rest is reported when it is asked for.
    pub(super) fn new(object: &Object, nesting: Nesting) -> Result<Dataset> {
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
        let mut header = XxHash64::with_seed(0);
        object.header.messages.iter().for_each(|message| header.write(&message.body));
        let mut shape = match &dataspace {
            Dataspace::Null => Vec::new(),
            Dataspace::Simple { dims, .. } => dims.clone(),
        };
        let assembly = match &layout {
            Ok(Layout::Virtual { heap }) => Some(VirtualMap::read(file, heap, &shape, &nesting).map(Arc::new)),
            _ => None,
        };
        if let Some(Ok(map)) = &assembly {
            shape.clone_from(&map.shape);
        }
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
            external: body(ids::MSG_EXTERNAL_FILES).transpose(),
            field: None,
            assembly,
            nesting,
            fingerprint: header.finish(),
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
        ElementType::of(&self.inner.datatype)
    }

    /// The filters its chunks went through when written.
    pub fn filters(&self) -> &[Filter] {
        self.inner.pipeline.as_ref().map_or(&[], Pipeline::filters)
    }

    /// The name of its compression as h5py gives it: `gzip`, `lzf`, `szip`, `unknown` for others, or none.
    pub fn compression(&self) -> Option<&'static str> {
        let named = self.filters().iter().find_map(|filter| match filter.id {
            filters::DEFLATE => Some("gzip"),
            filters::SZIP => Some("szip"),
            filters::LZF => Some("lzf"),
            _ => None,
        });
        let has_no_name =
            |filter: &Filter| !matches!(filter.id, filters::SHUFFLE | filters::FLETCHER32 | filters::SCALEOFFSET);
        named.or_else(|| self.filters().iter().any(has_no_name).then_some("unknown"))
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
            Ok(_) if self.inner.external.is_some() => Ok("external"),
            Ok(Layout::Compact(_)) => Ok("compact"),
            Ok(Layout::Contiguous { .. }) => Ok("contiguous"),
            Ok(Layout::Chunked { .. }) => Ok("chunked"),
            Ok(Layout::Virtual { .. }) => Ok("virtual"),
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
            _ if inner.external.is_some() => {
                Err(Error::unsupported("the size of its elements in other, raw files is not known"))
            }
            Layout::Virtual { .. } => Err(Error::unsupported("the size of a virtual dataset's sources is not known")),
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
        let fields: String =
            self.inner.field.iter().flat_map(|field| &field.names).map(|name| format!("[{name:?}]")).collect();
        format!("{}:{}{fields}", self.inner.file.name(), self.inner.path)
    }

    /// Its elements, to be read block by block from any thread. An array type's extents come
    /// behind the dataset's own, as in h5py.
    ///
    /// # Errors
    /// A type error when the elements are not numbers; an unsupported error that names the filter,
    /// the layout or the number format that cannot be read.
    pub fn source(&self) -> Result<Arc<dyn ChunkSource>> {
        guarded(|| self.checked_source()).map_err(|error| self.located(error))
    }

    pub(super) fn located(&self, error: Error) -> Error {
        error.at(format!("dataset '{}'", self.inner.path)).at(format!("file '{}'", self.inner.file.name()))
    }

    /// A member of its compound elements as a dataset of its own, of the same shape.
    ///
    /// # Errors
    /// A type error when its elements are no compounds; a value error with the members there are when none has that name.
    pub fn field(&self, name: &str) -> Result<Dataset> {
        let inner = &*self.inner;
        let Class::Compound(members) = &inner.datatype.class else {
            return Err(self.located(Error::value(format!(
                "Field names only allowed for compound types; its elements are of type {}",
                inner.datatype.describe()
            ))));
        };
        let member = members.iter().find(|member| member.name == name).ok_or_else(|| {
            let names: Vec<_> = members.iter().map(|member| format!("{:?}", member.name)).collect();
            self.located(Error::value(format!(
                "Field {name:?} does not appear in this type; there are {}",
                names.join(", ")
            )))
        })?;
        if members.iter().filter(|member| member.name == name).count() > 1 {
            return Err(self.located(Error::unsupported(format!(
                "several members of this type read {name:?}, so which is meant cannot be told"
            ))));
        }
        let whole = inner.datatype.clone();
        let mut field = inner.field.clone().unwrap_or(Field { names: vec![], offset: 0, whole });
        field.names.push(name.into());
        field.offset += u64::from(member.offset);
        Ok(Dataset {
            inner: Arc::new(Inner { datatype: member.datatype.clone(), field: Some(field), ..inner.clone() }),
        })
    }

    /// The elements of `region`, a part of the dataset's shape, in row-major order, whatever their type.
    ///
    /// # Errors
    /// An index error when the region passes the edge; a memory error beyond 64 MiB of values; an invalid-file or
    /// unsupported error when elements cannot be read.
    pub fn values(&self, region: &Region) -> Result<Vec<Value>> {
        let read = || {
            check_region(region, self.shape())?;
            let datatype = &self.inner.datatype;
            let start = self.inner.field.as_ref().map_or(0, |field| field.offset);
            let mut stored = region.clone();
            stored.start.push(start);
            stored.count.push(datatype.size.into());
            let block = self.bytes_source()?.read(&stored)?;
            Values::new(&self.inner.file).all(datatype, block.bytes())
        };
        guarded(read).map_err(|error| self.located(error))
    }

    /// Complex elements as numbers, with a last axis of real and imaginary part.
    ///
    /// # Errors
    /// A type error when its elements are not complex; else as [`Dataset::source`].
    pub fn complex_parts(&self) -> Result<Arc<dyn ChunkSource>> {
        let part = self.inner.datatype.complex_part().ok_or_else(|| {
            self.located(Error::type_error(format!(
                "its elements are of type {}, which is not complex",
                self.inner.datatype.describe()
            )))
        })?;
        let element = Element::complex(part).map_err(|error| self.located(error))?;
        guarded(|| self.source_of(element, Reading::Complex)).map_err(|error| self.located(error))
    }

    fn checked_source(&self) -> Result<Arc<dyn ChunkSource>> {
        self.source_of(Element::of(&self.inner.datatype)?, Reading::Numbers)
    }

    /// The elements as a virtual dataset of the type `wanted` in another file takes them from this one.
    pub(super) fn source_as(&self, reading: Reading, wanted: &Datatype, reader: &File) -> Result<Arc<dyn ChunkSource>> {
        match reading {
            Reading::Numbers => self.source(),
            Reading::Complex => self.complex_parts(),
            Reading::Bytes if self.inner.datatype != *wanted => Err(self.located(Error::unsupported(format!(
                "as a source of a virtual dataset of another type, {}",
                wanted.describe()
            )))),
            Reading::Bytes if !wanted.is_self_contained() && !self.inner.file.is_same(reader) => {
                Err(self.located(Error::unsupported(format!(
                    "as a source of a virtual dataset in another file: elements of type {} belong to their own; read this one",
                    wanted.describe()
                ))))
            }
            Reading::Bytes => guarded(|| self.bytes_source()).map_err(|error| self.located(error)),
        }
    }

    fn source_of(&self, element: Element, reading: Reading) -> Result<Arc<dyn ChunkSource>> {
        match &self.inner.field {
            None => self.stored_source(element, reading),
            Some(field) => {
                let bytes = self.bytes_source()?;
                Ok(Arc::new(FieldSource::new(bytes, element, field.offset, self.label())))
            }
        }
    }

    /// The type of the whole elements, of which this may be a member.
    pub(super) fn stored_type(&self) -> &Datatype {
        self.inner.field.as_ref().map_or(&self.inner.datatype, |field| &field.whole)
    }

    pub(super) fn file(&self) -> &File {
        &self.inner.file
    }

    /// The whole elements as their bytes.
    fn bytes_source(&self) -> Result<Arc<dyn ChunkSource>> {
        self.stored_source(Element::bytes(self.stored_type().size), Reading::Bytes)
    }

    fn stored_source(&self, element: Element, reading: Reading) -> Result<Arc<dyn ChunkSource>> {
        let inner = &*self.inner;
        if self.is_null() {
            return Err(Error::type_error("it is an empty (null) dataset, without any elements"));
        }
        let layout = inner.layout.clone()?;
        let raw = inner.external.clone().transpose()?.map(|body| RawFiles::open(&inner.file, &body)).transpose()?;
        let pipeline = inner.pipeline.clone()?;
        let fill = inner.fill.clone()?;
        let identity = format!(
            "{}:{}:{}:{}:{:x}:{:08x}{}",
            inner.file.name(),
            inner.file.bytes().len(),
            inner.file.bytes().version(),
            inner.path,
            inner.address,
            inner.fingerprint,
            raw.as_ref().map_or_else(String::new, RawFiles::identity)
        );
        if let Some(map) = &inner.assembly {
            let map = map.as_ref().map_err(Error::clone)?;
            let fill = decode_fill(&element, fill)?;
            let nesting = inner.nesting.clone();
            let source = VirtualSource::new(self.clone(), reading, element, map, fill, nesting, identity)?;
            return Ok(Arc::new(source));
        }
        let source = DatasetSource::new(self.clone(), inner.file.clone(), element, layout, pipeline, fill, identity)?;
        match raw {
            Some(raw) => Ok(Arc::new(source.in_raw_files(raw.into_bytes())?)),
            None => Ok(Arc::new(source)),
        }
    }

    /// The greatest shape as the chunk indexes need it.
    pub(super) fn max(&self) -> Option<&[Option<u64>]> {
        match &self.inner.dataspace {
            Dataspace::Simple { max, .. } => max.as_deref(),
            Dataspace::Null => None,
        }
    }
}
