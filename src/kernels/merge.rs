//! How two partials of a reduction become one, field by field.

use super::element::{cast_loop, Element};
use super::extrema::{ArgExtremum, Bits, Extremum, Position};
use super::lanes::Statistic;
use super::leaves::ordered;
use super::moments::MomentsValue;
use super::reduction::Reduction;
use super::skip_nan::SkipNanExtremum;
use crate::block::Block;
use crate::dtype::DType;

/// Elements of two partials that are merged together: few enough for the first cache.
const STRIP: usize = 512;

impl Reduction {
    /// Merges the fields of `right` into those of `left`, which come before.
    pub(super) fn merge(self, left: &mut [Block], right: &[Block]) {
        match self.plain() {
            Reduction::Sum if left[0].dtype() == DType::F64 => zip_field::<f64>(left, right, 0, |a, b| a + b),
            Reduction::Sum => zip_field::<u64>(left, right, 0, u64::wrapping_add),
            Reduction::Prod if left[0].dtype() == DType::F64 => zip_field::<f64>(left, right, 0, |a, b| a * b),
            Reduction::Prod => zip_field::<u64>(left, right, 0, u64::wrapping_mul),
            Reduction::Mean => {
                zip_field::<i64>(left, right, 0, |a, b| a + b);
                zip_field::<f64>(left, right, 1, |a, b| a + b);
            }
            Reduction::Any => zip_field::<u8>(left, right, 0, |a, b| a | b),
            Reduction::All => zip_field::<u8>(left, right, 0, |a, b| a & b),
            Reduction::Min | Reduction::Max | Reduction::ArgMin | Reduction::ArgMax => self.merge_compared(left, right),
            _ => merge_moments(left, right),
        }
    }

    /// Merges what was compared, strip by strip as elements of the [`ordered`] type: loops for four types do for all.
    fn merge_compared(self, left: &mut [Block], right: &[Block]) {
        let dtype = left[0].dtype();
        let wide = ordered(dtype);
        let (widen, narrow) = (cast_loop(dtype, wide), cast_loop(wide, dtype));
        let (mut ours, mut theirs) = ([0u64; STRIP], [0u64; STRIP]);
        for first in (0..left[0].len()).step_by(STRIP) {
            let count = STRIP.min(left[0].len() - first);
            let strip = first * dtype.size()..(first + count) * dtype.size();
            let ours = &mut bytemuck::cast_slice_mut(&mut ours)[..count * wide.size()];
            let theirs = &mut bytemuck::cast_slice_mut(&mut theirs)[..count * wide.size()];
            widen(&left[0].bytes()[strip.clone()], ours);
            widen(&right[0].bytes()[strip.clone()], theirs);
            match wide {
                DType::F32 => self.merge_strip::<f32>(ours, theirs, first, left, right),
                DType::F64 => self.merge_strip::<f64>(ours, theirs, first, left, right),
                DType::U64 => self.merge_strip::<u64>(ours, theirs, first, left, right),
                _ => self.merge_strip::<i64>(ours, theirs, first, left, right),
            }
            narrow(ours, &mut left[0].bytes_mut()[strip]);
        }
    }

    /// Merges `theirs` into `ours`, the values of a strip whose first element is number `first`, and where they are
    /// in the other fields.
    #[cfg_attr(page, optimize(speed))]
    fn merge_strip<T: Element>(
        self,
        ours: &mut [u8],
        theirs: &[u8],
        first: usize,
        left: &mut [Block],
        right: &[Block],
    ) {
        let (ours, theirs): (&mut [T], &[T]) = (bytemuck::cast_slice_mut(ours), bytemuck::cast_slice(theirs));
        for (number, (ours, &theirs)) in ours.iter_mut().zip(theirs).enumerate() {
            *ours = match self {
                Reduction::Min => Extremum::<false>::better_or_nan(*ours, theirs),
                Reduction::Max => Extremum::<true>::better_or_nan(*ours, theirs),
                Reduction::NanMin => SkipNanExtremum::<false>::better_skipping_nan(*ours, theirs),
                Reduction::NanMax => SkipNanExtremum::<true>::better_skipping_nan(*ours, theirs),
                _ => {
                    let [held, next] =
                        [position_at(left, *ours, first + number), position_at(right, theirs, first + number)];
                    let merged = match self {
                        Reduction::ArgMin => ArgExtremum::<false>::merge::<T>(held, next),
                        _ => ArgExtremum::<true>::merge::<T>(held, next),
                    };
                    left[1].elements_mut::<i64>()[first + number] = merged.index as i64;
                    left[2].elements_mut::<i64>()[first + number] = merged.count as i64;
                    merged.value.element()
                }
            };
        }
    }
}

fn zip_field<V: bytemuck::Pod>(left: &mut [Block], right: &[Block], field: usize, merge: impl Fn(V, V) -> V) {
    for (a, &b) in left[field].elements_mut::<V>().iter_mut().zip(right[field].elements::<V>()) {
        *a = merge(*a, b);
    }
}

/// Chan's rule, element by element; no elements at all change nothing.
fn merge_moments(left: &mut [Block], right: &[Block]) {
    let at = |fields: &[Block], i: usize| MomentsValue {
        count: fields[0].elements::<i64>()[i] as f64,
        total: 0.0,
        mean: fields[1].elements::<f64>()[i],
        low: fields[3].elements::<f64>()[i],
        m2: fields[2].elements::<f64>()[i],
    };
    for i in 0..left[0].len() {
        let merged = at(left, i).merge_if_any(at(right, i));
        left[0].elements_mut::<i64>()[i] = merged.count as i64;
        left[1].elements_mut::<f64>()[i] = merged.mean;
        left[2].elements_mut::<f64>()[i] = merged.m2;
        left[3].elements_mut::<f64>()[i] = merged.low;
    }
}

/// Element number `at` of `fields`, whose value is `value`, with its place.
fn position_at<T: Element>(fields: &[Block], value: T, at: usize) -> Position {
    Position {
        value: Bits::of(value),
        index: fields[1].elements::<i64>()[at] as u64,
        count: fields[2].elements::<i64>()[at] as u64,
    }
}
