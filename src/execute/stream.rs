//! Streaming: a chunk that is read, changed and reduced piece by piece never lies in memory whole, and each piece is
//! still in the processor's cache when it is reduced.

use super::evaluate::{evaluate, Value};
use super::stage::{Input, Stage};
use crate::cancel::checkpoint;
use crate::error::{Error, Result};
use crate::graph::layer::Operation;
use crate::graph::{Graph, Layer};
use crate::grid::Region;
use crate::kernels::pushdown::{Pass, Pushdown};
use crate::kernels::reduction::{ChunkReduction, Partial, Reduction};
use crate::source::ChunkSource;
use std::sync::Arc;

/// Bytes of a piece as it is read, about: small enough for the processor's last cache and for a small peak of memory,
/// large enough that asking for it costs little beside reading it.
const PIECE: u64 = 4 << 20;

/// Chunks of up to this many pieces come whole: being asked for once saves them more than the cache would.
const WHOLE: u64 = 2;

/// Chunks from this many bytes on may be reduced where they are read: of smaller ones that is not worth asking for.
const PUSHED_DOWN: u64 = 2 << 20;

/// What a step of a stage that streams does with a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Makes a piece: reads it, or changes each of its elements.
    Piecewise,
    /// Reduces the pieces, together with the steps that share its pass.
    Reduces,
    /// Waits for what is made of all pieces.
    Waits,
}

/// How a stage streams.
pub(crate) struct Stream {
    roles: Vec<Role>,
}

/// A chunk, and the extent along `axis` of the pieces it is read in.
struct Cut {
    region: Region,
    axis: usize,
    rows: u64,
}

impl Stream {
    /// How `stage` streams, if it does: its source, and what is made of it element by element, are wanted by nobody
    /// but reductions. `requested` are the layers whose blocks the user asked for.
    pub(crate) fn of(graph: &Graph, stage: &Stage, requested: &[bool]) -> Option<Stream> {
        let layer = |step: usize| &graph.layers()[stage.steps[step].layer];
        let (first, others) = stage.steps.split_first()?;
        layer(0).source()?;
        let mut roles = vec![Role::Piecewise];
        for (number, step) in (1..).zip(others) {
            let of_pieces = |input: &Input| matches!(input, Input::Own(other) if roles[*other] == Role::Piecewise);
            let one_number =
                |edge: usize| layer(number).edges[edge].input.grid().shape().iter().all(|&extent| extent == 1);
            let same_grid = |edge: usize| {
                layer(number).edges[edge].input.grid().shape() == layer(0).grid().shape()
                    && layer(number).edges[edge].identity
            };
            let elementwise = || {
                step.inputs.iter().enumerate().all(|(edge, input)| match input {
                    Input::Own(_) => of_pieces(input) && same_grid(edge),
                    Input::External(_) => one_number(edge),
                    Input::Direct => false,
                })
            };
            let any_of_pieces = step.inputs.iter().any(of_pieces);
            roles.push(match layer(number).operation {
                _ if !any_of_pieces => Role::Waits,
                Operation::Unary(_) | Operation::AsType | Operation::Binary { .. } if elementwise() => Role::Piecewise,
                Operation::Chunk { .. } => Role::Reduces,
                _ => return None,
            });
        }
        let wanted_whole = |(role, step): (&Role, _)| {
            let step: &super::stage::Step = step;
            *role == Role::Piecewise && (step.escapes || (requested[step.layer] && !step.repeated))
        };
        let nobody_else = !roles.iter().zip(std::iter::once(first).chain(others)).any(wanted_whole);
        (nobody_else && roles.contains(&Role::Reduces)).then_some(Stream { roles })
    }

    /// Whether the step makes pieces, which are gone once [`Stream::run`] is done.
    pub(crate) fn is_piecewise(&self, step: usize) -> bool {
        self.roles[step] == Role::Piecewise
    }

