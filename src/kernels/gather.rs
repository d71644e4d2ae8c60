//! What reductions gather of a chunk, whatever its element type: the chunk comes whole or in pieces.

use super::extrema::{ArgExtremum, Bits, Extremum, Position};
use super::lanes::{All, Any, FloatProduct, FloatSum, IntegerProduct, IntegerSum};
use super::leaves::{leaves_of_floats, leaves_of_integers, leaves_of_ordered, leaves_of_spread, ordered, Leaves};
use super::moments::{Moments, MomentsValue};
use super::skip_nan::{SkipNanExtremum, SkipNanMoments};
use super::strided::with_bits;
use super::walk::{Gathering, Values};
use crate::block::Block;
use crate::dtype::DType;
use crate::error::Result;
use crate::memory::astype;

/// A statistic, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    FloatSum,
    IntegerSum,
    FloatProduct,
    IntegerProduct,
    Spread,
    Moments,
    SkipNanMoments,
    Min,
    Max,
    SkipNanMin,
    SkipNanMax,
    Any,
    All,
    ArgMin,
    ArgMax,
}

impl Kind {
    /// What is gathered in its place where all of `kinds` are wanted: moments hold the very sum and the very spread.
    pub(super) fn gathered_with(self, kinds: &[Kind]) -> Kind {
        let both = [Kind::FloatSum, Kind::Spread];
        if both.contains(&self) && both.iter().all(|kind| kinds.contains(kind)) {
            Kind::Moments
        } else {
            self
        }
    }
}

/// What was gathered for each result, in row-major order.
pub(super) enum Gathered {
    Floats(Values<f64>),
    Integers(Values<u64>),
    Moments(Values<MomentsValue>),
    /// 1 where it holds, or else 0.
    Flags(Values<u64>),
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

struct Collector<V> {
    gathering: Gathering<V>,
    input: DType,
    finish: fn(Values<V>, DType) -> Result<Gathered>,
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
    use {leaves_of_floats as floats, leaves_of_integers as integers, leaves_of_ordered as ordered};
    let over = Over { input, shape, axes };
    let extremum: fn(Values<Bits>, DType) -> Result<Gathered> =
        |values, input| elements(input, &values).map(Gathered::Elements);
    let position: fn(Values<Position>, DType) -> Result<Gathered> = |values, input| positions(input, &values);
    match kind {
        Kind::FloatSum => over.collector(floats::<FloatSum>(input), |values, _| Ok(Gathered::Floats(values))),
        Kind::FloatProduct => over.collector(floats::<FloatProduct>(input), |values, _| Ok(Gathered::Floats(values))),
        Kind::Spread => over.collector(leaves_of_spread(input), |values, _| Ok(Gathered::Moments(values))),
        Kind::Moments => over.collector(floats::<Moments>(input), |values, _| Ok(Gathered::Moments(values))),
        Kind::SkipNanMoments => {
            over.collector(floats::<SkipNanMoments>(input), |values, _| Ok(Gathered::Moments(values)))
        }
        Kind::IntegerSum => over.collector(integers::<IntegerSum>(input), |values, _| Ok(Gathered::Integers(values))),
        Kind::IntegerProduct => {
            over.collector(integers::<IntegerProduct>(input), |values, _| Ok(Gathered::Integers(values)))
        }
        Kind::Any => over.collector(ordered::<Any>(input), |values, _| Ok(Gathered::Flags(values))),
        Kind::All => over.collector(ordered::<All>(input), |values, _| Ok(Gathered::Flags(values))),
        Kind::Min => over.collector(ordered::<Extremum<false>>(input), extremum),
        Kind::Max => over.collector(ordered::<Extremum<true>>(input), extremum),
        Kind::SkipNanMin => over.collector(floats::<SkipNanExtremum<false>>(input), extremum),
        Kind::SkipNanMax => over.collector(floats::<SkipNanExtremum<true>>(input), extremum),
        Kind::ArgMin => over.collector(ordered::<ArgExtremum<false>>(input), position),
        Kind::ArgMax => over.collector(ordered::<ArgExtremum<true>>(input), position),
    }
}

/// What is gathered over.
struct Over<'a> {
    input: DType,
    shape: &'a [usize],
    axes: &'a [usize],
}

impl Over<'_> {
    fn collector<V: Copy + 'static>(
        &self,
        leaves: Leaves<V>,
        finish: fn(Values<V>, DType) -> Result<Gathered>,
    ) -> Box<dyn Collect> {
        Box::new(Collector { gathering: Gathering::new(leaves, self.shape, self.axes), input: self.input, finish })
    }
}

/// `values`, elements as [`ordered`], as elements of `dtype`.
fn elements(dtype: DType, values: &[Bits]) -> Result<Block> {
    let wide = ordered(dtype);
    let mut block = Block::zeros(wide, &[values.len()])?;
    with_bits!(wide.size(), T => for (element, bits) in block.elements_mut::<T>().iter_mut().zip(values) {
        *element = bits.element();
    });
    astype(&block, dtype)
}

fn positions(dtype: DType, found: &[Position]) -> Result<Gathered> {
    let values: Vec<Bits> = found.iter().map(|position| position.value).collect();
    Ok(Gathered::Positions {
        values: elements(dtype, &values)?,
        positions: found.iter().map(|position| (position.index, position.count)).collect(),
    })
}
