//! What the engine computes, against loops that anyone can check, on one thread and on many.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::dtype::{DType, Scalar};
use chunkbook::execute::{compute, Scheduler};
use chunkbook::grid::ChunkGrid;
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::{AxisSlice, BinaryOp, UnaryOp};
use engine_support::*;

const BOTH: [Scheduler; 2] = [Scheduler::Serial, Scheduler::Threads];

/// The reduction of a 2-D table over `axes`, element by element: what the engine must give.
fn naive(reduction: Reduction, table: &[Vec<f64>], axes: &[usize]) -> Vec<f64> {
    let (rows, columns) = (table.len(), table[0].len());
    let groups: Vec<Vec<f64>> = match axes {
        [0, 1] => vec![table.concat()],
        [0] => (0..columns).map(|c| (0..rows).map(|r| table[r][c]).collect()).collect(),
        [1] => table.to_vec(),
        _ => table.concat().into_iter().map(|x| vec![x]).collect(),
    };
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let var = |v: &[f64], ddof: u32| {
        v.iter().map(|x| (x - mean(v)).powi(2)).sum::<f64>() / (v.len() as f64 - f64::from(ddof))
    };
    groups
        .iter()
        .map(|v| match reduction {
            Reduction::Sum => v.iter().sum(),
            Reduction::Prod => v.iter().product(),
            Reduction::Mean => mean(v),
            Reduction::Var { ddof } => var(v, ddof),
            Reduction::Std { ddof } => var(v, ddof).sqrt(),
            Reduction::Min => v.iter().copied().fold(f64::INFINITY, f64::min),
            Reduction::Max => v.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Reduction::Any => f64::from(u8::from(v.iter().any(|&x| x != 0.0))),
            Reduction::All => f64::from(u8::from(v.iter().all(|&x| x != 0.0))),
            Reduction::ArgMin => (0..v.len()).min_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap() as f64,
            Reduction::ArgMax => (0..v.len()).rev().max_by(|&a, &b| v[a].total_cmp(&v[b])).unwrap() as f64,
            known => panic!("{} has tests of its own", known.name()),
        })
        .collect()
}

#[test]
fn reductions_over_any_axes_and_chunks_are_those_of_the_whole_table() {
    let table = table(13, 11);
    let reductions = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Mean,
        Reduction::Var { ddof: 0 },
        Reduction::Var { ddof: 1 },
        Reduction::Std { ddof: 0 },
        Reduction::Min,
        Reduction::Max,
        Reduction::Any,
        Reduction::All,
        Reduction::ArgMin,
        Reduction::ArgMax,
    ];
    for chunk in [[13, 11], [3, 11], [5, 4], [1, 1]] {
        let array = memory_array(&table, &chunk);
        for reduction in reductions {
            for axes in [&[0, 1][..], &[0], &[1]] {
                if axes.len() > 1 && matches!(reduction, Reduction::ArgMin | Reduction::ArgMax) {
                    continue;
                }
                for split_every in [None, Some(2), Some(7)] {
                    let reduced = array.reduce(reduction, Some(axes), false, split_every).unwrap();
                    let expected = naive(reduction, &table, axes);
                    let what = format!("{reduction:?} over {axes:?} in chunks {chunk:?} by {split_every:?}");
                    let serial = elements(&run_one(&reduced, Scheduler::Serial));
                    assert_close(&serial, &expected, &what);
                    let threads = elements(&run_one(&reduced, Scheduler::Threads));
                    assert_eq!(bits(&serial), bits(&threads), "{what}: the schedulers differ");
                }
            }
        }
    }
}

#[test]
fn kept_dimensions_have_length_one() {
    let array = memory_array(&table(6, 4), &[2, 3]);
    let kept = array.reduce(Reduction::Sum, Some(&[0]), true, None).unwrap();
    assert_eq!((kept.shape(), kept.grid().sizes()), (vec![1, 4], vec![vec![1], vec![3, 1]]));
    let all = array.reduce(Reduction::Mean, None, true, None).unwrap();
    assert_eq!(run_one(&all, Scheduler::Serial).shape(), &[1, 1]);
    let none = array.reduce(Reduction::Sum, Some(&[]), false, None).unwrap();
    assert_eq!(elements(&run_one(&none, Scheduler::Serial)), table(6, 4).concat());
}

