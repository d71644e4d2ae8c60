//! Writing a new HDF5 file as a stream of chunks.
//!
//! Chunks go to storage as they are given and nothing of them is kept; what is kept until
//! [`Writer::close`] is where each lies. The file has the oldest and most widely read form: superblock
//! 0, groups with symbol tables, version 1 B-trees.

mod dataset;
mod encode;
mod space;
mod tree;

pub use dataset::DatasetWriter;

use super::attribute::AttributeValue;
use super::filters::{Pipeline, DEFLATE, FLETCHER32, SHUFFLE};
use super::messages::Filter;
use crate::block::{human_bytes, shape_text};
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::storage::WritableStorage;
use dataset::Plan;
use encode::Message;
use hdf5_reader::messages as ids;
use space::Space;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tree::Link;

/// What a new dataset is to be.
#[derive(Clone, Debug)]
pub struct CreateDataset {
    /// Extent of each axis; empty for a scalar.
    pub shape: Vec<u64>,
    /// The type of its elements.
    pub dtype: DType,
    /// The chunk shape; `None` stores the elements in one piece, or in chunks of a shape that
    /// [`guess_chunks`] finds where a filter needs them.
    pub chunks: Option<Vec<u64>>,
    /// Deflate level, 0 to 9.
    pub deflate: Option<u8>,
    /// Whether elements' bytes are sorted by significance, which makes numbers compress better.
    pub shuffle: bool,
    /// Whether each chunk gets a checksum.
    pub fletcher32: bool,
    /// What elements are that are never written; `None` is zero.
    pub fill: Option<Scalar>,
}

impl CreateDataset {
    /// Elements of `dtype` in one piece, without filters, zero until written.
    pub fn new(shape: &[u64], dtype: DType) -> CreateDataset {
        CreateDataset {
            shape: shape.to_vec(),
            dtype,
            chunks: None,
            deflate: None,
            shuffle: false,
            fletcher32: false,
            fill: None,
        }
    }
}

/// A new HDF5 file. Cheap to clone; usable from any thread.
#[derive(Clone)]
pub struct Writer {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    space: Arc<Space>,
    tree: Mutex<Tree>,
}

#[derive(Default)]
struct Tree {
    root: Node,
    closed: bool,
}

/// A group or a dataset, by whether it has a writer.
#[derive(Default)]
struct Node {
    dataset: Option<DatasetWriter>,
    /// Members of a group; names in the order of their bytes, as a symbol table needs them.
    members: BTreeMap<String, Node>,
    attributes: Vec<(String, AttributeValue)>,
}

impl Writer {
    /// Starts a file in empty `storage`; `name` is what messages call it.
    ///
    /// # Errors
    /// A storage error when it cannot be written.
    pub fn create(storage: Arc<dyn WritableStorage>, name: &str) -> Result<Writer> {
        let space = Arc::new(Space::new(storage, encode::SUPERBLOCK));
        // No signature yet: a file that was never closed is not taken for a whole one.
        space.write(0, &[0; encode::SUPERBLOCK as usize])?;
        Ok(Writer { inner: Arc::new(Inner { name: name.into(), space, tree: Mutex::default() }) })
    }

    /// The name given when it was created.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Adds a group, and those above it that are missing.
    ///
    /// # Errors
    /// A value error when there is already something of that name.
    pub fn create_group(&self, path: &str) -> Result<()> {
        self.located(path, || {
            let mut tree = self.open_tree()?;
            self.add(&mut tree.root, path, Node::default())
        })
    }

    /// Adds a dataset, and the groups above it that are missing.
    ///
    /// # Errors
    /// A value error for a name already taken, a chunk shape that does not fit, or a level outside 0
    /// to 9; a type error for chunks or filters of a scalar.
    pub fn create_dataset(&self, path: &str, create: &CreateDataset) -> Result<DatasetWriter> {
        self.located(path, || {
            let mut tree = self.open_tree()?;
            if find(&mut tree.root, path).is_some() {
                return Err(taken());
            }
            let names: Vec<&str> = names(path).collect();
            let path_text = format!("/{}", names.join("/"));
            let plan = plan(create, format!("{}:{path_text}", self.inner.name), path_text)?;
            let dataset = DatasetWriter::new(plan, Arc::clone(&self.inner.space))?;
            self.add(&mut tree.root, path, Node { dataset: Some(dataset.clone()), ..Node::default() })?;
            Ok(dataset)
        })
    }

