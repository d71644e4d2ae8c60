//! What an operation's inputs are and which type its result has: NumPy 2's promotion (NEP 50).

use crate::block::{shape_text, Block};
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::kernels::elementwise::{BinaryOp, UnaryOp};

/// An input of an operation.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// An array.
    Block(&'a Block),
    /// A Python number, which takes the other operand's type where its kind allows.
    Scalar(Scalar),
}

impl Operand<'_> {
    /// What promotion needs to know of it.
    pub fn operand_type(&self) -> OperandType {
        match self {
            Operand::Block(block) => OperandType::Array(block.dtype()),
            Operand::Scalar(scalar) => OperandType::Scalar(*scalar),
        }
    }

    /// Its shape; a number has none.
    pub fn shape(&self) -> &[usize] {
        match self {
            Operand::Block(block) => block.shape(),
            Operand::Scalar(_) => &[],
        }
    }
}

/// What promotion needs to know of an input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OperandType {
    /// An array of this element type.
    Array(DType),
    /// A Python number.
    Scalar(Scalar),
}

/// Which type an operation is computed in and which it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// What each operand is: an array's own type, or the one a Python number takes.
    pub(crate) inputs: (DType, DType),
    /// Both operands are cast to this first.
    pub(crate) compute: DType,
    /// The type of the result.
    pub(crate) result: DType,
    /// Signed and unsigned 64-bit integers are compared as they are.
    pub(crate) mixed: bool,
}

/// The smallest type that holds every value of both, as NumPy's `result_type` has it.
pub fn promote(left: DType, right: DType) -> DType {
    use DType::*;
    if left == right {
        return left;
    }
    let (low, high) = if rank(left) <= rank(right) { (left, right) } else { (right, left) };
    match (low, high) {
        (Bool, other) => other,
        (F16 | F32 | F64, _) => high,
        (_, F16 | F32 | F64) => promote(holding_float(low), high),
        (signed, unsigned) if signed.is_signed_integer() && unsigned.is_unsigned_integer() => mix(signed, unsigned),
        _ => high,
    }
}

/// Order of kinds (bool, signed, unsigned, float), and of sizes within one.
fn rank(dtype: DType) -> usize {
    DType::ALL.iter().position(|&other| other == dtype).expect("every type is listed")
}

/// The smallest float that holds every value of an integer type, or nearly so for 64 bits.
fn holding_float(integer: DType) -> DType {
    match integer.size() {
        1 => DType::F16,
        2 => DType::F32,
        _ => DType::F64,
    }
}

/// The smallest type that holds a signed and an unsigned type.
fn mix(signed: DType, unsigned: DType) -> DType {
    match unsigned.size().max(signed.size() / 2) {
        1 => DType::I16,
        2 => DType::I32,
        4 => DType::I64,
        _ => DType::F64,
    }
}

/// The type that mathematical functions give for an input: floats their own, integers one that holds them.
fn float_for(dtype: DType) -> DType {
    if dtype.is_float() {
        dtype
    } else {
        holding_float(dtype)
    }
}

/// The type a Python number has by itself.
pub(crate) fn scalar_type(scalar: Scalar) -> DType {
    match scalar {
        Scalar::Bool(_) => DType::Bool,
        Scalar::Int(_) => DType::I64,
        Scalar::UInt(value) if value <= i64::MAX as u64 => DType::I64,
        Scalar::UInt(_) => DType::U64,
        Scalar::Float(_) => DType::F64,
    }
}

/// The type a Python number takes next to an array of `other`.
fn weak_type(scalar: Scalar, other: DType) -> DType {
    match scalar {
        Scalar::Bool(_) => other,
        Scalar::Int(_) | Scalar::UInt(_) if other == DType::Bool => scalar_type(scalar),
        Scalar::Int(_) | Scalar::UInt(_) => other,
        Scalar::Float(_) if other.is_float() => other,
        Scalar::Float(_) => DType::F64,
    }
}

/// The types both operands have once numbers have taken theirs.
fn settled(op: BinaryOp, left: OperandType, right: OperandType) -> Result<(DType, DType)> {
    use OperandType::{Array, Scalar};
    let against = |scalar, other: DType| {
        if other == DType::Bool && scalar_type(scalar) == DType::U64 && op != BinaryOp::Divide {
            return Err(Error::value("Python int too large to convert to C long"));
        }
        // An integer that does not fit the array's type can still be compared with it, or be a quotient's part.
        Ok(match op {
            _ if other.is_float() => weak_type(scalar, other),
            _ if op.is_comparison() => scalar_type(scalar),
            BinaryOp::Divide => DType::F64,
            _ => weak_type(scalar, other),
        })
    };
    Ok(match (left, right) {
        (Array(left), Array(right)) => (left, right),
        (Array(left), Scalar(right)) => (left, against(right, left)?),
        (Scalar(left), Array(right)) => (against(left, right)?, right),
        (Scalar(left), Scalar(right)) => (scalar_type(left), scalar_type(right)),
    })
}