#[test]
fn arithmetic_broadcasts_and_lines_chunks_up() {
    let (left, right) = (table(7, 5), table(1, 5));
    for (left_chunk, right_chunk) in [([7, 5], [1, 5]), ([3, 2], [1, 5]), ([2, 5], [1, 3]), ([1, 1], [1, 2])] {
        let a = memory_array(&left, &left_chunk);
        let b = memory_array(&right, &right_chunk);
        let sum = binary(BinaryOp::Add, &LazyOperand::Array(a.clone()), &LazyOperand::Array(b)).unwrap();
        let scaled =
            binary(BinaryOp::Multiply, &LazyOperand::Scalar(Scalar::Float(0.5)), &LazyOperand::Array(sum)).unwrap();
        let expected: Vec<f64> =
            left.iter().flat_map(|row| row.iter().zip(&right[0]).map(|(x, y)| 0.5 * (x + y))).collect();
        for scheduler in BOTH {
            assert_eq!(elements(&run_one(&scaled, scheduler)), expected);
        }
    }
    let tall = memory_array(&table(4, 5), &[4, 5]);
    let error = binary(BinaryOp::Add, &LazyOperand::Array(memory_array(&left, &[7, 5])), &LazyOperand::Array(tall));
    assert_eq!(error.unwrap_err().message(), "operands could not be broadcast together with shapes (7, 5) (4, 5)");
}

#[test]
fn an_array_less_its_own_mean_has_mean_zero() {
    let table = table(40, 3);
    let array = memory_array(&table, &[4, 3]);
    let mean = array.reduce(Reduction::Mean, Some(&[0]), false, None).unwrap();
    let centred = binary(BinaryOp::Subtract, &LazyOperand::Array(array.clone()), &LazyOperand::Array(mean)).unwrap();
    let residue = centred.reduce(Reduction::Mean, Some(&[0]), false, None).unwrap();
    for scheduler in BOTH {
        assert!(elements(&run_one(&residue, scheduler)).iter().all(|x| x.abs() < 1e-14));
    }
}

#[test]
fn an_array_plus_its_own_transpose_is_symmetric() {
    let table = table(9, 9);
    let array = memory_array(&table, &[4, 9]);
    let flipped = array.transpose(&[1, 0]).unwrap();
    let sum = binary(BinaryOp::Add, &LazyOperand::Array(array), &LazyOperand::Array(flipped)).unwrap();
    for scheduler in BOTH {
        let result = elements(&run_one(&sum, scheduler));
        let expected: Vec<f64> = (0..81).map(|i| table[i / 9][i % 9] + table[i % 9][i / 9]).collect();
        assert_eq!(result, expected);
    }
}

#[test]
fn slices_take_what_indexing_would() {
    let table = table(10, 8);
    let slices = |start, count, step| AxisSlice { start, count, step };
    for chunk in [[10, 8], [3, 3], [1, 5]] {
        let array = memory_array(&table, &chunk);
        for rows in
            [slices(0, 10, 1), slices(2, 5, 1), slices(1, 3, 4), slices(9, 10, -1), slices(8, 3, -3), slices(4, 0, 1)]
        {
            for columns in [slices(0, 8, 1), slices(7, 4, -2), slices(3, 1, 1)] {
                let expected: Vec<f64> =
                    picks(&rows).flat_map(|r| picks(&columns).map(move |c| (r, c))).map(|(r, c)| table[r][c]).collect();
                let sliced = array.slice(&[rows, columns], &[]).unwrap();
                assert_eq!(sliced.shape(), vec![rows.count, columns.count]);
                for scheduler in BOTH {
                    assert_eq!(elements(&run_one(&sliced, scheduler)), expected, "{rows:?} {columns:?} of {chunk:?}");
                }
            }
        }
        let one_row = array.slice(&[slices(4, 1, 1), slices(0, 8, 1)], &[0]).unwrap();
        assert_eq!(elements(&run_one(&one_row, Scheduler::Serial)), table[4]);
        assert!(array.slice(&[slices(5, 6, 1), slices(0, 8, 1)], &[]).is_err());
    }
}

fn picks(slice: &AxisSlice) -> impl Iterator<Item = usize> {
    let slice = *slice;
    (0..slice.count as i64).map(move |i| (slice.start as i64 + i * slice.step) as usize)
}

#[test]
fn other_chunks_hold_the_same_elements() {
    let table = table(11, 6);
    for (from, to) in [([3, 6], [11, 2]), ([11, 6], [1, 1]), ([2, 2], [3, 3]), ([1, 1], [11, 6])] {
        let rechunked = memory_array(&table, &from).rechunk(ChunkGrid::regular(&[11, 6], &to)).unwrap();
        for scheduler in BOTH {
            assert_eq!(elements(&run_one(&rechunked, scheduler)), table.concat());
        }
    }
    let uneven = ChunkGrid::new(vec![vec![4, 0, 7], vec![6]]);
    let rechunked = memory_array(&table, &[3, 6]).rechunk(uneven).unwrap();
    let back = rechunked.rechunk(ChunkGrid::regular(&[11, 6], &[5, 5])).unwrap();
    for scheduler in BOTH {
        assert_eq!(elements(&run_one(&back, scheduler)), table.concat());
    }
}