    /// The dataset at `path`, if there is one.
    pub fn dataset(&self, path: &str) -> Option<DatasetWriter> {
        find(&mut self.tree().root, path).and_then(|node| node.dataset.clone())
    }

    /// The members of the group at `path`, each with whether it is a group; `None` if it is no group.
    pub fn members(&self, path: &str) -> Option<Vec<(String, bool)>> {
        let mut tree = self.tree();
        let node = find(&mut tree.root, path).filter(|node| node.dataset.is_none())?;
        Some(node.members.iter().map(|(name, member)| (name.clone(), member.dataset.is_none())).collect())
    }

    /// The attributes set so far on the object at `path`, by name.
    pub fn attributes(&self, path: &str) -> Option<Vec<(String, AttributeValue)>> {
        find(&mut self.tree().root, path).map(|node| node.attributes.clone())
    }

    /// Sets an attribute of the group or dataset at `path`, or replaces it.
    ///
    /// # Errors
    /// A key error when there is no such object; a value error when the value does not fit the 64 KiB
    /// that an object header gives it.
    pub fn set_attribute(&self, path: &str, name: &str, value: AttributeValue) -> Result<()> {
        self.located(path, || {
            let mut tree = self.open_tree()?;
            let node = find(&mut tree.root, path).ok_or_else(|| Error::key("no such object"))?;
            let size = match &value {
                AttributeValue::Numeric(block) => block.byte_len(),
                AttributeValue::Texts(texts) => texts.len() * 16,
                AttributeValue::Text(_) | AttributeValue::Other { .. } | AttributeValue::Empty => 16,
            };
            if name.is_empty() || name.contains('\0') || name.len() > 1000 {
                return Err(Error::value("an attribute's name has 1 to 1000 bytes and no NUL"));
            }
            if size > 64_000 {
                return Err(Error::value(format!(
                    "attribute '{name}' has {}; HDF5 headers hold 64 KiB: write it as a dataset",
                    human_bytes(size as u64)
                )));
            }
            node.attributes.retain(|(other, _)| other != name);
            node.attributes.push((name.into(), value));
            Ok(())
        })
    }

    /// Writes everything still held, the chunk indexes, the tree and the superblock. A second call does
    /// nothing.
    ///
    /// # Errors
    /// A storage error; the file is then not readable.
    pub fn close(&self) -> Result<()> {
        let mut tree = self.tree();
        if tree.closed {
            return Ok(());
        }
        tree.closed = true;
        let space = &self.inner.space;
        let write = || {
            let root = write_group(space, &tree.root)?;
            space.finish()?;
            space.write(0, &encode::superblock(root.header, root.tree, root.heap, space.end()))?;
            space.finish()
        };
        write().map_err(|error: Error| error.at(format!("file '{}'", self.inner.name)))
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.inner.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_tree(&self) -> Result<MutexGuard<'_, Tree>> {
        let tree = self.tree();
        if tree.closed {
            return Err(Error::value("the file is closed; nothing can be added any more"));
        }
        Ok(tree)
    }

    fn located<T>(&self, path: &str, make: impl FnOnce() -> Result<T>) -> Result<T> {
        make().map_err(|error| error.at(format!("'{path}'")).at(format!("file '{}'", self.inner.name)))
    }

    fn add(&self, root: &mut Node, path: &str, node: Node) -> Result<()> {
        let names: Vec<&str> = names(path).collect();
        let Some((last, groups)) = names.split_last() else { return Err(taken()) };
        if names.iter().any(|name| name.contains('\0')) {
            return Err(Error::value("a name must not contain NUL"));
        }
        let mut parent = root;
        for name in groups {
            parent = parent.members.entry((*name).into()).or_default();
            if parent.dataset.is_some() {
                return Err(Error::value(format!("'{name}' is a dataset, so nothing can be put into it")));
            }
        }
        if parent.members.contains_key(*last) {
            return Err(taken());
        }
        parent.members.insert((*last).into(), node);
        Ok(())
    }
}

