//! Indexing by arrays: masks and positions, choices between arrays, and elements in order.

use super::compute::{astype, into_type};
use super::operand::{binary_type, broadcast_shape, tight, Operand};
use super::slicing::{assign, AxisSlice};
use crate::block::Block;
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result};
use crate::kernels::elementwise::BinaryOp;
use crate::kernels::order;
use crate::kernels::reduction::Reduction;
use crate::kernels::strided::with_bits;
use std::borrow::Cow;

/// The rows that an array chooses of another one.
struct Chosen {
    /// Their numbers, in order.
    rows: Vec<usize>,
    /// The shape that they are arranged in.
    shape: Vec<usize>,
    /// The leading axes of the other array that a row is one index of.
    axes: usize,
}

impl Chosen {
    /// Of an array of `shape`, by a mask of its first axes or by positions along the first one.
    fn of(shape: &[usize], index: &Block) -> Result<Chosen> {
        if index.dtype() == DType::Bool {
            Chosen::by_mask(shape, index)
        } else {
            Chosen::by_positions(shape, index)
        }
    }

    fn by_mask(shape: &[usize], mask: &Block) -> Result<Chosen> {
        let axes = mask.shape().len();
        if axes > shape.len() {
            return Err(Error::index(format!(
                "too many indices for array: array is {}-dimensional, but {axes} were indexed",
                shape.len()
            )));
        }
        if let Some(axis) = (0..axes).find(|&axis| mask.shape()[axis] != shape[axis]) {
            return Err(Error::index(format!(
                "boolean index did not match indexed array along axis {axis}; size of axis is {} but size of \
                 corresponding boolean axis is {}",
                shape[axis],
                mask.shape()[axis]
            )));
        }
        let rows = true_positions(mask.bytes())?;
        Ok(Chosen { shape: vec![rows.len()], rows, axes })
    }

    fn by_positions(shape: &[usize], positions: &Block) -> Result<Chosen> {
        if positions.dtype().is_float() {
            return Err(Error::index("arrays used as indices must be of integer (or boolean) type"));
        }
        let Some(&extent) = shape.first() else {
            return Err(Error::index("too many indices for array: array is 0-dimensional, but 1 were indexed"));
        };
        let outside =
            |position: i128| Error::index(format!("index {position} is out of bounds for axis 0 with size {extent}"));
        let row = |position: i128| {
            let counted = if position < 0 { position + extent as i128 } else { position };
            usize::try_from(counted).ok().filter(|&row| row < extent).ok_or_else(|| outside(position))
        };
        let mut rows = with_room(positions.len())?;
        if positions.dtype() == DType::U64 {
            for &position in positions.elements::<u64>() {
                rows.push(row(position.into())?);
            }
        } else {
            for &position in astype(positions, DType::I64)?.elements::<i64>() {
                rows.push(row(position.into())?);
            }
        }
        Ok(Chosen { rows, shape: positions.shape().to_vec(), axes: 1 })
    }

    /// The shape of what is chosen of an array of `shape`.
    fn result_shape(&self, shape: &[usize]) -> Vec<usize> {
        self.shape.iter().chain(&shape[self.axes..]).copied().collect()
    }

    /// Bytes of a row of `block`.
    fn row_bytes(&self, block: &Block) -> usize {
        block.shape()[self.axes..].iter().product::<usize>() * block.dtype().size()
    }
}

fn with_room(count: usize) -> Result<Vec<usize>> {
    let mut rows = Vec::new();
    let refused = |_| Error::memory(format!("no room for {count} positions; index a part of the array at a time"));
    rows.try_reserve_exact(count).map_err(refused)?;
    Ok(rows)
}

#[cfg_attr(page, optimize(speed))]
fn true_positions(flags: &[u8]) -> Result<Vec<usize>> {
    let count = flags.iter().filter(|&&flag| flag != 0).count();
    let mut positions = with_room(count + 1)?;
    positions.resize(count + 1, 0);
    let mut next = 0;
    for (position, &flag) in flags.iter().enumerate() {
        // Written in any case, and over it the next one: to jump over it takes longer wherever that cannot be foreseen.
        positions[next] = position;
        next += usize::from(flag != 0);
    }
    positions.truncate(count);
    Ok(positions)
}

/// The positions of the elements that are not zero, counted row-major, as `numpy.flatnonzero` gives them.
///
/// # Errors
/// A memory error when there is no room.
pub fn nonzero(block: &Block) -> Result<Block> {
    let flags = astype(block, DType::Bool)?;
    let positions = true_positions(flags.bytes())?;
    let mut block = Block::unspecified(DType::I64, &[positions.len()])?;
    for (element, position) in block.elements_mut::<i64>().iter_mut().zip(positions) {
        *element = position as i64;
    }
    Ok(block)
}

