//! The innermost loops of reductions: what one run of elements, or a few rows of columns, amounts to.
//!
//! Runs are worked through in lanes, as many accumulators side by side as fill the vector registers
//! of SSE and simd128 without spilling, so the order of additions is fixed by the code and not by
//! the machine.

use super::element::Element;

/// Elements of a run that are reduced at once: so few that a second pass over them is done while the processor
/// already fetches the next.
pub(crate) const LEAF: usize = 512;

/// Rows of columns that are reduced at once.
pub(crate) const ROWS: usize = 32;

/// Accumulators side by side: eight registers of two doubles.
const LANES: usize = 16;

/// Rows that one set of lanes adds up before lanes are added to lanes.
const STRETCH: usize = 16;

/// What a reduction gathers from elements: a value for a run of them, and a rule to merge two values.
pub(crate) trait Statistic<T: Element> {
    /// What is known of some elements.
    type Value: Copy;

    /// The type that elements are made before columns of them are reduced: what is known of them is the same, and
    /// loops over columns, which are long, are compiled for a few types only.
    type Wide: Element;

    /// The longest run that is reduced at once.
    const LEAF: usize = LEAF;

    /// What is known of one element.
    fn one(element: T) -> Self::Value;

    /// What is known of the elements of `left` followed by those of `right`.
    fn merge(left: Self::Value, right: Self::Value) -> Self::Value;

    /// Whether runs are made so, too: where arithmetic is done in that type anyway.
    const WIDENS: bool = false;

    /// What is known of elements, of what is known of them as [`Statistic::Wide`].
    #[inline(always)]
    fn narrow(value: Self::Value) -> Self::Value {
        value
    }

    /// What is known of a run of at least one and at most [`Statistic::LEAF`] elements.
    fn leaf(run: &[T]) -> Self::Value;

    /// What is known of each of `L` columns over `rows` rows, which begin `stride` elements apart.
    #[inline(always)]
    fn columns<const L: usize>(elements: &[T], stride: usize, rows: usize) -> [Self::Value; L] {
        let mut known: [Self::Value; L] = std::array::from_fn(|column| Self::one(elements[column]));
        for row in 1..rows {
            let row = &elements[row * stride..][..L];
            for column in 0..L {
                known[column] = Self::merge(known[column], Self::one(row[column]));
            }
        }
        known
    }
}

/// The sum of `f(element)` over a run of at most [`LEAF`] elements; the rounding error grows with 16 and 8 additions
/// in a row and those of the lanes, as in NumPy's pairwise sum with 16 and those of its eight.
///
/// Rows are arrays of a length that the compiler knows: over slices it keeps lanes in memory natively, which takes
/// two to three times as long.
#[inline(always)]
fn sum_of<T: Element>(run: &[T], f: impl Fn(T) -> f64 + Copy) -> f64 {
    let mut total = [0.0; LANES];
    let (rows, rest) = run.as_chunks::<LANES>();
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
    for (lane, &element) in rest.iter().enumerate() {
        total[lane] += f(element);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            total[lane] += total[lane + width];
        }
    }
    total[0]
}

/// The sum, in `float64`.
pub(crate) struct FloatSum;

impl<T: Element> Statistic<T> for FloatSum {
    type Value = f64;
    type Wide = T::Float;
    const WIDENS: bool = true;

    #[inline(always)]
    fn one(element: T) -> f64 {
        element.to_f64()
    }

    #[inline(always)]
    fn merge(left: f64, right: f64) -> f64 {
        left + right
    }

    #[inline(never)]
    fn leaf(run: &[T]) -> f64 {
        sum_of(run, T::to_f64)
    }
}

/// The product, in `float64`.
pub(crate) struct FloatProduct;

impl<T: Element> Statistic<T> for FloatProduct {
    type Value = f64;
    type Wide = T::Float;
    const WIDENS: bool = true;

    #[inline(always)]
    fn one(element: T) -> f64 {
        element.to_f64()
    }

    #[inline(always)]
    fn merge(left: f64, right: f64) -> f64 {
        left * right
    }

    #[inline]
    fn leaf(run: &[T]) -> f64 {
        let mut lanes = [1.0; LANES];
        let (rows, rest) = run.as_chunks::<LANES>();
        for row in rows {
            for lane in 0..LANES {
                lanes[lane] *= row[lane].to_f64();
            }
        }
        for (lane, element) in rest.iter().enumerate() {
            lanes[lane] *= element.to_f64();
        }
        lanes.iter().product()
    }
}

/// The sum of integers, wrapping at 64 bits; the bits are those of `int64` and `uint64` alike.
pub(crate) struct IntegerSum;

impl<T: Element> Statistic<T> for IntegerSum {
    type Value = u64;
    type Wide = u64;

    #[inline(always)]
    fn one(element: T) -> u64 {
        element.to_u64()
    }

    #[inline(always)]
    fn merge(left: u64, right: u64) -> u64 {
        left.wrapping_add(right)
    }

