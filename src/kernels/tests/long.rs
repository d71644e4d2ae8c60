//! Reductions of many leaves, some of which are gone through side by side or with what is known of others.

use super::{bits, floats, whole, VAR};
use crate::block::Block;
use crate::dtype::DType;
use crate::grid::Region;
use crate::kernels::lanes::{FloatSum, Statistic, LEAF};
use crate::kernels::moments::Moments;
use crate::kernels::reduction::{ChunkReduction, Partial, Reduction};
use crate::kernels::streams::{SHORTEST, STREAMS};
use crate::memory::{astype, copy_region};

/// `length` elements, as different as reductions may take them. The first leaf tells of the others, or does not.
fn long_runs(length: usize) -> Vec<(&'static str, Vec<f64>)> {
    type Number = fn(usize, f64) -> f64;
    let noise = |i: usize| (i * 7919 % 1001) as f64 / 289.0;
    let number: [(&str, Number); 10] = [
        ("near zero", |_, noise| noise),
        ("far from zero", |_, noise| noise + 1e6),
        ("near zero, then far from it", |i, noise| if i % (5 * LEAF) < 3 * LEAF + 9 { noise } else { noise + 1e3 }),
        ("a ramp", |i, _| i as f64),
        ("noise that drifts", |i, noise| noise + i as f64 / (4 * STREAMS * LEAF) as f64),
        ("near zero at the ends of leaves alone", |i, noise| noise + if is_amid(i) { 3.0 } else { 0.0 }),
        ("far from zero, and farther amid leaves", |i, noise| noise + if is_amid(i) { 1e6 + 3.0 } else { 1e6 }),
        ("one far from all others at first", |i, noise| if i == 5 { -1e20 } else { noise }),
        ("the same number", |_, _| 0.1),
        ("an infinite one among others", |i, noise| if i % 70_000 == 69_005 { f64::INFINITY } else { noise }),
    ];
    number.map(|(name, number)| (name, (0..length).map(|i| number(i, noise(i))).collect())).into()
}

/// Whether an element is not in the first leaf, and not at an end of another.
fn is_amid(element: usize) -> bool {
    element >= LEAF && (1000..LEAF - 1000).contains(&(element % LEAF))
}

#[test]
fn runs_that_are_read_side_by_side_have_the_bits_they_have_alone() {
    for length in [SHORTEST, 3001, LEAF] {
        for (name, values) in long_runs((1 + STREAMS) * length) {
            let (first, others) = values.split_at(length);
            let runs: [&[f64]; STREAMS] = std::array::from_fn(|run| &others[run * length..][..length]);
            let sums = FloatSum::side_by_side(runs, None).map(f64::to_bits);
            assert_eq!(sums, runs.map(|run| FloatSum::leaf(run).to_bits()), "{name}, {length}");
            for first in [None, Some(Moments::leaf(first))] {
                // As texts, in which one NaN is like another.
                let known = Moments::side_by_side(runs, first).map(|value| format!("{value:?}"));
                let alone = runs.map(|run| format!("{:?}", Moments::leaf_after(run, first)));
                assert_eq!(known, alone, "{name}, {length}, {first:?}");
            }
        }
    }
}

