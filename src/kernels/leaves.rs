//! Statistics whose element type is not known to who walks: the walks over an array are compiled once for each type
//! of value, and not once more for each type of element, which would be most of the page's code. For the same reason
//! elements are made one of four types before columns of them are reduced, and before runs of them are where that
//! costs nothing.

use super::element::{cast_loop, Cast, Element};
use super::lanes::{Statistic, LEAF, ROWS};
use super::walk::Pairwise;
use crate::dtype::DType;

/// Columns that are reduced side by side.
const COLUMNS: usize = 16;

/// Columns that are widened together.
const WIDENED: usize = 4 * COLUMNS;

/// A [`Statistic`] over elements given as bytes. One call is for many elements, so that it costs nothing beside them.
#[derive(Clone, Copy)]
pub(super) struct Leaves<V> {
    /// Bytes of an element.
    size: usize,
    /// The longest run that is reduced at once, in elements.
    longest: usize,
    /// What is known of a run of [`Leaves::longest`] elements at most.
    leaf: fn(&[u8]) -> V,
    /// Makes elements the type that `leaf` takes, where they are not.
    widen_run: Option<Cast>,
    /// What is known of each of neighbouring columns over at most [`ROWS`] rows, which begin so many elements apart.
    columns: fn(&[u8], usize, usize) -> [V; COLUMNS],
    /// Makes elements the type that `columns` takes, where they are not.
    widen_columns: Option<Cast>,
    /// Bytes of that type.
    wide_size: usize,
    merge: fn(V, V) -> V,
    merge_columns: fn(&mut [V], &[V]),
}

/// The leaves of a statistic that is gathered in `float64`: integers are made that, and `float16` is made `float32`.
pub(super) fn leaves_of_floats<S: Statistic>(input: DType) -> Leaves<S::Value> {
    match input {
        DType::F16 | DType::F32 => Leaves::new::<f32, f32, S>(input, DType::F32, DType::F32),
        _ => Leaves::new::<f64, f64, S>(input, DType::F64, DType::F64),
    }
}

/// The leaves of a statistic of integers that is gathered modulo 2 to the power 64.
pub(super) fn leaves_of_integers<S: Statistic>(input: DType) -> Leaves<S::Value> {
    match input {
        DType::Bool | DType::U8 => Leaves::new::<u8, u64, S>(input, DType::U8, DType::U64),
        DType::I8 => Leaves::new::<i8, u64, S>(input, DType::I8, DType::U64),
        DType::I16 => Leaves::new::<i16, u64, S>(input, DType::I16, DType::U64),
        DType::U16 => Leaves::new::<u16, u64, S>(input, DType::U16, DType::U64),
        DType::I32 => Leaves::new::<i32, u64, S>(input, DType::I32, DType::U64),
        DType::U32 => Leaves::new::<u32, u64, S>(input, DType::U32, DType::U64),
        _ => Leaves::new::<u64, u64, S>(input, DType::U64, DType::U64),
    }
}

/// The type that holds every value of `dtype`, in the same order, and that columns are compared in.
pub(super) fn ordered(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::F32 => DType::F32,
        DType::F64 | DType::U64 => dtype,
        _ => DType::I64,
    }
}

/// The leaves of a statistic that compares elements; its values hold them as [`ordered`].
pub(super) fn leaves_of_ordered<S: Statistic>(input: DType) -> Leaves<S::Value> {
    match input {
        DType::Bool | DType::U8 => Leaves::new::<u8, i64, S>(input, DType::U8, DType::I64),
        DType::I8 => Leaves::new::<i8, i64, S>(input, DType::I8, DType::I64),
        DType::I16 => Leaves::new::<i16, i64, S>(input, DType::I16, DType::I64),
        DType::U16 => Leaves::new::<u16, i64, S>(input, DType::U16, DType::I64),
        DType::I32 => Leaves::new::<i32, i64, S>(input, DType::I32, DType::I64),
        DType::U32 => Leaves::new::<u32, i64, S>(input, DType::U32, DType::I64),
        DType::I64 => Leaves::new::<i64, i64, S>(input, DType::I64, DType::I64),
        DType::U64 => Leaves::new::<u64, u64, S>(input, DType::U64, DType::U64),
        DType::F16 | DType::F32 => Leaves::new::<f32, f32, S>(input, DType::F32, DType::F32),
        DType::F64 => Leaves::new::<f64, f64, S>(input, DType::F64, DType::F64),
    }
}

#[cfg_attr(page, optimize(speed))]
fn leaf<R: Element, W: Element, S: Statistic>(run: &[u8]) -> S::Value {
    S::widen::<R, W>(S::leaf::<R>(bytemuck::cast_slice(run)))
}

#[cfg_attr(page, optimize(speed))]
fn columns<W: Element, S: Statistic>(elements: &[u8], stride: usize, rows: usize) -> [S::Value; COLUMNS] {
    S::columns::<W, COLUMNS>(bytemuck::cast_slice(elements), stride, rows)
}

