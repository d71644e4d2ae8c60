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
    /// What is known of no elements.
    pub(super) const NOTHING: MomentsValue = MomentsValue { count: 0.0, total: 0.0, mean: 0.0, low: 0.0, m2: 0.0 };

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
        // Nothing is lost of a mean that is infinite or no number.
        let low = if mean.is_finite() { shift - (mean - near) } else { 0.0 };
        MomentsValue { count, total, mean, low, m2: if m2 < 0.0 { 0.0 } else { m2 } }
    }

    /// Whether it is to be relied on, `squares` being the sum that M2 was made of: one that has overflown says nothing, and
    /// neither does one that is much larger, of distances from a number more than a standard deviation from the mean.
    #[inline(always)]
    fn is_settled(&self, squares: f64) -> bool {
        squares < f64::INFINITY && self.m2 >= 0.5 * squares
    }

    /// [`MomentsValue::merge`] of what may be known of no elements, which change nothing.
    #[inline(always)]
    pub(crate) fn merge_if_any(self, other: MomentsValue) -> MomentsValue {
        if other.count == 0.0 {
            self
        } else if self.count == 0.0 {
            other
        } else {
            self.merge(other)
        }
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
/// rounding error of a sum, `m` standard deviations from zero, up to `2 m` parts go into the variance.
const NEAR_ZERO: f64 = 16.0;

/// [`NEAR_ZERO`] before the run's own mean and variance are known: less, since a run that turns out not to be near zero
/// is gone through twice.
const LIKELY_NEAR_ZERO: f64 = 10.0;

/// How many of the first leaf's variances the squared distance of a run's ends from its mean may be for that mean to count
/// as near. A run that it turns out not to be near is gone through twice.
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
    /// of samples, which lie in more places of the run, each a wait for memory.
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
/// its sum, which is [`FloatSum`]'s bit by bit. What is known of the `first` leaf may spare it a pass.
///
/// One pass, by squared distances from a number near the mean (Chan, Golub & LeVeque 1983, "Algorithms for computing the
/// sample variance", section 3: shifted data). It needs the sum of the distances, too. That is the sum of the elements
/// less that of as many times the number, so that one pass gives sum and variance for the price of the variance; or,
/// where zero is so far from the elements that the difference would cost digits, it is added up. Where the number was
/// not near, what is subtracted in the end would cost digits; then another pass is by distances from the mean that was
/// found, which is their corrected two-pass algorithm.
pub(super) fn spread<T: Element>(run: &[T], first: Option<MomentsValue>, with_total: bool) -> MomentsValue {
    spread_near(run, Near::run(run, first), with_total)
}

/// [`spread`] of a run that is likely to be `near` a number.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn spread_near<T: Element>(run: &[T], near: Near, with_total: bool) -> MomentsValue {
    if near.zero {
        return settle(run, near, sums_of(run, near.number, element_and_square), 0.0);
    }
    let total = if with_total { FloatSum::leaf(run) } else { 0.0 };
    settle(run, near, sums_of(run, near.number, distance_and_square), total)
}

/// [`spread`] of each of some runs, which are as long as each other and of at least [`SHORTEST`](super::streams::SHORTEST)
/// elements. They are gone through side by side where the mean of the `first` leaf is near all of them: others would
/// each need a number of its own in a register.
#[inline(never)]
pub(super) fn spread_side_by_side<T: Element>(
    runs: [&[T]; STREAMS],
    first: Option<MomentsValue>,
    with_total: bool,
) -> [MomentsValue; STREAMS] {
    let all_near = runs.map(|run| Near::run(run, first));
    let near = all_near[0];
    if all_near.iter().any(|&other| other != near) {
        return std::array::from_fn(|run| spread_near(runs[run], all_near[run], with_total));
    }
    let (sums, totals) = if near.zero {
        (sums_side_by_side(runs, near.number, element_and_square), [0.0; STREAMS])
    } else {
        let totals = if with_total { FloatSum::side_by_side(runs, None) } else { [0.0; STREAMS] };
        (sums_side_by_side(runs, near.number, distance_and_square), totals)
    };
    std::array::from_fn(|run| settle(runs[run], near, sums[run], totals[run]))
}

