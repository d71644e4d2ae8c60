//! Computations as the page and the profilers see them.

use super::arrays::Arrays;
use super::host::{ComputationUpdate, Host, ProgressReport};
use super::request::LazyText;
use super::Session;
use crate::block;
use crate::clock::{now_ms, Phase, Spent};
use crate::error::{Error, Result};
use crate::execute::{self, CancelToken, Look, Observer, Outline, TaskRecord, TaskRun, TaskTotals};
use crate::graph::{Graph, Key, Layer};
use crate::grid::Region;
use crate::source::ChunkSource;
use serde_json::{json, Value};
use std::cell::{Cell, RefCell};

/// Milliseconds between two reports of progress, and until a computation is told of before its end.
const REPORT_EVERY: f64 = 50.0;

/// Nodes of a drawing unless told otherwise: what SVG shows comfortably.
pub(super) const DRAWN_NODES: usize = 300;
/// A graph of more layers, each of which has a node at least, is not drawn while it is computed: nobody could read it.
const MOST_LAYERS: usize = 1000;

/// A computation as it is announced.
pub(super) struct Announcement<'a> {
    /// Counts the session's computations, from 1.
    pub(super) number: u32,
    /// What a progress bar calls it.
    pub(super) label: &'a str,
    /// The lazy arrays whose graph it is.
    pub(super) lazies: &'a [LazyText],
    /// Bytes that arrays hold while it runs, and that they may hold.
    pub(super) arrays: u64,
    pub(super) array_limit: u64,
}

/// Passes what a computation does to the host, and the user's wish to stop to the computation.
pub(super) struct Watch<'a> {
    host: &'a dyn Host,
    announcement: Announcement<'a>,
    cancel: &'a CancelToken,
    /// All records, where a profiler wants them.
    profiled: Option<RefCell<Vec<TaskRecord>>>,
    /// How many more tasks have ended than there are records of.
    unrecorded: Cell<u64>,
    /// The most bytes that were held at once.
    peak: Cell<u64>,
    outline: RefCell<Option<Outline>>,
    told: Cell<bool>,
    /// Bytes of memory the program had before it began.
    memory_before: u64,
    /// What the host has not been told yet.
    pending: RefCell<Option<Pending>>,
}

/// What happened since the host was last told.
#[derive(Default)]
struct Pending {
    update: Value,
    finished: Vec<TaskRecord>,
    unrecorded: Vec<TaskRun>,
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
            unrecorded: Cell::default(),
            peak: Cell::default(),
            outline: RefCell::default(),
            told: Cell::new(false),
            memory_before: host.memory_used(),
            pending: RefCell::default(),
        }
    }

    /// Tells the host that the computation is over, and `profile` what ran in it.
    pub(super) fn end(self, error: Option<&Error>, profile: &mut Profile) {
        self.host.progress(None);
        if let (Some(records), Some(outline)) = (&self.profiled, &*self.outline.borrow()) {
            profile.add(outline, &records.borrow(), self.unrecorded.get(), self.peak.get());
        }
        let Some(mut pending) = self.pending.take() else { return };
        pending.update["ended"] = json!({ "error": error.map(ToString::to_string) });
        self.tell(pending);
    }

    fn tell(&self, pending: Pending) {
        let Pending { mut update, finished, unrecorded } = pending;
        let runs = unrecorded.iter().map(|run| json!([run.stage, run.first, run.count]));
        update["unrecorded"] = runs.collect();
        update["number"] = json!(self.announcement.number);
        if !self.told.replace(true) {
            if let Some(outline) = &*self.outline.borrow() {
                let Announcement { label, lazies, array_limit, .. } = self.announcement;
                update["outline"] = outline_value(label, lazies, outline, array_limit);
            }
        }
        self.host.computation(&ComputationUpdate { json: update.to_string(), finished: &finished });
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
            self.unrecorded.set(look.totals.ended - records.borrow().len() as u64);
        }
        let (progress, memory) = (look.progress, self.host.memory_used());
        self.peak.set(progress.bytes_peak);
        let running = look
            .running
            .iter()
            .map(|task| json!([task.stage, task.position, task.thread, task.start_ms, phase_word(task.phase)]));
        // The arrays of the results are there from the beginning on.
        let results = self.outline.borrow().as_ref().map_or(0, |outline| outline.result_bytes);
        let update = json!({
            "done": progress.tasks_done,
            "total": progress.tasks_total,
            "bytes": progress.bytes_read,
            "inFlight": progress.bytes_in_flight,
            "peak": progress.bytes_peak,
            "elapsed": progress.elapsed_ms,
            "memory": memory,
            "memoryBefore": self.memory_before,
            "arrays": self.announcement.arrays + results,
            "spare": block::spare_bytes(),
            "cached": self.host.cached_bytes(),
            "totals": totals_value(&look.totals),
            "running": running.collect::<Vec<_>>(),
            "ended": null,
        });
        let mut pending = self.pending.take().unwrap_or_default();
        pending.update = update;
        pending.finished.extend_from_slice(&look.finished);
        pending.unrecorded.extend_from_slice(&look.unrecorded);
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
                let mut told = std::mem::take(&mut pending);
                pending.update = told.update.clone();
                if !self.told.get() && look.graph().layers().len() <= MOST_LAYERS {
                    // The page cannot ask for it while the computation keeps the kernel.
                    told.update["drawing"] = super::to_value(look.graph().draw(DRAWN_NODES)).unwrap_or(Value::Null);
                }
                self.tell(told);
            }
        }
        // Kept for the end, which has nothing of its own to say but that it is the end.
        *self.pending.borrow_mut() = Some(pending);
    }
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Computing => "computing",
        Phase::Reading => "reading",
        Phase::Decoding => "decoding",
    }
}

