//! Requests on HDF5 files: what `h5py` does in a cell.

use super::datasets::{chunk_shape, describe, source};
use super::elements::{element, value_text};
use super::numpy::{block_from_texts, texts_from_block};
use super::request::{AttributeText, Request};
use super::{Reply, Session};
use crate::block::human_bytes;
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::hdf5::{self, AttributeValue, CreateDataset, Dataset, DatasetWriter, Kind, Link};
use crate::source::ChunkSource;
use serde_json::{json, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The files and datasets that cells have open.
#[derive(Default)]
pub(super) struct Files {
    files: HashMap<u32, OpenFile>,
    datasets: HashMap<u32, OpenDataset>,
    next: u32,
}

pub(super) struct OpenFile {
    pub(super) name: String,
    pub(super) access: Access,
}

pub(super) enum Access {
    Read(hdf5::File),
    Write { writer: hdf5::Writer, begin: f64 },
}

#[derive(Clone)]
pub(super) struct OpenDataset {
    pub(super) file: u32,
    /// `testdata.hdf5:/data`.
    pub(super) label: String,
    pub(super) access: DatasetAccess,
}

#[derive(Clone)]
pub(super) enum DatasetAccess {
    Read(Dataset),
    /// `fill` as it was asked for, and the bytes written so far.
    Write {
        writer: DatasetWriter,
        fill: Option<Scalar>,
        written: u64,
    },
}

impl Files {
    fn add(&mut self, file: OpenFile) -> u32 {
        self.next += 1;
        self.files.insert(self.next, file);
        self.next
    }

    fn add_dataset(&mut self, dataset: OpenDataset) -> u32 {
        self.next += 1;
        self.datasets.insert(self.next, dataset);
        self.next
    }

    pub(super) fn file(&mut self, id: u32) -> Result<&mut OpenFile> {
        self.files
            .get_mut(&id)
            .ok_or_else(|| Error::value("Invalid file identifier: the file is closed; open it again with h5py.File"))
    }

    pub(super) fn dataset(&mut self, id: u32) -> Result<&mut OpenDataset> {
        let dataset = self.datasets.get_mut(&id).filter(|dataset| self.files.contains_key(&dataset.file));
        dataset
            .ok_or_else(|| Error::value("Invalid dataset identifier: its file is closed; open it again with h5py.File"))
    }

    /// Takes a file and its datasets out.
    pub(super) fn take(&mut self, id: u32) -> Option<OpenFile> {
        self.datasets.retain(|_, dataset| dataset.file != id);
        self.files.remove(&id)
    }

    /// Closes what is open of the file `name` for reading, because it is deleted or replaced.
    pub(super) fn forget(&mut self, name: &str) {
        self.files.retain(|_, file| file.name != name || matches!(file.access, Access::Write { .. }));
        let files = &self.files;
        self.datasets.retain(|_, dataset| files.contains_key(&dataset.file));
    }
}

impl Session {
    pub(super) fn answer_files(&mut self, request: Request) -> Result<Reply> {
        let value = match request {
            Request::H5Open { name, mode } => self.open(name, &mode)?,
            Request::H5Close { file } => self.close(file)?,
            Request::H5Get { file, path } => self.object(file, &path)?,
            Request::H5Members { file, path } => self.members(file, &path)?,
            Request::H5Link { file, path } => self.link(file, &path)?,
            Request::H5Attrs { file, path } => self.attributes(file, &path)?,
            Request::H5SetAttr { file, path, name, value } => {
                let value = match value {
                    AttributeText::Text { text } => AttributeValue::Text(text),
                    AttributeText::Texts { texts } => AttributeValue::Texts(texts),
                    AttributeText::Numbers { dtype, shape, data } => {
                        AttributeValue::Numeric(block_from_texts(&shape, DType::parse(&dtype)?, &data)?)
                    }
                };
                self.writer(file)?.set_attribute(&path, &name, value)?;
                Value::Null
            }
            Request::H5CreateGroup { file, path } => {
                self.writer(file)?.create_group(&path)?;
                Value::Null
            }
            Request::H5CreateDataset {
                file,
                path,
                shape,
                dtype,
                chunks,
                compression,
                compression_opts,
                shuffle,
                fletcher32,
                fillvalue,
            } => {
                let dtype = DType::parse(&dtype)?;
                let deflate = match compression.as_deref() {
                    None => None,
                    Some("gzip") => Some(compression_opts.unwrap_or(4)),
                    Some(other) => {
                        return Err(Error::value(format!(
                            "compression filter {other:?} cannot be written here; give compression=\"gzip\" or none"
                        )))
                    }
                };
                let filtered = deflate.is_some() || shuffle || fletcher32;
                let spec = CreateDataset {
                    chunks: chunk_shape(&chunks, &shape, dtype, filtered)?,
                    shape,
                    dtype,
                    deflate,
                    shuffle,
                    fletcher32,
                    fill: fillvalue.map(|text| text.scalar()).transpose()?,
                };
                self.create_dataset(file, path, spec)?
            }
            Request::H5Read { dataset, selection, drop, pick } => self.read(dataset, &selection, drop, pick)?,
            Request::H5Values { dataset, selection } => self.values(dataset, &selection)?,
            Request::H5Field { dataset, name } => self.field(dataset, &name)?,
            Request::H5Write { dataset, selection, value } => self.write(dataset, &selection, &value)?,
            request => return Ok(Reply::NotMine(Box::new(request))),
        };
        Ok(Reply::Done(value))
    }

    /// What a lazy array of dataset `id` reads from, and its label.
    pub(super) fn dataset_source(&mut self, id: u32) -> Result<(Arc<dyn ChunkSource>, String)> {
        let dataset = self.files.dataset(id)?;
        let label = dataset.label.clone();
        Ok((source(dataset)?, label))
    }

    fn open(&mut self, name: String, mode: &str) -> Result<Value> {
        let file = match mode {
            "r" => {
                let storage = self.host.open(&name)?;
                let file = hdf5::File::open_among(storage, &name, self.host.neighbours())?;
                OpenFile { name, access: Access::Read(file) }
            }
            "w" | "x" | "w-" => {
                if self
                    .files
                    .files
                    .values()
                    .any(|file| file.name == name && matches!(file.access, Access::Write { .. }))
                {
                    return Err(Error::storage(format!(
                        "unable to truncate a file which is already open: '{name}' is being written; close it first"
                    )));
                }
                if mode != "w" && self.host.files()?.iter().any(|file| file.name == name) {
                    return Err(Error::storage(format!(
                        "unable to create file: '{name}' exists; open it with mode 'w' to replace it"
                    )));
                }
                self.files.forget(&name);
                let storage = self.host.create(&name)?;
                let writer = hdf5::Writer::create(storage, &name).or_else(|error| {
                    self.host.discard(&name)?;
                    Err(error)
                })?;
                OpenFile { name, access: Access::Write { writer, begin: crate::clock::now_ms() } }
            }
            "a" | "r+" => {
                return Err(Error::value(format!(
                    "mode '{mode}' is not supported for '{name}': files are read with 'r' and written anew with 'w'"
                )))
            }
            _ => return Err(Error::value(format!("Invalid mode; must be one of r, r+, w, w-, x, a (not '{mode}')"))),
        };
        Ok(json!({ "file": self.files.add(file) }))
    }

    fn close(&mut self, id: u32) -> Result<Value> {
        let Some(file) = self.files.take(id) else { return Ok(Value::Null) };
        if let Access::Write { writer, .. } = file.access {
            self.host.progress(None);
            self.arrays.keep_file(&file.name);
            let closed = writer.close().or_else(|error| {
                self.host.discard(&file.name)?;
                Err(error)
            });
            let kept = closed.and_then(|()| self.host.commit(&file.name));
            kept.map_err(|error| error.at(format!("'{}' was not written and is removed", file.name)))?;
        }
        Ok(Value::Null)
    }

    fn writer(&mut self, id: u32) -> Result<&hdf5::Writer> {
        let file = self.files.file(id)?;
        match &file.access {
            Access::Write { writer, .. } => Ok(writer),
            Access::Read(_) => Err(Error::value(format!(
                "'{}' is open for reading; open it with mode 'w' to write it anew",
                file.name
            ))),
        }
    }

    fn create_dataset(&mut self, id: u32, path: String, spec: CreateDataset) -> Result<Value> {
        let bytes = spec.shape.iter().fold(spec.dtype.size() as u64, |n, &extent| n.saturating_mul(extent));
        let space = self.host.space()?;
        if bytes > space.free && spec.deflate.is_none() {
            return Err(Error::storage_full(format!(
                "dataset '{path}' needs {} and the storage has {} free; make it smaller, or delete files",
                human_bytes(bytes),
                human_bytes(space.free)
            )));
        }
        let writer = self.writer(id)?;
        let name = writer.name().to_owned();
        let dataset = writer.create_dataset(&path, &spec)?;
        Ok(self.add_written(id, &name, dataset, spec.fill))
    }

    fn add_written(&mut self, file: u32, name: &str, writer: DatasetWriter, fill: Option<Scalar>) -> Value {
        let open = OpenDataset {
            file,
            label: format!("{name}:{}", writer.path()),
            access: DatasetAccess::Write { writer, fill, written: 0 },
        };
        let id = self.files.add_dataset(open.clone());
        describe(id, &open)
    }

    /// The dataset at `path` of a file being written, as it was opened before or anew.
    fn written_object(&mut self, file: u32, path: &str) -> Result<Value> {
        let writer = self.writer(file)?;
        let name = writer.name().to_owned();
        let Some(dataset) = writer.dataset(path) else {
            return match writer.members(path) {
                Some(_) => Ok(json!({ "type": "group", "path": path })),
                None => Err(missing(&name, path)),
            };
        };
        let open = self.files.datasets.iter().find(|(_, open)| {
            open.file == file
                && matches!(&open.access, DatasetAccess::Write { writer, .. } if writer.path() == dataset.path())
        });
        Ok(match open {
            Some((&id, open)) => describe(id, open),
            None => self.add_written(file, &name, dataset, None),
        })
    }

    fn object(&mut self, id: u32, path: &str) -> Result<Value> {
        let file = self.files.file(id)?;
        let Access::Read(reader) = &file.access else { return self.written_object(id, path) };
        let object = reader.object_id(path)?;
        let mut description = match reader.kind(path)? {
            Kind::Group => json!({ "type": "group", "path": path }),
            Kind::Dataset => {
                let dataset = reader.dataset(path)?;
                let label = dataset.label();
                let open = OpenDataset { file: id, label, access: DatasetAccess::Read(dataset) };
                let dataset_id = self.files.add_dataset(open.clone());
                describe(dataset_id, &open)
            }
            Kind::Other => {
                let element = element(&reader.committed_datatype(path)?);
                json!({ "type": "datatype", "path": path, "element": element })
            }
        };
        description["object"] = object.into();
        Ok(description)
    }

    fn field(&mut self, id: u32, name: &str) -> Result<Value> {
        let open = self.files.dataset(id)?;
        let DatasetAccess::Read(dataset) = &open.access else {
            return Err(Error::value("Field names only allowed for compound types").at(open.label.clone()));
        };
        let field = dataset.field(name)?;
        let open = OpenDataset { file: open.file, label: field.label(), access: DatasetAccess::Read(field) };
        Ok(describe(self.files.add_dataset(open.clone()), &open))
    }

    fn members(&mut self, id: u32, path: &str) -> Result<Value> {
        let file = self.files.file(id)?;
        match &file.access {
            Access::Read(reader) => Ok(reader
                .members(path)?
                .into_iter()
                .map(|member| {
                    let kind = match member.kind {
                        Kind::Group => "group",
                        Kind::Dataset => "dataset",
                        Kind::Other => "other",
                    };
                    let error = member.error.map(|error| error.to_string());
                    json!({ "name": member.name, "type": kind, "object": member.object_id, "error": error })
                })
                .collect()),
            Access::Write { writer, .. } => Ok(writer
                .members(path)
                .ok_or_else(|| missing(&file.name, path))?
                .into_iter()
                .map(|(name, group)| {
                    json!({ "name": name, "type": if group { "group" } else { "dataset" }, "error": null })
                })
                .collect()),
        }
    }

    /// What `Group.get(name, getlink=True)` tells.
    fn link(&mut self, id: u32, path: &str) -> Result<Value> {
        let file = self.files.file(id)?;
        let link = match &file.access {
            Access::Read(reader) => reader.link(path)?,
            Access::Write { writer, .. } if writer.dataset(path).is_none() && writer.members(path).is_none() => {
                return Err(missing(&file.name, path))
            }
            Access::Write { .. } => Link::Hard,
        };
        Ok(match link {
            Link::Hard => json!({ "type": "hard" }),
            Link::Soft { path } => json!({ "type": "soft", "path": path }),
            Link::External { file, path } => json!({ "type": "external", "file": file, "path": path }),
        })
    }

    fn attributes(&mut self, id: u32, path: &str) -> Result<Value> {
        let file = self.files.file(id)?;
        let attributes = match &file.access {
            Access::Read(reader) => reader.attributes(path)?,
            Access::Write { writer, .. } => {
                let set = writer.attributes(path).ok_or_else(|| missing(&file.name, path))?;
                set.into_iter().map(|(name, value)| (name, Ok(value))).collect()
            }
        };
        attributes
            .into_iter()
            .map(|(name, value)| {
                let value = match value {
                    Ok(AttributeValue::Text(text)) => json!({ "text": text }),
                    Ok(AttributeValue::Texts(texts)) => json!({ "texts": texts }),
                    Ok(AttributeValue::Numeric(block)) => texts_from_block(&block)?,
                    Ok(AttributeValue::Other { datatype, shape, values }) => json!({
                        "element": element(&datatype),
                        "shape": shape,
                        "values": values.iter().map(|value| value_text(value, &datatype)).collect::<Vec<_>>(),
                    }),
                    Ok(AttributeValue::Empty) => json!({ "empty": true }),
                    Err(error) => json!({ "error": error.to_string() }),
                };
                Ok(json!({ "name": name, "value": value }))
            })
            .collect()
    }
}

fn missing(file: &str, path: &str) -> Error {
    Error::key(format!("file '{file}': there is no '{path}' in it; list(file) tells what there is"))
}
