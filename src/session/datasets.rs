//! Requests on a dataset's elements: reading parts of it, writing parts of it.

use super::arrays::Remake;
use super::elements::element;
use super::files::{Access, DatasetAccess, OpenDataset};
use super::host::ProgressReport;
use super::reading::Reading;
use super::request::{AxisText, OperandText, ScalarText};
use super::{axis_slices, block_scalar, Held, Session};
use crate::block::{shape_text, Block};
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result};
use crate::grid::Region;
use crate::hdf5::{guess_chunks, ElementType};
use crate::memory;
use crate::source::ChunkSource;
use serde_json::{json, Value};
use std::rc::Rc;
use std::sync::Arc;

// Filters by the numbers they are registered under (HDF5 File Format Specification, IV.A.2.l).
const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER32: u16 = 3;

impl Session {
    pub(super) fn read(
        &mut self,
        id: u32,
        selection: &[AxisText],
        drop: Vec<usize>,
        pick: Option<(usize, Vec<u64>)>,
    ) -> Result<Value> {
        let dataset = self.files.dataset(id)?.clone();
        let source = source(&dataset)?;
        let reader = Reading::new(source, selection, drop, pick).map_err(|error| error.at(dataset.label.clone()))?;
        self.arrays
            .reserve(reader.source.dtype(), &reader.counts())
            .map_err(|error| error.at(dataset.label.clone()))?;
        let block = reader.read(&*self.host, &dataset.label)?;
        if block.shape().is_empty() {
            return Ok(json!({ "scalar": block_scalar(&block) }));
        }
        let id = if matches!(dataset.access, DatasetAccess::Read(_)) {
            let remake: Remake = Rc::new(move |_| reader.read_quietly());
            let file = self.files.file(dataset.file)?.name.clone();
            self.arrays.add_read(block, &file, remake)
        } else {
            // The file is still being written, so a later read may see other elements.
            self.arrays.add(block)
        };
        self.array_info(id)
    }

    pub(super) fn write(&mut self, id: u32, selection: &[AxisText], value: &OperandText) -> Result<Value> {
        self.check_interrupt()?;
        let value = self.memory_operand(value)?;
        let dataset = self.files.dataset(id)?;
        let (label, file) = (dataset.label.clone(), dataset.file);
        let DatasetAccess::Write { writer, written, .. } = &mut dataset.access else {
            return Err(Error::value("the file is open for reading; open it with mode 'w' to write it anew").at(label));
        };
        if selection.iter().any(|&(_, count, step)| step != 1 && count > 1) {
            return Err(Error::unsupported("writing with a step is not supported; write whole ranges").at(label));
        }
        let region = Region {
            start: selection.iter().map(|&(start, ..)| start).collect(),
            count: selection.iter().map(|&(_, count, _)| count).collect(),
        };
        let extents = region.extents()?;
        let block = match &value {
            Held::Block(block) if block.shape() == extents && block.dtype() == writer.dtype() => Arc::clone(block),
            value => {
                let mut block = Block::zeros(writer.dtype(), &extents)?;
                let whole: Vec<AxisText> = extents.iter().map(|&extent| (0, extent as u64, 1)).collect();
                memory::assign(&mut block, &axis_slices(&whole), &squeezed(value, &extents)?.operand())
                    .map_err(|error| error.at(label.clone()))?;
                Arc::new(block)
            }
        };
        let outcome = writer.write(&region, &block);
        *written += block.byte_len() as u64;
        let (written, total) =
            (*written, writer.shape().iter().fold(writer.dtype().size() as u64, |n, &s| n.saturating_mul(s)));
        if let Err(error) = outcome {
            return Err(self.abandon(file, error.at(format!("file '{}'", label.split(':').next().unwrap_or(&label)))));
        }
        let unit = block.byte_len().max(1) as u64;
        let Access::Write { begin, .. } = self.files.file(file)?.access else { return Ok(Value::Null) };
        self.host.progress(Some(&ProgressReport {
            label: format!("Writing {label}"),
            done: written.div_ceil(unit),
            total: total.div_ceil(unit),
            bytes: written,
            elapsed: crate::clock::now_ms() - begin,
            memory: self.host.memory_used(),
        }));
        Ok(Value::Null)
    }

    /// Gives up a file whose storage failed, so that no partial file stays behind.
    fn abandon(&mut self, id: u32, error: Error) -> Error {
        if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::Storage) {
            return error;
        }
        let Some(file) = self.files.take(id) else { return error };
        drop(file.access);
        match self.host.discard(&file.name) {
            Ok(()) => Error::new(error.kind(), format!("{error}. The partial file '{}' is removed", file.name)),
            Err(_) => error,
        }
    }
}

