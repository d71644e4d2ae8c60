//! The most that a computation will hold at once, told before it runs.
//!
//! Running tasks hold what [`Plan::estimate`] says. Beside them results wait for the others of their group. The leaves
//! are read depth first, so in a tree the groups that are begun and not complete are, of each layer, one that lies
//! across what has been read so far, and one for each thread, whose running task it waits for. Where the graph is no
//! such tree nothing better is known than that all blocks of a layer may wait.

use super::bits::Needed;
use super::plan::{Node, Plan};
use super::stage::{Stage, Step};

/// Positions of a layer that are looked at: the rule is the same for the others.
const LOOKED_AT: usize = 256;

/// Bytes that the tasks of `plan` on `threads` threads and the arrays of its results will not exceed; `budget` is what makes
/// reading wait.
pub(super) fn most_held(plan: &Plan, threads: usize, budget: u64) -> u64 {
    let tasks = most_running(plan, threads as u64, budget).saturating_add(most_waiting(plan, threads as u64));
    tasks.saturating_add(plan.result_bytes())
}

fn most_running(plan: &Plan, threads: u64, budget: u64) -> u64 {
    let (mut reading, mut other) = (0, 0);
    for (number, stage) in plan.stages.iter().enumerate() {
        let layer = stage.steps[0].layer;
        let estimate = |position| plan.estimate(Node { stage: number as u32, position });
        let largest = looked_at(plan.needed(layer), plan.layer_len(layer)).map(estimate).max().unwrap_or(0);
        let most = if stage.reads { &mut reading } else { &mut other };
        *most = largest.max(*most);
    }
    // A read begins within the budget, or alone; what takes results that are there already begins in any case.
    let within_budget = budget.max(reading).saturating_add(threads.saturating_mul(other));
    threads.saturating_mul(reading.max(other)).min(within_budget)
}

fn most_waiting(plan: &Plan, threads: u64) -> u64 {
    let trees = is_trees(plan);
    let mut waiting = 0u64;
    for step in plan.stages.iter().flat_map(|stage| &stage.steps).filter(|step| !step.consumers.is_empty()) {
        let layer = &plan.graph().layers()[step.layer];
        let blocks = plan.needed(step.layer).count(layer.len()) as u64;
        // One group more than there are threads.
        let most = if trees { (threads + 1).saturating_mul(group(plan, step)).min(blocks) } else { blocks };
        waiting = waiting.saturating_add(most.saturating_mul(layer.largest_bytes()));
    }
    waiting
}

/// What a tree looks like from a leaf on: the blocks along each axis and the size of the groups of each step.
type Shape = Vec<(Vec<usize>, u64)>;

/// Whether the plan consists of trees that are read depth first: no block is taken twice, no read waits for a result,
/// and trees that grow from the same leaves have one shape.
pub(super) fn is_trees(plan: &Plan) -> bool {
    plan.stages.iter().all(|stage| {
        let taken = stage.steps.iter().filter(|step| !step.consumers.is_empty());
        let shapes: Option<Vec<Shape>> = taken.map(|step| shape(plan, step)).collect();
        let reads_wait = stage.reads && !stage.externals.is_empty();
        !reads_wait && shapes.is_some_and(|shapes| shapes.windows(2).all(|pair| pair[0] == pair[1]))
    })
}

/// From `step` on, or `None` where that is no tree.
fn shape(plan: &Plan, step: &Step) -> Option<Shape> {
    let mut shape = vec![];
    let mut next = Some(step);
    while let Some(step) = next {
        let &[(layer, edge)] = &step.consumers[..] else { return None };
        let rule = &plan.graph().layers()[layer];
        let input = plan.needed(step.layer);
        for position in looked_at(input, plan.layer_len(step.layer)) {
            let mut uses = 0;
            rule.visit_consumers(edge, position, |_| uses += 1);
            if uses > 1 {
                return None;
            }
        }
        shape.push((rule.counts().to_vec(), group(plan, step)));
        let stage: &Stage = plan.stage(plan.node(layer, 0));
        let mut onward = stage.steps.iter().filter(|step| !step.consumers.is_empty());
        next = onward.next();
        if onward.next().is_some() {
            return None;
        }
    }
    Some(shape)
}

/// The most blocks of `step` that one task takes.
fn group(plan: &Plan, step: &Step) -> u64 {
    let mut most = 0;
    for &(layer, edge) in &step.consumers {
        let rule = &plan.graph().layers()[layer];
        for position in looked_at(plan.needed(layer), rule.len()) {
            let mut count = 0;
            rule.visit_inputs(edge, position, |_| count += 1);
            most = most.max(count);
        }
    }
    most
}

/// The first blocks that are needed.
fn looked_at(needed: &Needed, len: usize) -> impl Iterator<Item = usize> + '_ {
    needed.positions(len).take(LOOKED_AT)
}
