//! Mean and variance: what runs of elements amount to, and how two of them merge.

use super::element::Element;
use super::lanes::{FloatSum, Statistic};
use super::streams::{sums_of, sums_side_by_side, STREAMS};
use wide::f64x2;

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

    /// With `sum` and `squares`, the sums of the elements and of the squares of their distances from a number near the
    /// mean: `None` where another pass by distances is better, since zero is too far from the mean or the number is.
    #[inline(always)]
    fn near_zero(count: f64, near: f64, [sum, squares]: [f64; 2]) -> Option<MomentsValue> {
        let found = MomentsValue::corrected(count, sum, near, squares, sum - count * near);
        let known = sum.is_nan() || found.m2 >= 0.25 * squares && sum * sum <= NEAR_ZERO * count * found.m2;
        known.then_some(found)
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

/// [`NEAR_ZERO`] by the elements that are looked at: less, since a run that turns out not to be near zero is gone
/// through twice.
const LIKELY_NEAR_ZERO: f64 = 10.0;

/// The most that the square of an element's distance from the first leaf's mean is, in its variances, where that mean is
/// likely to be near the element's run. Where it is not, the run is gone through once more.
const LIKELY_NEAR: f64 = 16.0;

/// A number that the elements of a run are likely to be near.
#[derive(Clone, Copy, PartialEq)]
struct Near {
    number: f64,
    /// Whether zero is as near, for the purpose.
    zero: bool,
}

impl Near {
    /// The mean of the `first` leaf where the run's ends are near it, so that leaves have it in common, or else the mean
    /// of some elements that are looked at: in more places of it, for each of which a tab waits for memory.
    #[inline(never)]
    fn run<T: Element>(run: &[T], first: Option<MomentsValue>) -> Near {
        if let Some(first) = first {
            let variance = first.m2 / first.count;
            let is_near = |element: T| {
                let distance = element.to_f64() - first.mean;
                distance * distance <= LIKELY_NEAR * variance
            };
            if is_near(run[0]) && is_near(run[run.len() - 1]) {
                return Near::new(first.mean, variance);
            }
        }
        let samples: [f64; SAMPLES] = std::array::from_fn(|sample| run[run.len() / SAMPLES * sample].to_f64());
        // Each is divided, so that the largest of numbers do not add up to infinity.
        let mean = samples.iter().map(|sample| sample / SAMPLES as f64).sum::<f64>();
        let variance = samples.iter().map(|sample| (sample - mean) * (sample - mean)).sum::<f64>() / SAMPLES as f64;
        Near::new(mean, variance)
    }

    #[inline(always)]
    fn new(mean: f64, variance: f64) -> Near {
        Near { number: mean, zero: mean * mean <= LIKELY_NEAR_ZERO * variance }
    }
}

/// An element, and the square of its distance from `near`.
#[inline(always)]
fn element_and_square(elements: f64x2, near: f64x2) -> [f64x2; 2] {
    let distances = elements - near;
    [elements, distances * distances]
}

/// The distance of an element from `near`, and its square.
#[inline(always)]
fn distance_and_square(elements: f64x2, near: f64x2) -> [f64x2; 2] {
    let distances = elements - near;
    [distances, distances * distances]
}

/// Count, mean and M2 of a run of at least one and at most [`LEAF`](super::lanes::LEAF) elements, and if `with_total`
/// its sum, which is [`FloatSum`]'s bit by bit.
///
/// One pass, by squared distances from a number near the mean (Chan, Golub & LeVeque 1983, "Algorithms for computing the
/// sample variance", section 3: shifted data). It needs the sum of the distances, too. That is the sum of the elements
/// less that of as many times the number, so that one pass gives sum and variance for the price of the variance; or,
/// where zero is so far from the elements that the difference would cost digits, it is added up. Where the number was
/// not near, what is subtracted in the end would cost digits; then another pass is by distances from the mean that was
/// found, which is their corrected two-pass algorithm.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(super) fn spread<T: Element>(run: &[T], first: Option<MomentsValue>, with_total: bool) -> MomentsValue {
    let found = shifted(run, Near::run(run, first), with_total);
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
fn shifted<T: Element>(run: &[T], Near { number: mut near, zero }: Near, with_total: bool) -> MomentsValue {
    let count = run.len() as f64;
    let mut total = None;
    if zero {
        let sums = sums_of(run, near, element_and_square);
        if let Some(found) = MomentsValue::near_zero(count, near, sums) {
            return found;
        }
        total = Some(sums[0]);
    }
    let total = total.unwrap_or_else(|| if with_total { FloatSum::leaf(run) } else { 0.0 });
    let mut passes = 0;
    loop {
        let [residue, squares] = sums_of(run, near, distance_and_square);
        let found = MomentsValue::corrected(count, total, near, squares, residue);
        passes += 1;
        if passes == 2 || found.mean.is_nan() || found.m2 >= 0.25 * squares {
            return found;
        }
        near = found.mean;
    }
}

/// [`spread`] of each of some runs, which are as long as each other and not [`SHORT`](super::streams::SHORT). They are gone through side by side
/// where all of them are near the mean of the `first` leaf; others would each need a number of its own in a register.
#[inline(never)]
pub(super) fn spread_side_by_side<T: Element>(
    runs: [&[T]; STREAMS],
    first: Option<MomentsValue>,
    with_total: bool,
) -> [MomentsValue; STREAMS] {
    let one_by_one = |run| spread(run, first, with_total);
    if first.is_none() {
        return runs.map(one_by_one);
    }
    let [near, others @ ..] = runs.map(|run| Near::run(run, first));
    if others.iter().any(|&other| other != near) {
        return runs.map(one_by_one);
    }
    let count = runs[0].len() as f64;
    let found = if near.zero {
        sums_side_by_side(runs, near.number, element_and_square)
            .map(|sums| MomentsValue::near_zero(count, near.number, sums))
    } else {
        let sums = sums_side_by_side(runs, near.number, distance_and_square);
        let totals = if with_total { FloatSum::side_by_side(runs, None) } else { [0.0; STREAMS] };
        std::array::from_fn(|run| {
            let [residue, squares] = sums[run];
            let found = MomentsValue::corrected(count, totals[run], near.number, squares, residue);
            (found.m2 >= 0.25 * squares).then_some(found)
        })
    };
    std::array::from_fn(|run| match found[run] {
        Some(found) if !found.m2.is_nan() => found,
        _ => one_by_one(runs[run]),
    })
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
        spread(run, None, true)
    }

    #[inline(always)]
    fn leaf_after<T: Element>(run: &[T], first: Option<MomentsValue>) -> MomentsValue {
        spread(run, first, true)
    }

    #[inline(always)]
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], first: Option<MomentsValue>) -> [MomentsValue; STREAMS] {
        spread_side_by_side(runs, first, true)
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
