//! Reductions as Dask has them: each is a triple of chunk, combine and aggregate.
//!
//! `chunk` makes a [`Partial`] of one chunk, `combine` merges partials in the order given, and
//! `aggregate` makes the result of what is left. Sums of floats are gathered in `float64` whatever
//! the element type, integers in 64 bits that wrap, and moments as (count, mean, M2).

use super::gather::{collector, Collect, Gathered, Kind};
use super::walk;
use crate::block::Block;
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::memory::astype;
use smallvec::SmallVec;

/// A reduction over some axes of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum; integers are summed in 64 bits, wrapping.
    Sum,
    /// The product; integers are multiplied in 64 bits, wrapping.
    Prod,
    /// The arithmetic mean.
    Mean,
    /// The variance: squared distances from the mean, over the count less `ddof`.
    Var {
        /// "Delta degrees of freedom": 0 for a population, 1 for a sample.
        ddof: u32,
    },
    /// The standard deviation: the root of the variance.
    Std {
        /// "Delta degrees of freedom": 0 for a population, 1 for a sample.
        ddof: u32,
    },
    /// The least element, NaN if there is one.
    Min,
    /// The greatest element, NaN if there is one.
    Max,
    /// Whether any element is true.
    Any,
    /// Whether every element is true.
    All,
    /// Index of the first least element, or of the first NaN.
    ArgMin,
    /// Index of the first greatest element, or of the first NaN.
    ArgMax,
    /// [`Reduction::Sum`] of the elements that are not NaN.
    NanSum,
    /// [`Reduction::Mean`] of the elements that are not NaN, NaN if there is none.
    NanMean,
    /// [`Reduction::Var`] of the elements that are not NaN, NaN if there is none.
    NanVar {
        /// "Delta degrees of freedom": 0 for a population, 1 for a sample.
        ddof: u32,
    },
    /// [`Reduction::Std`] of the elements that are not NaN, NaN if there is none.
    NanStd {
        /// "Delta degrees of freedom": 0 for a population, 1 for a sample.
        ddof: u32,
    },
    /// [`Reduction::Min`] of the elements that are not NaN, NaN if there is none.
    NanMin,
    /// [`Reduction::Max`] of the elements that are not NaN, NaN if there is none.
    NanMax,
}

/// What a reduction knows of some chunks: fields of one shape, in which reduced axes have length 1.
///
/// | reduction | fields |
/// | --- | --- |
/// | sum, prod, nansum | total (`float64`, `int64` or `uint64`) |
/// | mean, nanmean | count (`int64`), total (`float64`) |
/// | var, std, nanvar, nanstd | count (`int64`), mean, M2, what the mean lost to rounding (`float64`) |
/// | min, max, nanmin, nanmax, any, all | the value |
/// | argmin, argmax | value, index (`int64`), count (`int64`) |
#[derive(Clone, Debug)]
pub struct Partial {
    /// The fields, as in the table.
    pub fields: Vec<Block>,
    /// The element type the result will have.
    pub dtype: DType,
}