fn taken() -> Error {
    Error::value("name already exists; choose another")
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".")
}

fn find<'a>(root: &'a mut Node, path: &str) -> Option<&'a mut Node> {
    names(path).try_fold(root, |node, name| node.members.get_mut(name))
}

/// Checks what is asked for, as h5py does.
fn plan(create: &CreateDataset, label: String, path: String) -> Result<Plan> {
    let CreateDataset { shape, dtype, .. } = create;
    let mut filters = Vec::new();
    let mut push = |id, parameters| filters.push(Filter { id, name: None, parameters });
    if create.shuffle {
        push(SHUFFLE, vec![dtype.size() as u32]);
    }
    if let Some(level) = create.deflate {
        if level > 9 {
            return Err(Error::value(format!("gzip level {level}; there are 0 to 9")));
        }
        push(DEFLATE, vec![level.into()]);
    }
    if create.fletcher32 {
        push(FLETCHER32, vec![]);
    }
    if shape.is_empty() && (create.chunks.is_some() || !filters.is_empty()) {
        return Err(Error::type_error("scalar datasets don't support chunk or filter options"));
    }
    if shape.len() > 32 {
        return Err(Error::value(format!("{} axes; HDF5 allows 32", shape.len())));
    }
    let chunk = match &create.chunks {
        Some(chunk) => Some(chunk.clone()),
        None if filters.is_empty() => None,
        None => Some(guess_chunks(shape, dtype.size())),
    };
    if let Some(chunk) = &chunk {
        check_chunks(chunk, shape, *dtype, create.chunks.is_some())?;
    }
    let fill = create.fill.map(|fill| fill_bytes(*dtype, fill)).transpose()?;
    let fill = fill.filter(|bytes| bytes.iter().any(|&byte| byte != 0));
    Ok(Plan { label, path, shape: shape.clone(), dtype: *dtype, chunk, pipeline: Pipeline::new(filters), fill })
}

fn check_chunks(chunk: &[u64], shape: &[u64], dtype: DType, given: bool) -> Result<()> {
    if chunk.len() != shape.len() || chunk.contains(&0) {
        return Err(Error::value(format!(
            "chunks {} do not fit shape {}: one positive extent per axis is needed",
            shape_text(chunk),
            shape_text(shape)
        )));
    }
    if given && chunk.iter().zip(shape).any(|(size, extent)| size > extent) {
        return Err(Error::value(format!(
            "chunk shape must not be greater than data shape in any dimension; {} is not compatible with {}",
            shape_text(chunk),
            shape_text(shape)
        )));
    }
    let bytes = chunk.iter().try_fold(dtype.size() as u64, |n, &extent| n.checked_mul(extent));
    if bytes.is_none_or(|bytes| bytes > u64::from(u32::MAX)) {
        return Err(Error::value(format!("chunks {} have 4 GiB or more; make them smaller", shape_text(chunk))));
    }
    if dataset::chunk_count(shape, chunk).is_none() {
        return Err(Error::value("more than 2^64 chunks; make them larger"));
    }
    Ok(())
}

/// The chunk shape that h5py finds for `chunks=True`: the axes halved in turn until a chunk has a few
/// kilobytes to a megabyte, more for larger datasets (`h5py._hl.filters.guess_chunk`).
pub fn guess_chunks(shape: &[u64], element_size: usize) -> Vec<u64> {
    let mut chunk: Vec<f64> = shape.iter().map(|&extent| if extent == 0 { 1024.0 } else { extent as f64 }).collect();
    let bytes = |chunk: &[f64]| chunk.iter().product::<f64>() * element_size as f64;
    let target = 16384.0 * 2f64.powf((bytes(&chunk) / 1_048_576.0).log10());
    let target = target.clamp(8192.0, 1_048_576.0);
    for axis in (0..shape.len()).cycle() {
        let now = bytes(&chunk);
        let near = now < target || (now - target).abs() / target < 0.5;
        if (near && now < 1_048_576.0) || chunk.iter().product::<f64>() == 1.0 {
            break;
        }
        chunk[axis] = (chunk[axis] / 2.0).ceil();
    }
    chunk.iter().map(|&extent| extent as u64).collect()
}