#[test]
fn rows_have_the_bits_they_have_alone() {
    for (rows, columns) in [(STREAMS, SHORTEST), (2 * STREAMS + 3, 3001), (STREAMS + 1, SHORTEST - 1), (2, 10 * LEAF)] {
        for (name, values) in long_runs(rows * columns) {
            for dtype in [DType::F64, DType::F32, DType::I64] {
                let block = astype(&floats(&values), dtype).unwrap().reshaped(&[rows, columns]).unwrap();
                for reduction in [Reduction::Sum, VAR, Reduction::Min, Reduction::Max, Reduction::ArgMin] {
                    let all = reduction.reduce(&block, &[1], false).unwrap();
                    for (row, result) in bits(&all).into_iter().enumerate() {
                        let region = Region { start: vec![row as u64, 0], count: vec![1, columns as u64] };
                        let alone = copy_region(&block, &region).unwrap();
                        let alone = reduction.reduce(&alone, &[1], false).unwrap();
                        assert!(
                            result == bits(&alone)[0],
                            "{} of row {row} of {rows}, {name}, {dtype}",
                            reduction.name()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn an_array_of_many_leaves_has_the_bits_it_has_where_it_comes_in_pieces_or_with_other_reductions() {
    let length = (1 + 5 * STREAMS + 2) * LEAF + 77;
    for (name, values) in long_runs(length) {
        for dtype in [DType::F64, DType::F32] {
            let block = astype(&floats(&values), dtype).unwrap();
            let both = Reduction::chunk_many(&[Reduction::Sum, VAR], &block, &[0]).unwrap();
            let check = |partials: &[Partial], which: std::ops::Range<usize>, how: &str| {
                for (partial, both) in partials.iter().zip(&both[which]) {
                    for (a, b) in partial.fields.iter().zip(&both.fields) {
                        // As texts, in which one NaN is like another.
                        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{name}, {dtype}, {how}");
                    }
                }
            };
            check(&[Reduction::Sum.chunk(&block, &[0]).unwrap()], 0..1, "alone");
            check(&[VAR.chunk(&block, &[0]).unwrap()], 1..2, "alone");
            // Those of the longer pieces begin where some are read side by side, and others not.
            for step in [LEAF + 13, (STREAMS + 3) * LEAF + 5] {
                let mut pieces = ChunkReduction::new(&[Reduction::Sum, VAR], dtype, &[length], &[0]).unwrap();
                for start in (0..length).step_by(step) {
                    let count = step.min(length - start) as u64;
                    let region = Region { start: vec![start as u64], count: vec![count] };
                    pieces.add(&copy_region(&block, &region).unwrap());
                }
                check(&pieces.finish().unwrap(), 0..2, "in pieces");
            }
        }
    }
}

#[test]
fn of_zeros_the_first_is_the_extreme_one_and_of_others_none_is_passed_over() {
    for length in [5, 100, SHORTEST + 3, LEAF] {
        for (first, second) in [(0.0, -0.0), (-0.0, 0.0)] {
            let mut values = vec![1.0; length];
            (values[1], values[length - 1]) = (first, second);
            let negative: Vec<f64> = values.iter().map(|x| if *x == 0.0 { *x } else { -x }).collect();
            for dtype in [DType::F64, DType::F32] {
                let [values, negative] = [&values, &negative].map(|values| astype(&floats(values), dtype).unwrap());
                assert_eq!(whole(Reduction::Min, &values).to_bits(), first.to_bits(), "{length}, {dtype}");
                assert_eq!(whole(Reduction::Max, &negative).to_bits(), first.to_bits(), "{length}, {dtype}");
            }
        }
        for position in (0..length).step_by(1 + length / 100) {
            let mut values: Vec<f64> = (0..length).map(|i| (i % 7) as f64).collect();
            values[position] = -3.5;
            assert_eq!(whole(Reduction::Min, &floats(&values)), -3.5);
            assert_eq!(whole(Reduction::ArgMin, &floats(&values)), position as f64);
            values[position] = f64::INFINITY;
            assert_eq!(whole(Reduction::Max, &floats(&values)), f64::INFINITY);
        }
    }
}

#[test]
fn sums_and_extremes_of_many_leaves_are_those_of_a_naive_loop() {
    let count = 10 * LEAF + 33;
    let values: Vec<i64> = (0..count as i64).map(|i| (i * 7919) % 100_003 - 50_000).collect();
    for dtype in [DType::F64, DType::F32, DType::I64, DType::U64] {
        for at in (0..count).step_by(LEAF / 2 + 77) {
            let mut values = values.clone();
            (values[at], values[count - 1 - at]) = (-70_000, 80_000);
            if dtype == DType::U64 {
                values.iter_mut().for_each(|value| *value += 70_000);
            }
            let block = astype(&Block::from_elements(DType::I64, &[count], &values).unwrap(), dtype).unwrap();
            let place = |value: i64| values.iter().position(|&other| other == value).unwrap() as f64;
            let (least, greatest) = (*values.iter().min().unwrap(), *values.iter().max().unwrap());
            for (reduction, expected) in [
                (Reduction::Min, least as f64),
                (Reduction::Max, greatest as f64),
                (Reduction::ArgMin, place(least)),
                (Reduction::ArgMax, place(greatest)),
            ] {
                assert_eq!(whole(reduction, &block), expected, "{} of {dtype}, {at}", reduction.name());
            }
            if !dtype.is_float() {
                let sum = Reduction::Sum.reduce(&block, &[0], false).unwrap();
                assert_eq!(sum.elements::<i64>(), [values.iter().sum::<i64>()], "{dtype}, {at}");
            }
        }
    }
}

#[test]
fn the_first_of_equal_extremes_is_found_in_whichever_leaf_it_is() {
    let length = 3 * LEAF + 50;
    let base: Vec<f64> = (0..length).map(|i| (i % 90) as f64 - 40.0).collect();
    let places = [7, LEAF - 1, LEAF, 2 * LEAF + 9, length - 1];
    for dtype in [DType::I8, DType::I64, DType::F32, DType::F64] {
        for (number, &place) in places.iter().enumerate() {
            let mut values = base.clone();
            for &later in &places[number..] {
                values[later] = -99.0;
            }
            let check = |reduction: Reduction, values: &[f64]| {
                let block = astype(&floats(values), dtype).unwrap();
                assert_eq!(whole(reduction, &block), place as f64, "{} of {dtype}", reduction.name());
            };
            check(Reduction::ArgMin, &values);
            check(Reduction::ArgMax, &values.iter().map(|x| -x).collect::<Vec<_>>());
            if dtype.is_float() {
                values[place] = f64::NAN;
                check(Reduction::ArgMin, &values);
            }
        }
    }
}

#[test]
fn squares_that_overflow_by_a_far_number_alone_leave_the_variance_finite() {
    // So that with the mean of the first leaf the second one's squares overflow, and with its own they do not.
    let deviation = (f64::MAX / (10.0 * LEAF as f64)).sqrt();
    let values: Vec<f64> = (0..2 * LEAF)
        .map(|i| if i < LEAF { deviation } else { 3.9 * deviation } * if i % 2 == 0 { 1.0 } else { -1.0 })
        .map(|x| if x.abs() > deviation { x.abs() - 0.02 * x } else { x })
        .collect();
    let second = Moments::leaf_after(&values[LEAF..], Some(Moments::leaf(&values[..LEAF])));
    assert!(second.m2.is_finite(), "{second:?}");
}
