//! The innermost loops of reductions: what one run of elements, or a few rows of columns, amounts to.
//!
//! Runs are worked through in lanes, as many accumulators side by side as fill the vector registers
//! of SSE and simd128 without spilling, so the order of additions is fixed by the code and not by
//! the machine.

use super::element::Element;
use super::streams::{of_streams, of_streams_side_by_side, sums_of, sums_side_by_side, PAIR, STREAMS};
use wide::{f64x2, u64x2};

/// Elements of a run that are reduced at once: so few that a second pass finds them in the processor's second cache,
/// so many that each of the [streams](super::streams) they are read in goes on for eight pages of memory.
pub(crate) const LEAF: usize = 32768;

/// Rows of columns that are reduced at once.
pub(crate) const ROWS: usize = 32;

/// Accumulators side by side: eight registers of two doubles.
pub(super) const LANES: usize = 16;

/// What a reduction gathers from elements: a value for a run of them, and a rule to merge two values.
pub(crate) trait Statistic {
    /// What is known of some elements.
    type Value: Copy;

    /// What is known of one element.
    fn one<T: Element>(element: T) -> Self::Value;

    /// What is known of the elements of `left` followed by those of `right`.
    fn merge<T: Element>(left: Self::Value, right: Self::Value) -> Self::Value;

    /// What is known of elements as `W`, of what is known of them as `R`.
    #[inline(always)]
    fn widen<R: Element, W: Element>(value: Self::Value) -> Self::Value {
        value
    }

    /// What is known of a run of at least one and at most [`LEAF`] elements.
    fn leaf<T: Element>(run: &[T]) -> Self::Value;

    /// What to keep in mind of the leaves of a result so far, for [`Statistic::leaf_after`]: `kept` before, now followed by
    /// `next`. Of most statistics that is the first leaf.
    #[inline(always)]
    fn keep<T: Element>(kept: Self::Value, _next: Self::Value) -> Self::Value {
        kept
    }

    /// [`Statistic::leaf`] of a run, given what was [kept](Statistic::keep) of leaves before it: that may help, and change
    /// how the value is rounded, or leave out what is of no use after those.
    #[inline(always)]
    fn leaf_after<T: Element>(run: &[T], _kept: Option<Self::Value>) -> Self::Value {
        Self::leaf(run)
    }

    /// Whether [`Statistic::side_by_side`] takes less time than one run after the other.
    const IS_FASTER_SIDE_BY_SIDE: bool = false;

    /// [`Statistic::leaf_after`] of each of some runs, which are as long as each other and of at least
    /// [`SHORTEST`](super::streams::SHORTEST) elements; they may be gone through side by side.
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], kept: Option<Self::Value>) -> [Self::Value; STREAMS] {
        runs.map(|run| Self::leaf_after(run, kept))
    }

    /// What is known of each of the first `columns` columns over `rows` rows, at least one and at most [`ROWS`], which begin
    /// `stride` elements apart.
    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element>(elements: &[T], stride: usize, rows: usize, columns: usize) -> Vec<Self::Value> {
        let mut known: Vec<_> = elements[..columns].iter().map(|&element| Self::one(element)).collect();
        fold_columns(&elements[stride.min(elements.len())..], stride, rows - 1, &mut known, |known, element| {
            Self::merge::<T>(known, Self::one(element))
        });
        known
    }
}

/// Folds the elements of each column into what is `known` of it, over `rows` rows that begin `stride` elements apart.
///
/// Row by row, since that is how they lie in memory; what is known of the columns stays in a near cache, and is taken from
/// there once for four rows.
#[inline(always)]
pub(super) fn fold_columns<T: Copy, A: Copy>(
    elements: &[T],
    stride: usize,
    rows: usize,
    known: &mut [A],
    f: impl Fn(A, T) -> A + Copy,
) {
    let columns = known.len();
    let row = |row: usize| &elements[row * stride..][..columns];
    let fours = rows - rows % 4;
    for first in (0..fours).step_by(4) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|next| row(first + next));
        for column in 0..columns {
            known[column] = f(f(f(f(known[column], a[column]), b[column]), c[column]), d[column]);
        }
    }
    for last in fours..rows {
        let row = row(last);
        for column in 0..columns {
            known[column] = f(known[column], row[column]);
        }
    }
}

/// The sum, in `float64`.
pub(crate) struct FloatSum;

impl Statistic for FloatSum {
    type Value = f64;

    #[inline(always)]
    fn one<T: Element>(element: T) -> f64 {
        element.to_f64()
    }

    #[inline(always)]
    fn merge<T: Element>(left: f64, right: f64) -> f64 {
        left + right
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> f64 {
        sums_of(run, 0.0, |elements, _| [elements])[0]
    }

    /// From 0 on: of zeros of either sign the sum is 0, as of a run, and as in NumPy.
    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element>(elements: &[T], stride: usize, rows: usize, columns: usize) -> Vec<f64> {
        let mut totals = vec![0.0; columns];
        fold_columns(elements, stride, rows, &mut totals, |total, element| total + element.to_f64());
        totals
    }

    const IS_FASTER_SIDE_BY_SIDE: bool = true;

    #[inline(never)]
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], _kept: Option<f64>) -> [f64; STREAMS] {
        sums_side_by_side(runs, 0.0, |elements, _| [elements]).map(|[sum]| sum)
    }
}