/// The types in which `op` is computed.
pub(crate) fn resolve_binary(op: BinaryOp, left: OperandType, right: OperandType) -> Result<Resolved> {
    use BinaryOp::*;
    let (left, right) = settled(op, left, right)?;
    let common = promote(left, right);
    let integers = !left.is_float() && !right.is_float();
    let (compute, result) = match op {
        Add | Multiply | Minimum | Maximum => (common, common),
        Subtract if common == DType::Bool => {
            return Err(Error::type_error(
                "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, \
                 or the logical_xor function instead.",
            ));
        }
        Subtract => (common, common),
        Divide if integers => (DType::F64, DType::F64),
        Divide => (common, common),
        FloorDivide | Remainder | Power if common == DType::Bool => (DType::I8, DType::I8),
        FloorDivide | Remainder | Power => (common, common),
        Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => {
            if integers && common == DType::F64 {
                return Ok(Resolved { inputs: (left, right), compute: common, result: DType::Bool, mixed: true });
            }
            (common, DType::Bool)
        }
        LogicalAnd | LogicalOr => (common, DType::Bool),
        BitwiseAnd | BitwiseOr | BitwiseXor if common.is_float() => return Err(unsupported_types(op.name())),
        BitwiseAnd | BitwiseOr | BitwiseXor => (common, common),
        Hypot | Arctan2 => {
            let float = promote(float_for(left), float_for(right));
            (float, float)
        }
    };
    Ok(Resolved { inputs: (left, right), compute: widened(compute), result, mixed: false })
}

/// `float16` has no arithmetic of its own; NumPy computes it in `float32` and rounds.
fn widened(compute: DType) -> DType {
    if compute == DType::F16 {
        DType::F32
    } else {
        compute
    }
}

fn unsupported_types(name: &str) -> Error {
    Error::type_error(format!(
        "ufunc '{name}' not supported for the input types, and the inputs could not be safely coerced to any \
         supported types according to the casting rule ''safe''"
    ))
}

/// The types in which `op` is computed.
pub(crate) fn resolve_unary(op: UnaryOp, input: DType) -> Result<Resolved> {
    use UnaryOp::*;
    let (compute, result) = match op {
        Negative if input == DType::Bool => {
            return Err(Error::type_error(
                "The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the \
                 logical_not function instead.",
            ));
        }
        Sign if input == DType::Bool => return Err(unsupported_types(op.name())),
        Square if input == DType::Bool => (DType::I8, DType::I8),
        Negative | Absolute | Square | Sign | Floor | Ceil | Trunc => (input, input),
        Sqrt | Exp | Log | Log2 | Log10 | Sin | Cos | Tan | Arcsin | Arccos | Arctan | Sinh | Cosh | Tanh | Rint => {
            (float_for(input), float_for(input))
        }
        IsNan | IsInf | IsFinite | LogicalNot => (input, DType::Bool),
        Invert if input.is_float() => return Err(unsupported_types(op.name())),
        Invert => (input, input),
    };
    Ok(Resolved { inputs: (input, input), compute: widened(compute), result, mixed: false })
}

/// The element type of `op`'s result.
///
/// # Errors
/// A type error, in NumPy's words, when the operation does not take these types.
pub fn binary_type(op: BinaryOp, left: OperandType, right: OperandType) -> Result<DType> {
    resolve_binary(op, left, right).map(|resolved| resolved.result)
}

/// The element type of `op`'s result.
///
/// # Errors
/// A type error, in NumPy's words, when the operation does not take this type.
pub fn unary_type(op: UnaryOp, input: DType) -> Result<DType> {
    resolve_unary(op, input).map(|resolved| resolved.result)
}

/// The shape that two shapes broadcast to.
///
/// # Errors
/// A value error, in NumPy's words, when they do not.
pub fn broadcast_shape(left: &[usize], right: &[usize]) -> Result<Vec<usize>> {
    let rank = left.len().max(right.len());
    let extent = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |own| shape[own]);
    (0..rank)
        .map(|axis| match (extent(left, axis), extent(right, axis)) {
            (a, b) if a == b || b == 1 => Ok(a),
            (1, b) => Ok(b),
            _ => Err(Error::value(format!(
                "operands could not be broadcast together with shapes {} {} ",
                tight(left),
                tight(right)
            ))),
        })
        .collect()
}

/// A shape as NumPy's C code prints it: without spaces.
pub(crate) fn tight(shape: &[usize]) -> String {
    shape_text(shape).replace(' ', "")
}

/// The strides by which a row-major array of shape `own` is repeated over `shape`; `None` when it cannot be.
pub(crate) fn broadcast_strides(own: &[usize], shape: &[usize]) -> Option<Vec<isize>> {
    let missing = shape.len().checked_sub(own.len())?;
    let strides = crate::kernels::strided::row_major_strides(own);
    let mut repeated = vec![0; missing];
    for (axis, &stride) in strides.iter().enumerate() {
        repeated.push(match own[axis] {
            extent if extent == shape[missing + axis] => stride,
            1 => 0,
            _ => return None,
        });
    }
    Some(repeated)
}