/// What `index` chooses of `block`: where a mask of its first axes is true, or at positions along its first axis, which
/// count from the end where they are negative. NumPy's `block[index]`.
///
/// # Errors
/// An index error, in NumPy's words, when the mask has another shape or a position is outside.
pub fn take(block: &Block, index: &Block) -> Result<Block> {
    let chosen = Chosen::of(block.shape(), index)?;
    let mut taken = Block::unspecified(block.dtype(), &chosen.result_shape(block.shape()))?;
    let len = chosen.row_bytes(block);
    if len == block.dtype().size() {
        with_bits!(len, T => take_each::<T>(block.elements(), &chosen.rows, taken.elements_mut()));
    } else {
        for (number, &row) in chosen.rows.iter().enumerate() {
            taken.bytes_mut()[number * len..][..len].copy_from_slice(&block.bytes()[row * len..][..len]);
        }
    }
    Ok(taken)
}

#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn take_each<T: Copy>(elements: &[T], rows: &[usize], taken: &mut [T]) {
    for (element, &row) in taken.iter_mut().zip(rows) {
        *element = elements[row];
    }
}

/// Sets what [`take`] would choose to `value`, cast and broadcast as NumPy does; of a row that is chosen more than
/// once, the last value stays.
///
/// # Errors
/// Those of [`take`]; a value error when the value's shape does not broadcast; an overflow error when a Python integer
/// does not fit the element type.
pub fn put(block: &mut Block, index: &Block, value: &Operand) -> Result<()> {
    let chosen = Chosen::of(block.shape(), index)?;
    let shape = chosen.result_shape(block.shape());
    let values = spread(value, block.dtype(), &shape).map_err(|error| match (value.shape(), index.dtype()) {
        _ if error.kind() != ErrorKind::Value => error,
        ([given], DType::Bool) if shape.len() == 1 => Error::value(format!(
            "NumPy boolean array indexing assignment cannot assign {given} input values to the {} output values where \
             the mask is true",
            shape[0]
        )),
        (given, _) => Error::value(format!(
            "shape mismatch: value array of shape {} could not be broadcast to indexing result of shape {}",
            tight(given),
            tight(&shape)
        )),
    })?;
    let len = chosen.row_bytes(block);
    for (number, &row) in chosen.rows.iter().enumerate() {
        block.bytes_mut()[row * len..][..len].copy_from_slice(&values.bytes()[number * len..][..len]);
    }
    Ok(())
}

/// `value` cast to `dtype` and repeated over `shape`.
fn spread(value: &Operand, dtype: DType, shape: &[usize]) -> Result<Block> {
    let mut block = Block::unspecified(dtype, shape)?;
    let whole: Vec<_> = shape.iter().map(|&extent| AxisSlice::whole(extent as u64)).collect();
    assign(&mut block, &whole, value)?;
    Ok(block)
}

/// The element type and shape that [`choose`] gives.
///
/// # Errors
/// A value error, in NumPy's words, when the shapes do not broadcast.
pub fn choice(condition: &Operand, x: &Operand, y: &Operand) -> Result<(DType, Vec<usize>)> {
    let dtype = binary_type(BinaryOp::Maximum, x.operand_type(), y.operand_type())?;
    let both = broadcast_shape(x.shape(), y.shape());
    let shape = both.and_then(|both| broadcast_shape(condition.shape(), &both)).map_err(|_| {
        let shapes = [condition, x, y].map(|operand| tight(operand.shape()) + " ");
        Error::value(format!("operands could not be broadcast together with shapes {}", shapes.concat()))
    })?;
    Ok((dtype, shape))
}

/// The element of `x` where `condition` holds and that of `y` where it does not, as `numpy.where` has it.
///
/// # Errors
/// Those of [`choice`]; a memory error when there is no room.
pub fn choose(condition: &Operand, x: &Operand, y: &Operand) -> Result<Block> {
    let (dtype, shape) = choice(condition, x, y)?;
    let (flags, x, y) =
        (Laid::out(condition, DType::Bool, &shape)?, Laid::out(x, dtype, &shape)?, Laid::out(y, dtype, &shape)?);
    let mut chosen = Block::unspecified(dtype, &shape)?;
    with_bits!(dtype.size(), T => choose_each::<T>(chosen.elements_mut(), &flags, &x, &y));
    Ok(chosen)
}

#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn choose_each<T: bytemuck::Pod>(chosen: &mut [T], flags: &Laid, x: &Laid, y: &Laid) {
    let (holds, xs, ys) = (flags.block.bytes(), x.block.elements::<T>(), y.block.elements::<T>());
    for (at, element) in chosen.iter_mut().enumerate() {
        // Both are read: to jump to one of them takes longer wherever it cannot be foreseen.
        let (here, there) = (xs[at * x.step], ys[at * y.step]);
        *element = if holds[at * flags.step] != 0 { here } else { there };
    }
}

