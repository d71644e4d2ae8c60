//! Elementwise arithmetic on arrays in memory, in strips that stay in L1.

use super::operand::{broadcast_shape, broadcast_strides, resolve_binary, resolve_unary, Operand, Resolved};
use crate::block::{fill, Block};
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::kernels::element::{cast_loop, Cast, Element};
use crate::kernels::elementwise::{BinaryOp, UnaryOp};
use crate::kernels::strided::{with_bits, Walk};
use crate::kernels::{comparison_loop, mixed_comparison_loop, predicate_loop, Arithmetic, Binary, Unary};
use crate::with_type;
use rayon::prelude::*;

/// [`with_type!`] over the types that arithmetic is done in: `float16` is computed in `float32`.
macro_rules! with_arithmetic {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::F16 => unreachable!("float16 is computed in float32"),
            DType::Bool | DType::U8 => with_arithmetic!(@ $T u8 $body),
            DType::I8 => with_arithmetic!(@ $T i8 $body),
            DType::I16 => with_arithmetic!(@ $T i16 $body),
            DType::I32 => with_arithmetic!(@ $T i32 $body),
            DType::I64 => with_arithmetic!(@ $T i64 $body),
            DType::U16 => with_arithmetic!(@ $T u16 $body),
            DType::U32 => with_arithmetic!(@ $T u32 $body),
            DType::U64 => with_arithmetic!(@ $T u64 $body),
            DType::F32 => with_arithmetic!(@ $T f32 $body),
            DType::F64 => with_arithmetic!(@ $T f64 $body),
        }
    };
    (@ $T:ident $Type:ident $body:expr) => {{
        type $T = $Type;
        $body
    }};
}

/// Elements of a strip: three strips of 8-byte elements take half of a 32 KiB L1 cache.
const STRIP: usize = 512;

/// A number as an array without axes of `dtype`.
///
/// # Errors
/// In NumPy's words, an overflow error when a Python integer does not fit, and a value error when a NaN is to be an
/// integer.
pub(crate) fn scalar_block(scalar: Scalar, dtype: DType) -> Result<Block> {
    check_range(scalar, dtype)?;
    let natural = match scalar {
        Scalar::Bool(value) => Block::from_elements(DType::Bool, &[], &[u8::from(value)])?,
        Scalar::Int(value) => Block::from_elements(DType::I64, &[], &[value])?,
        Scalar::UInt(value) => Block::from_elements(DType::U64, &[], &[value])?,
        Scalar::Float(value) => Block::from_elements(DType::F64, &[], &[value])?,
    };
    astype(&natural, dtype)
}

fn check_range(scalar: Scalar, dtype: DType) -> Result<()> {
    let value = match scalar {
        Scalar::Int(value) => i128::from(value),
        Scalar::UInt(value) => i128::from(value),
        Scalar::Bool(_) => return Ok(()),
        Scalar::Float(_) if dtype == DType::Bool || dtype.is_float() => return Ok(()),
        Scalar::Float(value) if value.is_nan() => return Err(Error::value("cannot convert float NaN to integer")),
        Scalar::Float(value) if value.is_infinite() => {
            return Err(Error::value("cannot convert float infinity to integer"));
        }
        Scalar::Float(value) => value as i128,
    };
    let bits = dtype.size() * 8;
    let fits = if dtype.is_signed_integer() {
        (-(1i128 << (bits - 1))..1i128 << (bits - 1)).contains(&value)
    } else if dtype.is_unsigned_integer() {
        (0..1i128 << bits).contains(&value)
    } else {
        true
    };
    if fits {
        Ok(())
    } else {
        Err(Error::overflow(format!("Python integer {value} out of bounds for {dtype}")))
    }
}

/// The elements of `block` as `dtype`, cast as NumPy's `astype` does.
///
/// # Errors
/// A memory error when there is no room for the result.
pub fn astype(block: &Block, dtype: DType) -> Result<Block> {
    if block.dtype() == dtype {
        return block.try_clone();
    }
    let mut cast = Block::unspecified(dtype, block.shape())?;
    cast_loop(block.dtype(), dtype)(block.bytes(), cast.bytes_mut());
    Ok(cast)
}