/// h5py lets a value lack axes of length 1 of the selection, as in `dataset[0, :] = row`.
fn squeezed(value: &Held, extents: &[usize]) -> Result<Held> {
    let Held::Block(block) = value else { return Ok(value.clone()) };
    let long = |shape: &[usize]| shape.iter().copied().filter(|&extent| extent != 1).collect::<Vec<_>>();
    if block.shape() != extents && long(block.shape()) == long(extents) {
        return Ok(Held::Block(Arc::new((**block).clone().reshaped(extents)?)));
    }
    Ok(value.clone())
}

pub(super) fn source(dataset: &OpenDataset) -> Result<Arc<dyn ChunkSource>> {
    match &dataset.access {
        DatasetAccess::Read(dataset) => dataset.source(),
        DatasetAccess::Write { writer, .. } => Ok(writer.source()),
    }
}

pub(super) fn describe(id: u32, open: &OpenDataset) -> Value {
    let common = |shape: &[u64], path: &str| json!({ "type": "dataset", "dataset": id, "path": path, "shape": shape, "label": open.label });
    let (mut value, rest) = match &open.access {
        DatasetAccess::Read(dataset) => {
            let (dtype, numeric) = match dataset.element_type() {
                ElementType::Numeric(dtype) => (dtype.name().to_owned(), true),
                ElementType::Other(description) => (description, false),
            };
            (
                common(dataset.shape(), dataset.path()),
                json!({
                    "dtype": dtype,
                    "numeric": numeric,
                    "element": element(dataset.datatype()),
                    "null": dataset.is_null(),
                    "layout": dataset.layout_name().ok(),
                    "filters": dataset
                        .filters()
                        .iter()
                        .map(|filter| json!({ "id": filter.id, "name": filter.label(), "parameters": filter.parameters }))
                        .collect::<Vec<_>>(),
                    "chunks": dataset.chunks(),
                    "maxshape": dataset.maxshape(),
                    "compression": dataset.compression(),
                    "compression_opts": dataset.compression_level(),
                    "shuffle": dataset.shuffle(),
                    "fletcher32": dataset.fletcher32(),
                    "fillvalue": match dataset.element_type() {
                        ElementType::Numeric(dtype) => dataset.fill_value().map(|fill| ScalarText::new(fill, dtype)),
                        _ => None,
                    },
                }),
            )
        }
        DatasetAccess::Write { writer, fill, .. } => {
            let deflate = writer.filters().iter().find(|filter| filter.id == DEFLATE);
            let has = |id: u16| writer.filters().iter().any(|filter| filter.id == id);
            (
                common(writer.shape(), writer.path()),
                json!({
                    "dtype": writer.dtype().name(),
                    "numeric": true,
                    "chunks": writer.chunks(),
                    "maxshape": writer.shape(),
                    "compression": deflate.map(|_| "gzip"),
                    "compression_opts": deflate.and_then(|filter| filter.parameters.first()),
                    "shuffle": has(SHUFFLE),
                    "fletcher32": has(FLETCHER32),
                    "fillvalue": fill.map(|fill| ScalarText::new(fill, writer.dtype())),
                }),
            )
        }
    };
    if let (Value::Object(value), Value::Object(rest)) = (&mut value, rest) {
        value.extend(rest);
    }
    value
}

/// The chunk shape that `create_dataset` was asked for.
///
/// `true`, or any filter without chunks, takes the shape that h5py would guess.
pub(super) fn chunk_shape(spec: &Value, shape: &[u64], dtype: DType, filtered: bool) -> Result<Option<Vec<u64>>> {
    match spec {
        Value::Null | Value::Bool(false) if !filtered => Ok(None),
        Value::Null | Value::Bool(_) => Ok(Some(guess_chunks(shape, dtype.size()))),
        Value::Array(extents) => {
            let chunk: Option<Vec<u64>> = extents.iter().map(Value::as_u64).collect();
            let chunk = chunk.filter(|chunk| chunk.len() == shape.len() && chunk.iter().all(|&extent| extent > 0));
            let chunk = chunk.ok_or_else(|| {
                Error::value(format!(
                    "chunks={spec} does not fit shape {}: give one positive extent for each axis",
                    shape_text(shape)
                ))
            })?;
            if chunk.iter().zip(shape).any(|(&size, &extent)| size > extent && extent > 0) {
                return Err(Error::value(format!(
                    "Chunk shape must not be greater than data shape in any dimension. {} is not compatible with {}",
                    shape_text(&chunk),
                    shape_text(shape)
                )));
            }
            Ok(Some(chunk))
        }
        other => Err(Error::value(format!("chunks={other} is not understood; give a tuple of extents, True or None"))),
    }
}
