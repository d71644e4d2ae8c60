//! Requests on lazy arrays: what `dask.array` does in a cell.

use super::observe::{key_value, Announcement, Watch, DRAWN_NODES};
use super::request::{LazyText, OperandText, Request};
use super::{axis_slices, Session};
use crate::array::{self, Array, ChunkSpec, LazyOperand};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::execute::{self, CancelToken, Options, Scheduler, TaskResult};
use crate::graph::{Graph, Key};
use crate::grid::ChunkGrid;
use crate::kernels::reduction::Reduction;
use crate::memory::{BinaryOp, UnaryOp};
use crate::source::{ChunkSource, MemorySource};
use serde_json::{json, Value};
use std::num::NonZeroUsize;
use std::sync::Arc;
use twox_hash::XxHash64;

/// Tasks that `da_graph` lists unless told otherwise: more would fill the interpreter's heap.
const LISTED_TASKS: usize = 20_000;

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
            Request::DaTrace { from: None } => Ok(json!(self.profile.begin(self.arrays.uses()))),
            Request::DaTrace { from: Some(from) } => Ok(self.profile.end(from)),
            Request::DaCompute { lazies, scheduler, workers } => self.compute(&lazies, scheduler.as_deref(), workers),
            Request::DaGraph { lazy, limit } => self.list_tasks(lazy, limit),
            Request::DaGet { lazies, keys } => self.get(&lazies, &keys),
            Request::DaDraw { lazies, fused, max_nodes } => {
                let graph = self.graph_of(&lazies)?;
                let nodes = max_nodes.unwrap_or(DRAWN_NODES);
                super::to_value(match fused {
                    true => graph.draw_fused(nodes, &execute::fusion(&graph, self.limits.task_bytes)),
                    false => graph.draw(nodes),
                })
            }
            Request::DaOutline { lazies } => self.outline(&lazies),
            Request::DaTask { lazies, layer, position } => self.task_facts(&lazies, layer, position),
            Request::DaChunks { lazies, layer, from, count } => self.stored_chunks(&lazies, layer, from, count),
            Request::DaDot { lazies } => Ok(json!({ "dot": self.graph_of(&lazies)?.dot() })),
            Request::DaKeys { lazy } => {
                let array = self.lazy(lazy)?;
                Ok(nested_keys(array.name(), &array.grid().counts(), &mut Vec::new()))
            }
            _ => Err(Error::internal("no part of the session answers this request")),
        }
    }

    fn lazy(&self, id: u32) -> Result<&Array> {
        self.lazies.get(&id).ok_or_else(|| {
            Error::internal(format!(
                "lazy array {id} is gone; run the cell that makes it again, and please report this"
            ))
        })
    }

    /// The graph of some lazy arrays.
    pub(super) fn graph_of(&self, lazies: &[LazyText]) -> Result<Graph> {
        Ok(Graph::of(&self.named(lazies)?))
    }

    fn named(&self, lazies: &[LazyText]) -> Result<Vec<Array>> {
        let gone = || Error::key("the arrays of this graph are gone; run the cell again that made it");
        lazies
            .iter()
            .map(|lazy| match lazy {
                LazyText::Number(id) => self.lazy(*id).cloned(),
                LazyText::Named(id, name) => {
                    self.lazies.get(id).filter(|array| array.name() == name).cloned().ok_or_else(gone)
                }
            })
            .collect()
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
            "{} {:?} {:016x} {:016x}",
            block.dtype(),
            block.shape(),
            // Twice 64 bits make a chance collision of tokens remote.
            XxHash64::oneshot(0, block.bytes()),
            XxHash64::oneshot(1, block.bytes())
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
            // The last step of `std` is `_sqrt`, as in Dask.
            .map(|prefix| prefix.trim_start_matches('_').split(['-', '_']).next().unwrap_or(prefix))
            .collect();
        names.dedup();
        names.join(", ")
    }

    fn run<T>(
        &mut self,
        label: &str,
        lazies: &[LazyText],
        scheduler: Scheduler,
        work: impl FnOnce(&Options<'_>) -> Result<T>,
    ) -> Result<T> {
        self.computations += 1;
        let cancel = CancelToken::new();
        self.profile.note_arrays(&self.arrays);
        let (arrays, array_limit) = (self.arrays.held(), self.arrays.limit());
        let announcement = Announcement { number: self.computations, label, lazies, arrays, array_limit };
        let watch = Watch::new(&*self.host, announcement, &cancel, self.profile.is_on());
        let mut result =
            work(&Options { scheduler, memory_budget: self.limits.task_bytes, cancel: &cancel, observer: &watch });
        // The wish to stop is taken by whoever looks first; one that came with the last task counts too.
        if cancel.is_cancelled() {
            result = Err(Error::interrupted("stopped"));
        }
        watch.end(result.as_ref().err(), &mut self.profile);
        result
    }

    /// Who computes `graph` when Dask is told `scheduler=name` and `num_workers=workers`.
    pub(super) fn scheduler(
        &self,
        name: Option<&str>,
        workers: Option<NonZeroUsize>,
        graph: &Graph,
    ) -> Result<Scheduler> {
        let threads = NonZeroUsize::new(self.limits.threads).filter(|threads| threads.get() > 1);
        match (name, threads) {
            (Some("sync" | "synchronous" | "single-threaded"), _) => Ok(Scheduler::Serial),
            (None | Some("threads" | "threading"), Some(threads)) => Ok(match workers {
                Some(most) => Scheduler::Workers(most),
                // Threads that mostly wait for a reader take no processor from the others.
                None if graph.prefers_runs() => Scheduler::Threads,
                None => Scheduler::Workers(threads),
            }),
            (None | Some("threads" | "threading"), None) => Ok(Scheduler::Serial),
            (Some("processes" | "multiprocessing"), _) => {
                Err(Error::value("a browser tab has threads, not processes; use scheduler=\"threads\""))
            }
            (Some(other), _) => {
                Err(Error::value(format!("scheduler {other:?} is not here; there are \"threads\" and \"synchronous\"")))
            }
        }
    }

    fn compute(&mut self, ids: &[u32], scheduler: Option<&str>, workers: Option<NonZeroUsize>) -> Result<Value> {
        let arrays = ids.iter().map(|&id| self.lazy(id).cloned()).collect::<Result<Vec<_>>>()?;
        for array in &arrays {
            self.arrays.reserve(array.dtype(), &array.shape())?;
        }
        let graph = Graph::of(&arrays);
        let scheduler = self.scheduler(scheduler, workers, &graph)?;
        let label = Self::computation_label(&arrays);
        let named: Vec<LazyText> =
            ids.iter().zip(&arrays).map(|(&id, array)| LazyText::Named(id, array.name().into())).collect();
        let blocks = self.run(&label, &named, scheduler, |options| execute::compute_graph(graph, options))?;
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

    fn get(&mut self, lazies: &[LazyText], keys: &[Value]) -> Result<Value> {
        let keys = keys.iter().map(parse_key).collect::<Result<Vec<_>>>()?;
        let graph = self.graph_of(lazies)?;
        let scheduler = self.scheduler(None, None, &graph)?;
        let results = self.run("task", lazies, scheduler, |options| execute::get(&graph, &keys, options))?;
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