#[cfg_attr(page, optimize(speed))]
fn merge_columns<W: Element, S: Statistic>(left: &mut [S::Value], right: &[S::Value]) {
    for (left, &right) in left.iter_mut().zip(right) {
        *left = S::merge::<W>(*left, right);
    }
}

impl<V: Copy> Leaves<V> {
    /// Of elements of type `input`, of which runs are made `R`, which is `run`, and columns `W`, which is `wide`.
    fn new<R: Element, W: Element, S: Statistic<Value = V>>(input: DType, run: DType, wide: DType) -> Leaves<V> {
        let widen = |to: DType| {
            // Sums modulo 2 to the power 64 are the same bits for both.
            let same = input == to || matches!((input, to), (DType::Bool, DType::U8) | (DType::I64, DType::U64));
            (!same).then(|| cast_loop(input, to))
        };
        let widen_run = widen(run);
        Leaves {
            size: input.size(),
            longest: if widen_run.is_some() { S::LEAF.min(LEAF) } else { S::LEAF },
            leaf: leaf::<R, W, S>,
            widen_run,
            columns: columns::<W, S>,
            widen_columns: widen(wide),
            wide_size: wide.size(),
            merge: S::merge::<W>,
            merge_columns: merge_columns::<W, S>,
        }
    }

    /// Bytes of an element.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The longest run that is reduced at once, in elements.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// What is known of the elements of `left` followed by those of `right`.
    pub(super) fn merge(&self, left: V, right: V) -> V {
        (self.merge)(left, right)
    }

    /// [`Leaves::merge`] of each of `left` and its neighbour in `right`, put into `left`.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn merge_columns(&self, left: &mut [V], right: &[V]) {
        (self.merge_columns)(left, right);
    }

    /// What is known of a run of at least one and at most [`Leaves::longest`] elements.
    #[cfg_attr(page, optimize(speed))]
    fn leaf(&self, run: &[u8]) -> V {
        let Some(widen) = self.widen_run else {
            return (self.leaf)(run);
        };
        let mut wide = [0u64; LEAF];
        // What a run is made is what columns are made.
        let wide = &mut bytemuck::cast_slice_mut(&mut wide)[..run.len() / self.size * self.wide_size];
        widen(run, wide);
        (self.leaf)(wide)
    }

    /// Adds to `tree` what is known of a run of any length, leaf by leaf.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn run(&self, run: &[u8], tree: &mut Pairwise<V>) {
        for run in run.chunks(self.longest * self.size) {
            tree.push(self.leaf(run), self.merge);
        }
    }

    /// Gives `put` what is known of each of `count` runs of `run` elements, at least one and at most
    /// [`Leaves::longest`], which begin `stride` elements apart.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn runs(&self, elements: &[u8], run: usize, stride: isize, count: usize, put: &mut dyn FnMut(V)) {
        for number in 0..count {
            let start = number.wrapping_mul(stride as usize) * self.size;
            put(self.leaf(&elements[start..start + run * self.size]));
        }
    }

    /// What is known of each of `columns` neighbouring columns over at most [`ROWS`] rows, which begin `stride`
    /// elements apart.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn columns(&self, elements: &[u8], stride: usize, rows: usize, columns: usize) -> Vec<V> {
        let mut values = Vec::with_capacity(columns.next_multiple_of(COLUMNS));
        if self.widen_columns.is_none() {
            while columns - values.len() >= COLUMNS {
                values.extend((self.columns)(&elements[values.len() * self.size..], stride, rows));
            }
        }
        if values.len() < columns {
            self.widened_columns(elements, stride, rows, columns, &mut values);
        }
        values
    }

    /// What is known of the columns that `values` does not have yet, which are copied or widened first.
    #[cfg_attr(page, optimize(speed))]
    fn widened_columns(&self, elements: &[u8], stride: usize, rows: usize, columns: usize, values: &mut Vec<V>) {
        let mut wide = [0u64; ROWS * WIDENED];
        let wide: &mut [u8] = bytemuck::cast_slice_mut(&mut wide);
        while values.len() < columns {
            let first = values.len();
            let count = WIDENED.min(columns - first);
            for row in 0..rows {
                let from = &elements[(row * stride + first) * self.size..][..count * self.size];
                let to = &mut wide[row * WIDENED * self.wide_size..][..count * self.wide_size];
                match self.widen_columns {
                    Some(widen) => widen(from, to),
                    None => to.copy_from_slice(from),
                }
            }
            // Columns that are missing are reduced with the others and forgotten: side by side all cost as much as one.
            for column in (0..count).step_by(COLUMNS) {
                values.extend((self.columns)(&wide[column * self.wide_size..], WIDENED, rows));
            }
        }
        values.truncate(columns);
    }
}