impl Reduction {
    /// The reduction that NumPy gives this name; `ddof` is for var and std.
    ///
    /// # Errors
    /// An unsupported error that lists the names there are.
    pub fn parse(name: &str, ddof: u32) -> Result<Reduction> {
        let all = Reduction::all(ddof);
        all.into_iter().find(|reduction| reduction.name() == name).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|reduction| reduction.name()).collect();
            Error::unsupported(format!("there is no reduction {name:?}; there are {}", names.join(", ")))
        })
    }

    /// Every reduction; its place here is its number in [`Reduction::code`].
    fn all(ddof: u32) -> [Reduction; 17] {
        use Reduction::*;
        [
            Sum,
            Prod,
            Mean,
            Var { ddof },
            Std { ddof },
            Min,
            Max,
            Any,
            All,
            ArgMin,
            ArgMax,
            NanSum,
            NanMean,
            NanVar { ddof },
            NanStd { ddof },
            NanMin,
            NanMax,
        ]
    }

    /// The same of elements none of which is NaN: its partials have the same fields, which become the same result.
    pub(crate) fn plain(self) -> Reduction {
        use Reduction::*;
        match self {
            NanSum => Sum,
            NanMean => Mean,
            NanVar { ddof } => Var { ddof },
            NanStd { ddof } => Std { ddof },
            NanMin => Min,
            NanMax => Max,
            plain => plain,
        }
    }

    /// NumPy's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Reduction::Sum => "sum",
            Reduction::Prod => "prod",
            Reduction::Mean => "mean",
            Reduction::Var { .. } => "var",
            Reduction::Std { .. } => "std",
            Reduction::Min => "min",
            Reduction::Max => "max",
            Reduction::Any => "any",
            Reduction::All => "all",
            Reduction::ArgMin => "argmin",
            Reduction::ArgMax => "argmax",
            Reduction::NanSum => "nansum",
            Reduction::NanMean => "nanmean",
            Reduction::NanVar { .. } => "nanvar",
            Reduction::NanStd { .. } => "nanstd",
            Reduction::NanMin => "nanmin",
            Reduction::NanMax => "nanmax",
        }
    }

    /// It as numbers, for [`Reduction::of_code`].
    pub(super) fn code(self) -> [usize; 2] {
        use Reduction::*;
        let ddof = match self {
            Var { ddof } | Std { ddof } | NanVar { ddof } | NanStd { ddof } => ddof,
            _ => 0,
        };
        let number = Reduction::all(ddof).iter().position(|&other| other == self);
        [number.expect("all are there"), ddof as usize]
    }

    /// The element types of the fields of its partials.
    pub(super) fn field_dtypes(self, input: DType) -> impl Iterator<Item = DType> {
        use Reduction::*;
        let (first, rest): (DType, &'static [DType]) = match self.plain() {
            Sum | Prod if input.is_float() => (DType::F64, &[]),
            Sum | Prod if input.is_unsigned_integer() => (DType::U64, &[]),
            Sum | Prod => (DType::I64, &[]),
            Min | Max => (input, &[]),
            Any | All => (DType::Bool, &[]),
            Mean => (DType::I64, &[DType::F64]),
            ArgMin | ArgMax => (input, &[DType::I64, DType::I64]),
            _ => (DType::I64, &[DType::F64, DType::F64, DType::F64]),
        };
        std::iter::once(first).chain(rest.iter().copied())
    }

    /// The reduction of these numbers.
    pub(super) fn of_code([number, ddof]: [usize; 2]) -> Option<Reduction> {
        Reduction::all(ddof as u32).get(number).copied()
    }

    /// The element type of the result, by NumPy's rules.
    ///
    /// # Errors
    /// None of the element types there are now is refused.
    pub fn result_dtype(self, input: DType) -> Result<DType> {
        Ok(match self.plain() {
            Reduction::Sum | Reduction::Prod if input.is_float() => input,
            Reduction::Sum | Reduction::Prod if input.is_unsigned_integer() => DType::U64,
            Reduction::Sum | Reduction::Prod => DType::I64,
            Reduction::Min | Reduction::Max => input,
            Reduction::Any | Reduction::All => DType::Bool,
            Reduction::ArgMin | Reduction::ArgMax => DType::I64,
            _ if input.is_float() => input,
            _ => DType::F64,
        })
    }

    /// What one chunk contributes; the reduced `axes` get length 1.
    ///
    /// # Errors
    /// Those of [`ChunkReduction::new`] and [`ChunkReduction::finish`].
    pub fn chunk(self, block: &Block, axes: &[usize]) -> Result<Partial> {
        Ok(Reduction::chunk_many(&[self], block, axes)?.swap_remove(0))
    }

    /// [`Reduction::chunk`] of several reductions of one chunk, in fewer passes over it: all that are made of
    /// sums and distances share one. Every partial has the very bits that it has alone.
    ///
    /// # Errors
    /// Those of [`ChunkReduction::new`] and [`ChunkReduction::finish`].
    pub fn chunk_many(reductions: &[Reduction], block: &Block, axes: &[usize]) -> Result<Vec<Partial>> {
        let mut chunk = ChunkReduction::new(reductions, block.dtype(), block.shape(), axes)?;
        chunk.add(block);
        chunk.finish()
    }

    /// The fields that `gathered`, which is what [`Reduction::kind`] asks for or more, amounts to. `count` elements
    /// were gathered for each result.
    fn fields(self, gathered: &Gathered, dtype: DType, shape: &[usize], count: i64) -> Result<Vec<Block>> {
        Ok(match (self.plain(), gathered) {
            (Reduction::Mean, Gathered::Floats(totals)) => vec![
                field(DType::I64, shape, std::iter::repeat(count))?,
                field(DType::F64, shape, totals.iter().copied())?,
            ],
            (Reduction::Mean, Gathered::Moments(moments)) => vec![
                field(DType::I64, shape, moments.iter().map(|value| value.count as i64))?,
                field(DType::F64, shape, moments.iter().map(|value| value.total))?,
            ],
            (Reduction::Sum, Gathered::Moments(moments)) => {
                vec![field(DType::F64, shape, moments.iter().map(|value| value.total))?]
            }
            (_, Gathered::Floats(totals)) => vec![field(DType::F64, shape, totals.iter().copied())?],
            (_, Gathered::Integers(totals)) => vec![field(dtype, shape, totals.iter().copied())?],
            (_, Gathered::Moments(moments)) => vec![
                field(DType::I64, shape, moments.iter().map(|value| value.count as i64))?,
                field(DType::F64, shape, moments.iter().map(|value| value.mean))?,
                field(DType::F64, shape, moments.iter().map(|value| value.m2))?,
                field(DType::F64, shape, moments.iter().map(|value| value.low))?,
            ],
            (_, Gathered::Flags(flags)) => vec![field(DType::Bool, shape, flags.iter().map(|&flag| flag as u8))?],
            (_, Gathered::Elements(block)) => vec![block.clone().reshaped(shape)?],
            (_, Gathered::Positions { values, positions }) => vec![
                values.clone().reshaped(shape)?,
                field(DType::I64, shape, positions.iter().map(|&(index, _)| index as i64))?,
                field(DType::I64, shape, positions.iter().map(|&(_, count)| count as i64))?,
            ],
        })
    }

    /// What has to be gathered for it.
    fn kind(self, input: DType) -> Kind {
        match self {
            Reduction::Sum if input.is_float() => Kind::FloatSum,
            Reduction::Sum => Kind::IntegerSum,
            Reduction::Prod if input.is_float() => Kind::FloatProduct,
            Reduction::Prod => Kind::IntegerProduct,
            Reduction::Mean => Kind::FloatSum,
            Reduction::Var { .. } | Reduction::Std { .. } => Kind::Spread,
            Reduction::Min => Kind::Min,
            Reduction::Max => Kind::Max,
            Reduction::Any => Kind::Any,
            Reduction::All => Kind::All,
            Reduction::ArgMin => Kind::ArgMin,
            Reduction::ArgMax => Kind::ArgMax,
            skipping if !input.is_float() => skipping.plain().kind(input),
            Reduction::NanMin => Kind::SkipNanMin,
            Reduction::NanMax => Kind::SkipNanMax,
            Reduction::NanSum | Reduction::NanMean | Reduction::NanVar { .. } | Reduction::NanStd { .. } => {
                Kind::SkipNanMoments
            }
        }
    }

    /// The fields for no elements at all.
    fn fields_of_nothing(self, input: DType, shape: &[usize]) -> Result<Vec<Block>> {
        let fields = |identity: i64| {
            let field = |dtype| crate::memory::full(shape, dtype, Scalar::Int(identity));
            self.field_dtypes(input).map(field).collect()
        };
        let identity_free =
            |name| Error::value(format!("zero-size array to reduction operation {name} which has no identity"));
        match self {
            Reduction::Prod | Reduction::All => fields(1),
            Reduction::Min => Err(identity_free("minimum")),
            Reduction::Max => Err(identity_free("maximum")),
            Reduction::NanMin => Err(identity_free("fmin")),
            Reduction::NanMax => Err(identity_free("fmax")),
            Reduction::ArgMin | Reduction::ArgMax => {
                Err(Error::value(format!("attempt to get {} of an empty sequence", self.name())))
            }
            _ => fields(0),
        }
    }

    /// The partials merged, strictly in the order given.
    ///
    /// # Errors
    /// An internal error when there are none or their shapes differ.
    pub fn combine(self, partials: &[&Partial]) -> Result<Partial> {
        let Some((first, rest)) = partials.split_first() else {
            return Err(Error::internal("no partials to combine"));
        };
        let mut merged = Partial::clone(first);
        for partial in rest {
            let same = merged.fields.len() == partial.fields.len()
                && merged
                    .fields
                    .iter()
                    .zip(&partial.fields)
                    .all(|(a, b)| a.shape() == b.shape() && a.dtype() == b.dtype());
            if !same {
                return Err(Error::internal("partials of different shapes do not combine"));
            }
            self.merge(&mut merged.fields, &partial.fields);
        }
        Ok(merged)
    }

    /// The result of the last partial; without `keepdims` the reduced `axes` are left out of its shape.
    ///
    /// # Errors
    /// A memory error when there is no room.
    pub fn aggregate(self, partial: Partial, axes: &[usize], keepdims: bool) -> Result<Block> {
        let Partial { fields, dtype } = partial;
        let kept = fields[0].shape().to_vec();
        let result = match self.plain() {
            Reduction::Mean => {
                let (counts, totals) = (fields[0].elements::<i64>(), fields[1].elements::<f64>());
                let means: Vec<f64> = counts.iter().zip(totals).map(|(&count, total)| total / count as f64).collect();
                Block::from_elements(DType::F64, &kept, &means)?
            }
            Reduction::Var { ddof } | Reduction::Std { ddof } => {
                let (counts, m2) = (fields[0].elements::<i64>(), fields[2].elements::<f64>());
                let is_std = matches!(self.plain(), Reduction::Std { .. });
                let spread: Vec<f64> = counts
                    .iter()
                    .zip(m2)
                    .map(|(&count, m2)| {
                        let variance = m2 / (count - i64::from(ddof)).max(0) as f64;
                        if is_std {
                            variance.sqrt()
                        } else {
                            variance
                        }
                    })
                    .collect();
                Block::from_elements(DType::F64, &kept, &spread)?
            }
            Reduction::ArgMin | Reduction::ArgMax => fields[1].clone(),
            _ => fields[0].clone(),
        };
        let result = astype(&result, dtype)?;
        if keepdims {
            return Ok(result);
        }
        let shape: Vec<_> = (0..kept.len()).filter(|axis| !axes.contains(axis)).map(|axis| kept[axis]).collect();
        result.reshaped(&shape)
    }

    /// The reduction of an array in memory.
    ///
    /// # Errors
    /// Those of [`Reduction::chunk`]; argmin and argmax take all axes too, as an index of the flattened array.
    pub fn reduce(self, block: &Block, axes: &[usize], keepdims: bool) -> Result<Block> {
        let rank = block.shape().len();
        if matches!(self, Reduction::ArgMin | Reduction::ArgMax) && rank != 1 && axes.len() == rank {
            // Its elements one behind the other are those of the flattened array, which need not be made.
            let mut flat = ChunkReduction::new(&[self], block.dtype(), &[block.len()], &[0])?;
            flat.add(block);
            let index = self.aggregate(flat.finish()?.swap_remove(0), &[0], false)?;
            return index.reshaped(&vec![1; if keepdims { rank } else { 0 }]);
        }
        let mut partial = self.chunk(block, axes)?;
        if let (Reduction::NanVar { ddof } | Reduction::NanStd { ddof }, true) = (self, block.dtype().is_float()) {
            // NumPy's `nanvar` is NaN where elements are too few; its `var`, and Dask's of just as many, divide by 0.
            let [counts, _, m2, _] = partial.fields.as_mut_slice() else { unreachable!("the fields of moments") };
            for (m2, &count) in m2.elements_mut::<f64>().iter_mut().zip(counts.elements::<i64>()) {
                if count <= i64::from(ddof) {
                    *m2 = f64::NAN;
                }
            }
        }
        self.aggregate(partial, axes, keepdims)
    }
}