    fn source<'a>(graph: &'a Graph, stage: &Stage) -> Option<(&'a Layer, &'a dyn ChunkSource)> {
        let layer = &graph.layers()[stage.steps[0].layer];
        Some((layer, layer.source()?.as_ref()))
    }

    /// How the chunk at `position` is cut; `None` where it is better, or only to be, had whole.
    fn cut(&self, graph: &Graph, stage: &Stage, position: usize) -> Option<Cut> {
        let (layer, source) = Stream::source(graph, stage)?;
        if layer.block_bytes(position) <= WHOLE * PIECE {
            return None;
        }
        let region = layer.grid().region_at(position);
        let axis = region.count.iter().position(|&extent| extent > 1)?;
        let row = region.count[axis + 1..].iter().try_fold(source.dtype().size() as u64, |n, &c| n.checked_mul(c))?;
        let shape = region.extents().ok()?;
        let mut grain = source.grain(&region)?;
        for (step, role) in stage.steps.iter().zip(&self.roles) {
            if let (Operation::Chunk { axes, .. }, Role::Reduces) = (&graph.layers()[step.layer].operation, role) {
                grain = least_common_multiple(grain, ChunkReduction::grain(&shape, axes)? as u64)?;
            }
        }
        let rows = (PIECE / row / grain).max(1).saturating_mul(grain);
        (rows < region.count[axis]).then_some(Cut { region, axis, rows })
    }

    /// The most bytes that pieces take at once while the block at `position` streams; `None` where it does not.
    pub(crate) fn estimate(&self, graph: &Graph, stage: &Stage, position: usize) -> Option<u64> {
        let Cut { mut region, axis, rows } = self.cut(graph, stage, position)?;
        region.count[axis] = rows;
        let (_, source) = Stream::source(graph, stage)?;
        let scratch = source.scratch_bytes(&region);
        let elements = region.count[axis + 1..].iter().fold(rows, |n, &extent| n.saturating_mul(extent));
        let layers = stage.steps.iter().zip(&self.roles).map(|(step, role)| (&graph.layers()[step.layer], role));
        Some(layers.fold(scratch, |bytes, (layer, role)| {
            bytes.saturating_add(match role {
                Role::Piecewise => elements.saturating_mul(layer.dtype().size() as u64),
                Role::Reduces | Role::Waits => layer.block_bytes(position),
            })
        }))
    }

    /// Reads the chunk at `position` piece by piece and puts what its reductions make of it into `own`; `inputs`
    /// are the blocks of other stages. The bytes that were read, or `None` where the chunk does not stream.
    ///
    /// # Errors
    /// The error of the task that failed, with its key.
    pub(crate) fn run(
        &self,
        graph: &Graph,
        stage: &Stage,
        position: usize,
        inputs: &[Vec<Value>],
        own: &mut [Option<Value>],
    ) -> Result<Option<u64>> {
        let Some((source_layer, source)) = Stream::source(graph, stage) else { return Ok(None) };
        let cut = self.cut(graph, stage, position);
        if cut.is_none() && source_layer.block_bytes(position) < PUSHED_DOWN {
            return Ok(None);
        }
        let sinks = self.sinks(graph, stage)?;
        let region = source_layer.grid().region_at(position);
        if let Some(partials) = self.pushed_down(source, &region, &sinks) {
            for (Sink { steps, .. }, partials) in sinks.into_iter().zip(partials) {
                keep(steps, partials, own);
            }
            return Ok(Some(source.stored_bytes(&region)));
        }
        let Some(Cut { region, axis, rows }) = cut else { return Ok(None) };
        let at = |layer: &Layer| {
            let key = layer.key(position).to_string();
            move |error: Error| error.at(key)
        };
        let shape = region.extents()?;
        let reduction = |sink: &Sink| {
            ChunkReduction::new(&sink.reductions(), step_dtype(graph, stage, sink.of), &shape, &sink.axes)
        };
        let mut reductions: Vec<ChunkReduction> = sinks.iter().map(reduction).collect::<Result<_>>()?;
        let mut pieces: Vec<Option<Value>> = vec![None; stage.steps.len()];
        for start in (0..region.count[axis]).step_by(usize::try_from(rows).unwrap_or(usize::MAX)) {
            checkpoint().map_err(at(source_layer))?;
            let mut part = region.clone();
            part.start[axis] += start;
            part.count[axis] = rows.min(region.count[axis] - start);
            let read = source.read(&part).map_err(|error| error.at(source.label())).map_err(at(source_layer))?;
            pieces[0] = Some(Value::Block(Arc::new(read)));
            for number in (1..stage.steps.len()).filter(|&number| self.is_piecewise(number)) {
                let step = &stage.steps[number];
                let layer = &graph.layers()[step.layer];
                let (made, _) = evaluate(layer, position, &step.given(&pieces, inputs)).map_err(at(layer))?;
                pieces[number] = Some(made);
            }
            for (Sink { of, .. }, reduction) in sinks.iter().zip(&mut reductions) {
                if let Some(value) = &pieces[*of] {
                    reduction.add(value.block()?);
                }
            }
        }
        for (Sink { steps, .. }, reduction) in sinks.into_iter().zip(reductions) {
            let partials = reduction.finish().map_err(at(&graph.layers()[stage.steps[steps[0].0].layer]))?;
            keep(steps, partials, own);
        }
        Ok(Some(source.stored_bytes(&region)))
    }

    /// What each of the `sinks` makes of the chunk, made where its elements are read, if its source does that and no
    /// other step wants them.
    fn pushed_down(&self, source: &dyn ChunkSource, region: &Region, sinks: &[Sink]) -> Option<Vec<Vec<Partial>>> {
        if self.roles.iter().filter(|&&role| role == Role::Piecewise).count() > 1 {
            return None;
        }
        let pass = |sink: &Sink| Pass { reductions: sink.reductions(), axes: sink.axes.clone() };
        let wanted = Pushdown::new(source.dtype(), &region.extents().ok()?, sinks.iter().map(pass).collect())?;
        source.reduce(region, &wanted)
    }

    fn sinks(&self, graph: &Graph, stage: &Stage) -> Result<Vec<Sink>> {
        let mut sinks = vec![];
        let mut shared = vec![false; stage.steps.len()];
        for (number, step) in stage.steps.iter().enumerate() {
            if self.roles[number] != Role::Reduces || shared[number] {
                continue;
            }
            let (Operation::Chunk { axes, .. }, Some(&Input::Own(of))) =
                (&graph.layers()[step.layer].operation, step.inputs.first())
            else {
                return Err(Error::internal("a step that reduces pieces has none"));
            };
            let mut steps = vec![];
            for other in std::iter::once(number).chain(step.shared_with.iter().copied()) {
                shared[other] = true;
                if let Operation::Chunk { reduction, .. } = &graph.layers()[stage.steps[other].layer].operation {
                    steps.push((other, *reduction));
                }
            }
            sinks.push(Sink { of, steps, axes: axes.to_vec() });
        }
        Ok(sinks)
    }
}

/// Reductions that share a pass over the pieces that step `of` makes.
struct Sink {
    of: usize,
    steps: Vec<(usize, Reduction)>,
    axes: Vec<usize>,
}

impl Sink {
    fn reductions(&self) -> Vec<Reduction> {
        self.steps.iter().map(|(_, reduction)| *reduction).collect()
    }
}

/// Puts what came of the reductions `steps` where the steps after them find it.
fn keep(steps: Vec<(usize, Reduction)>, partials: Vec<Partial>, own: &mut [Option<Value>]) {
    for ((step, reduction), partial) in steps.into_iter().zip(partials) {
        own[step] = Some(Value::Partial(Arc::new(partial), reduction));
    }
}

fn step_dtype(graph: &Graph, stage: &Stage, step: usize) -> crate::dtype::DType {
    graph.layers()[stage.steps[step].layer].dtype()
}

fn least_common_multiple(a: u64, b: u64) -> Option<u64> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).checked_mul(b)
}
