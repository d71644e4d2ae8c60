//! Requests on lazy arrays: what `dask.array` does in a cell.

use super::host::{Host, ProgressReport};
use super::request::{OperandText, Request};
use super::{axis_slices, Session};
use crate::array::{self, Array, ChunkSpec, LazyOperand};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::execute::{self, CancelToken, Clock, Observer, Options, Progress, Scheduler, TaskRecord, TaskResult, Trace};
use crate::graph::{Graph, Key};
use crate::grid::ChunkGrid;
use crate::kernels::reduction::Reduction;
use crate::memory::{BinaryOp, UnaryOp};
use crate::source::{ChunkSource, MemorySource};
use serde_json::{json, Value};
use std::cell::Cell;
use std::sync::Arc;

/// Tasks that `da_graph` lists unless told otherwise: more would fill the interpreter's heap.
const LISTED_TASKS: usize = 20_000;
/// Nodes of a drawing unless told otherwise: what SVG shows comfortably.
const DRAWN_NODES: usize = 300;
/// Milliseconds between two progress reports.
const REPORT_EVERY: f64 = 50.0;

impl Session {
    pub(super) fn answer_dask(&mut self, request: Request) -> Result<Value> {
        match request {
            Request::DaFrom { dataset, array, chunks, name } => {
                self.make_lazy(dataset, array, &chunks, name.as_deref())
            }
            Request::DaUnary { name, lazy } => {
                let array = self.lazy(lazy)?.unary(UnaryOp::parse(&name)?)?;
                Ok(self.add_lazy(array))
            }
            Request::DaBinary { name, left, right } => {
                let op = BinaryOp::parse(&name)?;
                let (left, right) = (self.lazy_operand(&left)?, self.lazy_operand(&right)?);
                let array = array::binary(op, &left, &right)?;
                Ok(self.add_lazy(array))
            }
            Request::DaSlice { lazy, selection, drop } => {
                let array = self.lazy(lazy)?.slice(&axis_slices(&selection), &drop)?;
                Ok(self.add_lazy(array))
            }
            Request::DaAstype { lazy, dtype } => {
                let array = self.lazy(lazy)?.astype(DType::parse(&dtype)?)?;
                Ok(self.add_lazy(array))
            }
            Request::DaTranspose { lazy, axes } => {
                let array = self.lazy(lazy)?.transpose(&axes)?;
                Ok(self.add_lazy(array))
            }
            Request::DaRechunk { lazy, chunks } => {
                let array = self.lazy(lazy)?.clone();
                let grid = array::normalize_chunks(&ChunkSpec::parse(&chunks)?, &array.shape(), array.dtype(), None)?;
                Ok(self.add_lazy(array.rechunk(grid)?))
            }
            Request::DaReduce { name, lazy, axes, keepdims, ddof, split_every } => {
                let reduction = Reduction::parse(&name, ddof)?;
                let array = self.lazy(lazy)?.reduce(reduction, axes.as_deref(), keepdims, split_every)?;
                Ok(self.add_lazy(array))
            }
            Request::DaTrace { on } => Ok(self.trace(on)),
            Request::DaCompute { lazies, scheduler } => self.compute(&lazies, scheduler.as_deref()),
            Request::DaGraph { lazy, limit } => self.list_tasks(lazy, limit),
            Request::DaGet { lazy, keys } => self.get(lazy, &keys),
            Request::DaDraw { lazy, max_nodes } => {
                let graph = Graph::of(std::slice::from_ref(self.lazy(lazy)?));
                super::to_value(graph.draw(max_nodes.unwrap_or(DRAWN_NODES)))
            }
            Request::DaDot { lazy } => {
                let graph = Graph::of(std::slice::from_ref(self.lazy(lazy)?));
                Ok(json!({ "dot": graph.dot() }))
            }
            Request::DaKeys { lazy } => {
                let array = self.lazy(lazy)?;
                Ok(nested_keys(array.name(), &array.grid().counts(), &mut Vec::new()))
            }
            other => Err(Error::internal(format!("no part of the session answers {other:?}"))),
        }
    }

    fn lazy(&self, id: u32) -> Result<&Array> {
        self.lazies.get(&id).ok_or_else(|| {
            Error::internal(format!(
                "lazy array {id} is gone; run the cell that makes it again, and please report this"
            ))
        })
    }