    #[inline]
    fn leaf(run: &[T]) -> u64 {
        run.iter().fold(0, |total, element| total.wrapping_add(element.to_u64()))
    }
}

/// The product of integers, wrapping at 64 bits.
pub(crate) struct IntegerProduct;

impl<T: Element> Statistic<T> for IntegerProduct {
    type Value = u64;
    type Wide = u64;

    #[inline(always)]
    fn one(element: T) -> u64 {
        element.to_u64()
    }

    #[inline(always)]
    fn merge(left: u64, right: u64) -> u64 {
        left.wrapping_mul(right)
    }

    #[inline]
    fn leaf(run: &[T]) -> u64 {
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

    /// With `residue`, the sum of distances from the rounded mean, which is 0 but for the rounding.
    #[inline(always)]
    fn corrected(count: f64, total: f64, m2: f64, residue: f64) -> MomentsValue {
        let low = residue / count;
        let m2 = if residue == 0.0 { m2 } else { (m2 - residue * low).max(0.0) };
        MomentsValue { count, total, mean: total / count, low, m2 }
    }

    /// Chan's rule (Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for
    /// computing sample variances"), with the mean in two parts.
    #[inline(always)]
    pub(crate) fn merge(self, other: MomentsValue) -> MomentsValue {
        let count = self.count + other.count;
        let share = other.count / count;
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

impl<T: Element> Statistic<T> for Moments {
    type Value = MomentsValue;
    type Wide = T::Float;
    const WIDENS: bool = true;

    #[inline(always)]
    fn one(element: T) -> MomentsValue {
        // The distance of an infinite or NaN element from itself is NaN, in NumPy too.
        let x = element.to_f64();
        MomentsValue { count: 1.0, total: x, mean: x, low: 0.0, m2: x.abs() * 0.0 }
    }

    #[inline(always)]
    fn merge(left: MomentsValue, right: MomentsValue) -> MomentsValue {
        left.merge(right)
    }

    #[inline(never)]
    fn leaf(run: &[T]) -> MomentsValue {
        let count = run.len() as f64;
        let total = sum_of(run, T::to_f64);
        let mean = total / count;
        let m2 = sum_of(run, |element| {
            let distance = element.to_f64() - mean;
            distance * distance
        });
        let offset = MomentsValue::is_offset(count, total, m2);
        let residue = if offset { sum_of(run, |element| element.to_f64() - mean) } else { 0.0 };
        MomentsValue::corrected(count, total, m2, residue)
    }

    #[inline(always)]
    fn columns<const L: usize>(elements: &[T], stride: usize, rows: usize) -> [MomentsValue; L] {
        let count = rows as f64;
        let total = <FloatSum as Statistic<T>>::columns::<L>(elements, stride, rows);
        let mean = total.map(|total| total / count);
        let mut m2 = [0.0; L];
        for row in 0..rows {
            let row = &elements[row * stride..][..L];
            for column in 0..L {
                let distance = row[column].to_f64() - mean[column];
                m2[column] += distance * distance;
            }
        }
        let mut residue = [0.0; L];
        if (0..L).any(|column| MomentsValue::is_offset(count, total[column], m2[column])) {
            for row in 0..rows {
                let row = &elements[row * stride..][..L];
                for column in 0..L {
                    residue[column] += row[column].to_f64() - mean[column];
                }
            }
        }
        std::array::from_fn(|column| MomentsValue::corrected(count, total[column], m2[column], residue[column]))
    }
}

/// The least (`GREATEST` false) or greatest element; NaN if there is one.
pub(crate) struct Extremum<const GREATEST: bool>;

impl<const GREATEST: bool> Extremum<GREATEST> {
    /// The better of two elements that are not NaN; the first where they are equal.
    #[inline(always)]
    fn better<T: Element>(held: T, next: T) -> T {
        if GREATEST {
            if next > held {
                next
            } else {
                held
            }
        } else if next < held {
            next
        } else {
            held
        }
    }
}

/// An element as the first bytes of eight, whatever its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bits(u64);

impl Bits {
    #[inline(always)]
    pub(crate) fn of<T: Element>(element: T) -> Bits {
        let mut bits = 0u64;
        bytemuck::bytes_of_mut(&mut bits)[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(&element));
        Bits(bits)
    }

    /// The element, of the type that it had.
    #[inline(always)]
    pub(crate) fn element<T: Element>(self) -> T {
        bytemuck::pod_read_unaligned(&bytemuck::bytes_of(&self.0)[..size_of::<T>()])
    }
}

impl<const GREATEST: bool> Extremum<GREATEST> {
    /// The better of two elements, or the first NaN.
    #[inline(always)]
    pub(crate) fn better_or_nan<T: Element>(left: T, right: T) -> T {
        if left.is_nan() {
            left
        } else if right.is_nan() {
            right
        } else {
            Self::better(left, right)
        }
    }

    /// The best of a run, or its first NaN.
    #[inline(always)]
    fn best<T: Element>(run: &[T]) -> T {
        // NaN is looked for apart: the two loops are one vector instruction each, and the run is in L1.
        if run.iter().fold(false, |found, element| found | element.is_nan()) {
            return run.iter().copied().find(|element| element.is_nan()).unwrap_or(run[0]);
        }
        let mut lanes = [run[0]; LANES];
        let (rows, rest) = run.as_chunks::<LANES>();
        for row in rows {
            for lane in 0..LANES {
                lanes[lane] = Self::better(lanes[lane], row[lane]);
            }
        }
        rest.iter().chain(&lanes).copied().fold(run[0], Self::better)
    }
}

impl<T: Element, const GREATEST: bool> Statistic<T> for Extremum<GREATEST> {
    type Value = Bits;
    type Wide = T::Ordered;

    // Its passes need no arithmetic to hide, and what is left of a run's lanes takes its time.
    const LEAF: usize = 4096;

    #[inline(always)]
    fn narrow(value: Bits) -> Bits {
        Bits::of(T::cast_from(value.element::<T::Ordered>()))
    }

    #[inline(always)]
    fn one(element: T) -> Bits {
        Bits::of(element)
    }

    #[inline(always)]
    fn merge(left: Bits, right: Bits) -> Bits {
        Bits::of(Self::better_or_nan::<T>(left.element(), right.element()))
    }

    #[inline(never)]
    fn leaf(run: &[T]) -> Bits {
        Bits::of(Self::best(run))
    }

    #[inline(always)]
    fn columns<const L: usize>(elements: &[T], stride: usize, rows: usize) -> [Bits; L] {
        let rows = || (0..rows).map(|row| -> &[T; L] { elements[row * stride..][..L].try_into().expect("L columns") });
        let mut lanes = *elements.first_chunk::<L>().expect("at least one row");
        if rows().fold(false, |found, row| row.iter().fold(found, |found, element| found | element.is_nan())) {
            for row in rows() {
                for column in 0..L {
                    lanes[column] = Self::better_or_nan(lanes[column], row[column]);
                }
            }
            return lanes.map(Bits::of);
        }
        for row in rows() {
            for column in 0..L {
                lanes[column] = Self::better(lanes[column], row[column]);
            }
        }
        lanes.map(Bits::of)
    }
}

/// An extreme element and where it is among `count` elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) value: Bits,
    pub(crate) index: u64,
    pub(crate) count: u64,
}

/// The first least or greatest element, or the first NaN, and its index.
pub(crate) struct ArgExtremum<const GREATEST: bool>;

impl<T: Element, const GREATEST: bool> Statistic<T> for ArgExtremum<GREATEST> {
    type Value = Position;
    type Wide = T::Ordered;

    const LEAF: usize = <Extremum<GREATEST> as Statistic<T>>::LEAF;

    #[inline(always)]
    fn narrow(value: Position) -> Position {
        Position { value: <Extremum<GREATEST> as Statistic<T>>::narrow(value.value), ..value }
    }

    #[inline(always)]
    fn one(element: T) -> Position {
        Position { value: Bits::of(element), index: 0, count: 1 }
    }

    #[inline(always)]
    fn merge(left: Position, right: Position) -> Position {
        let (held, next): (T, T) = (left.value.element(), right.value.element());
        let better = if GREATEST { next > held } else { next < held };
        let count = left.count + right.count;
        if !held.is_nan() && (better || next.is_nan()) {
            Position { value: right.value, index: left.count + right.index, count }
        } else {
            Position { count, ..left }
        }
    }

    #[inline(never)]
    fn leaf(run: &[T]) -> Position {
        let value = Extremum::<GREATEST>::best(run);
        let index = run.iter().position(|&element| element == value || element.is_nan()).unwrap_or(0);
        Position { value: Bits::of(value), index: index as u64, count: run.len() as u64 }
    }
}

/// Whether any element is true.
pub(crate) struct Any;

impl<T: Element> Statistic<T> for Any {
    type Value = bool;
    type Wide = T::Ordered;

    #[inline(always)]
    fn one(element: T) -> bool {
        element.is_true()
    }

    #[inline(always)]
    fn merge(left: bool, right: bool) -> bool {
        left | right
    }

    #[inline]
    fn leaf(run: &[T]) -> bool {
        run.iter().fold(false, |found, element| found | element.is_true())
    }
}

/// Whether every element is true.
pub(crate) struct All;

impl<T: Element> Statistic<T> for All {
    type Value = bool;
    type Wide = T::Ordered;

    #[inline(always)]
    fn one(element: T) -> bool {
        element.is_true()
    }

    #[inline(always)]
    fn merge(left: bool, right: bool) -> bool {
        left & right
    }

    #[inline]
    fn leaf(run: &[T]) -> bool {
        run.iter().fold(true, |found, element| found & element.is_true())
    }
}