/// One input of a strip loop: its elements, broadcast over the result, cast strip by strip when need be.
struct Input<'a> {
    block: &'a Block,
    /// How elements become those of the type that is computed in; `None` for those that have it.
    cast: Option<Cast>,
    /// Bytes of an element that is computed with.
    size: usize,
    /// Elements of the block that do not lie side by side in it.
    gathered: [u64; STRIP],
    /// Elements to compute with.
    scratch: [u64; STRIP],
    /// Which element all of `scratch` repeats, if it does.
    repeats: Option<usize>,
}

impl<'a> Input<'a> {
    fn new(block: &'a Block, compute: DType) -> Input<'a> {
        let cast = (block.dtype() != compute).then(|| cast_loop(block.dtype(), compute));
        Input { block, cast, size: compute.size(), gathered: [0; STRIP], scratch: [0; STRIP], repeats: None }
    }

    /// `count` elements from `offset` by `stride`, which is 0 or 1 in most strips.
    #[cfg_attr(page, optimize(speed))]
    fn strip(&mut self, offset: usize, stride: isize, count: usize) -> &[u8] {
        let size = self.block.dtype().size();
        let scratch = &mut bytemuck::cast_slice_mut(&mut self.scratch)[..count * self.size];
        // Repeated elements are put there as far as the longest strip goes, which is the first.
        if stride == 0 && self.repeats == Some(offset) {
            return scratch;
        }
        self.repeats = (stride == 0).then_some(offset);
        let side_by_side = if stride == 1 {
            &self.block.bytes()[offset * size..][..count * size]
        } else {
            with_bits!(size, S => {
                let source = self.block.elements::<S>();
                let target: &mut [S] = bytemuck::cast_slice_mut(&mut self.gathered);
                match stride {
                    0 => fill(&mut target[..count], source[offset]),
                    _ => for (i, to) in target[..count].iter_mut().enumerate() {
                        *to = source[offset.wrapping_add_signed(i as isize * stride)];
                    },
                }
            });
            &bytemuck::cast_slice(&self.gathered)[..count * size]
        };
        match self.cast {
            None if stride == 1 => return side_by_side,
            None => scratch.copy_from_slice(side_by_side),
            Some(cast) => cast(side_by_side, scratch),
        }
        scratch
    }
}

/// Elements of a part that a thread of the pool computes: so many that it does not matter that it was woken for them.
const PART: usize = 64 * STRIP;

/// Whether `bytes` of elements of `size` bytes are for all threads of the pool: where there are parts enough, but not on one
/// of them, since a task has its thread.
fn is_for_all_threads(bytes: usize, size: usize) -> bool {
    bytes >= 4 * PART * size && rayon::current_thread_index().is_none()
}

/// Calls `compute` with the number of the first element of each part of `out`, whose elements have `size` bytes, and the
/// part, on as many threads as [`is_for_all_threads`] says.
fn in_parts(out: &mut [u8], size: usize, compute: impl Fn(usize, &mut [u8]) + Sync) {
    if is_for_all_threads(out.len(), size) {
        out.par_chunks_mut(PART * size).enumerate().for_each(|(part, out)| compute(part * PART, out));
    } else {
        compute(0, out);
    }
}

/// Runs `kernel` over two inputs broadcast to the shape of `out`.
#[cfg_attr(page, optimize(speed))]
fn zip_strips(
    (left, left_type): (&Block, DType),
    (right, right_type): (&Block, DType),
    out: &mut Block,
    kernel: Binary,
) {
    let shape = out.shape().to_vec();
    let strides = |block: &Block| broadcast_strides(block.shape(), &shape).expect("the shapes were broadcast before");
    let own = crate::kernels::strided::row_major_strides(&shape);
    let walk = Walk::new(&shape, [&own, &strides(left), &strides(right)]);
    let [_, left_stride, right_stride] = walk.run_strides();
    let size = out.dtype().size();
    let out = out.bytes_mut();
    let run = walk.run();
    let strides = [left_stride, right_stride];
    // What is cleared for an input takes longer than a short run.
    let inputs = || [Input::new(left, left_type), Input::new(right, right_type)];
    if !is_for_all_threads(run * size, size) {
        let mut inputs = inputs();
        walk.for_each_run(|[to, from_left, from_right]| {
            let out = &mut out[to as usize * size..][..run * size];
            strips(&mut inputs, strides, [from_left, from_right], out, size, kernel);
        });
        return;
    }
    walk.for_each_run(|[to, from_left, from_right]| {
        in_parts(&mut out[to as usize * size..][..run * size], size, |first, out| {
            let from = [from_left + first as isize * left_stride, from_right + first as isize * right_stride];
            strips(&mut inputs(), strides, from, out, size, kernel);
        });
    });
}

/// Runs `kernel` over a run of two inputs, which begin at `from`, strip by strip.
#[inline(always)]
#[cfg_attr(page, optimize(speed))]
fn strips(
    [left, right]: &mut [Input; 2],
    strides: [isize; 2],
    from: [isize; 2],
    out: &mut [u8],
    size: usize,
    kernel: Binary,
) {
    let mut done = 0;
    while done * size < out.len() {
        let count = STRIP.min(out.len() / size - done);
        let at = |input: usize| (from[input] + done as isize * strides[input]) as usize;
        let a = left.strip(at(0), strides[0], count);
        let b = right.strip(at(1), strides[1], count);
        kernel(a, b, &mut out[done * size..][..count * size]);
        done += count;
    }
}

/// Bitwise arithmetic that stands for arithmetic on 0 and 1, which is what `bool` has.
fn boolean_op(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Add | BinaryOp::Maximum => BinaryOp::BitwiseOr,
        BinaryOp::Multiply | BinaryOp::Minimum => BinaryOp::BitwiseAnd,
        _ => op,
    }
}

