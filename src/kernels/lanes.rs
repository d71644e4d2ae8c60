//! The innermost loops of reductions: what one run of elements, or a few rows of columns, amounts to.
//!
//! Runs are worked through in lanes, as many accumulators side by side as fill the vector registers
//! of SSE and simd128 without spilling, so the order of additions is fixed by the code and not by
//! the machine.

use super::element::Element;
use wide::f64x2;

/// Elements of a run that are reduced at once: so few that a second pass finds them in the processor's second cache,
/// so many that each of the [streams](sums_of) they are read in goes on for eight pages of memory: of two, sums take a
/// sixth more time, and variances a quarter.
pub(crate) const LEAF: usize = 32768;

/// Rows of columns that are reduced at once.
pub(crate) const ROWS: usize = 32;

/// Accumulators side by side: eight registers of two doubles.
pub(super) const LANES: usize = 16;

/// Elements that are read of a stream at once: a vector of two doubles, of SSE2 and of simd128.
const PAIR: usize = 2;

/// Places in which a run is read side by side; see [`sums_of`].
const STREAMS: usize = 8;

/// Rows of pairs, one of each stream, that are added up before sums are added to sums.
///
/// Rounding errors grow with the additions in a row: in a leaf 16, then [`STRETCHES`], then 16, then those of the
/// streams; in NumPy's pairwise sum 16, those of its eight lanes, and those of its tree, which is deeper than ours.
const STRETCH: usize = 16;

/// Stretches that are added up before their sums are added to sums.
const STRETCHES: usize = 8;

/// The shortest run that is read in streams; those of a shorter one would not reach from page to page.
const SHORT: usize = 2048;

/// Elements of a shorter run that eight accumulators add up, as many additions in a row as for a stretch.
const PART: usize = 8 * STRETCH;

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

    /// What is known of each of `L` columns over `rows` rows, which begin `stride` elements apart.
    #[inline(always)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element, const L: usize>(elements: &[T], stride: usize, rows: usize) -> [Self::Value; L] {
        let mut known = [Self::one(elements[0]); L];
        for column in 1..L {
            known[column] = Self::one(elements[column]);
        }
        for row in 1..rows {
            let row = &elements[row * stride..][..L];
            for column in 0..L {
                known[column] = Self::merge::<T>(known[column], Self::one(row[column]));
            }
        }
        known
    }
}

/// Adds `sums` to `totals`, stream by stream.
#[inline(always)]
fn add_sums<const TOGETHER: usize, const N: usize>(totals: &mut [[f64x2; TOGETHER]; N], sums: &[[f64x2; TOGETHER]; N]) {
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, &sum) in totals.iter_mut().zip(sums) {
            *total += sum;
        }
    }
}

/// Adds each of the numbers that `f` makes of an element to its own `totals`, for as many pairs of each stream as
/// there are of the first.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn add_streams<T: Element, const TOGETHER: usize, const N: usize>(
    streams: [&[[T; PAIR]]; TOGETHER],
    totals: &mut [[f64x2; TOGETHER]; N],
    f: impl Fn(f64x2) -> [f64x2; N] + Copy,
) {
    let rows = streams[0].len();
    let streams = streams.map(|stream| &stream[..rows]);
    let mut stretches = [[f64x2::ZERO; TOGETHER]; N];
    for first in (0..rows).step_by(STRETCH) {
        let mut sums = [[f64x2::ZERO; TOGETHER]; N];
        for row in first..rows.min(first + STRETCH) {
            for (stream, pairs) in streams.iter().enumerate() {
                let numbers = f(doubles(pairs[row]));
                for number in 0..N {
                    sums[number][stream] += numbers[number];
                }
            }
        }
        add_sums(&mut stretches, &sums);
    }
    add_sums(totals, &stretches);
}