/// A scalar as one element's bytes.
fn fill_bytes(dtype: DType, fill: Scalar) -> Result<Vec<u8>> {
    let integer = match fill {
        Scalar::Bool(value) => i128::from(value),
        Scalar::Int(value) => i128::from(value),
        Scalar::UInt(value) => i128::from(value),
        // As NumPy casts: towards zero.
        Scalar::Float(value) => value as i128,
    };
    let outside = || Error::value(format!("fill value {fill:?} does not fit {dtype}"));
    macro_rules! bytes {
        ($type:ty) => {
            <$type>::try_from(integer).map_err(|_| outside())?.to_ne_bytes().to_vec()
        };
    }
    Ok(match dtype {
        DType::Bool => vec![u8::from(fill.as_f64() != 0.0)],
        DType::I8 => bytes!(i8),
        DType::I16 => bytes!(i16),
        DType::I32 => bytes!(i32),
        DType::I64 => bytes!(i64),
        DType::U8 => bytes!(u8),
        DType::U16 => bytes!(u16),
        DType::U32 => bytes!(u32),
        DType::U64 => bytes!(u64),
        DType::F16 => half::f16::from_f64(fill.as_f64()).to_ne_bytes().to_vec(),
        DType::F32 => (fill.as_f64() as f32).to_ne_bytes().to_vec(),
        DType::F64 => fill.as_f64().to_ne_bytes().to_vec(),
    })
}

/// Where a group was written.
struct Written {
    header: u64,
    tree: u64,
    heap: u64,
}

/// Writes a group and everything in it, members first: a symbol table names addresses.
fn write_group(space: &Space, group: &Node) -> Result<Written> {
    let mut headers = Vec::with_capacity(group.members.len());
    for node in group.members.values() {
        headers.push(match &node.dataset {
            Some(dataset) => write_header(space, dataset.finish()?, &node.attributes)?,
            None => write_group(space, node)?.header,
        });
    }
    let links: Vec<Link> = group.members.keys().zip(&headers).map(|(name, &header)| Link { name, header }).collect();
    let (tree, heap) = tree::symbol_table(space, &links)?;
    let message = encode::Bytes::default().u64(tree).u64(heap).0;
    let header = write_header(space, vec![(ids::MSG_SYMBOL_TABLE, message)], &group.attributes)?;
    Ok(Written { header, tree, heap })
}

fn write_header(space: &Space, mut messages: Vec<Message>, attributes: &[(String, AttributeValue)]) -> Result<u64> {
    for (name, value) in attributes {
        messages.push((ids::MSG_ATTRIBUTE, attribute(space, name, value)?));
    }
    let bytes = encode::header(&messages)?;
    let address = space.allocate(bytes.len() as u64)?;
    space.write(address, &bytes)?;
    Ok(address)
}

fn attribute(space: &Space, name: &str, value: &AttributeValue) -> Result<Vec<u8>> {
    let texts = |texts: &[&str], shape: &[u64]| {
        let data = tree::store_texts(space, texts)?.concat();
        encode::attribute(name, &encode::text_datatype(), &encode::dataspace(shape), &data)
    };
    match value {
        AttributeValue::Text(text) => texts(&[text], &[]),
        AttributeValue::Texts(many) => {
            texts(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[many.len() as u64])
        }
        AttributeValue::Numeric(block) => {
            let shape: Vec<u64> = block.shape().iter().map(|&extent| extent as u64).collect();
            encode::attribute(name, &encode::datatype(block.dtype()), &encode::dataspace(&shape), block.bytes())
        }
        AttributeValue::Other { datatype, .. } => {
            Err(Error::unsupported(format!("attribute '{name}' of type {} cannot be written", datatype.describe())))
        }
        AttributeValue::Empty => {
            Err(Error::unsupported(format!("attribute '{name}' without a value cannot be written")))
        }
    }
}
