//! The innermost loops of reductions: what one run of elements, or a few rows of columns, amounts to.
//!
//! Runs are worked through in lanes, as many accumulators side by side as fill the vector registers
//! of SSE and simd128 without spilling, so the order of additions is fixed by the code and not by
//! the machine.

use super::element::Element;

/// Elements of a run that are reduced at once: so few that a second pass over them is done while the processor
/// already fetches the next.
pub(crate) const LEAF: usize = 1024;

/// The same where one pass does and nothing is rounded, so that only what a leaf costs by itself matters.
pub(super) const LONG_LEAF: usize = 4096;

/// Rows of columns that are reduced at once.
pub(crate) const ROWS: usize = 32;

/// Accumulators side by side: eight registers of two doubles.
pub(super) const LANES: usize = 16;

/// Rows that one set of lanes adds up before lanes are added to lanes.
const STRETCH: usize = 16;

/// What a reduction gathers from elements: a value for a run of them, and a rule to merge two values.
pub(crate) trait Statistic {
    /// What is known of some elements.
    type Value: Copy;

    /// The longest run that is reduced at once.
    const LEAF: usize = LEAF;

    /// What is known of one element.
    fn one<T: Element>(element: T) -> Self::Value;

    /// What is known of the elements of `left` followed by those of `right`.
    fn merge<T: Element>(left: Self::Value, right: Self::Value) -> Self::Value;

    /// What is known of elements as `W`, of what is known of them as `R`.
    #[inline(always)]
    fn widen<R: Element, W: Element>(value: Self::Value) -> Self::Value {
        value
    }

    /// What is known of a run of at least one and at most [`Statistic::LEAF`] elements.
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

/// Adds `f(element)` of each row to `total`, lane by lane.
///
/// A function of its own, as [`add_rest`] and [`fold`] are: it ends with stores of all lanes, by which the compiler
/// sees that they are vectors. Written as one, some of the lanes are added as single numbers, natively as in wasm,
/// which takes two to three times as long. Rows are arrays of a length that it knows: over slices it keeps lanes in
/// memory natively.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn add_rows<T: Element>(rows: &[[T; LANES]], total: &mut [f64; LANES], f: impl Fn(T) -> f64 + Copy) {
    for stretch in rows.chunks(STRETCH) {
        let mut lanes = [0.0; LANES];
        for row in stretch {
            for lane in 0..LANES {
                lanes[lane] += f(row[lane]);
            }
        }
        for lane in 0..LANES {
            total[lane] += lanes[lane];
        }
    }
}

/// Adds `f(element)` of the elements that do not fill a row to the first lanes.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn add_rest<T: Element>(rest: &[T], total: &mut [f64; LANES], f: impl Fn(T) -> f64 + Copy) {
    for (total, &element) in total.iter_mut().zip(rest) {
        *total += f(element);
    }
}

/// The sum of all lanes, in pairs.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn fold(lanes: &mut [f64; LANES]) -> f64 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

/// The sum of `f(element)` over a run of at most [`LEAF`] elements; the rounding error grows with 16 and 4 additions
/// in a row and those of the lanes, as in NumPy's pairwise sum with 16 and those of its eight.
#[inline(always)]
fn sum_of<T: Element>(run: &[T], f: impl Fn(T) -> f64 + Copy) -> f64 {
    let mut total = [0.0; LANES];
    let (rows, rest) = run.as_chunks::<LANES>();
    add_rows(rows, &mut total, f);
    if !rest.is_empty() {
        add_rest(rest, &mut total, f);
    }
    fold(&mut total)
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
        sum_of(run, T::to_f64)
    }
}

/// Folds the elements of each lane into it, row by row; a function of its own for the reason told at [`add_rows`].
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(super) fn fold_rows<T: Element, A: Copy>(
    rows: &[[T; LANES]],
    lanes: &mut [A; LANES],
    f: impl Fn(A, T) -> A + Copy,
) {
    let mut folded = *lanes;
    for row in rows {
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

    const LEAF: usize = LONG_LEAF;

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
        run.iter().fold(0, |total, element| total.wrapping_add(element.to_u64()))
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

    /// With `residue`, the sum of distances from the rounded mean, which is 0 but for the rounding. NaN, of infinite
    /// elements, is no 0.
    #[inline(always)]
    fn corrected(count: f64, total: f64, mean: f64, m2: f64, residue: f64) -> MomentsValue {
        if residue == 0.0 {
            return MomentsValue { count, total, mean, low: 0.0, m2 };
        }
        let low = residue / count;
        let corrected = m2 - residue * low;
        // Not by `max`, which prefers 0 to NaN.
        MomentsValue { count, total, mean, low, m2: if corrected < 0.0 { 0.0 } else { corrected } }
    }

    /// Chan's rule (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for
    /// computing sample variances"), with the mean in two parts.
    #[inline(always)]
    pub(crate) fn merge(self, other: MomentsValue) -> MomentsValue {
        let count = self.count + other.count;
        // Leaves are mostly as long as each other, and a division takes longer than all the rest.
        let share = if self.count == other.count { 0.5 } else { other.count / count };
        let delta = (other.mean - self.mean) + (other.low - self.low);
        let shift = self.low + delta * share;
        let mean = self.mean + shift;
        MomentsValue {
            count,
            total: self.total + other.total,
            mean,
            low: shift - (mean - self.mean),
            m2: self.m2 + other.m2 + delta * delta * (self.count * share),
        }
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
        let count = run.len() as f64;
        let total = sum_of(run, T::to_f64);
        let mean = total / count;
        let m2 = sum_of(run, |element| {
            let distance = element.to_f64() - mean;
            distance * distance
        });
        let offset = MomentsValue::is_offset(count, total, m2);
        let residue = if offset { sum_of(run, |element| element.to_f64() - mean) } else { 0.0 };
        MomentsValue::corrected(count, total, mean, m2, residue)
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
            let (total, mean) = (total[column], mean[column]);
            known[column] = MomentsValue::corrected(count, total, mean, m2[column], residue[column]);
        }
        known
    }
}

/// Whether any element is true, as 1 or 0: walks over such values are those over integers.
pub(crate) struct Any;

impl Statistic for Any {
    type Value = u64;

    const LEAF: usize = LONG_LEAF;

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

    const LEAF: usize = LONG_LEAF;

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