/// `totals` of a `ComputationUpdate`.
fn totals_value(totals: &TaskTotals) -> Value {
    let threads = totals.threads.iter().map(|thread| {
        let Spent { reading_ms, decoding_ms } = thread.spent;
        json!([reading_ms, decoding_ms, thread.computing_ms])
    });
    json!({
        "ended": totals.ended,
        "failed": totals.failed,
        "threads": threads.collect::<Vec<_>>(),
        "slowest": totals.slowest.map(|slowest| slowest.numbers()),
        "last": totals.last_ms,
    })
}

/// What ran and was held while somebody profiled: `dask.diagnostics.Profiler` and `ResourceProfiler`.
#[derive(Default)]
pub(super) struct Profile {
    /// How many profilers are at it.
    profilers: u32,
    /// Tasks, and between them what arrays held.
    notes: Vec<Value>,
    /// How often arrays had been used when the first profiler began: what was used since is what the work takes.
    uses_before: u64,
    /// Bytes of such arrays, as last noted.
    arrays: u64,
}

impl Profile {
    pub(super) fn is_on(&self) -> bool {
        self.profilers > 0
    }

    /// One more profiler: where its notes will begin. `uses` is how often arrays have been used so far.
    pub(super) fn begin(&mut self, uses: u64) -> usize {
        if self.profilers == 0 {
            (self.uses_before, self.arrays) = (uses, 0);
        }
        self.profilers += 1;
        self.notes.len()
    }

    /// The notes since `from`, for a profiler that ends.
    pub(super) fn end(&mut self, from: usize) -> Value {
        let notes = self.notes.get(from..).unwrap_or_default().to_vec();
        self.profilers = self.profilers.saturating_sub(1);
        if self.profilers == 0 {
            self.notes.clear();
        }
        Value::Array(notes)
    }

    /// Takes note of what arrays hold, where that has changed: `[null, time, bytes]`. Those from before the profiler
    /// began count once they are used; Python lets go of them only between cells.
    pub(super) fn note_arrays(&mut self, arrays: &Arrays) {
        if !self.is_on() {
            return;
        }
        let held = arrays.held_since(self.uses_before);
        if held != self.arrays {
            self.arrays = held;
            self.notes.push(json!([null, now_ms() / 1e3, held]));
        }
    }

