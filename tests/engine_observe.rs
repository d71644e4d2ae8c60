//! What whoever watches is told of a computation: each task, sums over all of them, and what was forecast.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::cancel::checkpoint;
use chunkbook::clock::{decoding, reading, Phase};
use chunkbook::execute::{
    compute, outline, CancelToken, Look, Observer, Outline, Progress, Scheduler, TaskRecord, TaskRun, TaskTotals,
    MOST_RECORDS,
};
use chunkbook::graph::Graph;
use chunkbook::grid::ChunkGrid;
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::{AxisSlice, BinaryOp};
use engine_support::*;
use std::sync::{Arc, Condvar, Mutex};

const BOTH: [Scheduler; 2] = [Scheduler::Serial, Scheduler::Threads];
const FOUR: [Reduction; 4] = [Reduction::Sum, Reduction::Mean, Reduction::Var { ddof: 0 }, Reduction::Std { ddof: 0 }];

fn reduce(array: &Array, reduction: Reduction) -> Array {
    array.reduce(reduction, None, false, None).unwrap()
}

fn vector(len: u64, chunk: u64) -> Array {
    WatchedSource::array(len, chunk, "seen", |_| Ok(()))
}

/// Keeps all that an observer is shown.
#[derive(Default)]
struct Witness {
    records: Mutex<Vec<TaskRecord>>,
    unrecorded: Mutex<Vec<TaskRun>>,
    totals: Mutex<TaskTotals>,
    last: Mutex<Option<(Outline, Progress, usize)>>,
}

impl Observer for Witness {
    fn tick(&self, look: &Look) {
        self.records.lock().unwrap().extend_from_slice(&look.finished);
        self.unrecorded.lock().unwrap().extend_from_slice(&look.unrecorded);
        *self.totals.lock().unwrap() = look.totals.clone();
        *self.last.lock().unwrap() = Some((look.outline(), look.progress, look.running.len()));
    }
}

#[test]
fn an_observer_sees_each_task_once_in_order_and_their_counts_and_bytes_are_the_computations() {
    for scheduler in BOTH {
        let array = vector(6, 1);
        let (witness, cancel) = (Witness::default(), CancelToken::new());
        compute(&[reduce(&array, Reduction::Sum)], &watched(scheduler, 1 << 30, &cancel, &witness)).unwrap();
        let records = witness.records.into_inner().unwrap();
        let (outline, progress, running) = witness.last.into_inner().unwrap().unwrap();
        let mut nodes: Vec<(usize, usize)> = records.iter().map(|record| (record.stage, record.position)).collect();
        let count = nodes.len();
        nodes.sort_unstable();
        nodes.dedup();
        assert_eq!(nodes.len(), count, "a task twice: {records:?}");
        let tasks: usize = records.iter().map(|record| outline.stages[record.stage].len()).sum();
        assert_eq!((tasks as u64, running), (progress.tasks_done, 0));
        assert_eq!(outline.tasks, progress.tasks_total);
        assert_eq!(outline.layers.iter().map(|layer| layer.tasks as u64).sum::<u64>(), outline.tasks);
        assert_eq!(records.iter().map(|record| record.bytes_read).sum::<u64>(), progress.bytes_read);
        assert!(records.windows(2).all(|pair| pair[0].end_ms <= pair[1].end_ms || scheduler == Scheduler::Threads));
        assert!(records.iter().all(|record| record.start_ms <= record.end_ms && !record.failed));
        assert!(records.iter().all(|record| record.thread < rayon::current_num_threads()));
        let chunk = records.iter().find(|record| outline.stages[record.stage].len() > 1).unwrap();
        let key = outline.key(chunk.stage, chunk.position).unwrap();
        assert!(key.name.starts_with("sum-"), "a read and the sum of it run under the key of the sum: {key}");
    }
}

