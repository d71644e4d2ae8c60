//! Reductions that skip NaN.

use super::element::Element;
use super::extrema::{best_of_columns, Bits, Extremum};
use super::lanes::{fold_columns, Statistic};
use super::moments::{moments_of_columns, spread, Moments, MomentsValue};

/// The elements of a run that are not NaN.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn without_nan<T: Element>(run: &[T]) -> Vec<T> {
    let mut numbers = run.to_vec();
    let mut next = 0;
    for place in 0..numbers.len() {
        let element = numbers[place];
        // Written in any case, and over a NaN the next one: to jump over it takes longer where that cannot be foreseen.
        numbers[next] = element;
        next += usize::from(!element.is_nan());
    }
    numbers.truncate(next);
    numbers
}

#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn has_nan<T: Element>(run: &[T]) -> bool {
    run.iter().fold(false, |found, element| found | element.is_nan())
}

/// Count, sum, mean and M2 of the elements that are not NaN; all 0 where there are none.
pub(crate) struct SkipNanMoments;

impl Statistic for SkipNanMoments {
    type Value = MomentsValue;

    #[inline(always)]
    fn one<T: Element>(element: T) -> MomentsValue {
        if element.is_nan() {
            MomentsValue::NOTHING
        } else {
            Moments::one(element)
        }
    }

    #[inline(always)]
    fn merge<T: Element>(left: MomentsValue, right: MomentsValue) -> MomentsValue {
        left.merge_if_any(right)
    }

    #[inline(always)]
    fn leaf<T: Element>(run: &[T]) -> MomentsValue {
        Self::leaf_after(run, None)
    }

    #[inline(never)]
    fn leaf_after<T: Element>(run: &[T], first: Option<MomentsValue>) -> MomentsValue {
        if !has_nan(run) {
            return spread(run, first, true);
        }
        match without_nan(run).as_slice() {
            [] => MomentsValue::NOTHING,
            numbers => spread(numbers, first, true),
        }
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element>(elements: &[T], stride: usize, rows: usize, columns: usize) -> Vec<MomentsValue> {
        let (mut counts, mut totals) = (vec![0.0; columns], vec![0.0; columns]);
        fold_columns(elements, stride, rows, &mut counts, |count, element| {
            count + if element.is_nan() { 0.0 } else { 1.0 }
        });
        fold_columns(elements, stride, rows, &mut totals, |total, element| {
            total + if element.is_nan() { 0.0 } else { element.to_f64() }
        });
        moments_of_columns(elements, stride, rows, &counts, &totals, |element| !element.is_nan())
    }
}

/// The least (`GREATEST` false) or greatest element that is not NaN; NaN if there is none.
pub(crate) struct SkipNanExtremum<const GREATEST: bool>;

impl<const GREATEST: bool> SkipNanExtremum<GREATEST> {
    /// The better of two elements, one of them where the other is NaN.
    #[inline(always)]
    pub(super) fn better_skipping_nan<T: Element>(left: T, right: T) -> T {
        if right.is_nan() {
            left
        } else if left.is_nan() {
            right
        } else {
            Extremum::<GREATEST>::better_or_nan(left, right)
        }
    }
}

impl<const GREATEST: bool> Statistic for SkipNanExtremum<GREATEST> {
    type Value = Bits;

    #[inline(always)]
    fn widen<R: Element, W: Element>(value: Bits) -> Bits {
        Extremum::<GREATEST>::widen::<R, W>(value)
    }

    #[inline(always)]
    fn one<T: Element>(element: T) -> Bits {
        Bits::of(element)
    }

    #[inline(always)]
    fn merge<T: Element>(left: Bits, right: Bits) -> Bits {
        Bits::of(Self::better_skipping_nan::<T>(left.element(), right.element()))
    }

    #[inline(never)]
    fn leaf<T: Element>(run: &[T]) -> Bits {
        let best = Extremum::<GREATEST>::leaf(run);
        if !best.element::<T>().is_nan() {
            return best;
        }
        match without_nan(run).as_slice() {
            [] => best,
            numbers => Extremum::<GREATEST>::leaf(numbers),
        }
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element>(elements: &[T], stride: usize, rows: usize, columns: usize) -> Vec<Bits> {
        best_of_columns(elements, stride, rows, columns, Self::better_skipping_nan)
    }
}
