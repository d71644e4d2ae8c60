//! How the engine runs graphs: what is read when, how much is held, who can stop it, what failure looks like.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::block::Block;
use chunkbook::dtype::DType;
use chunkbook::error::{Error, ErrorKind};
use chunkbook::execute::{compute, get, CancelToken, Look, Observer, Progress, Scheduler, TaskResult};
use chunkbook::graph::{Graph, Key};
use chunkbook::grid::{ChunkGrid, Region};
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::{AxisSlice, BinaryOp};
use chunkbook::source::{ChunkSource, MemorySource};
use engine_support::*;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const BOTH: [Scheduler; 2] = [Scheduler::Serial, Scheduler::Threads];
const FOUR: [Reduction; 4] = [Reduction::Sum, Reduction::Mean, Reduction::Var { ddof: 0 }, Reduction::Std { ddof: 0 }];

fn reduce(array: &Array, reduction: Reduction) -> Array {
    array.reduce(reduction, None, false, None).unwrap()
}

/// A watched vector, and how often each of its chunks was read.
fn counted(len: u64, chunk: u64) -> (Array, Arc<Vec<AtomicUsize>>) {
    let reads: Arc<Vec<AtomicUsize>> = Arc::new((0..len.div_ceil(chunk)).map(|_| AtomicUsize::new(0)).collect());
    let counts = Arc::clone(&reads);
    let array = WatchedSource::array(len, chunk, "counted", move |region| {
        counts[(region.start[0] / chunk) as usize].fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    (array, reads)
}

fn times_read(reads: &[AtomicUsize]) -> Vec<usize> {
    reads.iter().map(|count| count.load(Ordering::Relaxed)).collect()
}

#[test]
fn four_reductions_read_each_chunk_once() {
    for scheduler in BOTH {
        let (array, reads) = counted(1000, 7);
        let results = compute(&FOUR.map(|reduction| reduce(&array, reduction)), &options(scheduler)).unwrap();
        assert!(times_read(&reads).iter().all(|&n| n == 1), "{:?}", times_read(&reads));
        assert_eq!(elements(&results[0]), [1000.0]);
        assert_eq!(elements(&results[3]), [0.0]);
    }
}

#[test]
fn an_array_asked_for_twice_is_computed_once() {
    for scheduler in BOTH {
        let (array, reads) = counted(20, 6);
        let sum = reduce(&array, Reduction::Sum);
        let results = compute(&[sum.clone(), array.clone(), sum, array], &options(scheduler)).unwrap();
        assert_eq!(results.iter().map(|block| block.len()).collect::<Vec<_>>(), [1, 20, 1, 20]);
        assert_eq!(elements(&results[2]), [20.0]);
        assert_eq!(elements(&results[3]), vec![1.0; 20]);
        assert_eq!(times_read(&reads), [1; 4]);
    }
}

#[test]
fn only_chunks_that_are_needed_are_read() {
    for scheduler in BOTH {
        let (array, reads) = counted(100, 10);
        let slice = AxisSlice { start: 25, count: 2, step: 30 };
        let sliced = array.slice(&[slice], &[]).unwrap();
        compute(&[reduce(&sliced, Reduction::Sum)], &options(scheduler)).unwrap();
        assert_eq!(times_read(&reads), [0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
    }
}

#[test]
fn a_slice_of_a_source_reads_just_what_it_spans() {
    for scheduler in BOTH {
        let spans = Arc::new(Mutex::new(vec![]));
        let log = Arc::clone(&spans);
        let array = WatchedSource::array(100, 40, "spanned", move |region| {
            log.lock().unwrap().push((region.start[0], region.count[0]));
            Ok(())
        });
        let sliced = array.slice(&[AxisSlice { start: 92, count: 6, step: -5 }], &[]).unwrap();
        assert_eq!(elements(&run_one(&sliced, scheduler)), [1.0; 6]);
        let mut read = std::mem::take(&mut *spans.lock().unwrap());
        read.sort_unstable();
        assert_eq!(read, [(67, 11), (82, 11)]);
        let both = [reduce(&sliced, Reduction::Sum), reduce(&array, Reduction::Sum)];
        compute(&both, &options(scheduler)).unwrap();
        assert_eq!(spans.lock().unwrap().len(), 3, "chunks that are needed whole are read once");
    }
}

#[test]
fn a_key_inside_the_graph_is_computed_from_what_it_needs() {
    for scheduler in BOTH {
        let (array, reads) = counted(100, 10);
        let graph = Graph::of(&[reduce(&array, Reduction::Sum), reduce(&array, Reduction::Mean)]);
        let partial = graph.layers().iter().find(|layer| layer.label() == "sum-partial").unwrap();
        let mean = graph.layers().iter().find(|layer| layer.label() == "mean_chunk").unwrap();
        let keys = [
            Key::new(partial.name(), vec![1]),
            Key::new(array.name(), vec![5]),
            Key::new(mean.name(), vec![9]),
            Key::new(partial.name(), vec![1]),
        ];
        let results = get(&graph, &keys, &options(scheduler)).unwrap();
        assert_eq!(elements(results[0].block().unwrap()), [40.0]);
        assert_eq!(elements(results[1].block().unwrap()), [1.0; 10]);
        let TaskResult::Partial(fields) = &results[2] else { panic!("{:?}", results[2]) };
        let values: Vec<_> = fields.iter().map(|(name, block)| (*name, elements(block)[0])).collect();
        assert_eq!(values, [("n", 10.0), ("total", 10.0)]);
        assert_eq!(elements(results[3].block().unwrap()), [40.0]);
        assert_eq!(times_read(&reads), [0, 0, 0, 0, 1, 1, 1, 1, 0, 1]);
        let missing = get(&graph, &[Key::new("nope", vec![])], &options(scheduler)).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Key);
    }
}

/// A vector whose source notes how many bytes are being read at once.
fn weighed(len: u64, chunk: u64, most: &Arc<AtomicU64>) -> Array {
    let (now, most) = (AtomicU64::new(0), Arc::clone(most));
    WatchedSource::array(len, chunk, "weighed", move |region| {
        let bytes = region.count[0] * 8;
        most.fetch_max(now.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
        std::thread::sleep(std::time::Duration::from_millis(1));
        now.fetch_sub(bytes, Ordering::SeqCst);
        Ok(())
    })
}

/// Remembers the last progress, and that it never went back.
#[derive(Default)]
struct Log(Mutex<Progress>);

impl Observer for Log {
    fn tick(&self, look: &Look) {
        let progress = &look.progress;
        let mut last = self.0.lock().unwrap();
        assert!(progress.tasks_done >= last.tasks_done && progress.bytes_read >= last.bytes_read);
        assert!(progress.tasks_done <= progress.tasks_total && progress.elapsed_ms >= last.elapsed_ms);
        *last = *progress;
    }
}

#[test]
fn no_more_threads_compute_than_there_may_be_workers() {
    for workers in [1, 2, 100] {
        let most = Arc::new(AtomicU64::new(0));
        let array = weighed(400, 10, &most);
        let scheduler = Scheduler::Workers(std::num::NonZeroUsize::new(workers).unwrap());
        let sum = compute(&[reduce(&array, Reduction::Sum)], &options(scheduler)).unwrap();
        assert_eq!(elements(&sum[0]), elements(&run_one(&reduce(&array, Reduction::Sum), Scheduler::Serial)));
        assert!(most.load(Ordering::SeqCst) <= 80 * workers as u64, "chunks of 80 bytes, {workers} at once");
    }
}

#[test]
fn reads_in_flight_stay_within_the_memory_budget() {
    for scheduler in BOTH {
        for (budget, allowed) in [(0, 8000), (10_000, 8000), (17_000, 16_000)] {
            let most = Arc::new(AtomicU64::new(0));
            let (cancel, log) = (CancelToken::new(), Log::default());
            let sum = reduce(&weighed(50_000, 1000, &most), Reduction::Sum);
            let result = compute(&[sum], &watched(scheduler, budget, &cancel, &log)).unwrap();
            assert_eq!(elements(&result[0]), [50_000.0]);
            let most = most.load(Ordering::SeqCst);
            assert!(most <= allowed, "{most} bytes were read at once, the budget is {budget}");
            let progress = *log.0.lock().unwrap();
            assert_eq!((progress.tasks_done, progress.tasks_total), (50 + 50 + 13 + 4 + 1, 50 + 50 + 13 + 4 + 1));
            assert_eq!((progress.bytes_read, progress.bytes_in_flight), (400_000, 0));
            // One task may always run; the partials that wait to be combined come on top.
            assert!(progress.bytes_peak <= budget.max(8000) + 200, "{progress:?}");
        }
    }
}

#[test]
fn partials_are_combined_as_early_as_they_can_be() {
    let (cancel, log) = (CancelToken::new(), Log::default());
    let (array, _) = counted(1 << 14, 1);
    compute(&[reduce(&array, Reduction::Sum)], &watched(Scheduler::Serial, 1 << 30, &cancel, &log)).unwrap();
    // A tree of 4 over 16384 leaves has 7 levels; depth first, at most 3 partials wait on each, plus what runs.
    let peak = log.0.lock().unwrap().bytes_peak;
    assert!(peak <= (3 * 7 + 2 + 4) * 8, "{peak} bytes were held");
}

#[test]
fn two_passes_over_an_array_that_does_not_fit_the_budget_read_it_twice_instead_of_holding_it() {
    for scheduler in BOTH {
        let (array, reads) = counted(10_000, 100);
        let mean = reduce(&array, Reduction::Mean);
        let centred = binary(BinaryOp::Subtract, &LazyOperand::Array(array), &LazyOperand::Array(mean)).unwrap();
        let sum = reduce(&centred, Reduction::Sum);
        let (cancel, log) = (CancelToken::new(), Log::default());
        let result = compute(std::slice::from_ref(&sum), &watched(scheduler, 20_000, &cancel, &log)).unwrap();
        assert_eq!(elements(&result[0]), [0.0]);
        assert_eq!(times_read(&reads), [2; 100]);
        let peak = log.0.lock().unwrap().bytes_peak;
        assert!(peak <= 20_000, "{peak} bytes were held");
        compute(&[sum], &options(scheduler)).unwrap();
        assert_eq!(times_read(&reads), [3; 100], "with room for all of it, once more is enough");
    }
}

#[test]
fn a_failed_read_is_reported_with_its_key_and_stops_the_rest() {
    for scheduler in BOTH {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        // So many that a thread which fails, however late it comes to say so, is far from the end.
        let array = WatchedSource::array(10_000_000, 10, "broken", move |region| {
            count.fetch_add(1, Ordering::SeqCst);
            if region.start[0] == 50 {
                Err(Error::invalid_file("the checksum does not match"))
            } else {
                Ok(())
            }
        });
        let sum = reduce(&array, Reduction::Sum);
        let error = compute(&[sum], &options(scheduler)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidFile);
        let key = Key::new(array.name(), vec![5]);
        assert_eq!(error.to_string(), format!("{key}: watched:broken: the checksum does not match"));
        let begun = begun.load(Ordering::SeqCst);
        assert!(begun < 1_000_000 && (begun == 6 || scheduler == Scheduler::Threads), "{begun} reads were begun");
    }
}

#[test]
fn a_panic_in_a_task_is_an_error_and_the_engine_goes_on() {
    for scheduler in BOTH {
        let array = WatchedSource::array(100, 10, "panics", |region| {
            assert!(region.start[0] != 30, "the thirtieth element is cursed");
            Ok(())
        });
        let error = compute(&[reduce(&array, Reduction::Sum)], &options(scheduler)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        let text = error.to_string();
        assert!(text.contains("the thirtieth element is cursed") && text.contains("', 3)"), "{text}");
        let (array, _) = counted(100, 10);
        assert_eq!(elements(&run_one(&reduce(&array, Reduction::Sum), scheduler)), [100.0]);
    }
}

#[test]
fn a_computation_stops_when_it_is_cancelled() {
    for scheduler in BOTH {
        let cancel = CancelToken::new();
        let (stop, begun) = (cancel.clone(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&begun);
        let array = WatchedSource::array(100_000, 10, "stopped", move |_| {
            if count.fetch_add(1, Ordering::SeqCst) == 20 {
                stop.cancel();
            }
            Ok(())
        });
        let error = compute(&[reduce(&array, Reduction::Sum)], &watched(scheduler, 1 << 20, &cancel, &())).unwrap_err();
        assert!(error.is_interrupted());
        assert!(begun.load(Ordering::SeqCst) < 100);
    }
}

/// Cancels at the first tick it gets, and notes the thread.
struct Stopper {
    cancel: CancelToken,
    threads: Mutex<Vec<std::thread::ThreadId>>,
}

impl Observer for Stopper {
    fn tick(&self, _look: &Look) {
        self.cancel.cancel();
        self.threads.lock().unwrap().push(std::thread::current().id());
    }
}

#[test]
fn the_observer_is_called_on_the_calling_thread_while_others_work_and_can_stop_them() {
    for scheduler in BOTH {
        let cancel = CancelToken::new();
        let stopper = Stopper { cancel: cancel.clone(), threads: Mutex::default() };
        let array = WatchedSource::array(1_000_000, 10, "slow", |_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            Ok(())
        });
        let sum = reduce(&array, Reduction::Sum);
        let error = compute(&[sum], &watched(scheduler, 1 << 20, &cancel, &stopper)).unwrap_err();
        assert!(error.is_interrupted());
        let threads = stopper.threads.lock().unwrap();
        assert!(!threads.is_empty() && threads.iter().all(|&thread| thread == std::thread::current().id()));
    }
}

#[test]
fn a_computation_may_be_started_from_inside_the_pool() {
    let (array, _) = counted(1000, 10);
    let sum = reduce(&array, Reduction::Sum);
    let results = rayon::join(|| run_one(&sum, Scheduler::Threads), || run_one(&sum, Scheduler::Threads));
    assert_eq!((elements(&results.0), elements(&results.1)), (vec![1000.0], vec![1000.0]));
}

#[test]
fn an_array_too_large_for_memory_is_refused_before_anything_is_read() {
    let (array, reads) = counted(1 << 50, 1 << 48);
    let error = compute(&[array], &options(Scheduler::Threads)).unwrap_err();
    assert!(error.is_memory(), "{error}");
    assert_eq!(times_read(&reads), [0; 4]);
}

#[test]
fn a_grid_of_more_chunks_than_can_be_counted_is_refused() {
    let square = WatchedSource::array(1 << 40, 1 << 20, "long", |_| Ok(()));
    let error = square.rechunk(ChunkGrid::regular(&[1 << 40], &[1])).unwrap_err();
    assert!(error.message().starts_with("too many chunks: shape (1099511627776,) in chunks of (1,)"), "{error}");
}

#[test]
fn blocks_of_an_array_in_memory_are_not_copied_and_results_do_not_hold_it() {
    let numbers = Block::from_elements(DType::F64, &[4, 3], &[1.0f64; 12]).unwrap();
    let whole = Arc::new(numbers);
    let source: Arc<dyn ChunkSource> = Arc::new(MemorySource::new(Arc::clone(&whole), "ones"));
    let rows = source.read(&Region { start: vec![1, 0], count: vec![2, 3] }).unwrap();
    assert_eq!(rows.bytes().as_ptr(), whole.bytes()[24..].as_ptr());
    let columns = source.read(&Region { start: vec![0, 1], count: vec![4, 1] }).unwrap();
    assert!(!whole.bytes().as_ptr_range().contains(&columns.bytes().as_ptr()));
    drop((rows, columns));
    for scheduler in BOTH {
        let of_chunks = |chunks: &[u64]| {
            Array::from_source(Arc::clone(&source), ChunkGrid::regular(&[4, 3], chunks), None).unwrap()
        };
        let (one, many) = (of_chunks(&[4, 3]), of_chunks(&[2, 3]));
        let results = compute(&[one, many.clone()], &options(scheduler)).unwrap();
        let key = Key::new(many.name(), vec![1, 0]);
        let blocks = get(&Graph::of(&[many]), &[key], &options(scheduler)).unwrap();
        assert_eq!(elements(blocks[0].block().unwrap()), [1.0; 6]);
        assert_eq!(results.iter().map(|block| block.len()).collect::<Vec<_>>(), [12, 12]);
        assert_eq!(Arc::strong_count(&whole), 2, "the source's and the one here");
    }
}

#[test]
fn bits_are_the_same_whatever_the_scheduler_and_the_moment() {
    let table = table(500, 40);
    let array = memory_array(&table, &[7, 11]);
    let all: Vec<Array> = FOUR.iter().map(|&reduction| reduce(&array, reduction)).collect();
    let expected: Vec<Vec<u64>> =
        compute(&all, &options(Scheduler::Serial)).unwrap().iter().map(|block| bits(&elements(block))).collect();
    let alone: Vec<Vec<u64>> = all.iter().map(|one| bits(&elements(&run_one(one, Scheduler::Serial)))).collect();
    assert_eq!(alone, expected, "sharing a pass changes nothing");
    for round in 0..20 {
        let results = compute(&all, &options(Scheduler::Threads)).unwrap();
        let found: Vec<Vec<u64>> = results.iter().map(|block| bits(&elements(block))).collect();
        assert_eq!(found, expected, "round {round}");
    }
}