    fn add_lazy(&mut self, array: Array) -> Value {
        let id = self.next_lazy;
        self.next_lazy += 1;
        let info = json!({
            "lazy": id,
            "name": array.name(),
            "shape": array.shape(),
            "dtype": array.dtype().name(),
            "chunks": array.grid().sizes(),
        });
        self.lazies.insert(id, array);
        info
    }

    fn lazy_operand(&mut self, operand: &OperandText) -> Result<LazyOperand> {
        Ok(match operand {
            OperandText::Lazy(id) => LazyOperand::Array(self.lazy(*id)?.clone()),
            OperandText::Scalar(text) => LazyOperand::Scalar(text.scalar()?),
            OperandText::Array(id) => {
                let source = self.memory_source(*id)?;
                LazyOperand::Array(lazy_from(source, &Value::Null, None)?)
            }
        })
    }

    fn memory_source(&mut self, id: u32) -> Result<Arc<dyn ChunkSource>> {
        let block = self.arrays.get(id)?;
        // The elements themselves are the identity, as in Dask: equal arrays get equal tokens.
        let identity = format!(
            "{} {:?} {:08x} {}",
            block.dtype(),
            block.shape(),
            crc32fast::hash(block.bytes()),
            fnv(block.bytes())
        );
        Ok(Arc::new(MemorySource::new(block, identity)))
    }

    fn make_lazy(
        &mut self,
        dataset: Option<u32>,
        array: Option<u32>,
        chunks: &Value,
        name: Option<&str>,
    ) -> Result<Value> {
        let source = match (dataset, array) {
            (Some(id), _) => self.dataset_source(id)?.0,
            (_, Some(id)) => self.memory_source(id)?,
            _ => return Err(Error::internal("from_array wants a dataset or an array")),
        };
        let array = lazy_from(source, chunks, name)?;
        Ok(self.add_lazy(array))
    }

    /// What a progress bar calls the computation of `arrays`.
    fn computation_label(arrays: &[Array]) -> String {
        let mut names: Vec<&str> = arrays
            .iter()
            .map(|array| array.name().rsplit_once('-').map_or(array.name(), |(prefix, _)| prefix))
            .map(|prefix| prefix.split(['-', '_']).next().unwrap_or(prefix))
            .collect();
        names.dedup();
        names.join(", ")
    }