#[test]
fn threads_have_numbers_below_the_most_that_compute_whichever_of_the_pool_they_are() {
    // Of a larger pool any threads may come: after a few turns, others than the first.
    for workers in [1, 2] {
        for _ in 0..20 {
            let (witness, cancel) = (Witness::default(), CancelToken::new());
            let scheduler = Scheduler::Workers(std::num::NonZeroUsize::new(workers).unwrap());
            let sum = reduce(&vector(50, 1), Reduction::Sum);
            compute(&[sum], &watched(scheduler, 1 << 30, &cancel, &witness)).unwrap();
            let (outline, ..) = witness.last.into_inner().unwrap().unwrap();
            assert!(outline.threads <= workers);
            assert!(witness.records.into_inner().unwrap().iter().all(|record| record.thread < outline.threads));
        }
    }
}

#[test]
fn a_task_that_fails_is_seen_to_fail() {
    for scheduler in BOTH {
        let array = WatchedSource::array(100, 10, "fails", |region| match region.start[0] {
            50 => Err(chunkbook::error::Error::storage("gone")),
            _ => Ok(()),
        });
        let (witness, cancel) = (Witness::default(), CancelToken::new());
        let sum = reduce(&array, Reduction::Sum);
        compute(&[sum], &watched(scheduler, 1 << 30, &cancel, &witness)).unwrap_err();
        let records = witness.records.into_inner().unwrap();
        let failed: Vec<usize> = records.iter().filter(|record| record.failed).map(|record| record.position).collect();
        assert_eq!(failed, [5]);
    }
}

#[test]
fn a_task_that_is_stopped_in_its_midst_has_neither_ended_nor_failed() {
    for scheduler in BOTH {
        let (witness, cancel) = (Witness::default(), CancelToken::new());
        let stop = cancel.clone();
        let array = WatchedSource::array(4, 1, "stopped", move |region| {
            if region.start[0] == 2 {
                stop.cancel();
                // A decoder that took no notice would go on for ever.
                loop {
                    checkpoint()?;
                }
            }
            Ok(())
        });
        let error = compute(&[reduce(&array, Reduction::Sum)], &watched(scheduler, 1 << 30, &cancel, &witness));
        let error = error.unwrap_err();
        assert!(error.is_interrupted() && error.to_string() == "the computation was stopped", "{error}");
        let records = witness.records.into_inner().unwrap();
        assert!(records.iter().all(|record| record.position != 2 && !record.failed), "{records:?}");
        let (_, progress, running) = witness.last.into_inner().unwrap().unwrap();
        assert_eq!((running, witness.totals.into_inner().unwrap().failed), (0, 0));
        assert!(progress.tasks_done < progress.tasks_total);
    }
}

/// Looks without anything new, 50 ms each, after which no task waits for more, so that a test that would wait for ever
/// fails; more than other tests may keep the pool's threads.
const PATIENCE: usize = 2400;

/// The phases in which tasks that run together were seen, one for each of them; whoever is in one waits until it was
/// seen.
#[derive(Clone, Default)]
struct Phases(Arc<(Mutex<Seen>, Condvar)>);

#[derive(Default)]
struct Seen {
    phases: Vec<Vec<Phase>>,
    looks_without_news: usize,
}

impl Phases {
    fn wait_for(&self, is_seen: impl Fn(&[Vec<Phase>]) -> bool) {
        let (seen, changed) = &*self.0;
        let waits = |seen: &mut Seen| !is_seen(&seen.phases) && seen.looks_without_news < PATIENCE;
        drop(changed.wait_while(seen.lock().unwrap(), waits).unwrap());
    }

    fn all(&self) -> Vec<Vec<Phase>> {
        self.0 .0.lock().unwrap().phases.clone()
    }
}

impl Observer for Phases {
    fn tick(&self, look: &Look) {
        let (seen, changed) = &*self.0;
        let mut seen = seen.lock().unwrap();
        let now: Vec<Phase> = look.running.iter().map(|task| task.phase).collect();
        let is_new = !now.is_empty() && seen.phases.last() != Some(&now);
        seen.looks_without_news = if is_new { 0 } else { seen.looks_without_news + 1 };
        seen.phases.extend(Some(now).filter(|_| is_new));
        changed.notify_all();
    }
}

