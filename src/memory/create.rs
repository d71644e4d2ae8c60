//! New arrays.

use super::compute::scalar_block;
use super::operand::scalar_type;
use crate::block::{fill, Block};
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::kernels::element::Element;
use crate::kernels::strided::with_bits;
use crate::with_type;

/// An array with every element `value`.
///
/// # Errors
/// A memory error when there is no room; a value error when the value does not fit the type.
pub fn full(shape: &[usize], dtype: DType, value: Scalar) -> Result<Block> {
    let value = scalar_block(value, dtype)?;
    let mut block = Block::zeros(dtype, shape)?;
    with_bits!(dtype.size(), T => fill(block.elements_mut::<T>(), value.elements::<T>()[0]));
    Ok(block)
}

/// `numpy.arange`: from `start` up to, not including, `stop`. Without a `dtype`, the one its numbers have.
///
/// # Errors
/// A value error when `step` is zero or the length is not a number that memory can hold.
pub fn arange(start: Scalar, stop: Scalar, step: Scalar, dtype: Option<DType>) -> Result<Block> {
    let natural = [start, stop, step].into_iter().map(scalar_type).fold(DType::I64, super::operand::promote);
    let dtype = dtype.unwrap_or(natural);
    let length = arange_length(start, stop, step)?;
    let mut block = Block::zeros(dtype, &[length])?;
    // As NumPy: the first two elements in the type itself, the rest by their difference.
    with_type!(dtype, T => {
        let (first, second) = match natural {
            DType::F64 => {
                let (start, step) = (start.as_f64(), step.as_f64());
                (T::cast_from(start), T::cast_from(start + step))
            }
            _ => {
                let (start, step) = (wrapped(start), wrapped(step));
                (T::cast_from(start), T::cast_from(start.wrapping_add(step)))
            }
        };
        fill_arithmetic(block.elements_mut::<T>(), dtype, first, second);
    });
    Ok(block)
}

#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn fill_arithmetic<T: Element>(elements: &mut [T], dtype: DType, first: T, second: T) {
    match dtype {
        DType::F64 => {
            let (start, delta) = (first.to_f64(), second.to_f64() - first.to_f64());
            for (i, element) in elements.iter_mut().enumerate() {
                *element = T::cast_from(start + i as f64 * delta);
            }
        }
        DType::F32 | DType::F16 => {
            let (start, delta) = (first.to_f32(), second.to_f32() - first.to_f32());
            for (i, element) in elements.iter_mut().enumerate() {
                *element = T::cast_from(start + i as f32 * delta);
            }
        }
        _ => {
            let (start, delta) = (first.to_i64(), second.to_i64().wrapping_sub(first.to_i64()));
            for (i, element) in elements.iter_mut().enumerate() {
                *element = T::cast_from(start.wrapping_add((i as i64).wrapping_mul(delta)));
            }
        }
    }
}

fn wrapped(scalar: Scalar) -> i64 {
    match scalar {
        Scalar::Bool(value) => i64::from(value),
        Scalar::Int(value) => value,
        Scalar::UInt(value) => value as i64,
        Scalar::Float(value) => value.to_i64(),
    }
}

fn arange_length(start: Scalar, stop: Scalar, step: Scalar) -> Result<usize> {
    if step.as_f64() == 0.0 {
        return Err(Error::value("arange: the step must not be zero"));
    }
    let integer = |scalar| match scalar {
        Scalar::Bool(value) => Some(i128::from(value)),
        Scalar::Int(value) => Some(i128::from(value)),
        Scalar::UInt(value) => Some(i128::from(value)),
        Scalar::Float(_) => None,
    };
    let length = match (integer(start), integer(stop), integer(step)) {
        (Some(start), Some(stop), Some(step)) => {
            let span = if step > 0 { stop - start } else { start - stop };
            let step = step.abs();
            usize::try_from(((span + step - 1).div_euclid(step)).max(0)).ok()
        }
        _ => {
            let length = ((stop.as_f64() - start.as_f64()) / step.as_f64()).ceil();
            if length.is_nan() {
                return Err(Error::value("arange: cannot compute length"));
            }
            (length < usize::MAX as f64).then_some(length.max(0.0) as usize)
        }
    };
    length.ok_or_else(|| Error::value("Maximum allowed size exceeded"))
}

/// `numpy.linspace`: `count` numbers evenly spaced from `start` to `stop`, which is the last one if `endpoint`.
///
/// # Errors
/// A memory error when there is no room.
pub fn linspace(start: f64, stop: f64, count: usize, endpoint: bool) -> Result<Block> {
    let mut block = Block::zeros(DType::F64, &[count])?;
    let elements = block.elements_mut::<f64>();
    let divisions = if endpoint { count.saturating_sub(1) } else { count };
    let delta = stop - start;
    let step = delta / divisions as f64;
    for (i, element) in elements.iter_mut().enumerate() {
        let along = match divisions {
            0 => i as f64 * delta,
            _ if step == 0.0 => i as f64 / divisions as f64 * delta,
            _ => i as f64 * step,
        };
        *element = along + start;
    }
    if endpoint && count > 1 {
        elements[count - 1] = stop;
    }
    Ok(block)
}