    fn run<T>(&self, label: &str, scheduler: Scheduler, work: impl FnOnce(&Options<'_>) -> Result<T>) -> Result<T> {
        let cancel = CancelToken::new();
        let clock = HostClock(&*self.host);
        let watch = Watch { host: &*self.host, label, cancel: &cancel, last: Cell::new(0.0) };
        let result = work(&Options {
            scheduler,
            memory_budget: self.limits.task_bytes,
            cancel: &cancel,
            observer: &watch,
            clock: &clock,
            trace: self.trace.as_ref(),
        });
        self.host.progress(None);
        // The wish to stop is taken by whoever looks first; one that came with the last task counts too.
        if cancel.is_cancelled() {
            return Err(Error::interrupted("stopped"));
        }
        result
    }

    /// Begins or ends taking note of tasks; those noted so far, with seconds as Dask's profiler has them.
    fn trace(&mut self, on: bool) -> Value {
        let before = self.trace.take();
        self.trace = on.then(|| Arc::new(Trace::new(self.host.clock())));
        let records = before.map(|trace| trace.take()).unwrap_or_default();
        let record = |record: TaskRecord| {
            let (start, end) = (record.start_ms / 1e3, record.end_ms / 1e3);
            json!([key_value(&record.key), record.layers, start, end, record.thread, record.bytes_read])
        };
        records.into_iter().map(record).collect()
    }

    fn scheduler(&self, name: Option<&str>) -> Result<Scheduler> {
        match name {
            Some("sync" | "synchronous" | "single-threaded") => Ok(Scheduler::Serial),
            None | Some("threads" | "threading") if self.limits.threads > 1 => Ok(Scheduler::Threads),
            None | Some("threads" | "threading") => Ok(Scheduler::Serial),
            Some("processes" | "multiprocessing") => {
                Err(Error::value("a browser tab has threads, not processes; use scheduler=\"threads\""))
            }
            Some(other) => {
                Err(Error::value(format!("scheduler {other:?} is not here; there are \"threads\" and \"synchronous\"")))
            }
        }
    }

    fn compute(&mut self, ids: &[u32], scheduler: Option<&str>) -> Result<Value> {
        let arrays = ids.iter().map(|&id| self.lazy(id).cloned()).collect::<Result<Vec<_>>>()?;
        for array in &arrays {
            self.arrays.reserve(array.dtype(), &array.shape())?;
        }
        let scheduler = self.scheduler(scheduler)?;
        let blocks =
            self.run(&Self::computation_label(&arrays), scheduler, |options| execute::compute(&arrays, options))?;
        blocks.into_iter().map(|block| self.block_info(block)).collect()
    }

    fn list_tasks(&self, id: u32, limit: Option<usize>) -> Result<Value> {
        let array = self.lazy(id)?;
        let graph = Graph::of(std::slice::from_ref(array));
        let limit = limit.unwrap_or(LISTED_TASKS);
        let tasks: Vec<Value> = graph
            .tasks()
            .take(limit)
            .map(|task| {
                let inputs: Vec<Value> = task.inputs.iter().map(key_value).collect();
                json!({ "key": key_value(&task.key), "function": task.function, "inputs": inputs })
            })
            .collect();
        Ok(json!({ "tasks": tasks, "total": graph.len() }))
    }

    fn get(&mut self, id: u32, keys: &[Value]) -> Result<Value> {
        let array = self.lazy(id)?.clone();
        let keys = keys.iter().map(parse_key).collect::<Result<Vec<_>>>()?;
        let graph = Graph::of(std::slice::from_ref(&array));
        let scheduler = self.scheduler(None)?;
        let results = self.run("task", scheduler, |options| execute::get(&graph, &keys, options))?;
        results
            .into_iter()
            .map(|result| match result {
                TaskResult::Block(block) => self.block_info(block),
                TaskResult::Partial(fields) => {
                    let fields = fields
                        .into_iter()
                        .map(|(name, block)| Ok(json!([name, self.block_info(block)?])))
                        .collect::<Result<Vec<_>>>()?;
                    Ok(json!({ "fields": fields }))
                }
            })
            .collect()
    }
}

fn lazy_from(source: Arc<dyn ChunkSource>, chunks: &Value, name: Option<&str>) -> Result<Array> {
    let own = source.chunks().map(|chunks| ChunkGrid::regular(source.shape(), chunks));
    let grid = ChunkSpec::parse(chunks)
        .and_then(|spec| array::normalize_chunks(&spec, source.shape(), source.dtype(), own.as_ref()))
        .map_err(|error| error.at(source.label()))?;
    Array::from_source(source, grid, name)
}

fn key_value(key: &Key) -> Value {
    std::iter::once(json!(key.name)).chain(key.index.iter().map(|&index| json!(index))).collect()
}

fn parse_key(value: &Value) -> Result<Key> {
    let parts = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let name = parts.first().and_then(Value::as_str);
    let index: Option<Vec<usize>> =
        parts.iter().skip(1).map(|part| part.as_u64().map(|index| index as usize)).collect();
    match (name, index) {
        (Some(name), Some(index)) => Ok(Key { name: name.into(), index }),
        _ => Err(Error::key(format!("{value} is not a key of a task; a key is a name and the indices of a block"))),
    }
}

fn nested_keys(name: &str, counts: &[usize], index: &mut Vec<usize>) -> Value {
    match counts.split_first() {
        None => key_value(&Key { name: name.into(), index: index.clone() }),
        Some((&count, rest)) => (0..count)
            .map(|position| {
                index.push(position);
                let keys = nested_keys(name, rest, index);
                index.pop();
                keys
            })
            .collect(),
    }
}

/// FNV-1a over 64 bits, beside a CRC: two unlike checksums make a chance collision of tokens remote.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

struct HostClock<'a>(&'a dyn Host);

impl Clock for HostClock<'_> {
    fn now_ms(&self) -> f64 {
        self.0.now()
    }
}

/// Passes progress to the host and the user's wish to stop to the computation.
struct Watch<'a> {
    host: &'a dyn Host,
    label: &'a str,
    cancel: &'a CancelToken,
    last: Cell<f64>,
}

impl Observer for Watch<'_> {
    fn tick(&self, progress: &Progress) {
        if self.host.interrupted() {
            self.cancel.cancel();
        }
        let now = self.host.now();
        if now - self.last.get() < REPORT_EVERY {
            return;
        }
        self.last.set(now);
        self.host.progress(Some(&ProgressReport {
            label: self.label.to_owned(),
            done: progress.tasks_done,
            total: progress.tasks_total,
            bytes: progress.bytes_read,
            elapsed: progress.elapsed_ms,
            memory: self.host.memory_used(),
        }));
    }
}
