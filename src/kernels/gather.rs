//! What reductions gather of a chunk, whatever its element type: the chunk comes whole or in pieces.

use super::element::Element;
use super::lanes::{
    All, Any, ArgExtremum, Extremum, FloatProduct, FloatSum, IntegerProduct, IntegerSum, Moments, MomentsValue,
    Position, Statistic,
};
use super::walk::Gathering;
use crate::block::Block;
use crate::dtype::DType;
use crate::error::Result;
use crate::with_type;

/// A statistic, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    FloatSum,
    IntegerSum,
    FloatProduct,
    IntegerProduct,
    Moments,
    Min,
    Max,
    Any,
    All,
    ArgMin,
    ArgMax,
}

impl Kind {
    /// What is gathered in its place where moments are gathered anyway: they hold the very sum.
    pub(super) fn gathered_with(self, moments: bool) -> Kind {
        if moments && self == Kind::FloatSum {
            Kind::Moments
        } else {
            self
        }
    }
}

/// What was gathered for each result, in row-major order.
pub(super) enum Gathered {
    Floats(Vec<f64>),
    Integers(Vec<u64>),
    Moments(Vec<MomentsValue>),
    Flags(Vec<bool>),
    /// Elements, in a block of one axis.
    Elements(Block),
    /// Elements, in a block of one axis, with the index of each and the number of elements it is one of.
    Positions {
        values: Block,
        positions: Vec<(u64, u64)>,
    },
}

/// Something that gathers one [`Kind`] of statistic.
pub(super) trait Collect {
    /// Takes the chunk, or its next piece; see [`Gathering::add`].
    fn add(&mut self, piece: &Block);

    /// What it has gathered.
    fn finish(self: Box<Self>) -> Result<Gathered>;
}

struct Collector<T: Element, S: Statistic<T>, F> {
    gathering: Gathering<T, S>,
    finish: F,
}

impl<T: Element, S: Statistic<T>, F: FnOnce(Vec<S::Value>) -> Result<Gathered>> Collect for Collector<T, S, F> {
    fn add(&mut self, piece: &Block) {
        self.gathering.add(piece.elements::<T>(), piece.shape());
    }

    fn finish(self: Box<Self>) -> Result<Gathered> {
        (self.finish)(self.gathering.finish())
    }
}

/// What gathers `kind` from a chunk of elements of type `input` and of `shape`, over `axes`.
pub(super) fn collector(kind: Kind, input: DType, shape: &[usize], axes: &[usize]) -> Box<dyn Collect> {
    with_type!(input, T => match kind {
        Kind::FloatSum => boxed::<T, FloatSum>(shape, axes, |values| Ok(Gathered::Floats(values))),
        Kind::IntegerSum => boxed::<T, IntegerSum>(shape, axes, |values| Ok(Gathered::Integers(values))),
        Kind::FloatProduct => boxed::<T, FloatProduct>(shape, axes, |values| Ok(Gathered::Floats(values))),
        Kind::IntegerProduct => boxed::<T, IntegerProduct>(shape, axes, |values| Ok(Gathered::Integers(values))),
        Kind::Moments => boxed::<T, Moments>(shape, axes, |values| Ok(Gathered::Moments(values))),
        Kind::Min => boxed::<T, Extremum<false>>(shape, axes, move |values| elements(input, &values)),
        Kind::Max => boxed::<T, Extremum<true>>(shape, axes, move |values| elements(input, &values)),
        Kind::Any => boxed::<T, Any>(shape, axes, |values| Ok(Gathered::Flags(values))),
        Kind::All => boxed::<T, All>(shape, axes, |values| Ok(Gathered::Flags(values))),
        Kind::ArgMin => boxed::<T, ArgExtremum<false>>(shape, axes, move |values| positions(input, &values)),
        Kind::ArgMax => boxed::<T, ArgExtremum<true>>(shape, axes, move |values| positions(input, &values)),
    })
}

fn boxed<T: Element, S: Statistic<T> + 'static>(
    shape: &[usize],
    axes: &[usize],
    finish: impl FnOnce(Vec<S::Value>) -> Result<Gathered> + 'static,
) -> Box<dyn Collect> {
    Box::new(Collector { gathering: Gathering::<T, S>::new(shape, axes), finish })
}

fn elements<T: Element>(dtype: DType, values: &[T]) -> Result<Gathered> {
    Block::from_elements(dtype, &[values.len()], values).map(Gathered::Elements)
}

fn positions<T: Element>(dtype: DType, found: &[Position<T>]) -> Result<Gathered> {
    let values: Vec<T> = found.iter().map(|position| position.value).collect();
    Ok(Gathered::Positions {
        values: Block::from_elements(dtype, &[values.len()], &values)?,
        positions: found.iter().map(|position| (position.index, position.count)).collect(),
    })
}