/// Rows that are folded in four places, for the reason told in [streams](super::streams). Of fewer the next ones are
/// likely to come right after them, and places that are a few pages apart only begin more often.
const LONG: usize = 1024;

/// Folds the elements of each lane into it, row by row.
///
/// A function of its own: it ends with stores of all lanes, by which the compiler sees that they are vectors. Written
/// as one, some of the lanes are single numbers, natively as in wasm, which takes two to three times as long. Rows are
/// arrays of a length that it knows: over slices it keeps lanes in memory natively.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(super) fn fold_rows<T: Element, A: Copy>(
    rows: &[[T; LANES]],
    lanes: &mut [A; LANES],
    f: impl Fn(A, T) -> A + Copy,
) {
    let mut folded = *lanes;
    let quarter = if rows.len() < LONG { 0 } else { rows.len() / 4 };
    for turn in 0..rows.len() {
        let row = &rows[if turn < 4 * quarter { turn % 4 * quarter + turn / 4 } else { turn }];
        for lane in 0..LANES {
            folded[lane] = f(folded[lane], row[lane]);
        }
    }
    *lanes = folded;
}

/// The product, in `float64`.
pub(crate) struct FloatProduct;

impl Statistic for FloatProduct {
    type Value = f64;

    #[inline(always)]
    fn one<T: Element>(element: T) -> f64 {
        element.to_f64()
    }

    #[inline(always)]
    fn merge<T: Element>(left: f64, right: f64) -> f64 {
        left * right
    }

    #[inline]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> f64 {
        let (rows, rest) = run.as_chunks::<LANES>();
        let mut lanes = [1.0; LANES];
        fold_rows(rows, &mut lanes, |product, element| product * element.to_f64());
        lanes.iter().product::<f64>() * rest.iter().map(|element| element.to_f64()).product::<f64>()
    }
}

/// The sum of integers, wrapping at 64 bits; the bits are those of `int64` and `uint64` alike.
pub(crate) struct IntegerSum;

impl Statistic for IntegerSum {
    type Value = u64;

    #[inline(always)]
    fn one<T: Element>(element: T) -> u64 {
        element.to_u64()
    }

    #[inline(always)]
    fn merge<T: Element>(left: u64, right: u64) -> u64 {
        left.wrapping_add(right)
    }

    #[inline]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> u64 {
        if size_of::<T>() < size_of::<u64>() {
            return run.iter().fold(0, |total, element| total.wrapping_add(element.to_u64()));
        }
        let (total, rest) = of_streams(bytemuck::cast_slice(run), 0.0, two_integers);
        end_of_integers(total, rest)
    }

    const IS_FASTER_SIDE_BY_SIDE: bool = true;

    #[inline(never)]
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], _kept: Option<u64>) -> [u64; STREAMS] {
        if size_of::<T>() < size_of::<u64>() {
            return runs.map(Self::leaf);
        }
        let runs = runs.map(bytemuck::cast_slice);
        of_streams_side_by_side(runs, 0.0, two_integers).map(|(total, rest)| end_of_integers(total, rest))
    }
}

#[inline(always)]
fn two_integers(pair: &[u64; PAIR], _: f64x2) -> u64x2 {
    u64x2::new(*pair)
}

fn end_of_integers(total: u64x2, rest: &[u64]) -> u64 {
    total.to_array().iter().chain(rest).fold(0, |total, &element| total.wrapping_add(element))
}

/// The product of integers, wrapping at 64 bits.
pub(crate) struct IntegerProduct;

impl Statistic for IntegerProduct {
    type Value = u64;

    #[inline(always)]
    fn one<T: Element>(element: T) -> u64 {
        element.to_u64()
    }

    #[inline(always)]
    fn merge<T: Element>(left: u64, right: u64) -> u64 {
        left.wrapping_mul(right)
    }

    #[inline]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> u64 {
        run.iter().fold(1, |product, element| product.wrapping_mul(element.to_u64()))
    }
}

/// Whether any element is true, as 1 or 0: walks over such values are those over integers.
pub(crate) struct Any;

impl Statistic for Any {
    type Value = u64;

    #[inline(always)]
    fn one<T: Element>(element: T) -> u64 {
        u64::from(element.is_true())
    }

    #[inline(always)]
    fn merge<T: Element>(left: u64, right: u64) -> u64 {
        left | right
    }

    #[inline]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> u64 {
        u64::from(run.iter().fold(false, |found, element| found | element.is_true()))
    }
}

/// Whether every element is true, as 1 or 0.
pub(crate) struct All;

impl Statistic for All {
    type Value = u64;

    #[inline(always)]
    fn one<T: Element>(element: T) -> u64 {
        u64::from(element.is_true())
    }

    #[inline(always)]
    fn merge<T: Element>(left: u64, right: u64) -> u64 {
        left & right
    }

    #[inline]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> u64 {
        u64::from(run.iter().fold(true, |found, element| found & element.is_true()))
    }
}
