//! Computations as the page and the profilers see them.

use super::host::{ComputationUpdate, Host, ProgressReport};
use super::request::LazyText;
use super::Session;
use crate::error::{Error, Result};
use crate::execute::{self, CancelToken, Look, Observer, Outline, TaskRecord};
use crate::graph::{Graph, Key, Layer};
use crate::grid::{unravel, Region};
use crate::source::ChunkSource;
use serde_json::{json, Value};
use std::cell::{Cell, RefCell};

/// Milliseconds between two reports of progress, and until a computation is told of before its end.
const REPORT_EVERY: f64 = 50.0;

/// Nodes of a drawing unless told otherwise: what SVG shows comfortably.
pub(super) const DRAWN_NODES: usize = 300;
/// A graph of more tasks is not drawn while it is computed: that would take a thread too long.
const MOST_DRAWN: usize = 100_000;

/// A computation as it is announced.
pub(super) struct Announcement<'a> {
    /// Counts the session's computations, from 1.
    pub(super) number: u32,
    /// What a progress bar calls it.
    pub(super) label: &'a str,
    /// The lazy arrays whose graph it is.
    pub(super) lazies: &'a [LazyText],
}

/// Passes what a computation does to the host, and the user's wish to stop to the computation.
pub(super) struct Watch<'a> {
    host: &'a dyn Host,
    announcement: Announcement<'a>,
    cancel: &'a CancelToken,
    /// All records, where a profiler wants them.
    profiled: Option<RefCell<Vec<TaskRecord>>>,
    outline: RefCell<Option<Outline>>,
    told: Cell<bool>,
    /// What the host has not been told yet.
    pending: RefCell<Option<(Value, Vec<TaskRecord>)>>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        host: &'a dyn Host,
        announcement: Announcement<'a>,
        cancel: &'a CancelToken,
        profiled: bool,
    ) -> Watch<'a> {
        Watch {
            host,
            announcement,
            cancel,
            profiled: profiled.then(RefCell::default),
            outline: RefCell::default(),
            told: Cell::new(false),
            pending: RefCell::default(),
        }
    }

    /// Tells the host that the computation is over, and `profile` what ran in it.
    pub(super) fn end(self, error: Option<&Error>, profile: &mut Profile) {
        self.host.progress(None);
        if let (Some(records), Some(outline)) = (&self.profiled, &*self.outline.borrow()) {
            profile.add(outline, &records.borrow());
        }
        let Some((mut update, finished)) = self.pending.take() else { return };
        update["ended"] = json!({ "error": error.map(ToString::to_string) });
        self.tell(update, &finished);
    }

    fn tell(&self, mut update: Value, finished: &[TaskRecord]) {
        update["number"] = json!(self.announcement.number);
        if !self.told.replace(true) {
            if let Some(outline) = &*self.outline.borrow() {
                update["outline"] = outline_value(self.announcement.label, self.announcement.lazies, outline);
            }
        }
        self.host.computation(&ComputationUpdate { json: update.to_string(), finished });
    }
}

impl Observer for Watch<'_> {
    fn tick(&self, look: &Look) {
        if self.host.interrupted() {
            self.cancel.cancel();
        }
        if self.outline.borrow().is_none() {
            *self.outline.borrow_mut() = Some(look.outline());
        }
        if let Some(records) = &self.profiled {
            records.borrow_mut().extend_from_slice(&look.finished);
        }
        let (progress, memory) = (look.progress, self.host.memory_used());
        let running = look.running.iter().map(|task| json!([task.stage, task.position, task.thread, task.start_ms]));
        let update = json!({
            "done": progress.tasks_done,
            "total": progress.tasks_total,
            "bytes": progress.bytes_read,
            "inFlight": progress.bytes_in_flight,
            "peak": progress.bytes_peak,
            "elapsed": progress.elapsed_ms,
            "memory": memory,
            "running": running.collect::<Vec<_>>(),
            "ended": null,
        });
        let (_, mut finished) = self.pending.take().unwrap_or_default();
        finished.extend_from_slice(&look.finished);
        if progress.elapsed_ms >= REPORT_EVERY {
            self.host.progress(Some(&ProgressReport {
                label: self.announcement.label.to_owned(),
                done: progress.tasks_done,
                total: progress.tasks_total,
                bytes: progress.bytes_read,
                elapsed: progress.elapsed_ms,
                memory,
            }));
            if progress.tasks_done < progress.tasks_total {
                let mut update = update.clone();
                if !self.told.get() && look.graph().len() <= MOST_DRAWN {
                    // The page cannot ask for it while the computation keeps the kernel.
                    update["drawing"] = super::to_value(look.graph().draw(DRAWN_NODES)).unwrap_or(Value::Null);
                }
                self.tell(update, &finished);
                finished.clear();
            }
        }
        // Kept for the end, which has nothing of its own to say but that it is the end.
        *self.pending.borrow_mut() = Some((update, finished));
    }
}

/// What ran while somebody profiled: `dask.diagnostics.Profiler` and `ResourceProfiler`.
#[derive(Default)]
pub(super) struct Profile {
    /// How many profilers are at it.
    profilers: u32,
    tasks: Vec<Value>,
}

impl Profile {
    pub(super) fn is_on(&self) -> bool {
        self.profilers > 0
    }

