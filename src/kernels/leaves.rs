//! Statistics whose element type is not known to who walks: the walks over an array are compiled once for each type
//! of value, and not once more for each type of element, which would be most of the page's code.

use super::element::Element;
use super::lanes::{Statistic, LEAF, ROWS};
use super::walk::Pairwise;
use bytemuck::Zeroable;
use std::any::TypeId;
use std::marker::PhantomData;

/// Columns that are reduced side by side.
const COLUMNS: usize = 16;

/// A [`Statistic`] over elements given as bytes. One call is for many elements, so that it costs nothing beside them.
pub(super) trait Leaves<V>: Sync {
    /// Bytes of an element.
    fn size(&self) -> usize;

    /// The longest run that is reduced at once, in elements.
    fn longest(&self) -> usize;

    /// Adds to `tree` what is known of a run of any length, leaf by leaf.
    fn run(&self, run: &[u8], tree: &mut Pairwise<V>);

    /// Gives `put` what is known of each of `count` runs of `run` elements, at least one and at most
    /// [`Leaves::longest`], which begin `stride` elements apart.
    fn runs(&self, elements: &[u8], run: usize, stride: isize, count: usize, put: &mut dyn FnMut(V));

    /// What is known of each of `columns` neighbouring columns over at most [`ROWS`] rows, which begin `stride`
    /// elements apart.
    fn columns(&self, elements: &[u8], stride: usize, rows: usize, columns: usize) -> Vec<V>;

    /// What is known of the elements of `left` followed by those of `right`.
    fn merge(&self, left: V, right: V) -> V;

    /// [`Leaves::merge`] of each of `left` and its neighbour in `right`, put into `left`.
    fn merge_columns(&self, left: &mut [V], right: &[V]);
}

/// The leaves of the statistic `S` of elements of type `T`.
pub(super) fn leaves_of<T, S, V>() -> &'static dyn Leaves<V>
where
    T: Element,
    V: Copy,
    S: Statistic<T, Value = V> + Statistic<<S as Statistic<T>>::Wide, Value = V> + 'static,
{
    &Of::<T, S>(PhantomData)
}

struct Of<T, S>(PhantomData<fn(T, S)>);

type Wide<T, S> = <S as Statistic<T>>::Wide;

#[inline(always)]
fn widen<T: Element, W: Element>(source: &[T], target: &mut [W]) {
    for (to, &from) in target.iter_mut().zip(source) {
        *to = W::cast_from(from);
    }
}

impl<T, S, V> Of<T, S>
where
    T: Element,
    V: Copy,
    S: Statistic<T, Value = V> + Statistic<<S as Statistic<T>>::Wide, Value = V>,
{
    /// Whether elements are of the type that loops are compiled for.
    fn is_wide() -> bool {
        TypeId::of::<T>() == TypeId::of::<Wide<T, S>>()
    }

    fn leaf(run: &[T]) -> V {
        if !<S as Statistic<T>>::WIDENS || Self::is_wide() {
            return <S as Statistic<T>>::leaf(run);
        }
        let mut wide = [Wide::<T, S>::zeroed(); LEAF];
        let wide = &mut wide[..run.len()];
        widen(run, wide);
        <S as Statistic<T>>::narrow(<S as Statistic<Wide<T, S>>>::leaf(wide))
    }
}

impl<T, S, V> Leaves<V> for Of<T, S>
where
    T: Element,
    V: Copy,
    S: Statistic<T, Value = V> + Statistic<<S as Statistic<T>>::Wide, Value = V>,
{
    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn longest(&self) -> usize {
        <S as Statistic<T>>::LEAF
    }

    fn run(&self, run: &[u8], tree: &mut Pairwise<V>) {
        for leaf in bytemuck::cast_slice(run).chunks(<S as Statistic<T>>::LEAF) {
            tree.push(Self::leaf(leaf), <S as Statistic<T>>::merge);
        }
    }

    fn runs(&self, elements: &[u8], run: usize, stride: isize, count: usize, put: &mut dyn FnMut(V)) {
        let elements: &[T] = bytemuck::cast_slice(elements);
        for number in 0..count {
            let start = number.wrapping_mul(stride as usize);
            put(Self::leaf(&elements[start..start + run]));
        }
    }

    fn columns(&self, elements: &[u8], stride: usize, rows: usize, columns: usize) -> Vec<V> {
        let elements: &[T] = bytemuck::cast_slice(elements);
        let mut values = Vec::with_capacity(columns.next_multiple_of(COLUMNS));
        while values.len() < columns {
            let first = values.len();
            let count = COLUMNS.min(columns - first);
            if Self::is_wide() && count == COLUMNS {
                let elements: &[Wide<T, S>] = bytemuck::cast_slice(&elements[first..]);
                values.extend(<S as Statistic<Wide<T, S>>>::columns::<COLUMNS>(elements, stride, rows));
                continue;
            }
            // Columns that are missing repeat the last one: side by side all cost as much as one.
            let mut wide = [[Wide::<T, S>::zeroed(); COLUMNS]; ROWS];
            for (row, wide) in wide.iter_mut().take(rows).enumerate() {
                let row = &elements[row * stride + first..][..count];
                widen(row, &mut wide[..count]);
                let last = wide[count - 1];
                wide[count..].fill(last);
            }
            let found = <S as Statistic<Wide<T, S>>>::columns::<COLUMNS>(wide.as_flattened(), COLUMNS, rows);
            values.extend(found[..count].iter().map(|&value| <S as Statistic<T>>::narrow(value)));
        }
        values
    }

    fn merge(&self, left: V, right: V) -> V {
        <S as Statistic<T>>::merge(left, right)
    }

    fn merge_columns(&self, left: &mut [V], right: &[V]) {
        for (left, &right) in left.iter_mut().zip(right) {
            *left = <S as Statistic<T>>::merge(*left, right);
        }
    }
}
