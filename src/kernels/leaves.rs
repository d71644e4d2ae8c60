//! Statistics whose element type is not known to who walks: the walks over an array are compiled once for each type
//! of value, and not once more for each type of element, which would be most of the page's code. For the same reason
//! elements are made one of four types before columns of them are reduced, and before runs of them are where that
//! costs nothing.

use super::element::{cast_loop, Cast, Element};
use super::lanes::{Statistic, LEAF};
use super::moments::{spread, spread_side_by_side, Moments, MomentsValue};
use super::streams::{SHORTEST, STREAMS};
use super::walk::RunTree;
use crate::block::extend_with_zeros;
use crate::dtype::DType;

/// Bytes of neighbouring columns that are made another type together: so few that as many rows of them as are reduced at
/// once stay in a cache, so many that they are a good piece of each row.
const WIDENED: usize = 512;

/// Memory for elements that are made another type, kept from call to call.
#[derive(Default)]
pub(super) struct Scratch(Vec<u64>);

impl Scratch {
    /// `bytes` bytes of whatever was there.
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        extend_with_zeros(&mut self.0, bytes.div_ceil(size_of::<u64>()));
        &mut bytemuck::cast_slice_mut(&mut self.0)[..bytes]
    }
}

/// What is known of each of some runs, as long as each other and of at least [`SHORTEST`] elements, given what was
/// [kept](Statistic::keep) of leaves before them.
type SideBySide<V> = fn([&[u8]; STREAMS], Option<V>) -> [V; STREAMS];

/// A [`Statistic`] over elements given as bytes. One call is for many elements, so that it costs nothing beside them.
#[derive(Clone, Copy)]
pub(super) struct Leaves<V> {
    /// Bytes of an element.
    size: usize,
    /// What is known of a run of [`LEAF`] elements at most, given what was kept of leaves before it.
    leaf: fn(&[u8], Option<V>) -> V,
    /// `leaf` of each of some runs that need not be made another type, where that takes less time side by side.
    side_by_side: Option<SideBySide<V>>,
    /// Makes elements the type that `leaf` takes, where they are not.
    widen_run: Option<Cast>,
    /// [`Statistic::columns`].
    columns: fn(&[u8], usize, usize, usize) -> Vec<V>,
    /// Makes elements the type that `columns` takes, where they are not.
    widen_columns: Option<Cast>,
    /// Bytes of that type.
    wide_size: usize,
    merge: fn(V, V) -> V,
    /// [`Statistic::keep`].
    keep: fn(V, V) -> V,
    merge_columns: fn(&mut [V], &[V]),
}

/// The leaves of a statistic that is gathered in `float64`: integers are made that, and `float16` is made `float32`.
pub(super) fn leaves_of_floats<S: Statistic>(input: DType) -> Leaves<S::Value> {
    match input {
        DType::F16 | DType::F32 => {
            Leaves::new::<f32, f32, S>(input, DType::F32, DType::F32).with_side_by_side::<f32, S>()
        }
        _ => Leaves::new::<f64, f64, S>(input, DType::F64, DType::F64).with_side_by_side::<f64, S>(),
    }
}

/// The leaves of the variance: those of moments, but that a run's total may not be known.
pub(super) fn leaves_of_spread(input: DType) -> Leaves<MomentsValue> {
    fn of<T: Element>(moments: Leaves<MomentsValue>) -> Leaves<MomentsValue> {
        let side_by_side: SideBySide<_> = |runs, first| spread_side_by_side::<T>(cast(runs), first, false);
        Leaves {
            leaf: |run, first| spread::<T>(bytemuck::cast_slice(run), first, false),
            side_by_side: moments.side_by_side.map(|_| side_by_side),
            ..moments
        }
    }
    let moments = leaves_of_floats::<Moments>(input);
    match input {
        DType::F16 | DType::F32 => of::<f32>(moments),
        _ => of::<f64>(moments),
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
        _ => Leaves::new::<u64, u64, S>(input, DType::U64, DType::U64).with_side_by_side::<u64, S>(),
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
        _ => leaves_of_floats::<S>(input),
    }
}

#[cfg_attr(page, optimize(speed))]
fn leaf<R: Element, W: Element, S: Statistic>(run: &[u8], kept: Option<S::Value>) -> S::Value {
    S::widen::<R, W>(S::leaf_after::<R>(bytemuck::cast_slice(run), kept))
}

/// Runs of elements as what they are.
fn cast<T: Element>(runs: [&[u8]; STREAMS]) -> [&[T]; STREAMS] {
    runs.map(bytemuck::cast_slice)
}

/// Gives `put` what is known of each of `runs`, one behind the other.
#[inline(never)]
fn put_side_by_side<V: Copy>(side_by_side: SideBySide<V>, runs: &[u8], kept: Option<V>, put: &mut dyn FnMut(V)) {
    let length = runs.len() / STREAMS;
    let runs = std::array::from_fn(|run| &runs[run * length..][..length]);
    side_by_side(runs, kept).iter().for_each(|&value| put(value));
}