    /// One more profiler: where its tasks will begin.
    pub(super) fn begin(&mut self) -> usize {
        self.profilers += 1;
        self.tasks.len()
    }

    /// The tasks since `from`, for a profiler that ends.
    pub(super) fn end(&mut self, from: usize) -> Value {
        let tasks = self.tasks.get(from..).unwrap_or_default().to_vec();
        self.profilers = self.profilers.saturating_sub(1);
        if self.profilers == 0 {
            self.tasks.clear();
        }
        Value::Array(tasks)
    }

    /// `[key, layers, start, end, thread, bytes in flight]` of each, with seconds as Dask has them.
    fn add(&mut self, outline: &Outline, records: &[TaskRecord]) {
        self.tasks.extend(records.iter().map(|record| {
            let layers = outline.stages.get(record.stage).into_iter().flatten();
            let names: Vec<&str> = layers.map(|&layer| outline.layers[layer].name.as_str()).collect();
            let key = outline.key(record.stage, record.position).map(|key| key_value(&key));
            let (start, end) = (record.start_ms / 1e3, record.end_ms / 1e3);
            json!([key, names, start, end, record.thread, record.bytes_in_flight])
        }));
    }
}

impl Session {
    /// `TaskFacts` of `www/src/protocol.ts`.
    pub(super) fn task_facts(&self, lazies: &[LazyText], layer: usize, position: usize) -> Result<Value> {
        let graph = self.graph_of(lazies)?;
        let rule = layer_at(&graph, layer, position)?;
        let mut inputs = vec![];
        let mut input_count = 0;
        for (edge, &input) in graph.inputs(layer).iter().enumerate() {
            rule.visit_inputs(edge, position, |block| {
                input_count += 1;
                if inputs.len() < LISTED_INPUTS {
                    inputs.push(graph.layers()[input].key(block).to_string());
                }
            });
        }
        let stored = match rule.source() {
            Some(source) => Some(stored_value(&**source, &rule.grid().region(&unravel(position, rule.counts())))?),
            None => None,
        };
        Ok(json!({
            "key": rule.key(position).to_string(),
            "function": rule.function(),
            "inputs": inputs,
            "inputCount": input_count,
            "shape": rule.block_shape(position),
            "dtype": rule.dtype().name(),
            "bytes": rule.block_bytes(position),
            "source": rule.source().map(|source| source.label()),
            "stored": stored,
        }))
    }

    /// What computing some lazy arrays is going to do.
    pub(super) fn outline(&self, lazies: &[LazyText]) -> Result<Value> {
        let outline = execute::outline(&self.graph_of(lazies)?, self.limits.threads, self.limits.task_bytes);
        Ok(outline_value("", lazies, &outline))
    }

    /// What is stored for each of some blocks of a layer that reads a source, as `StoredChunk`s of
    /// `www/src/protocol.ts`.
    pub(super) fn stored_chunks(&self, lazies: &[LazyText], layer: usize, from: usize, count: usize) -> Result<Value> {
        let graph = self.graph_of(lazies)?;
        let rule = layer_at(&graph, layer, from)?;
        let Some(source) = rule.source() else {
            return Err(Error::value(format!("the layer '{}' reads no source", rule.name())));
        };
        (from..rule.len().min(from.saturating_add(count)))
            .map(|position| stored_value(&**source, &rule.grid().region(&unravel(position, rule.counts()))))
            .collect()
    }
}

/// Inputs of a task that are listed.
const LISTED_INPUTS: usize = 64;

fn layer_at(graph: &Graph, layer: usize, position: usize) -> Result<&Layer> {
    match graph.layers().get(layer) {
        Some(rule) if position < rule.len() => Ok(rule),
        _ => Err(Error::key("the graph has no such task; run the cell again to see it as it is now")),
    }
}

fn stored_value(source: &dyn ChunkSource, region: &Region) -> Result<Value> {
    let stored = source.stored(region)?;
    let whole = region.checked_len().unwrap_or(u64::MAX).saturating_mul(source.dtype().size() as u64);
    Ok(json!({
        "bytes": stored.bytes,
        "whole": whole,
        "chunks": stored.chunks,
        "missing": stored.missing,
        "mask": stored.filter_mask,
    }))
}

/// `ComputationOutline` of `www/src/protocol.ts`.
fn outline_value(label: &str, lazies: &[LazyText], outline: &Outline) -> Value {
    let layers: Vec<Value> = outline
        .layers
        .iter()
        .map(|layer| {
            json!({
                "name": layer.name,
                "label": layer.label,
                "counts": layer.counts,
                "block": layer.block,
                "shape": layer.shape,
                "dtype": layer.dtype,
                "bytes": layer.bytes,
                "tasks": layer.tasks,
                "inputs": layer.inputs,
                "source": layer.source,
            })
        })
        .collect();
    json!({
        "label": label,
        "lazies": lazies,
        "layers": layers,
        "stages": outline.stages,
        "tasks": outline.tasks,
        "naive": outline.naive_bytes,
        "forecast": outline.forecast_bytes,
        "budget": outline.budget_bytes,
        "threads": outline.threads,
    })
}

/// A key as Python takes it: a list of the name and the indices.
pub(super) fn key_value(key: &Key) -> Value {
    std::iter::once(json!(key.name)).chain(key.index.iter().map(|&index| json!(index))).collect()
}