#[test]
fn a_task_that_runs_is_seen_to_read_to_decode_and_to_compute() {
    let phases = Phases::default();
    let waits = phases.clone();
    let array = WatchedSource::array(1, 1, "phases", move |_| {
        reading(|| waits.wait_for(|seen| seen.contains(&vec![Phase::Reading])));
        decoding(|| waits.wait_for(|seen| seen.contains(&vec![Phase::Decoding])));
        waits.wait_for(|seen| seen.ends_with(&[vec![Phase::Decoding], vec![Phase::Computing]]));
        Ok(())
    });
    let cancel = CancelToken::new();
    compute(&[reduce(&array, Reduction::Sum)], &watched(Scheduler::Threads, 1 << 30, &cancel, &phases)).unwrap();
    // A look may come before the task has begun to read, or between that and decoding.
    let seen: Vec<_> = phases.all().concat().into_iter().filter(|phase| *phase != Phase::Computing).collect();
    assert_eq!(seen, [Phase::Reading, Phase::Decoding]);
}

#[test]
fn what_a_thread_is_at_is_told_whatever_computations_run_beside_it() {
    // Numbers of threads are a computation's own: the one beside calls its only thread 0, too.
    let threads = rayon::current_num_threads();
    let phases = Phases::default();
    let waits = phases.clone();
    let array = WatchedSource::array(threads as u64, 1, "beside", move |_| {
        reading(|| {
            let beside = || {
                let (witness, cancel) = (Witness::default(), CancelToken::new());
                let sum = reduce(&vector(1, 1), Reduction::Sum);
                compute(&[sum], &watched(Scheduler::Serial, 1 << 30, &cancel, &witness)).unwrap();
            };
            std::thread::spawn(beside).join().unwrap();
            waits.wait_for(|seen| seen.contains(&vec![Phase::Reading; threads]));
        });
        Ok(())
    });
    let cancel = CancelToken::new();
    compute(&[reduce(&array, Reduction::Sum)], &watched(Scheduler::Threads, 1 << 30, &cancel, &phases)).unwrap();
    let seen = phases.all();
    assert!(seen.contains(&vec![Phase::Reading; threads]), "{seen:?}");
}

#[test]
fn the_outline_tells_what_slices_read_of_a_source_themselves() {
    let rows = table(20, 12);
    let (table, others) = (memory_array(&rows, &[2, 3]), memory_array(&rows, &[5, 12]));
    let part = table.slice(&[AxisSlice { start: 4, step: 1, count: 6 }, AxisSlice::whole(12)], &[]).unwrap();
    let both = [reduce(&part, Reduction::Sum), reduce(&table, Reduction::Sum)];
    let told = |arrays: &[Array]| {
        let outline = outline(&Graph::of(arrays), 2, 1 << 30);
        let reading = outline.layers.iter().filter(|layer| layer.source.is_some() && layer.tasks > 0);
        (reading.map(|layer| (layer.label.clone(), layer.tasks)).collect::<Vec<_>>(), outline.naive_bytes)
    };
    let whole = 20 * 12 * 8;
    assert_eq!(told(&both[..1]), (vec![("getitem".into(), 3 * 4)], 6 * 12 * 8));
    let rest = table.slice(&[AxisSlice { start: 3, step: 1, count: 17 }, AxisSlice::whole(12)], &[]).unwrap();
    let slices = [both[0].clone(), reduce(&rest, Reduction::Sum)];
    assert_eq!(told(&slices).1, 18 * 12 * 8, "the chunks that some slice takes, once");
    let twice = [reduce(&table, Reduction::Sum), reduce(&others, Reduction::Sum)];
    assert_eq!(told(&twice).1, whole, "one array in two kinds of chunks");
    let corner = [AxisSlice { start: 7, step: 1, count: 5 }, AxisSlice { start: 1, step: 1, count: 1 }];
    assert_eq!(told(&[reduce(&table.slice(&corner, &[]).unwrap(), Reduction::Sum)]).1, 5 * 8);
    assert_eq!(
        told(&both),
        (vec![("array".into(), 10 * 4)], whole),
        "where the source is read whole, they take of that"
    );
}

