//! Statistics whose element type is not known to who walks: the walks over an array are compiled once for each type
//! of value, and not once more for each type of element, which would be most of the page's code.

use super::element::Element;
use super::lanes::{Statistic, ROWS};
use super::walk::Pairwise;
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
pub(super) fn leaves_of<T: Element, S: Statistic<T> + 'static>() -> &'static dyn Leaves<S::Value> {
    &Of::<T, S>(PhantomData)
}

struct Of<T, S>(PhantomData<fn(T, S)>);

impl<T: Element, S: Statistic<T>> Leaves<S::Value> for Of<T, S> {
    fn size(&self) -> usize {
        size_of::<T>()
    }

    fn longest(&self) -> usize {
        S::LEAF
    }

    fn run(&self, run: &[u8], tree: &mut Pairwise<S::Value>) {
        for leaf in bytemuck::cast_slice(run).chunks(S::LEAF) {
            tree.push(S::leaf(leaf), S::merge);
        }
    }

    fn runs(&self, elements: &[u8], run: usize, stride: isize, count: usize, put: &mut dyn FnMut(S::Value)) {
        let elements: &[T] = bytemuck::cast_slice(elements);
        for number in 0..count {
            let start = number.wrapping_mul(stride as usize);
            put(S::leaf(&elements[start..start + run]));
        }
    }

    fn columns(&self, elements: &[u8], stride: usize, rows: usize, columns: usize) -> Vec<S::Value> {
        let elements: &[T] = bytemuck::cast_slice(elements);
        let mut values = Vec::with_capacity(columns.next_multiple_of(COLUMNS));
        while columns - values.len() >= COLUMNS {
            values.extend(S::columns::<COLUMNS>(&elements[values.len()..], stride, rows));
        }
        let rest = columns - values.len();
        if rest > 0 {
            // The last column again in place of those that are missing: side by side all cost as much as one.
            let mut padded = [[T::zeroed(); COLUMNS]; ROWS];
            for (row, padded) in padded.iter_mut().take(rows).enumerate() {
                let row = &elements[row * stride + values.len()..][..rest];
                padded.fill(row[rest - 1]);
                padded[..rest].copy_from_slice(row);
            }
            values.extend(S::columns::<COLUMNS>(padded.as_flattened(), COLUMNS, rows));
            values.truncate(columns);
        }
        values
    }

    fn merge(&self, left: S::Value, right: S::Value) -> S::Value {
        S::merge(left, right)
    }

    fn merge_columns(&self, left: &mut [S::Value], right: &[S::Value]) {
        for (left, &right) in left.iter_mut().zip(right) {
            *left = S::merge(*left, right);
        }
    }
}