/// Several reductions of one chunk over the same axes, while the chunk comes: whole, or in pieces.
pub struct ChunkReduction {
    reductions: SmallVec<[Reduction; 4]>,
    input: DType,
    /// The shape of the partials.
    kept: SmallVec<[usize; 4]>,
    /// How many elements each result gathers.
    count: i64,
    /// What is gathered, each kind once.
    collectors: SmallVec<[(Kind, Box<dyn Collect>); 4]>,
}

impl ChunkReduction {
    /// Nothing yet of a chunk of `shape`.
    ///
    /// # Errors
    /// A value error, in NumPy's words, when an axis does not exist; an unsupported error for argmin and argmax
    /// over several axes.
    pub fn new(reductions: &[Reduction], input: DType, shape: &[usize], axes: &[usize]) -> Result<ChunkReduction> {
        let kept = kept_shape(shape, axes)?;
        let count = axes.iter().map(|&axis| shape[axis] as i64).product();
        let located = |reduction: &&Reduction| matches!(reduction, Reduction::ArgMin | Reduction::ArgMax);
        if let (Some(reduction), true) = (reductions.iter().find(located), axes.len() > 1) {
            return Err(Error::unsupported(format!(
                "{} over {} axes; take it over one axis, or of the flattened array",
                reduction.name(),
                axes.len()
            )));
        }
        let mut collectors: SmallVec<[(Kind, Box<dyn Collect>); 4]> = SmallVec::new();
        if count > 0 {
            let kinds: SmallVec<[Kind; 4]> = reductions.iter().map(|reduction| reduction.kind(input)).collect();
            for kind in &kinds {
                let kind = kind.gathered_with(&kinds);
                if collectors.iter().all(|(other, _)| *other != kind) {
                    collectors.push((kind, collector(kind, input, shape, axes)));
                }
            }
        }
        Ok(ChunkReduction { reductions: reductions.into(), input, kept, count, collectors })
    }

