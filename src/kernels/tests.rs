//! Reductions against loops that anyone can check by eye.

use super::element::Element;
use super::lanes::LEAF;
use super::reduction::{ChunkReduction, Partial, Reduction};
use super::streams::STREAMS;
use crate::block::Block;
use crate::dtype::DType;
use crate::grid::{ravel, unravel, Region};
use crate::memory::{astype, copy_region};

mod long;
mod skip_nan;

const VAR: Reduction = Reduction::Var { ddof: 0 };

/// Integers between -50 and 50 in no order, which floats and their sums hold exactly.
fn sample(dtype: DType, shape: &[usize], seed: u64) -> Block {
    let count = shape.iter().product();
    let mut state = seed;
    let values: Vec<f64> = (0..count)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) % 101) as f64 - if dtype.is_unsigned_integer() { 0.0 } else { 50.0 }
        })
        .collect();
    astype(&Block::from_elements(DType::F64, shape, &values).unwrap(), dtype).unwrap()
}

/// The same with every eleventh element NaN, of floats.
fn with_holes(block: Block) -> Block {
    if !block.dtype().is_float() {
        return block;
    }
    let hole = |(at, value): (usize, f64)| if at % 11 == 5 { f64::NAN } else { value };
    let values: Vec<f64> = wide(&block).into_iter().enumerate().map(hole).collect();
    astype(&Block::from_elements(DType::F64, block.shape(), &values).unwrap(), block.dtype()).unwrap()
}

/// The bits of the elements, which are the same for every NaN: which NaN an operation gives depends on the processor.
fn bits(block: &Block) -> Vec<u64> {
    let of_float = |x: f64| if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() };
    if block.dtype().is_float() {
        wide(block).into_iter().map(of_float).collect()
    } else {
        astype(block, DType::I64).unwrap().elements::<u64>().to_vec()
    }
}

fn floats(values: &[f64]) -> Block {
    Block::from_elements(DType::F64, &[values.len()], values).unwrap()
}

fn wide(block: &Block) -> Vec<f64> {
    astype(block, DType::F64).unwrap().elements::<f64>().to_vec()
}

fn whole(reduction: Reduction, block: &Block) -> f64 {
    let axes: Vec<_> = (0..block.shape().len()).collect();
    wide(&reduction.reduce(block, &axes, false).unwrap())[0]
}

/// The elements that each result gathers, in order.
fn gathered(block: &Block, axes: &[usize]) -> Vec<Vec<f64>> {
    let shape = block.shape();
    let kept: Vec<_> = (0..shape.len()).map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] }).collect();
    let mut results = vec![Vec::new(); kept.iter().product()];
    for (position, &value) in wide(block).iter().enumerate() {
        let index: Vec<_> = unravel(position, shape).iter().zip(&kept).map(|(&i, &extent)| i % extent).collect();
        results[ravel(&index, &kept)].push(value);
    }
    results
}

fn naive(reduction: Reduction, values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    match reduction {
        Reduction::Sum => values.iter().sum(),
        Reduction::Mean => mean,
        Reduction::Var { .. } => variance,
        Reduction::Std { .. } => variance.sqrt(),
        Reduction::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Reduction::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Reduction::Any => f64::from(values.iter().any(|&x| x != 0.0)),
        Reduction::All => f64::from(values.iter().all(|&x| x != 0.0)),
        Reduction::ArgMin => values.iter().position(|&x| x == naive(Reduction::Min, values)).unwrap() as f64,
        Reduction::ArgMax => values.iter().position(|&x| x == naive(Reduction::Max, values)).unwrap() as f64,
        Reduction::Prod => values.iter().product(),
        known => naive(known.plain(), &values.iter().copied().filter(|x| !x.is_nan()).collect::<Vec<_>>()),
    }
}

