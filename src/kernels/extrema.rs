//! The innermost loops of reductions that compare: the least and the greatest element, and where they are.

use super::element::Element;
use super::lanes::{fold_columns, fold_rows, Statistic, LANES};
use super::streams::{of_each, of_streams, Accumulator, PAIR, STREAMS};
use std::ops::{Add, Mul};
use wide::{f32x4, f64x2};

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

/// A vector of floats.
trait Floats: bytemuck::Pod + Add<Output = Self> + Mul<Output = Self> {
    /// Half of one, as it lies in memory.
    type Half: bytemuck::Pod;
    const ZERO: Self;
    const INFINITY: Self;
    const NEG_INFINITY: Self;

    /// The greater numbers, where none is NaN.
    fn greater(self, other: Self) -> Self;

    /// The lesser numbers, where none is NaN.
    fn lesser(self, other: Self) -> Self;
}

macro_rules! floats {
    ($($Vector:ident of $lanes:literal $Float:ident in halves of $Half:ty;)*) => {$(
        impl Floats for $Vector {
            type Half = $Half;
            const ZERO: $Vector = $Vector::ZERO;
            const INFINITY: $Vector = $Vector::new([$Float::INFINITY; $lanes]);
            const NEG_INFINITY: $Vector = $Vector::new([$Float::NEG_INFINITY; $lanes]);

            #[inline(always)]
            fn greater(self, other: $Vector) -> $Vector {
                self.fast_max(other)
            }

            #[inline(always)]
            fn lesser(self, other: $Vector) -> $Vector {
                self.fast_min(other)
            }
        }
    )*};
}

floats! {
    f32x4 of 4 f32 in halves of [f32; 2];
    f64x2 of 2 f64 in halves of f64;
}

/// The least or greatest of some floats, if none is NaN.
#[derive(Clone, Copy)]
struct Extremes<V, const GREATEST: bool> {
    best: V,
    /// The sum of the elements times 0: that is 0 where all are finite, or else NaN.
    zeros: V,
}

impl<V: Floats, const GREATEST: bool> Extremes<V, GREATEST> {
    #[inline(always)]
    fn of(halves: &[V::Half; PAIR], _: f64x2) -> Self {
        let best: V = bytemuck::cast(*halves);
        Extremes { best, zeros: best * V::ZERO }
    }

    /// The best element of `run`, of which these are all but the last `rest`, or its first NaN.
    #[inline(always)]
    fn best_of<T: Element>(self, run: &[T], rest: usize) -> T {
        if bytemuck::cast_slice::<V, T>(&[self.zeros]).iter().any(|zero| zero.is_true()) {
            if let Some(&nan) = run.iter().find(|element| element.is_nan()) {
                return nan;
            }
        }
        let found: &[T] = bytemuck::cast_slice(std::slice::from_ref(&self.best));
        let rest = &run[run.len() - rest..];
        let best = rest.iter().chain(found).copied().fold(found[0], Extremum::<GREATEST>::better_or_nan);
        // Of zeros the first is meant, and which of them a vector holds depends on the processor.
        if best.is_true() {
            best
        } else {
            run.iter().copied().find(|&zero| zero == best).unwrap_or(best)
        }
    }
}

impl<V: Floats, const GREATEST: bool> Accumulator for Extremes<V, GREATEST> {
    const EMPTY: Self = Extremes { best: if GREATEST { V::NEG_INFINITY } else { V::INFINITY }, zeros: V::ZERO };

    #[inline(always)]
    fn merge(self, other: Self) -> Self {
        let best = if GREATEST { self.best.greater(other.best) } else { self.best.lesser(other.best) };
        Extremes { best, zeros: self.zeros + other.zeros }
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
    #[cfg_attr(page, optimize(speed))]
    fn best<T: Element>(run: &[T]) -> T {
        if T::IS_INTEGER {
            // The compiler makes vectors of this where the order does not matter and there is an instruction for it.
            if size_of::<T>() < 8 {
                return run.iter().copied().fold(run[0], Self::better);
            }
            let (rows, rest) = run.as_chunks::<LANES>();
            let mut lanes = [run[0]; LANES];
            fold_rows(rows, &mut lanes, Self::better);
            return rest.iter().chain(&lanes).copied().fold(run[0], Self::better);
        }
        if size_of::<T>() == size_of::<f32>() {
            Self::best_float::<T, f32x4>(run)
        } else {
            Self::best_float::<T, f64x2>(run)
        }
    }

    /// [`Extremum::best`] of floats, of which a vector is a `V`.
    #[inline(always)]
    fn best_float<T: Element, V: Floats>(run: &[T]) -> T {
        let found = of_streams(halves::<T, V>(run), 0.0, Extremes::<V, GREATEST>::of).0;
        found.best_of(run, run.len() % (STREAMS * size_of::<V>() / size_of::<T>()))
    }

    /// [`Extremum::best`] of each of some runs of floats, of which a vector is a `V`: each is one stream, since in which
    /// order elements are compared does not matter.
    #[inline(always)]
    fn best_floats<T: Element, V: Floats>(runs: [&[T]; STREAMS]) -> [Bits; STREAMS] {
        let pairs = runs.map(|run| halves::<T, V>(run).as_chunks().0);
        let found = of_each(pairs, 0.0, Extremes::<V, GREATEST>::of);
        let rest = runs[0].len() % (size_of::<V>() / size_of::<T>());
        std::array::from_fn(|run| Bits::of(found[run].best_of(runs[run], rest)))
    }
}

/// A run as halves of vectors, without an element at its end that does not fill one.
#[inline(always)]
fn halves<T: Element, V: Floats>(run: &[T]) -> &[V::Half] {
    bytemuck::cast_slice(&run[..run.len() - run.len() % (size_of::<V::Half>() / size_of::<T>())])
}

impl<const GREATEST: bool> Statistic for Extremum<GREATEST> {
    type Value = Bits;