#[test]
fn the_outline_tells_whether_more_chunks_mean_more_memory() {
    let table = memory_array(&table(20, 12), &[2, 3]);
    let mean = table.reduce(Reduction::Mean, None, true, None).unwrap();
    let less = binary(BinaryOp::Subtract, &LazyOperand::Array(table.clone()), &LazyOperand::Array(mean)).unwrap();
    let turned = table.rechunk(ChunkGrid::regular(&[20, 12], &[20, 1])).unwrap();
    let told = |array: &Array| {
        let outline = outline(&Graph::of(std::slice::from_ref(array)), 2, 1 << 30);
        (outline.blocks_wait, outline.result_bytes)
    };
    assert_eq!(told(&reduce(&table, Reduction::Sum)), (false, 0));
    assert_eq!(told(&table), (false, 20 * 12 * 8));
    assert_eq!(told(&reduce(&less, Reduction::Sum)), (true, 0));
    assert_eq!(told(&reduce(&turned, Reduction::Sum)), (true, 0));
}

#[test]
fn what_becomes_one_in_a_tree_of_partials_is_told_by_layer() {
    let array = WatchedSource::array(100, 1, "tree", |_| Ok(()));
    let witness = Witness::default();
    let cancel = CancelToken::new();
    let sum = array.reduce(Reduction::Sum, None, false, Some(8)).unwrap();
    compute(&[sum], &watched(Scheduler::Serial, 1 << 30, &cancel, &witness)).unwrap();
    let (outline, ..) = witness.last.into_inner().unwrap().unwrap();
    let told: Vec<_> = outline.layers.iter().map(|layer| (layer.counts.clone(), layer.combines.clone())).collect();
    let groups = Some(vec![Some((0, 8))]);
    let tree = [
        (vec![100], None),
        (vec![100], None),
        (vec![13], groups.clone()),
        (vec![2], groups),
        (vec![], Some(vec![None])),
    ];
    assert_eq!(told, tree);
}

/// What is seen of computing the sum of so many chunks of one number.
fn witness_of_chunks(chunks: u64, scheduler: Scheduler, fails_at: Option<u64>) -> Witness {
    let array = WatchedSource::array(chunks, 1, "many", move |region| match fails_at {
        Some(at) if region.start[0] == at => Err(chunkbook::error::Error::storage("gone")),
        _ => Ok(()),
    });
    let (witness, cancel) = (Witness::default(), CancelToken::new());
    let result = compute(&[reduce(&array, Reduction::Sum)], &watched(scheduler, 1 << 30, &cancel, &witness));
    assert_eq!(result.is_err(), fails_at.is_some());
    witness
}

#[test]
fn beyond_the_most_records_the_totals_and_what_is_done_are_those_of_all_tasks() {
    let chunks = MOST_RECORDS as u64 + 2_000;
    let witness = witness_of_chunks(chunks, Scheduler::Threads, None);
    let records = witness.records.into_inner().unwrap();
    let totals = witness.totals.into_inner().unwrap();
    let (outline, progress, _) = witness.last.into_inner().unwrap().unwrap();
    assert_eq!(records.len(), MOST_RECORDS);
    // Each block of each stage is recorded or in a run, once.
    let mut ended: Vec<(usize, usize)> = records.iter().map(|record| (record.stage, record.position)).collect();
    let runs = witness.unrecorded.into_inner().unwrap();
    ended.extend(runs.iter().flat_map(|run| (run.first..run.first + run.count).map(|position| (run.stage, position))));
    let tasks: usize = ended.iter().map(|&(stage, _)| outline.stages[stage].len()).sum();
    assert_eq!(tasks as u64, progress.tasks_total);
    assert_eq!(ended.len() as u64, totals.ended);
    ended.sort_unstable();
    assert!(ended.windows(2).all(|pair| pair[0] != pair[1]), "a task twice");
    assert_eq!(totals.failed, 0);
    // The recorded ones are a part of the sums, and none of them is slower than the slowest.
    let took = |record: &TaskRecord| record.end_ms - record.start_ms;
    let known: f64 = records.iter().map(took).sum();
    let whole: f64 = totals.threads.iter().map(|t| t.computing_ms + t.spent.reading_ms + t.spent.decoding_ms).sum();
    assert!(whole >= known * 0.999, "{whole} ms in all, {known} ms of those that are recorded");
    let slowest = took(&totals.slowest.unwrap());
    assert!(records.iter().filter(|record| record.stage == 0).all(|record| took(record) <= slowest));
    assert!(records.iter().all(|record| record.end_ms <= totals.last_ms));
}