/// The sum of each of the numbers that `f` makes of an element, over a run of at most [`LEAF`] elements.
///
/// The run is read in [`STREAMS`] places side by side. A processor fetches ahead of what is read, but not past the end
/// of a page, which are of 4 KiB in a tab: of a run read from its begin to its end, it waits for the begin of each page.
/// In several places something is always under way, which takes two thirds to half of the time where the run comes
/// from memory, and as long as before where it comes from a cache.
///
/// The places take turns in `GROUPS` groups, each of as many as there are registers for the sums, `TOGETHER`. The
/// grouping does not change a sum's bits.
#[inline(always)]
fn sums_of<T: Element, const TOGETHER: usize, const GROUPS: usize, const N: usize>(
    run: &[T],
    f: impl Fn(f64x2) -> [f64x2; N] + Copy,
) -> [f64; N] {
    if run.len() < SHORT {
        let mut sums = [0.0; N];
        for part in run.chunks(PART) {
            let numbers = sums_of_part(part, f);
            for number in 0..N {
                sums[number] += numbers[number];
            }
        }
        return sums;
    }
    const { assert!(TOGETHER * GROUPS == STREAMS) };
    let rows = run.len() / (STREAMS * PAIR);
    let (streams, rest) = run.split_at(rows * STREAMS * PAIR);
    let (pairs, _) = streams.as_chunks::<PAIR>();
    let mut groups = [[[f64x2::ZERO; TOGETHER]; N]; GROUPS];
    for first in (0..rows).step_by(STRETCH * STRETCHES) {
        let count = (STRETCH * STRETCHES).min(rows - first);
        for (group, totals) in groups.iter_mut().enumerate() {
            let begin = |stream| (group * TOGETHER + stream) * rows + first;
            let parts = std::array::from_fn(|stream| &pairs[begin(stream)..][..count]);
            add_streams::<T, TOGETHER, N>(parts, totals, f);
        }
    }
    let mut sums = [f64x2::ZERO; N];
    for totals in groups {
        for number in 0..N {
            sums[number] = totals[number].iter().fold(sums[number], |sum, &total| sum + total);
        }
    }
    let rest = sums_of_part(rest, f);
    std::array::from_fn(|number| sums[number].reduce_add() + rest[number])
}

/// [`sums_of`] of at most [`PART`] elements, one after the other.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn sums_of_part<T: Element, const N: usize>(run: &[T], f: impl Fn(f64x2) -> [f64x2; N] + Copy) -> [f64; N] {
    let mut sums = [[f64x2::ZERO; 4]; N];
    let (rows, rest) = run.as_chunks::<{ 4 * PAIR }>();
    for &[a, b, c, d, e, g, h, i] in rows {
        let numbers = [[a, b], [c, d], [e, g], [h, i]].map(|pair| f(doubles(pair)));
        for number in 0..N {
            for pair in 0..4 {
                sums[number][pair] += numbers[pair][number];
            }
        }
    }
    let mut sums = sums.map(|[a, b, c, d]| ((a + b) + (c + d)).reduce_add());
    for &element in rest {
        let numbers = f(doubles([element; PAIR]));
        for number in 0..N {
            sums[number] += numbers[number].to_array()[0];
        }
    }
    sums
}

#[inline(always)]
fn doubles<T: Element>([x, y]: [T; PAIR]) -> f64x2 {
    f64x2::new([x.to_f64(), y.to_f64()])
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
        sums_of::<T, 8, 1, 1>(run, |elements| [elements])[0]
    }
}

/// Folds the elements of each lane into it, row by row, in four streams for the reason told at [`sums_of`].
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
    let quarter = rows.len() / 4;
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
        let (rows, rest) = run.as_chunks::<LANES>();
        let mut lanes = [0u64; LANES];
        fold_rows(rows, &mut lanes, |total, element| total.wrapping_add(element.to_u64()));
        rest.iter().map(|element| element.to_u64()).chain(lanes).fold(0, u64::wrapping_add)
    }
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