    #[inline(always)]
    fn widen<R: Element, W: Element>(value: Bits) -> Bits {
        Bits::of(W::cast_from(value.element::<R>()))
    }

    #[inline(always)]
    fn one<T: Element>(element: T) -> Bits {
        Bits::of(element)
    }

    #[inline(always)]
    fn merge<T: Element>(left: Bits, right: Bits) -> Bits {
        Bits::of(Self::better_or_nan::<T>(left.element(), right.element()))
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn leaf<T: Element>(run: &[T]) -> Bits {
        Bits::of(Self::best(run))
    }

    const IS_FASTER_SIDE_BY_SIDE: bool = true;

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], _kept: Option<Bits>) -> [Bits; STREAMS] {
        if T::IS_INTEGER {
            runs.map(Self::leaf)
        } else if size_of::<T>() == size_of::<f32>() {
            Self::best_floats::<T, f32x4>(runs)
        } else {
            Self::best_floats::<T, f64x2>(runs)
        }
    }

    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn columns<T: Element>(elements: &[T], stride: usize, rows: usize, columns: usize) -> Vec<Bits> {
        best_of_columns(elements, stride, rows, columns, Self::better_or_nan)
    }
}

/// [`Statistic::columns`] of what holds the `better` of two elements.
#[inline(always)]
pub(super) fn best_of_columns<T: Element>(
    elements: &[T],
    stride: usize,
    rows: usize,
    columns: usize,
    better: impl Fn(T, T) -> T + Copy,
) -> Vec<Bits> {
    let mut best = elements[..columns].to_vec();
    fold_columns(&elements[stride.min(elements.len())..], stride, rows - 1, &mut best, better);
    best.into_iter().map(Bits::of).collect()
}

/// Elements that are all compared to learn whether an extreme one is among them: that takes vectors, and to stop at the
/// first takes none.
const SEARCHED: usize = 128;

/// An extreme element and where it is among `count` elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) value: Bits,
    pub(crate) index: u64,
    pub(crate) count: u64,
}

/// The first least or greatest element, or the first NaN, and its index.
pub(crate) struct ArgExtremum<const GREATEST: bool>;

impl<const GREATEST: bool> Statistic for ArgExtremum<GREATEST> {
    type Value = Position;

    #[inline(always)]
    fn widen<R: Element, W: Element>(value: Position) -> Position {
        Position { value: Extremum::<GREATEST>::widen::<R, W>(value.value), ..value }
    }

    #[inline(always)]
    fn one<T: Element>(element: T) -> Position {
        Position { value: Bits::of(element), index: 0, count: 1 }
    }

    #[inline(always)]
    fn merge<T: Element>(left: Position, right: Position) -> Position {
        let (held, next): (T, T) = (left.value.element(), right.value.element());
        let better = if GREATEST { next > held } else { next < held };
        let count = left.count + right.count;
        if !held.is_nan() && (better || next.is_nan()) {
            Position { value: right.value, index: left.count + right.index, count }
        } else {
            Position { count, ..left }
        }
    }

    #[inline(always)]
    fn leaf<T: Element>(run: &[T]) -> Position {
        Self::leaf_after(run, None)
    }

    /// The best of all so far: where a run is no better, it does not matter where in it its best element is.
    #[inline(always)]
    fn keep<T: Element>(kept: Position, next: Position) -> Position {
        Self::merge::<T>(kept, next)
    }

    #[inline(always)]
    fn leaf_after<T: Element>(run: &[T], kept: Option<Position>) -> Position {
        Self::found(run, Extremum::<GREATEST>::leaf(run), kept)
    }

    const IS_FASTER_SIDE_BY_SIDE: bool = true;

    #[inline(never)]
    fn side_by_side<T: Element>(runs: [&[T]; STREAMS], kept: Option<Position>) -> [Position; STREAMS] {
        let best = Extremum::<GREATEST>::side_by_side(runs, None);
        std::array::from_fn(|run| Self::found(runs[run], best[run], kept))
    }
}

impl<const GREATEST: bool> ArgExtremum<GREATEST> {
    /// The `best` element of a run and its place, if it is better than what was `kept`.
    #[inline(never)]
    #[cfg_attr(page, optimize(speed))]
    fn found<T: Element>(run: &[T], best: Bits, kept: Option<Position>) -> Position {
        let found = |index| Position { value: best, index, count: run.len() as u64 };
        if kept.is_some_and(|kept| Self::merge::<T>(kept, found(0)).value == kept.value) {
            return found(0);
        }
        let best: T = best.element();
        let is_it = |element: &T| *element == best || element.is_nan();
        let holds_it = |part: &[T]| part.iter().fold(false, |found, element| found | is_it(element));
        let before = run.chunks(SEARCHED).take_while(|part| !holds_it(part)).count() * SEARCHED;
        found((before..run.len()).find(|&index| is_it(&run[index])).unwrap_or(0) as u64)
    }
}