fn no_loop(name: &str, dtype: DType) -> Error {
    Error::internal(format!("{name} has no loop for {dtype}"))
}

/// `op` on every pair of elements, broadcast and promoted as NumPy 2 does.
///
/// # Errors
/// A value error when the shapes do not broadcast or an integer is raised to a negative power; an overflow error when a
/// number does not fit; a type error when the operation does not take these types.
pub fn binary(op: BinaryOp, left: &Operand, right: &Operand) -> Result<Block> {
    let Resolved { inputs: (left_type, right_type), compute, result, mixed } =
        resolve_binary(op, left.operand_type(), right.operand_type())?;
    if let (BinaryOp::Power, Operand::Block(base), Operand::Scalar(exponent)) = (op, left, right) {
        if let Some(power) = simple_power(base, exponent.as_f64(), result)? {
            return Ok(power);
        }
    }
    let (left_number, right_number) = (number(left, left_type)?, number(right, right_type)?);
    let left = left_number.as_ref().unwrap_or_else(|| block(left));
    let right = right_number.as_ref().unwrap_or_else(|| block(right));
    if op == BinaryOp::Power && compute.is_signed_integer() && has_negative(right) {
        return Err(Error::value("Integers to negative integer powers are not allowed."));
    }
    let shape = broadcast_shape(left.shape(), right.shape())?;
    if mixed {
        return compare_mixed(op, left, right, &shape);
    }
    if result == DType::Bool && !bitwise(op) {
        let mut out = Block::unspecified(DType::Bool, &shape)?;
        let kernel = with_type!(compute, T => comparison_loop::<T>(op)).ok_or_else(|| no_loop(op.name(), compute))?;
        zip_strips((left, compute), (right, compute), &mut out, kernel);
        return Ok(out);
    }
    let op = if compute == DType::Bool { boolean_op(op) } else { op };
    let mut out = Block::unspecified(compute, &shape)?;
    let kernel = with_arithmetic!(compute, T => T::binary(op)).ok_or_else(|| no_loop(op.name(), compute))?;
    zip_strips((left, compute), (right, compute), &mut out, kernel);
    into_type(out, result)
}

/// A number as an array of the type it takes; `None` for an operand that is an array already.
fn number(operand: &Operand, dtype: DType) -> Result<Option<Block>> {
    match operand {
        Operand::Block(_) => Ok(None),
        Operand::Scalar(scalar) => scalar_block(*scalar, dtype).map(Some),
    }
}