fn columns<W: Element, S: Statistic>(elements: &[u8], stride: usize, rows: usize, columns: usize) -> Vec<S::Value> {
    S::columns::<W>(bytemuck::cast_slice(elements), stride, rows, columns)
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
            // True is the byte 1, and what is taken modulo 2 to the power 64 has the same bits with and without a sign.
            let same = input == to || matches!((input, to), (DType::Bool, DType::U8) | (DType::I64, DType::U64));
            (!same).then(|| cast_loop(input, to))
        };
        let widen_run = widen(run);
        debug_assert!(widen_run.is_none() || run == wide, "runs are widened to the type of columns");
        Leaves {
            size: input.size(),
            leaf: leaf::<R, W, S>,
            side_by_side: None,
            widen_run,
            columns: columns::<W, S>,
            widen_columns: widen(wide),
            wide_size: wide.size(),
            merge: S::merge::<W>,
            keep: S::keep::<W>,
            merge_columns: merge_columns::<W, S>,
        }
    }

    /// These leaves, with runs of elements that are `R` gone through side by side. Others have just been made `R`, one by
    /// one, and come from a cache.
    fn with_side_by_side<R: Element, S: Statistic<Value = V>>(self) -> Leaves<V> {
        let side_by_side: SideBySide<V> = |runs, kept| S::side_by_side::<R>(cast(runs), kept);
        let is_faster = S::IS_FASTER_SIDE_BY_SIDE && self.widen_run.is_none();
        Leaves { side_by_side: is_faster.then_some(side_by_side), ..self }
    }

    /// Bytes of an element.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// What is known of the elements of `left` followed by those of `right`.
    pub(super) fn merge(&self, left: V, right: V) -> V {
        (self.merge)(left, right)
    }

    /// [`Leaves::merge`] of each of `left` and its neighbour in `right`, put into `left`.
    pub(super) fn merge_columns(&self, left: &mut [V], right: &[V]) {
        (self.merge_columns)(left, right);
    }

    /// What is known of a run of at least one and at most [`LEAF`] elements, given what was `kept` of leaves before it.
    #[cfg_attr(page, optimize(speed))]
    fn leaf(&self, run: &[u8], kept: Option<V>, scratch: &mut Scratch) -> V {
        let Some(widen) = self.widen_run else {
            return (self.leaf)(run, kept);
        };
        let wide = scratch.room(run.len() / self.size * self.wide_size);
        widen(run, wide);
        (self.leaf)(wide, kept)
    }

    /// Adds to `tree` what is known of a run of any length, leaf by leaf. The first of the tree goes by itself, because
    /// something is to be known of it when the others are gone through.
    pub(super) fn run(&self, run: &[u8], tree: &mut RunTree<V>, scratch: &mut Scratch) {
        let leaf = LEAF * self.size;
        let mut left = run;
        while !left.is_empty() {
            let kept = tree.kept();
            let side_by_side = self.side_by_side.filter(|_| left.len() >= STREAMS * leaf && kept.is_some());
            let bytes = if side_by_side.is_some() { STREAMS * leaf } else { leaf.min(left.len()) };
            let (now, later) = left.split_at(bytes);
            let mut push = |value| tree.push(value, self.merge, self.keep);
            match side_by_side {
                Some(side_by_side) => put_side_by_side(side_by_side, now, kept, &mut push),
                None => push(self.leaf(now, kept, scratch)),
            }
            left = later;
        }
    }

    /// Gives `put` what is known of each of the runs, one behind the other and of `run` elements, [`LEAF`] at most.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn runs(&self, runs: &[u8], run: usize, put: &mut dyn FnMut(V), scratch: &mut Scratch) {
        let length = run * self.size;
        let mut left = runs;
        if let Some(side_by_side) = self.side_by_side.filter(|_| run >= SHORTEST) {
            let together = left.chunks_exact(STREAMS * length);
            left = together.remainder();
            together.for_each(|runs| put_side_by_side(side_by_side, runs, None, put));
        }
        for run in left.chunks_exact(length) {
            put(self.leaf(run, None, scratch));
        }
    }

    /// What is known of each of `columns` neighbouring columns over at most [`ROWS`](super::lanes::ROWS) rows, which begin `stride`
    /// elements apart.
    pub(super) fn columns(
        &self,
        elements: &[u8],
        stride: usize,
        rows: usize,
        columns: usize,
        scratch: &mut Scratch,
    ) -> Vec<V> {
        let Some(widen) = self.widen_columns else {
            return (self.columns)(elements, stride, rows, columns);
        };
        let mut values = Vec::with_capacity(columns);
        let together = WIDENED / self.size;
        for first in (0..columns).step_by(together) {
            let width = together.min(columns - first);
            let wide = scratch.room(rows * width * self.wide_size);
            for (row, to) in wide.chunks_exact_mut(width * self.wide_size).enumerate() {
                widen(&elements[(row * stride + first) * self.size..][..width * self.size], to);
            }
            values.extend((self.columns)(wide, width, rows, width));
        }
        values
    }
}