    /// `[key, layers, start, end, thread, bytes held]` of each, with seconds as Dask has them, and what tasks and
    /// arrays hold together; at the end `[null, null, count]` where not all tasks were recorded. The most that was held,
    /// `peak`, falls between the ends of tasks, at which records are made: the task that comes nearest is told with it.
    fn add(&mut self, outline: &Outline, records: &[TaskRecord], unrecorded: u64, peak: u64) {
        let arrays = self.arrays;
        let nearest = (0..records.len()).max_by_key(|&number| records[number].bytes_in_flight);
        self.notes.extend(records.iter().enumerate().map(|(number, record)| {
            let held = if Some(number) == nearest { peak.max(record.bytes_in_flight) } else { record.bytes_in_flight };
            let layers = outline.stages.get(record.stage).into_iter().flatten();
            let names: Vec<&str> = layers.map(|&layer| outline.layers[layer].name.as_str()).collect();
            let key = outline.key(record.stage, record.position).map(|key| key_value(&key));
            let (start, end) = (record.start_ms / 1e3, record.end_ms / 1e3);
            json!([key, names, start, end, record.thread, held + arrays])
        }));
        if unrecorded > 0 {
            self.notes.push(json!([null, null, unrecorded]));
        }
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
            Some(source) => Some(stored_value(&**source, &rule.grid().region_at(position))?),
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
        let graph = self.graph_of(lazies)?;
        let threads = self.scheduler(None, None, &graph)?.threads();
        let outline = execute::outline(&graph, threads, self.limits.task_bytes);
        Ok(outline_value("", lazies, &outline, self.arrays.limit()))
    }

    /// What is stored for each of some blocks of a layer that reads a source, as `StoredChunk`s of
    /// `www/src/protocol.ts`.
    pub(super) fn stored_chunks(&self, lazies: &[LazyText], layer: usize, from: usize, count: usize) -> Result<Value> {
        let graph = self.graph_of(lazies)?;
        let rule = layer_at(&graph, layer, from)?;
        let no_source = || Error::value(format!("the layer '{}' reads no source", rule.name()));
        (from..rule.len().min(from.saturating_add(count)))
            .map(|position| {
                let (source, region) = execute::read_by(rule, position).ok_or_else(no_source)?;
                stored_value(source, &region)
            })
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
    let elements = region.start.iter().zip(&region.count).map(|(start, count)| json!([start, start + count]));
    Ok(json!({
        "elements": elements.collect::<Value>(),
        "bytes": stored.bytes,
        "unpacked": stored.unpacked,
        "chunks": stored.chunks,
        "missing": stored.missing,
        "mask": stored.filter_mask,
    }))
}

/// `ComputationOutline` of `www/src/protocol.ts`.
fn outline_value(label: &str, lazies: &[LazyText], outline: &Outline, array_limit: u64) -> Value {
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
                "combines": layer.combines,
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
        "results": outline.result_bytes,
        "blocksWait": outline.blocks_wait,
        "budget": outline.budget_bytes,
        "limit": array_limit,
        "threads": outline.threads,
        "threadsWait": outline.threads_wait,
    })
}

/// A key as Python takes it: a list of the name and the indices.
pub(super) fn key_value(key: &Key) -> Value {
    std::iter::once(json!(key.name)).chain(key.index.iter().map(|&index| json!(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::Array;
    use crate::block::Block;
    use crate::dtype::DType;
    use crate::grid::ChunkGrid;
    use crate::source::MemorySource;
    use std::sync::Arc;

    #[test]
    fn a_profile_has_the_peak_also_where_no_task_ended_while_it_was_reached() {
        let source = MemorySource::new(Arc::new(Block::zeros(DType::F64, &[3]).unwrap()), "three");
        let array = Array::from_source(Arc::new(source), ChunkGrid::regular(&[3], &[1]), None).unwrap();
        let outline = execute::outline(&Graph::of(&[array]), 2, 1 << 20);
        let record = |position, bytes_in_flight| TaskRecord { position, bytes_in_flight, ..TaskRecord::default() };
        let mut profile = Profile::default();
        let from = profile.begin(0);
        profile.add(&outline, &[record(0, 10), record(1, 30), record(2, 20)], 0, 50);
        let notes = profile.end(from);
        let held: Vec<u64> = notes.as_array().unwrap().iter().filter_map(|note| note[5].as_u64()).collect();
        assert_eq!(held, [10, 50, 20]);
    }
}