/// An operand of some type whose elements lie as those of a result do, or that is one element for all of them.
struct Laid<'a> {
    block: Cow<'a, Block>,
    /// From one element to that of the next one of the result: 0 or 1.
    step: usize,
}

impl<'a> Laid<'a> {
    fn out(value: &Operand<'a>, dtype: DType, shape: &[usize]) -> Result<Laid<'a>> {
        Ok(match value {
            Operand::Scalar(_) => Laid { block: Cow::Owned(spread(value, dtype, &[1])?), step: 0 },
            Operand::Block(block) if block.shape() == shape && block.dtype() == dtype => {
                Laid { block: Cow::Borrowed(block), step: 1 }
            }
            Operand::Block(_) => Laid { block: Cow::Owned(spread(value, dtype, shape)?), step: 1 },
        })
    }
}

/// The elements in ascending order along the last axis, NaN at the end.
///
/// # Errors
/// An index error for a single number, which has no axis; a memory error when there is no room.
pub fn sort(block: &Block) -> Result<Block> {
    let Some(&extent) = block.shape().last() else {
        return Err(Error::index("axis -1 is out of bounds for array of dimension 0"));
    };
    let mut keys = keys_of(block)?;
    keys.elements_mut::<u64>().chunks_mut(extent.max(1)).for_each(order::sort);
    elements_of(keys, block.dtype())
}

/// The `count` elements that would be behind `first` others if all were in ascending order, NaN at the end, in that
/// order: what `numpy.partition` puts there.
///
/// # Errors
/// An index error when there are not as many; a memory error when there is no room.
pub fn ranked(block: &Block, first: usize, count: usize) -> Result<Block> {
    let wanted = first..first.saturating_add(count);
    if wanted.end > block.len() {
        return Err(Error::index(format!("places {first} to {} of {} elements", wanted.end, block.len())));
    }
    let mut keys = keys_of(block)?;
    let wide = keys.dtype();
    let ranked = order::select(keys.elements_mut(), wanted);
    elements_of(Block::from_elements(wide, &[count], ranked)?, block.dtype())
}

/// Numbers of 8 bytes in the same order as the elements. The type of their block is not theirs: it says which type the
/// elements were made to have as many bits, for [`elements_of`].
fn keys_of(block: &Block) -> Result<Block> {
    let wide = match block.dtype() {
        dtype if dtype.is_float() => DType::F64,
        dtype if dtype.is_unsigned_integer() => DType::U64,
        _ => DType::I64,
    };
    let mut keys = astype(block, wide)?;
    each(keys.elements_mut(), |bits| key_of(bits, wide));
    Ok(keys)
}

/// The inverse of [`keys_of`] elements of type `dtype`.
fn elements_of(mut keys: Block, dtype: DType) -> Result<Block> {
    let wide = keys.dtype();
    each(keys.elements_mut(), |key| bits_of(key, wide));
    into_type(keys, dtype)
}

#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn each(numbers: &mut [u64], f: impl Fn(u64) -> u64) {
    numbers.iter_mut().for_each(|number| *number = f(*number));
}

const SIGN: u64 = 1 << 63;

/// A number that is in the same order as the element with these bits. Every NaN is the greatest.
#[inline(always)]
fn key_of(bits: u64, dtype: DType) -> u64 {
    match dtype {
        DType::F64 if f64::from_bits(bits).is_nan() => u64::MAX,
        DType::F64 if bits & SIGN != 0 => !bits,
        DType::U64 => bits,
        _ => bits ^ SIGN,
    }
}

/// The inverse of [`key_of`].
#[inline(always)]
fn bits_of(key: u64, dtype: DType) -> u64 {
    match dtype {
        DType::F64 if key == u64::MAX => f64::NAN.to_bits(),
        DType::F64 if key & SIGN == 0 => !key,
        DType::U64 => key,
        _ => key ^ SIGN,
    }
}

/// Of the elements in row-major order the sum up to and with each, of the type that their sum has; those of floats are
/// gathered in `float64`, whatever their type.
///
/// # Errors
/// A memory error when there is no room.
pub fn running_sum(block: &Block) -> Result<Block> {
    let dtype = Reduction::Sum.result_dtype(block.dtype())?;
    let wide = if dtype.is_float() { DType::F64 } else { dtype };
    let mut sums = astype(block, wide)?.reshaped(&[block.len()])?;
    if wide == DType::F64 {
        let mut sum = 0.0;
        for element in sums.elements_mut::<f64>() {
            sum += *element;
            *element = sum;
        }
    } else {
        let mut sum = 0u64;
        for element in sums.elements_mut::<u64>() {
            sum = sum.wrapping_add(*element);
            *element = sum;
        }
    }
    into_type(sums, dtype)
}