/// The moments of a run by the sums of a first pass: of its elements if it is `near` zero, or else of their distances,
/// and of their squares; in further passes where that has to be. Not near zero its `total` is known.
#[inline(never)]
fn settle<T: Element>(run: &[T], near: Near, [sum, squares]: [f64; 2], total: f64) -> MomentsValue {
    let count = run.len() as f64;
    let (total, residue) = if near.zero { (sum, sum - count * near.number) } else { (total, sum) };
    let mut found = MomentsValue::corrected(count, total, near.number, squares, residue);
    let mut is_settled = found.is_settled(squares) && !(near.zero && sum * sum > NEAR_ZERO * count * found.m2);
    for _ in 0..2 {
        if is_settled || found.mean.is_nan() {
            break;
        }
        let near = found.mean;
        let [residue, squares] = sums_of(run, near, distance_and_square);
        found = MomentsValue::corrected(count, total, near, squares, residue);
        is_settled = found.is_settled(squares);
    }
    if !found.m2.is_nan() {
        return found;
    }
    // Either an element is infinite or NaN, and so is this, or distances overflow.
    let mean: f64 = run.iter().map(|element| element.to_f64() / count).sum();
    let m2 = if mean.is_finite() { f64::INFINITY } else { f64::NAN };
    MomentsValue { mean, low: 0.0, m2, ..found }
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

    const IS_FASTER_SIDE_BY_SIDE: bool = true;

    #[inline(always)]
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], first: Option<MomentsValue>) -> [MomentsValue; STREAMS] {
        spread_side_by_side(runs, first, true)
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element>(elements: &[T], stride: usize, rows: usize, columns: usize) -> Vec<MomentsValue> {
        let count = rows as f64;
        let totals = FloatSum::columns(elements, stride, rows, columns);
        moments_of_columns(elements, stride, rows, &vec![count; columns], &totals, |_| true)
    }
}

/// Count, sum, mean and M2 of each column, of which `counts` and `totals` are known, over those elements that `is_in`.
#[inline(always)]
pub(super) fn moments_of_columns<T: Element>(
    elements: &[T],
    stride: usize,
    rows: usize,
    counts: &[f64],
    totals: &[f64],
    is_in: impl Fn(T) -> bool + Copy,
) -> Vec<MomentsValue> {
    let means: Vec<f64> = totals.iter().zip(counts).map(|(total, count)| total / count).collect();
    let squares = sums_of_distances(elements, stride, rows, &means, is_in, |distance| distance * distance);
    let is_offset = |column: usize| MomentsValue::is_offset(counts[column], totals[column], squares[column]);
    let residues = (0..means.len())
        .any(is_offset)
        .then(|| sums_of_distances(elements, stride, rows, &means, is_in, |distance| distance));
    let of_column = |column: usize| {
        if counts[column] == 0.0 {
            return MomentsValue::NOTHING;
        }
        // Of its own accord, not for the sake of a column beside it.
        let residue = residues.as_ref().filter(|_| is_offset(column)).map_or(0.0, |residues| residues[column]);
        MomentsValue::corrected(counts[column], totals[column], means[column], squares[column], residue)
    };
    (0..means.len()).map(of_column).collect()
}

/// For each column the sum of what `f` makes of the distances from its mean of those of its elements that are in.
#[inline(always)]
fn sums_of_distances<T: Element>(
    elements: &[T],
    stride: usize,
    rows: usize,
    means: &[f64],
    is_in: impl Fn(T) -> bool,
    f: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let mut sums = vec![0.0; means.len()];
    for row in 0..rows {
        let row = &elements[row * stride..][..means.len()];
        for ((sum, &mean), &element) in sums.iter_mut().zip(means).zip(row) {
            *sum += if is_in(element) { f(element.to_f64() - mean) } else { 0.0 };
        }
    }
    sums
}