/// The array that an operand is.
fn block<'a>(operand: &Operand<'a>) -> &'a Block {
    match operand {
        Operand::Block(block) => block,
        Operand::Scalar(_) => unreachable!("numbers were made arrays before"),
    }
}

/// Whether `op` on `bool` is one of those that give `bool` by arithmetic rather than by comparing.
fn bitwise(op: BinaryOp) -> bool {
    !op.is_comparison() && !matches!(op, BinaryOp::LogicalAnd | BinaryOp::LogicalOr)
}

/// The elements of `block` as `dtype`; those that are of it already stay where they are.
pub(super) fn into_type(block: Block, dtype: DType) -> Result<Block> {
    if block.dtype() == dtype {
        Ok(block)
    } else {
        astype(&block, dtype)
    }
}

/// The powers that NumPy computes without `pow` when the exponent is a Python number.
fn simple_power(base: &Block, exponent: f64, result: DType) -> Result<Option<Block>> {
    if !result.is_float() {
        return Ok(None);
    }
    let base = into_type(base.clone(), result)?;
    if exponent == 2.0 {
        unary(UnaryOp::Square, &base).map(Some)
    } else if exponent == 0.5 {
        unary(UnaryOp::Sqrt, &base).map(Some)
    } else if exponent == -1.0 {
        binary(BinaryOp::Divide, &Operand::Scalar(Scalar::Float(1.0)), &Operand::Block(&base)).map(Some)
    } else {
        Ok(None)
    }
}

#[cfg_attr(page, optimize(speed))]
fn has_negative(exponents: &Block) -> bool {
    with_type!(exponents.dtype(), T => exponents.elements::<T>().iter().any(|&e| e.to_f64() < 0.0))
}

#[cfg_attr(page, optimize(speed))]
fn compare_mixed(op: BinaryOp, left: &Block, right: &Block, shape: &[usize]) -> Result<Block> {
    let mut out = Block::zeros(DType::Bool, shape)?;
    // The signed operand goes first, so the comparison is mirrored when it was the second.
    let (signed, unsigned, op) =
        if left.dtype().is_signed_integer() { (left, right, op) } else { (right, left, mirrored(op)) };
    let kernel = mixed_comparison_loop(op).ok_or_else(|| no_loop(op.name(), DType::I64))?;
    zip_strips((signed, DType::I64), (unsigned, DType::U64), &mut out, kernel);
    Ok(out)
}

/// The comparison that holds for `(b, a)` where `op` holds for `(a, b)`.
fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        _ => op,
    }
}

/// `op` on every element, promoted as NumPy 2 does.
///
/// # Errors
/// A type error when the operation does not take the type.
pub fn unary(op: UnaryOp, input: &Block) -> Result<Block> {
    let Resolved { compute, result, .. } = resolve_unary(op, input.dtype())?;
    let op = if (op, compute) == (UnaryOp::Invert, DType::Bool) { UnaryOp::LogicalNot } else { op };
    if matches!(op, UnaryOp::IsNan | UnaryOp::IsInf | UnaryOp::IsFinite | UnaryOp::LogicalNot) {
        let mut out = Block::unspecified(DType::Bool, input.shape())?;
        let kernel = with_type!(compute, T => predicate_loop::<T>(op)).ok_or_else(|| no_loop(op.name(), compute))?;
        map_strips(input, compute, &mut out, kernel);
        return Ok(out);
    }
    let mut out = Block::unspecified(compute, input.shape())?;
    let kernel = with_arithmetic!(compute, T => T::unary(op)).ok_or_else(|| no_loop(op.name(), compute))?;
    map_strips(input, compute, &mut out, kernel);
    into_type(out, result)
}

/// Runs `kernel` over every element of `input`.
#[cfg_attr(page, optimize(speed))]
fn map_strips(input: &Block, compute: DType, out: &mut Block, kernel: Unary) {
    let size = out.dtype().size();
    in_parts(out.bytes_mut(), size, |first, out| {
        let mut input = Input::new(input, compute);
        for (strip, out) in out.chunks_mut(STRIP * size).enumerate() {
            kernel(input.strip(first + strip * STRIP, 1, out.len() / size), out);
        }
    });
}