/// How many elements, their sum, their mean, and M2: the sum of their squared distances from the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MomentsValue {
    pub(crate) count: f64,
    pub(crate) total: f64,
    pub(crate) mean: f64,
    /// What the mean lost to rounding. Far from zero it is not small next to the distances.
    pub(crate) low: f64,
    pub(crate) m2: f64,
}

impl MomentsValue {
    /// Whether the mean is so far from zero, next to the spread, that its rounding matters.
    #[inline(always)]
    fn is_offset(count: f64, total: f64, m2: f64) -> bool {
        total * total > 1e4 * count * m2
    }

    /// With `residue` and `squares`, the sums of distances from a number near the mean and of their squares.
    #[inline(always)]
    fn corrected(count: f64, total: f64, near: f64, squares: f64, residue: f64) -> MomentsValue {
        let shift = residue / count;
        let mean = near + shift;
        // Of squares that overflow nothing is left to subtract from. Not by `max`, which prefers 0 to NaN.
        let overflows = squares == f64::INFINITY && mean.is_finite();
        let m2 = if overflows { squares } else { squares - residue * shift };
        MomentsValue { count, total, mean, low: shift - (mean - near), m2: if m2 < 0.0 { 0.0 } else { m2 } }
    }

    /// Chan's rule (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for
    /// computing sample variances"), with the mean in two parts.
    #[inline(always)]
    pub(crate) fn merge(self, other: MomentsValue) -> MomentsValue {
        let count = self.count + other.count;
        // Leaves are mostly as long as each other, and a division takes longer than all the rest.
        let share = if self.count == other.count { 0.5 } else { other.count / count };
        let delta = (other.mean - self.mean) + (other.low - self.low);
        let m2 = self.m2 + other.m2;
        let shift = self.low + delta * share;
        let mean = self.mean + shift;
        MomentsValue {
            count,
            total: self.total + other.total,
            mean,
            low: shift - (mean - self.mean),
            // Where distances or their squares have overflown, a mean may have as well, and be no number any more.
            m2: if m2 == f64::INFINITY { m2 } else { m2 + delta * delta * (self.count * share) },
        }
    }
}

/// Elements of a run that are looked at to see how it is best gone about.
const SAMPLES: usize = 16;

/// The most that the square of the mean is, in variances, where distances are known well enough from the sum. Of the
/// rounding error of a sum, `m` standard deviations from zero, `m` parts go into the variance; this is less than four.
const NEAR_ZERO: f64 = 16.0;

/// [`NEAR_ZERO`] by [`SAMPLES`]: less, since a run that turns out not to be near zero is gone through twice.
const LIKELY_NEAR_ZERO: f64 = 10.0;

/// Count, mean and M2 of a run of at least one and at most [`LEAF`] elements, and if `with_total` its sum, which is
/// [`FloatSum`]'s bit by bit.
///
/// One pass, by squared distances from a number near the mean (Chan, Golub & LeVeque 1983, "Algorithms for computing the
/// sample variance", section 3: shifted data). It needs the sum of the distances, too. That is the sum of the elements
/// less that of as many times the number, so that one pass gives sum and variance for the price of the variance; or,
/// where zero is so far from the elements that the difference would cost digits, it is added up. Where the number was
/// not near, what is subtracted in the end would cost digits; then another pass is by distances from the mean that was
/// found, which is their corrected two-pass algorithm.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(super) fn spread<T: Element>(run: &[T], with_total: bool) -> MomentsValue {
    let found = shifted(run, with_total);
    if !found.m2.is_nan() {
        return found;
    }
    // Either an element is infinite or none, and so is this, or distances overflow.
    let mean: f64 = run.iter().map(|element| element.to_f64() / found.count).sum();
    let m2 = if mean.is_finite() { f64::INFINITY } else { f64::NAN };
    MomentsValue { mean, low: 0.0, m2, ..found }
}