#[test]
fn a_task_that_fails_is_recorded_however_many_came_before() {
    let at = MOST_RECORDS as u64 + 1_000;
    let witness = witness_of_chunks(at + 10, Scheduler::Serial, Some(at));
    let records = witness.records.into_inner().unwrap();
    let failed: Vec<usize> = records.iter().filter(|record| record.failed).map(|record| record.position).collect();
    assert_eq!(failed, [at as usize]);
    assert_eq!(witness.totals.into_inner().unwrap().failed, 1);
}

/// Forecast and peak of a computation.
fn forecast_and_peak(arrays: &[Array], scheduler: Scheduler) -> (u64, u64) {
    let (witness, cancel) = (Witness::default(), CancelToken::new());
    compute(arrays, &watched(scheduler, 1 << 30, &cancel, &witness)).unwrap();
    let (outline, progress, _) = witness.last.into_inner().unwrap().unwrap();
    (outline.forecast_bytes, progress.bytes_peak)
}

#[test]
fn no_computation_holds_more_than_was_forecast() {
    let flat = vector(3000, 1);
    let square = memory_array(&table(60, 60), &[7, 11]);
    let both_ways = [
        square.reduce(Reduction::Sum, Some(&[0]), false, None),
        square.reduce(Reduction::Sum, Some(&[1]), false, None),
    ];
    let mean = reduce(&square, Reduction::Mean);
    let of = |array: &Array| LazyOperand::Array(array.clone());
    let centred = binary(BinaryOp::Subtract, &of(&square), &of(&mean)).unwrap();
    let turned = binary(BinaryOp::Add, &of(&square), &of(&square.transpose(&[1, 0]).unwrap())).unwrap();
    let recut = square.rechunk(ChunkGrid::regular(&[60, 60], &[13, 5])).unwrap();
    let cases: Vec<(&str, Vec<Array>)> = vec![
        ("many chunks of one number", vec![reduce(&flat, Reduction::Sum)]),
        ("four in one pass", FOUR.map(|reduction| reduce(&flat, reduction)).to_vec()),
        ("wide results", vec![square.reduce(Reduction::Std { ddof: 0 }, Some(&[0]), false, Some(2)).unwrap()]),
        ("trees across one another", both_ways.into_iter().map(Result::unwrap).collect()),
        ("two passes", vec![reduce(&centred, Reduction::Sum)]),
        ("turned", vec![reduce(&turned, Reduction::Max)]),
        ("other chunks", vec![reduce(&recut, Reduction::Mean), recut.clone()]),
        ("the least and where", vec![reduce(&flat, Reduction::ArgMin), reduce(&flat, Reduction::Min)]),
    ];
    for scheduler in BOTH {
        for (name, arrays) in &cases {
            let (forecast, peak) = forecast_and_peak(arrays, scheduler);
            assert!(0 < peak && peak <= forecast, "{name}, {scheduler:?}: {peak} held, {forecast} forecast");
        }
    }
}

#[test]
fn a_forecast_grows_with_the_rounds_of_combining_and_not_with_the_chunks() {
    let forecast =
        |chunks: u64| forecast_and_peak(&[reduce(&vector(chunks * 10, 10), Reduction::Sum)], Scheduler::Serial).0;
    let (few, many) = (forecast(16), forecast(4096));
    assert!(few < many && many < 4 * few, "{few} for 16 chunks, {many} for 4096");
    let (large, peak) = forecast_and_peak(&[reduce(&vector(100_000, 10_000), Reduction::Sum)], Scheduler::Serial);
    assert!(large < peak + peak / 100, "where chunks are large they are what counts: {large} forecast, {peak} held");
}

#[test]
fn the_outline_tells_the_whole_arrays_bytes_and_the_threads() {
    let (witness, cancel) = (Witness::default(), CancelToken::new());
    compute(&[reduce(&vector(6, 1), Reduction::Sum)], &watched(Scheduler::Serial, 1 << 30, &cancel, &witness)).unwrap();
    let (outline, ..) = witness.last.into_inner().unwrap().unwrap();
    assert_eq!((outline.naive_bytes, outline.threads), (6 * 8, 1));
}
