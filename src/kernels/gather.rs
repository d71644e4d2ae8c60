//! What reductions gather of a chunk, whatever its element type: the chunk comes whole or in pieces.

use super::element::Element;
use super::lanes::{
    All, Any, ArgExtremum, Bits, Extremum, FloatProduct, FloatSum, IntegerProduct, IntegerSum, Moments, MomentsValue,
    Position, Statistic,
};
use super::leaves::leaves_of;
use super::strided::with_bits;
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

struct Collector<V: 'static> {
    gathering: Gathering<V>,
    input: DType,
    finish: fn(Vec<V>, DType) -> Result<Gathered>,
}

impl<V: Copy> Collect for Collector<V> {
    fn add(&mut self, piece: &Block) {
        self.gathering.add(piece.bytes(), piece.shape());
    }

    fn finish(self: Box<Self>) -> Result<Gathered> {
        (self.finish)(self.gathering.finish(), self.input)
    }
}

/// What gathers `kind` from a chunk of elements of type `input` and of `shape`, over `axes`.
pub(super) fn collector(kind: Kind, input: DType, shape: &[usize], axes: &[usize]) -> Box<dyn Collect> {
    let over = Over { input, shape, axes };
    with_type!(input, T => match kind {
        Kind::FloatSum => over.collector::<T, FloatSum>(|values, _| Ok(Gathered::Floats(values))),
        Kind::IntegerSum => over.collector::<T, IntegerSum>(|values, _| Ok(Gathered::Integers(values))),
        Kind::FloatProduct => over.collector::<T, FloatProduct>(|values, _| Ok(Gathered::Floats(values))),
        Kind::IntegerProduct => over.collector::<T, IntegerProduct>(|values, _| Ok(Gathered::Integers(values))),
        Kind::Moments => over.collector::<T, Moments>(|values, _| Ok(Gathered::Moments(values))),
        Kind::Min => over.collector::<T, Extremum<false>>(|values, input| elements(input, &values).map(Gathered::Elements)),
        Kind::Max => over.collector::<T, Extremum<true>>(|values, input| elements(input, &values).map(Gathered::Elements)),
        Kind::Any => over.collector::<T, Any>(|values, _| Ok(Gathered::Flags(values))),
        Kind::All => over.collector::<T, All>(|values, _| Ok(Gathered::Flags(values))),
        Kind::ArgMin => over.collector::<T, ArgExtremum<false>>(|values, input| positions(input, &values)),
        Kind::ArgMax => over.collector::<T, ArgExtremum<true>>(|values, input| positions(input, &values)),
    })
}

type Value<T, S> = <S as Statistic<T>>::Value;

/// What is gathered over.
struct Over<'a> {
    input: DType,
    shape: &'a [usize],
    axes: &'a [usize],
}

impl Over<'_> {
    fn collector<T, S>(&self, finish: fn(Vec<Value<T, S>>, DType) -> Result<Gathered>) -> Box<dyn Collect>
    where
        T: Element,
        S: Statistic<T> + Statistic<<S as Statistic<T>>::Wide, Value = Value<T, S>> + 'static,
    {
        let gathering = Gathering::new(leaves_of::<T, S, Value<T, S>>(), self.shape, self.axes);
        Box::new(Collector { gathering, input: self.input, finish })
    }
}

fn elements(dtype: DType, values: &[Bits]) -> Result<Block> {
    let mut block = Block::zeros(dtype, &[values.len()])?;
    with_bits!(dtype.size(), T => for (element, bits) in block.elements_mut::<T>().iter_mut().zip(values) {
        *element = bits.element();
    });
    Ok(block)
}

fn positions(dtype: DType, found: &[Position]) -> Result<Gathered> {
    let values: Vec<Bits> = found.iter().map(|position| position.value).collect();
    Ok(Gathered::Positions {
        values: elements(dtype, &values)?,
        positions: found.iter().map(|position| (position.index, position.count)).collect(),
    })
}