/// [`spread`], with no number for M2 where distances overflow.
#[inline(always)]
fn shifted<T: Element>(run: &[T], with_total: bool) -> MomentsValue {
    let count = run.len() as f64;
    let samples: [f64; SAMPLES] = std::array::from_fn(|sample| run[run.len() / SAMPLES * sample].to_f64());
    // Each is divided, so that the largest of numbers do not add up to infinity.
    let mut near = samples.iter().map(|sample| sample / SAMPLES as f64).sum::<f64>();
    let variance = samples.iter().map(|sample| (sample - near) * (sample - near)).sum::<f64>() / SAMPLES as f64;
    let mut total = None;
    if near * near <= LIKELY_NEAR_ZERO * variance {
        let [sum, squares] = sums_of::<T, 4, 2, 2>(run, |elements| {
            let distances = elements - f64x2::splat(near);
            [elements, distances * distances]
        });
        let found = MomentsValue::corrected(count, sum, near, squares, sum - count * near);
        if sum.is_nan() || found.m2 >= 0.25 * squares && sum * sum <= NEAR_ZERO * count * found.m2 {
            return found;
        }
        total = Some(sum);
    }
    let total = total.unwrap_or_else(|| if with_total { FloatSum::leaf(run) } else { 0.0 });
    let mut passes = 0;
    loop {
        let [residue, squares] = sums_of::<T, 4, 2, 2>(run, |elements| {
            let distances = elements - f64x2::splat(near);
            [distances, distances * distances]
        });
        let found = MomentsValue::corrected(count, total, near, squares, residue);
        passes += 1;
        if passes == 2 || found.mean.is_nan() || found.m2 >= 0.25 * squares {
            return found;
        }
        near = found.mean;
    }
}

/// Count, sum, mean and M2. The sum is [`FloatSum`]'s, bit for bit.
pub(crate) struct Moments;

impl Statistic for Moments {
    type Value = MomentsValue;

    #[inline(always)]
    fn one<T: Element>(element: T) -> MomentsValue {
        // The distance of an infinite or NaN element from itself is NaN, in NumPy too.
        let x = element.to_f64();
        MomentsValue { count: 1.0, total: x, mean: x, low: 0.0, m2: x.abs() * 0.0 }
    }

    #[inline(always)]
    fn merge<T: Element>(left: MomentsValue, right: MomentsValue) -> MomentsValue {
        left.merge(right)
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> MomentsValue {
        spread(run, true)
    }

    #[inline(always)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element, const L: usize>(elements: &[T], stride: usize, rows: usize) -> [MomentsValue; L] {
        let count = rows as f64;
        let total = FloatSum::columns::<T, L>(elements, stride, rows);
        let mut mean = total;
        for mean in &mut mean {
            *mean /= count;
        }
        let mut m2 = [0.0; L];
        for row in 0..rows {
            let row = &elements[row * stride..][..L];
            for column in 0..L {
                let distance = row[column].to_f64() - mean[column];
                m2[column] += distance * distance;
            }
        }
        let mut residue = [0.0; L];
        let mut offset = false;
        for column in 0..L {
            offset |= MomentsValue::is_offset(count, total[column], m2[column]);
        }
        if offset {
            for row in 0..rows {
                let row = &elements[row * stride..][..L];
                for column in 0..L {
                    residue[column] += row[column].to_f64() - mean[column];
                }
            }
        }
        let mut known = [MomentsValue { count, total: 0.0, mean: 0.0, low: 0.0, m2: 0.0 }; L];
        for column in 0..L {
            let (total, mean, m2) = (total[column], mean[column], m2[column]);
            // Of its own accord, not for the sake of a column beside it.
            let residue = if MomentsValue::is_offset(count, total, m2) { residue[column] } else { 0.0 };
            known[column] = MomentsValue::corrected(count, total, mean, m2, residue);
        }
        known
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