    /// Where a chunk of `shape` may be cut along its first axis longer than 1: at multiples of the number.
    /// `None` where it must come whole. The partials have the same bits either way.
    pub fn grain(shape: &[usize], axes: &[usize]) -> Option<usize> {
        walk::grain(shape, axes)
    }

    /// Takes the chunk, or its next piece.
    pub fn add(&mut self, piece: &Block) {
        if !piece.is_empty() {
            self.collectors.iter_mut().for_each(|(_, collector)| collector.add(piece));
        }
    }

    /// The partials, as the reductions were given.
    ///
    /// # Errors
    /// A value error, in NumPy's words, when there is nothing to take the least or greatest of; a memory error
    /// when there is no room.
    pub fn finish(self) -> Result<Vec<Partial>> {
        let ChunkReduction { reductions, input, kept, count, collectors } = self;
        let kinds: SmallVec<[Kind; 4]> = reductions.iter().map(|reduction| reduction.kind(input)).collect();
        let gathered: Vec<(Kind, Gathered)> =
            collectors.into_iter().map(|(kind, collector)| Ok((kind, collector.finish()?))).collect::<Result<_>>()?;
        reductions
            .iter()
            .map(|reduction| {
                let dtype = reduction.result_dtype(input)?;
                let kind = reduction.kind(input).gathered_with(&kinds);
                let fields = match gathered.iter().find(|(other, _)| *other == kind) {
                    Some((_, gathered)) => reduction.fields(gathered, dtype, &kept, count)?,
                    None => reduction.fields_of_nothing(input, &kept)?,
                };
                Ok(Partial { fields, dtype })
            })
            .collect()
    }
}

/// The shape with the reduced axes of length 1.
pub(super) fn kept_shape(shape: &[usize], axes: &[usize]) -> Result<SmallVec<[usize; 4]>> {
    if let Some(axis) = axes.iter().find(|&&axis| axis >= shape.len()) {
        return Err(Error::value(format!("axis {axis} is out of bounds for array of dimension {}", shape.len())));
    }
    Ok(shape.iter().enumerate().map(|(axis, &extent)| if axes.contains(&axis) { 1 } else { extent }).collect())
}

fn field<V: bytemuck::Pod>(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = V>) -> Result<Block> {
    let mut block = Block::zeros(dtype, shape)?;
    for (element, value) in block.elements_mut::<V>().iter_mut().zip(values) {
        *element = value;
    }
    Ok(block)
}