#[test]
fn reductions_of_every_type_over_any_axes_are_those_of_a_naive_loop() {
    let shapes: [(&[usize], &[&[usize]]); 8] = [
        (&[1], &[&[0]]),
        (&[5000], &[&[0], &[]]),
        (&[3, 700], &[&[0], &[1], &[0, 1]]),
        (&[7, 4099], &[&[0]]),
        (&[70, 37], &[&[0], &[1], &[0, 1]]),
        (&[4, 5, 6], &[&[0], &[1], &[2], &[0, 2], &[0, 1], &[1, 2], &[0, 1, 2]]),
        (&[2, 3, 1, 4], &[&[1], &[2], &[0, 3], &[1, 3]]),
        (&[], &[&[]]),
    ];
    let reductions = [
        Reduction::Sum,
        Reduction::Mean,
        VAR,
        Reduction::Std { ddof: 0 },
        Reduction::Min,
        Reduction::Max,
        Reduction::Any,
        Reduction::All,
        Reduction::ArgMin,
        Reduction::ArgMax,
    ];
    for (seed, dtype) in DType::ALL.into_iter().enumerate() {
        let unit = match dtype {
            DType::F16 => 1e-3,
            DType::F32 => 1e-6,
            _ => 1e-13,
        };
        for (shape, choices) in shapes {
            let block = sample(dtype, shape, seed as u64 + 1);
            for axes in choices {
                for reduction in reductions {
                    let argument = matches!(reduction, Reduction::ArgMin | Reduction::ArgMax);
                    if argument && axes.len() != 1 {
                        continue;
                    }
                    let got = wide(&reduction.reduce(&block, axes, false).unwrap());
                    let expected: Vec<_> = gathered(&block, axes).iter().map(|v| naive(reduction, v)).collect();
                    assert_eq!(got.len(), expected.len());
                    for (got, expected) in got.iter().zip(expected) {
                        let near = (got - expected).abs() <= unit * expected.abs().max(1.0);
                        assert!(near, "{} of {dtype} {shape:?} over {axes:?}: {got}, not {expected}", reduction.name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_sum_of_a_million_is_as_good_as_a_compensated_one() {
    let values: Vec<f64> = (0..1_000_000).map(|i| 0.1 + f64::from(i % 7) * 1e-3).collect();
    let (mut exact, mut lost) = (0.0, 0.0);
    for &x in &values {
        let y = x - lost;
        let t: f64 = exact + y;
        lost = (t - exact) - y;
        exact = t;
    }
    let bound = 4.0 * f64::EPSILON * exact;
    let long = floats(&values);
    assert!((whole(Reduction::Sum, &long) - exact).abs() <= bound);
    let tall = long.reshaped(&[1_000_000, 1]).unwrap();
    assert!((wide(&Reduction::Sum.reduce(&tall, &[0], false).unwrap())[0] - exact).abs() <= bound);
    let columns = tall.reshaped(&[500_000, 2]).unwrap();
    let sums = wide(&Reduction::Sum.reduce(&columns, &[0], false).unwrap());
    assert!((sums[0] + sums[1] - exact).abs() <= bound);
}

#[test]
fn cancelling_values_leave_what_is_left_of_them() {
    // Multiples of 2^-20 with an exact integer sum: large ones that cancel, and a little more.
    let units: Vec<i64> = (0..100_000).map(|i: i64| (i * 2_654_435_761) % (1 << 52) * (1 - 2 * (i % 2)) + 1).collect();
    let values: Vec<f64> = units.iter().map(|&unit| unit as f64 / 1_048_576.0).collect();
    let exact = units.iter().map(|&unit| i128::from(unit)).sum::<i128>() as f64 / 1_048_576.0;
    let magnitude: f64 = values.iter().map(|x| x.abs()).sum();
    let error = (whole(Reduction::Sum, &floats(&values)) - exact).abs();
    assert!(error <= 4.0 * f64::EPSILON * magnitude, "{error} of {magnitude}");
}

#[test]
fn variance_survives_an_offset_a_hundred_million_times_its_spread() {
    let values: Vec<f64> = [1.0, 2.0, 3.0].repeat(100).iter().map(|x| x + 1e8).collect();
    let block = floats(&values);
    assert!((whole(VAR, &block) - 2.0 / 3.0).abs() < 1e-12);
    let columns = block.clone().reshaped(&[100, 3]).unwrap().reshaped(&[300, 1]).unwrap();
    assert!((wide(&VAR.reduce(&columns, &[0], false).unwrap())[0] - 2.0 / 3.0).abs() < 1e-12);
    assert!((wide(&combined(VAR, &block, &[7, 100, 193]))[0] - 2.0 / 3.0).abs() < 1e-12);
    let long = floats(&values.repeat(200));
    assert!((whole(VAR, &long) - 2.0 / 3.0).abs() < 1e-12);
}

/// How far the variance of integers is from the exact one, in units of the exact one's last place.
fn variance_error(integers: &[i64]) -> f64 {
    let values: Vec<f64> = integers.iter().map(|&x| x as f64).collect();
    // From the first of them, so that 128 bits hold the squares.
    let distances = || integers.iter().map(|&x| i128::from(x - integers[0]));
    let (count, total) = (integers.len() as i128, distances().sum::<i128>());
    let squares: i128 = distances().map(|x| x * x).sum();
    let exact = (count * squares - total * total) as f64 / (count * count) as f64;
    (whole(VAR, &floats(&values)) - exact).abs() / (exact * f64::EPSILON)
}

#[test]
fn variance_is_exact_to_a_few_units_in_the_last_place_wherever_a_run_begins() {
    let noise = |i: i64| (i * 7919) % 1001;
    let leaf = LEAF as i64;
    for length in [100, leaf, 100_000, 3 * STREAMS as i64 * leaf] {
        // Standard deviations from zero, to about where sums are not exact enough for distances from the mean.
        for deviations in 0..12 {
            let run: Vec<i64> = (0..length).map(|i| (noise(i) - 500 + 289 * deviations) * 12_345_679).collect();
            let error = variance_error(&run);
            assert!(error <= 8.0, "{deviations} deviations from zero, {length} elements: {error} units");
        }
        let runs: [(&str, Vec<i64>); 7] = [
            ("noise that drifts", (0..length).map(|i| (noise(i) + 460 * (i / leaf % 4) + 900) * 12_345_679).collect()),
            ("noise after an outlier", (0..length).map(|i| if i == 3 { -(1 << 45) } else { noise(i) }).collect()),
            ("noise", (0..length).map(|i| noise(i) * 12_345_679).collect()),
            ("a ramp", (0..length).map(|i| i * 1_000_003).collect()),
            ("noise far from zero", (0..length).map(|i| noise(i) + (1 << 46)).collect()),
            ("waves as long as a stream", (0..length).map(|i| (i % 1024) * (i % 1024) * 65_537).collect()),
            // Where each leaf is begun to be read, and nowhere else.
            ("runs that begin with outliers", {
                let begins = |i| (i % leaf) % (length.min(leaf) / 16) == 0;
                (0..length).map(|i| noise(i) + if begins(i) { 94_906_267 } else { 0 }).collect()
            }),
        ];
        for (name, run) in runs {
            let error = variance_error(&run);
            assert!(error <= 8.0, "{name}, {length} elements: {error} units");
        }
    }
}

/// The reduction of a vector cut into pieces of these lengths.
fn combined(reduction: Reduction, block: &Block, lengths: &[u64]) -> Block {
    let mut start = 0;
    let partials: Vec<Partial> = lengths
        .iter()
        .map(|&count| {
            let piece = copy_region(block, &Region { start: vec![start], count: vec![count] }).unwrap();
            start += count;
            reduction.chunk(&piece, &[0]).unwrap()
        })
        .collect();
    assert_eq!(start as usize, block.len(), "the pieces make the whole");
    let merged = reduction.combine(&partials.iter().collect::<Vec<_>>()).unwrap();
    reduction.aggregate(merged, &[0], false).unwrap()
}

#[test]
fn pieces_combine_to_the_reduction_of_the_whole() {
    for dtype in DType::ALL {
        let block = sample(dtype, &[3000], 9);
        for reduction in
            [Reduction::Sum, Reduction::Min, Reduction::Max, Reduction::ArgMin, Reduction::ArgMax, Reduction::All]
        {
            let pieces = combined(reduction, &block, &[1, 1000, 64, 1935]);
            assert_eq!(wide(&pieces), [whole(reduction, &block)], "{} of {dtype}", reduction.name());
        }
        for reduction in [Reduction::Mean, VAR, Reduction::Std { ddof: 1 }] {
            let pieces = wide(&combined(reduction, &block, &[1, 1000, 64, 1935]))[0];
            let unit = if dtype == DType::F16 { 1e-3 } else { 1e-7 };
            let direct = whole(reduction, &block);
            assert!((pieces - direct).abs() <= unit * direct.abs().max(1.0), "{} of {dtype}", reduction.name());
        }
    }
}

#[test]
fn a_nan_or_infinity_reaches_the_result_of_its_own_column_and_of_no_other() {
    for special in [f64::NAN, f64::INFINITY] {
        // Columns without spread are those whose mean is corrected.
        let values = [1e9, special, 5.0, 1e9, 1.0, 7.0];
        let block = Block::from_elements(DType::F64, &[2, 3], &values).unwrap();
        for (reduction, sound) in
            [(Reduction::Mean, [1e9, 6.0]), (VAR, [0.0, 1.0]), (Reduction::Std { ddof: 0 }, [0.0, 1.0])]
        {
            let found = wide(&reduction.reduce(&block, &[0], false).unwrap());
            assert_eq!([found[0], found[2]], sound, "{} beside {special}", reduction.name());
            assert!(!found[1].is_finite(), "{} of {special} is {}", reduction.name(), found[1]);
        }
    }
}

#[test]
fn what_is_known_of_a_column_does_not_depend_on_the_columns_beside_it() {
    let thirds: Vec<f64> = wide(&sample(DType::F64, &[200], 3)).iter().map(|x| x / 3.0).collect();
    let together = [Reduction::Mean, VAR];
    let beside = |other: f64| {
        let values: Vec<f64> = thirds.iter().flat_map(|&x| [x, x + other]).collect();
        let block = Block::from_elements(DType::F64, &[200, 2], &values).unwrap();
        let partials = Reduction::chunk_many(&together, &block, &[0]).unwrap();
        partials.iter().flat_map(|partial| partial.fields.iter().map(|field| wide(field)[0])).collect::<Vec<_>>()
    };
    assert_eq!(beside(0.0), beside(1e9));
}

#[test]
fn the_variance_of_numbers_whose_distances_overflow_is_infinite_however_they_are_gathered() {
    let far = [1.7e308, -1.7e308, 0.0];
    assert_eq!(whole(VAR, &floats(&far)), f64::INFINITY);
    assert_eq!(wide(&combined(VAR, &floats(&far), &[1, 1, 1])), [f64::INFINITY]);
    for rows in [3, 300] {
        let block = Block::from_elements(DType::F64, &[rows, 1], &far.repeat(rows / 3)).unwrap();
        assert_eq!(wide(&VAR.reduce(&block, &[0], false).unwrap()), [f64::INFINITY], "of a column");
    }
    for number in [f64::MAX, 1e306] {
        let same_sign = floats(&[number, 0.0].repeat(LEAF));
        assert_eq!(whole(VAR, &same_sign), f64::INFINITY, "of {number} and 0");
        let columns = same_sign.reshaped(&[2 * LEAF, 1]).unwrap();
        assert_eq!(wide(&VAR.reduce(&columns, &[0], false).unwrap()), [f64::INFINITY], "of a column of {number} and 0");
    }
    assert!(whole(VAR, &floats(&[f64::MAX, f64::INFINITY, -f64::MAX])).is_nan());
    assert!(wide(&combined(VAR, &floats(&[f64::MAX, f64::NAN, -f64::MAX]), &[1, 1, 1]))[0].is_nan());
}

#[test]
fn a_nan_or_infinity_in_any_lane_reaches_the_result() {
    for length in [1, 3, 16, 17, 255, 256, 300, 2100, LEAF, LEAF + 100] {
        let step = if length > 300 { length / 50 } else { 1 };
        for position in (0..length).step_by(step) {
            let mut values = vec![1.0; length];
            values[position] = f64::NAN;
            let block = floats(&values);
            for reduction in [Reduction::Sum, Reduction::Mean, VAR, Reduction::Min, Reduction::Max, Reduction::Prod] {
                assert!(whole(reduction, &block).is_nan(), "{} of {length}, NaN at {position}", reduction.name());
            }
            assert_eq!(whole(Reduction::ArgMax, &block), position as f64);
            let columns = block.reshaped(&[1, length]).unwrap();
            let least = wide(&Reduction::Min.reduce(&columns, &[0], false).unwrap());
            assert_eq!(least.iter().position(|x| x.is_nan()), Some(position));

            values[position] = f64::NEG_INFINITY;
            let block = floats(&values);
            assert_eq!(whole(Reduction::Sum, &block), f64::NEG_INFINITY);
            assert_eq!(whole(Reduction::Min, &block), f64::NEG_INFINITY);
            assert!(whole(VAR, &block).is_nan());
        }
    }
}

#[test]
fn the_largest_number_has_no_variance_by_itself() {
    assert_eq!(whole(VAR, &floats(&[f64::MAX])), 0.0);
}

#[test]
fn the_smallest_numbers_are_not_flushed_to_zero() {
    let tiny = f64::from_bits(1);
    assert_eq!(whole(Reduction::Sum, &floats(&[tiny; 1000])), f64::from_bits(1000));
    assert_eq!(whole(Reduction::Min, &floats(&[tiny, 1.0])), tiny);
}

#[test]
fn integers_wrap_at_64_bits() {
    let block = Block::from_elements(DType::I64, &[2], &[i64::MAX, 1]).unwrap();
    assert_eq!(Reduction::Sum.reduce(&block, &[0], false).unwrap().elements::<i64>(), [i64::MIN]);
    let block = Block::from_elements(DType::U64, &[2], &[u64::MAX, 3]).unwrap();
    assert_eq!(Reduction::Sum.reduce(&block, &[0], false).unwrap().elements::<u64>(), [2]);
    assert_eq!(Reduction::Prod.reduce(&block, &[0], false).unwrap().elements::<u64>(), [u64::MAX - 2]);
    let block = Block::from_elements(DType::I8, &[3000], &[-128i8; 3000]).unwrap();
    assert_eq!(Reduction::Sum.reduce(&block, &[0], false).unwrap().elements::<i64>(), [-384_000]);
}

#[test]
fn reductions_that_share_a_pass_have_the_bits_they_have_alone() {
    let together = [
        Reduction::Sum,
        Reduction::Max,
        Reduction::Mean,
        VAR,
        Reduction::Std { ddof: 1 },
        Reduction::NanMean,
        Reduction::NanMax,
        Reduction::ArgMin,
    ];
    for dtype in [DType::F64, DType::F32, DType::I32] {
        for axes in [&[0][..], &[1], &[0, 1]] {
            let block = with_holes(sample(dtype, &[130, 75], 3));
            let together = if axes.len() == 1 { &together[..] } else { &together[..7] };
            let shared = Reduction::chunk_many(together, &block, axes).unwrap();
            for (reduction, shared) in together.iter().zip(shared) {
                let alone = reduction.chunk(&block, axes).unwrap();
                assert_eq!((shared.dtype, shared.fields.len()), (alone.dtype, alone.fields.len()));
                for (a, b) in shared.fields.iter().zip(&alone.fields) {
                    assert_eq!(a.shape(), b.shape());
                    assert!(bits(a) == bits(b), "{} of {dtype} over {axes:?}", reduction.name());
                }
            }
        }
    }
}

/// Numbers that are rounded, `deviations` standard deviations from zero.
fn rounded(length: usize, deviations: f64) -> Vec<f64> {
    let values = sample(DType::F64, &[length], 11);
    values.elements::<f64>().iter().map(|x| x / 29.15 + deviations + 1e-3 * x.sin()).collect()
}

#[test]
fn sum_and_variance_have_the_bits_they_have_alone_however_far_from_zero_and_however_long_the_run() {
    for length in [1, 7, 16, 100, 2047, 2048, LEAF - 1, LEAF, LEAF + 1, 100_001] {
        for deviations in [0.0, -1.0, 2.5, 3.0, 3.5, 4.0, 4.5, 8.0, 1e6] {
            for dtype in [DType::F64, DType::F32] {
                let block = astype(&floats(&rounded(length, deviations)), dtype).unwrap();
                let shared = Reduction::chunk_many(&[Reduction::Sum, VAR], &block, &[0]).unwrap();
                for (reduction, shared) in [Reduction::Sum, VAR].iter().zip(shared) {
                    let alone = reduction.chunk(&block, &[0]).unwrap();
                    for (a, b) in shared.fields.iter().zip(&alone.fields) {
                        assert_eq!(a.bytes(), b.bytes(), "{}, {length}, {deviations}, {dtype}", reduction.name());
                    }
                }
            }
        }
    }
}

#[test]
fn a_run_that_begins_near_zero_and_goes_on_far_from_it_has_its_variance() {
    // What is looked at of a leaf says that it is near zero; all else is a million deviations away.
    let begins = |i| i % (LEAF as i64 / 16) == 0;
    let values: Vec<i64> = (0..LEAF as i64).map(|i| if begins(i) { i % 3 - 1 } else { (1 << 40) + i % 7 }).collect();
    assert!(variance_error(&values) <= 8.0);
    let mut values = [1e200, -1e200, 1.5e200].repeat(30_000);
    assert_eq!(whole(VAR, &floats(&values)), f64::INFINITY);
    values[43_210] = f64::NAN;
    assert!(whole(VAR, &floats(&values)).is_nan());
}

#[test]
fn a_float_becomes_the_nearest_float16_by_one_rounding() {
    for (value, nearest) in [(2049.0, 2048.0), (2049.0 + 1e-10, 2050.0), (2051.0, 2052.0), (-2049.0 - 1e-10, -2050.0)] {
        assert_eq!(value.to_f16().to_f64(), nearest);
    }
    assert!(65520.0f64.to_f16().is_infinite() && 65519.9f64.to_f16().to_f64() == 65504.0);
}

#[test]
fn errors_name_the_axis_that_does_not_exist_and_the_reductions_there_are() {
    let block = Block::zeros(DType::F64, &[2, 2]).unwrap();
    let error = Reduction::Sum.reduce(&block, &[2], false).unwrap_err();
    assert_eq!(error.to_string(), "axis 2 is out of bounds for array of dimension 2");
    assert!(Reduction::parse("median", 0).unwrap_err().to_string().contains("there are sum, prod, mean"));
}

#[test]
fn keepdims_leaves_reduced_axes_with_length_one() {
    let block = sample(DType::U16, &[4, 5, 6], 1);
    assert_eq!(Reduction::Max.reduce(&block, &[0, 2], true).unwrap().shape(), [1, 5, 1]);
    assert_eq!(Reduction::ArgMax.reduce(&block, &[0, 1, 2], true).unwrap().shape(), [1, 1, 1]);
}

#[test]
fn a_chunk_that_comes_in_pieces_has_the_bits_it_has_whole() {
    let together = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Mean,
        VAR,
        Reduction::Max,
        Reduction::Any,
        Reduction::NanVar { ddof: 0 },
        Reduction::NanMin,
    ];
    for dtype in [DType::F64, DType::F32, DType::I16] {
        for shape in [&[9001][..], &[1, 700, 3], &[130, 75], &[97, 8, 5], &[40, 1, 33], &[64, 3, 7, 2]] {
            let odd = sample(dtype, shape, 5);
            let block = if dtype == DType::F32 {
                with_holes(odd)
            } else if dtype == DType::F64 {
                let thirds: Vec<f64> = wide(&odd).iter().map(|x| x / 3.0 + 1e7).collect();
                Block::from_elements(dtype, shape, &thirds).unwrap()
            } else {
                odd
            };
            for chosen in 0..1 << shape.len() {
                let axes: Vec<usize> = (0..shape.len()).filter(|axis| chosen & (1 << axis) != 0).collect();
                let Some(grain) = ChunkReduction::grain(shape, &axes) else { continue };
                let cut = shape.iter().position(|&extent| extent > 1).unwrap();
                let mut reductions = together.to_vec();
                reductions.extend((axes.len() == 1).then_some(Reduction::ArgMin));
                let whole = Reduction::chunk_many(&reductions, &block, &axes).unwrap();
                for rows in [grain, 7 * grain] {
                    let mut pieces = ChunkReduction::new(&reductions, dtype, shape, &axes).unwrap();
                    for start in (0..shape[cut]).step_by(rows) {
                        let mut region = Region::whole(&shape.iter().map(|&n| n as u64).collect::<Vec<_>>());
                        region.start[cut] = start as u64;
                        region.count[cut] = rows.min(shape[cut] - start) as u64;
                        pieces.add(&copy_region(&block, &region).unwrap());
                    }
                    for ((whole, pieces), reduction) in whole.iter().zip(pieces.finish().unwrap()).zip(&reductions) {
                        for (a, b) in whole.fields.iter().zip(&pieces.fields) {
                            assert_eq!(a.shape(), b.shape());
                            assert!(bits(a) == bits(b), "{reduction:?} of {dtype} {shape:?} over {axes:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn most_reductions_can_be_cut_and_those_of_inner_axes_between_kept_ones_too() {
    assert_eq!(ChunkReduction::grain(&[100, 50], &[0, 1]), Some(1));
    assert_eq!(ChunkReduction::grain(&[100, 50], &[1]), Some(1));
    assert_eq!(ChunkReduction::grain(&[100, 50], &[0]), Some(32));
    assert_eq!(ChunkReduction::grain(&[100, 8, 50], &[0, 1]), Some(4));
    assert_eq!(ChunkReduction::grain(&[100, 8, 50], &[1]), Some(1));
    assert_eq!(ChunkReduction::grain(&[100, 8, 50], &[0, 2]), None);
}