#[test]
fn functions_and_casts_apply_to_each_element() {
    let table = table(5, 5);
    let array = memory_array(&table, &[2, 2]);
    let rooted = array.unary(UnaryOp::Absolute).unwrap().unary(UnaryOp::Sqrt).unwrap();
    let expected: Vec<f64> = table.concat().iter().map(|x| x.abs().sqrt()).collect();
    assert_eq!(elements(&run_one(&rooted, Scheduler::Threads)), expected);
    let narrow = array.astype(DType::F32).unwrap();
    assert_eq!(narrow.dtype(), DType::F32);
    assert_eq!(array.astype(DType::F64).unwrap().name(), array.name());
}

#[test]
fn zero_size_arrays_give_numpys_answers() {
    let source = chunkbook::block::Block::zeros(DType::F64, &[0, 3]).unwrap();
    let source = chunkbook::source::MemorySource::new(source.into(), "empty");
    let array = Array::from_source(std::sync::Arc::new(source), ChunkGrid::regular(&[0, 3], &[1, 3]), None).unwrap();
    let value = |reduction| {
        compute(&[array.reduce(reduction, None, false, None).unwrap()], &options(Scheduler::Serial))
            .map(|blocks| blocks[0].elements::<f64>()[0])
    };
    assert_eq!(value(Reduction::Sum).unwrap(), 0.0);
    assert!(value(Reduction::Mean).unwrap().is_nan());
    assert_eq!(
        value(Reduction::Min).unwrap_err().message(),
        "zero-size array to reduction operation minimum which has no identity"
    );
}

#[test]
fn what_takes_no_block_of_its_input_waits_for_none() {
    let table = memory_array(&table(6, 4), &[2, 2]);
    let nothing = [AxisSlice { start: 0, step: 1, count: 0 }, AxisSlice::whole(4)];
    let root = table.unary(UnaryOp::Sqrt).unwrap();
    let other_chunks = table.rechunk(ChunkGrid::regular(&[6, 4], &[3, 4])).unwrap();
    let empty_chunks = table.rechunk(ChunkGrid::new(vec![vec![0, 3, 0, 3], vec![4, 0]])).unwrap();
    let row = table.reduce(Reduction::Mean, Some(&[0]), true, None).unwrap();
    for scheduler in BOTH {
        for array in [&table, &root, &other_chunks, &empty_chunks] {
            let empty = array.slice(&nothing, &[]).unwrap();
            assert_eq!(run_one(&empty, scheduler).shape(), [0, 4]);
            let sums = empty.reduce(Reduction::Sum, Some(&[0]), false, None).unwrap();
            assert_eq!(elements(&run_one(&sums, scheduler)), [0.0; 4]);
            let less =
                binary(BinaryOp::Subtract, &LazyOperand::Array(empty), &LazyOperand::Array(row.clone())).unwrap();
            assert_eq!(run_one(&less, scheduler).shape(), [0, 4]);
        }
    }
}

#[test]
fn single_numbers_are_arrays_too() {
    let source = chunkbook::source::MemorySource::new(
        chunkbook::block::Block::from_elements(DType::F64, &[], &[4.0]).unwrap().into(),
        "four",
    );
    let array = Array::from_source(std::sync::Arc::new(source), ChunkGrid::new(vec![]), None).unwrap();
    let rooted = array.unary(UnaryOp::Sqrt).unwrap();
    assert_eq!(elements(&run_one(&rooted, Scheduler::Threads)), [2.0]);
    let sum = array.reduce(Reduction::Sum, None, false, None).unwrap();
    assert_eq!(elements(&run_one(&sum, Scheduler::Threads)), [4.0]);
}

#[test]
fn axes_that_do_not_exist_or_repeat_are_refused() {
    let array = memory_array(&table(3, 3), &[2, 2]);
    let message = |axes| array.reduce(Reduction::Sum, Some(axes), false, None).unwrap_err().to_string();
    assert_eq!(message(&[2]), "axis 2 is out of bounds for array of dimension 2");
    assert!(message(&[0, 0]).starts_with("duplicate value in 'axis'"));
    assert!(array.transpose(&[0, 0]).is_err());
    assert!(array.rechunk(ChunkGrid::regular(&[4, 3], &[2, 2])).is_err());
}
