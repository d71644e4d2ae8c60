//! Reductions of the elements that are not NaN.

use super::*;

const SKIPPING: [Reduction; 6] = [
    Reduction::NanSum,
    Reduction::NanMean,
    Reduction::NanVar { ddof: 0 },
    Reduction::NanStd { ddof: 0 },
    Reduction::NanMin,
    Reduction::NanMax,
];

/// Which elements are NaN, by their indices.
type Holes<'a> = &'a dyn Fn(&[usize]) -> bool;

/// [`sample`] with NaN where it `is_nan`.
fn holed(dtype: DType, shape: &[usize], is_nan: Holes) -> Block {
    let mut values = wide(&sample(DType::F64, shape, 3));
    for (position, value) in values.iter_mut().enumerate() {
        if is_nan(&unravel(position, shape)) {
            *value = f64::NAN;
        }
    }
    astype(&Block::from_elements(DType::F64, shape, &values).unwrap(), dtype).unwrap()
}

/// What a naive loop over the elements that are not NaN makes of each result.
fn expected(reduction: Reduction, block: &Block, axes: &[usize]) -> Vec<f64> {
    let without_nan = |values: &Vec<f64>| values.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>();
    let of = |values: Vec<f64>| match (reduction, values.len()) {
        (Reduction::NanSum, 0) => 0.0,
        (_, 0) => f64::NAN,
        _ => naive(reduction.plain(), &values),
    };
    gathered(block, axes).iter().map(without_nan).map(of).collect()
}

fn assert_near(dtype: DType, got: &[f64], expected: &[f64], what: &str) {
    let unit = match dtype {
        DType::F16 => 1e-3,
        DType::F32 => 1e-6,
        _ => 1e-12,
    };
    assert_eq!(got.len(), expected.len(), "{what}");
    for (got, expected) in got.iter().zip(expected) {
        let near = (got - expected).abs() <= unit * expected.abs().max(1.0) || got.is_nan() && expected.is_nan();
        assert!(near, "{what}: {got}, not {expected}");
    }
}

#[test]
fn of_any_elements_that_are_nan_the_others_are_reduced_and_of_none_nothing() {
    let shapes: [(&[usize], &[&[usize]]); 4] = [
        (&[2 * LEAF + 5], &[&[0]]),
        (&[70, 37], &[&[0], &[1], &[0, 1]]),
        (&[3, 5000], &[&[0], &[1]]),
        (&[4, 5, 6], &[&[1], &[0, 2], &[]]),
    ];
    for dtype in [DType::F16, DType::F32, DType::F64] {
        for (shape, choices) in shapes {
            let holes: [(&str, Holes); 5] = [
                ("none", &|_| false),
                ("all", &|_| true),
                ("the first column", &|index| index.last() == Some(&0)),
                ("the first row", &|index| index[0] == 0),
                ("every third", &|index| index.iter().sum::<usize>() % 3 == 0),
            ];
            for (name, is_nan) in holes {
                let block = holed(dtype, shape, is_nan);
                for axes in choices {
                    for reduction in SKIPPING {
                        let what = format!("{} of {dtype} {shape:?} over {axes:?}, {name} NaN", reduction.name());
                        let got = wide(&reduction.reduce(&block, axes, false).unwrap());
                        assert_near(dtype, &got, &expected(reduction, &block, axes), &what);
                    }
                }
            }
        }
    }
}

#[test]
fn pieces_of_which_some_are_all_nan_combine_to_the_reduction_of_the_whole() {
    let block = holed(DType::F64, &[3000], &|index| index[0] < 1001 || index[0] % 5 == 0);
    for reduction in SKIPPING {
        let pieces = wide(&combined(reduction, &block, &[1, 1000, 64, 1935]));
        assert_near(DType::F64, &pieces, &[whole(reduction, &block)], reduction.name());
    }
}

#[test]
fn without_nan_they_are_the_reductions_that_heed_it_and_of_integers_too() {
    for dtype in DType::ALL {
        let block = sample(dtype, &[40, 50], 7);
        for reduction in SKIPPING {
            for axes in [&[0, 1][..], &[0], &[1]] {
                let [skipping, plain] = [reduction, reduction.plain()].map(|it| it.reduce(&block, axes, true).unwrap());
                assert_eq!(skipping.dtype(), plain.dtype(), "{} of {dtype}", reduction.name());
                assert_eq!(skipping.bytes(), plain.bytes(), "{} of {dtype} over {axes:?}", reduction.name());
            }
        }
    }
}

#[test]
fn an_infinity_is_not_skipped() {
    let block = floats(&[f64::NAN, f64::INFINITY, 1.0]);
    let of = |reduction: Reduction| whole(reduction, &block);
    assert_eq!(of(Reduction::NanSum), f64::INFINITY);
    assert_eq!(of(Reduction::NanMean), f64::INFINITY);
    assert_eq!(of(Reduction::NanMax), f64::INFINITY);
    assert_eq!(of(Reduction::NanMin), 1.0);
    assert!(of(Reduction::NanVar { ddof: 0 }).is_nan());
    let column = block.clone().reshaped(&[3, 1]).unwrap();
    assert!(wide(&Reduction::NanVar { ddof: 0 }.reduce(&column, &[0], false).unwrap())[0].is_nan());
}

#[test]
fn of_too_few_elements_there_is_no_variance_as_in_numpy_but_of_integers_and_by_steps_it_is_infinite() {
    let two = floats(&[1.0, 2.0, f64::NAN]);
    let variance = Reduction::NanVar { ddof: 2 };
    assert!(whole(variance, &two).is_nan());
    assert_eq!(whole(variance, &astype(&floats(&[1.0, 2.0]), DType::I32).unwrap()), f64::INFINITY);
    assert_eq!(wide(&combined(variance, &two, &[1, 2])), [f64::INFINITY]);
}

#[test]
fn of_negative_zeros_the_sum_is_zero_however_they_are_gathered() {
    let zeros = floats(&[-0.0; 90]);
    for shape in [&[90][..], &[9, 10], &[3, 3, 10]] {
        let block = zeros.clone().reshaped(shape).unwrap();
        for axis in 0..shape.len() {
            for reduction in [Reduction::Sum, Reduction::NanSum, Reduction::Mean] {
                for sum in wide(&reduction.reduce(&block, &[axis], false).unwrap()) {
                    assert_eq!(sum.to_bits(), 0, "{} of {shape:?} over {axis}", reduction.name());
                }
            }
        }
    }
}
