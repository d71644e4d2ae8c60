//! Elementwise loops over slices of one type, chosen once per block.

use super::element::Element;
use super::elementwise::{BinaryOp, UnaryOp};
use super::exp::exp;
use bytemuck::Pod;

/// A loop over two inputs: elements of one type each, as bytes, so that whoever calls it is compiled once and not once
/// for each type.
pub(crate) type Binary = fn(&[u8], &[u8], &mut [u8]);

/// A loop over one input.
pub(crate) type Unary = fn(&[u8], &mut [u8]);

/// `f` of each pair of elements. Not inlined into who calls it: that is compiled for size.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn zip<A: Pod, B: Pod, O: Pod>(left: &[u8], right: &[u8], out: &mut [u8], f: impl Fn(A, B) -> O) {
    let (left, right): (&[A], &[B]) = (bytemuck::cast_slice(left), bytemuck::cast_slice(right));
    for ((o, &a), &b) in bytemuck::cast_slice_mut::<u8, O>(out).iter_mut().zip(left).zip(right) {
        *o = f(a, b);
    }
}

/// `f` of each element; see [`zip`].
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(super) fn map<T: Pod, O: Pod>(values: &[u8], out: &mut [u8], f: impl Fn(T) -> O) {
    for (o, &a) in bytemuck::cast_slice_mut::<u8, O>(out).iter_mut().zip(bytemuck::cast_slice::<u8, T>(values)) {
        *o = f(a);
    }
}

/// A loop for one operation on elements of these types, written once per type by monomorphisation of `f`.
macro_rules! zip {
    ($A:ty, $B:ty, $O:ty: $f:expr) => {
        |left, right, out| zip::<$A, $B, $O>(left, right, out, $f)
    };
}

macro_rules! map {
    ($T:ty, $O:ty: $f:expr) => {
        |values, out| map::<$T, $O>(values, out, $f)
    };
}

/// A type that arithmetic is done in; `float16` and `bool` are computed in another.
pub trait Arithmetic: Element {
    /// The loop of a binary operation that gives its own type; `None` where NumPy has none.
    fn binary(op: BinaryOp) -> Option<Binary>;
    /// The loop of a unary operation that gives its own type; `None` where NumPy has none.
    fn unary(op: UnaryOp) -> Option<Unary>;
}

/// The loop for a comparison or logical operation, which gives 0 or 1.
pub(crate) fn comparison_loop<T: Element>(op: BinaryOp) -> Option<Binary> {
    let kernel: Binary = match op {
        BinaryOp::Equal => zip!(T, T, u8: |a, b| u8::from(a == b)),
        BinaryOp::NotEqual => zip!(T, T, u8: |a, b| u8::from(a != b)),
        BinaryOp::Less => zip!(T, T, u8: |a, b| u8::from(a < b)),
        BinaryOp::LessEqual => zip!(T, T, u8: |a, b| u8::from(a <= b)),
        BinaryOp::Greater => zip!(T, T, u8: |a, b| u8::from(a > b)),
        BinaryOp::GreaterEqual => zip!(T, T, u8: |a, b| u8::from(a >= b)),
        BinaryOp::LogicalAnd => zip!(T, T, u8: |a: T, b: T| u8::from(a.is_true() & b.is_true())),
        BinaryOp::LogicalOr => zip!(T, T, u8: |a: T, b: T| u8::from(a.is_true() | b.is_true())),
        _ => return None,
    };
    Some(kernel)
}

/// The loop that compares signed with unsigned 64-bit integers exactly; no integer type holds both.
pub(crate) fn mixed_comparison_loop(op: BinaryOp) -> Option<Binary> {
    let kernel: Binary = match op {
        BinaryOp::Equal => zip!(i64, u64, u8: |a, b| u8::from(i128::from(a) == i128::from(b))),
        BinaryOp::NotEqual => zip!(i64, u64, u8: |a, b| u8::from(i128::from(a) != i128::from(b))),
        BinaryOp::Less => zip!(i64, u64, u8: |a, b| u8::from(i128::from(a) < i128::from(b))),
        BinaryOp::LessEqual => zip!(i64, u64, u8: |a, b| u8::from(i128::from(a) <= i128::from(b))),
        BinaryOp::Greater => zip!(i64, u64, u8: |a, b| u8::from(i128::from(a) > i128::from(b))),
        BinaryOp::GreaterEqual => zip!(i64, u64, u8: |a, b| u8::from(i128::from(a) >= i128::from(b))),
        _ => return None,
    };
    Some(kernel)
}

/// The loop of a question asked of every element, which gives 0 or 1.
pub(crate) fn predicate_loop<T: Element>(op: UnaryOp) -> Option<Unary> {
    let kernel: Unary = match op {
        UnaryOp::IsNan => map!(T, u8: |a: T| u8::from(a.is_nan())),
        UnaryOp::IsInf => map!(T, u8: |a: T| u8::from(a.to_f64().is_infinite())),
        UnaryOp::IsFinite => map!(T, u8: |a: T| u8::from(a.to_f64().is_finite())),
        UnaryOp::LogicalNot => map!(T, u8: |a: T| u8::from(!a.is_true())),
        _ => return None,
    };
    Some(kernel)
}

/// `base` to the power `exponent`, wrapping, by squaring.
macro_rules! integer_power {
    ($base:expr, $exponent:expr) => {{
        let (mut base, mut exponent) = ($base, $exponent);
        let mut power = 1;
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = base.wrapping_mul(power);
            }
            base = base.wrapping_mul(base);
            exponent >>= 1;
        }
        power
    }};
}

macro_rules! integer_arithmetic {
    ($($T:ident: $absolute:expr, $sign:expr, $floor_divide:expr, $remainder:expr;)*) => {$(
        impl Arithmetic for $T {
            fn binary(op: BinaryOp) -> Option<Binary> {
                let kernel: Binary = match op {
                    BinaryOp::Add => zip!($T, $T, $T: $T::wrapping_add),
                    BinaryOp::Subtract => zip!($T, $T, $T: $T::wrapping_sub),
                    BinaryOp::Multiply => zip!($T, $T, $T: $T::wrapping_mul),
                    BinaryOp::FloorDivide => zip!($T, $T, $T: $floor_divide),
                    BinaryOp::Remainder => zip!($T, $T, $T: $remainder),
                    BinaryOp::Power => zip!($T, $T, $T: |base: $T, exponent: $T| integer_power!(base, exponent)),
                    BinaryOp::Minimum => zip!($T, $T, $T: Ord::min),
                    BinaryOp::Maximum => zip!($T, $T, $T: Ord::max),
                    BinaryOp::BitwiseAnd => zip!($T, $T, $T: |a: $T, b: $T| a & b),
                    BinaryOp::BitwiseOr => zip!($T, $T, $T: |a: $T, b: $T| a | b),
                    BinaryOp::BitwiseXor => zip!($T, $T, $T: |a: $T, b: $T| a ^ b),
                    _ => return None,
                };
                Some(kernel)
            }

            fn unary(op: UnaryOp) -> Option<Unary> {
                let kernel: Unary = match op {
                    UnaryOp::Negative => map!($T, $T: $T::wrapping_neg),
                    UnaryOp::Absolute => map!($T, $T: $absolute),
                    UnaryOp::Square => map!($T, $T: |a: $T| a.wrapping_mul(a)),
                    UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc => map!($T, $T: |a: $T| a),
                    UnaryOp::Invert => map!($T, $T: |a: $T| !a),
                    UnaryOp::Sign => map!($T, $T: $sign),
                    _ => return None,
                };
                Some(kernel)
            }
        }
    )*};
}

macro_rules! signed_arithmetic {
    ($($T:ident)*) => {
        integer_arithmetic! {$(
            $T: $T::wrapping_abs, $T::signum,
            |a: $T, b: $T| {
                if b == 0 {
                    return 0;
                }
                let quotient = a.wrapping_div(b);
                quotient - $T::from(a.wrapping_rem(b) != 0 && (a < 0) != (b < 0))
            },
            |a: $T, b: $T| {
                if b == 0 {
                    return 0;
                }
                let remainder = a.wrapping_rem(b);
                if remainder != 0 && (a < 0) != (b < 0) { remainder + b } else { remainder }
            };
        )*}
    };
}

macro_rules! unsigned_arithmetic {
    ($($T:ident)*) => {
        integer_arithmetic! {$(
            $T: |a: $T| a, |a: $T| $T::from(a != 0),
            |a: $T, b: $T| a.checked_div(b).unwrap_or(0),
            |a: $T, b: $T| a.checked_rem(b).unwrap_or(0);
        )*}
    };
}

signed_arithmetic!(i8 i16 i32 i64);
unsigned_arithmetic!(u8 u16 u32 u64);

/// The cube, for the exponent that is the most common of those that are no matter of one operation: a sixth of the time
/// that `powf` takes, and as exact. `None` where a part of it would be too large or too small for a float.
///
/// Products and what they lose to rounding by Dekker 1971, "A floating-point technique for extending the available
/// precision", without which the cube would be off in its last place one time in three.
#[inline(always)]
fn cube(base: f64) -> Option<f64> {
    let product = |a: f64, b: f64| {
        let halves = |x: f64| {
            let high = x * 134_217_729.0;
            let high = high - (high - x);
            (high, x - high)
        };
        let (product, (a, a_low), (b, b_low)) = (a * b, halves(a), halves(b));
        (product, ((a * b - product) + a * b_low + a_low * b) + a_low * b_low)
    };
    if !(1e-80..1e80).contains(&base.abs()) {
        return None;
    }
    let (square, square_lost) = product(base, base);
    let (cube, lost) = product(square, base);
    Some(cube + (lost + square_lost * base))
}

macro_rules! float_arithmetic {
    ($($T:ident)*) => {$(
        impl Arithmetic for $T {
            fn binary(op: BinaryOp) -> Option<Binary> {
                let kernel: Binary = match op {
                    BinaryOp::Add => zip!($T, $T, $T: |a: $T, b: $T| a + b),
                    BinaryOp::Subtract => zip!($T, $T, $T: |a: $T, b: $T| a - b),
                    BinaryOp::Multiply => zip!($T, $T, $T: |a: $T, b: $T| a * b),
                    BinaryOp::Divide => zip!($T, $T, $T: |a: $T, b: $T| a / b),
                    BinaryOp::FloorDivide => zip!($T, $T, $T: |a: $T, b: $T| {
                        if b == 0.0 {
                            return a / b;
                        }
                        let remainder = a % b;
                        let mut quotient = (a - remainder) / b;
                        if remainder != 0.0 && (b < 0.0) != (remainder < 0.0) {
                            quotient -= 1.0;
                        }
                        if quotient == 0.0 {
                            return (0.0 as $T).copysign(a / b);
                        }
                        let floor = quotient.floor();
                        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
                    }),
                    BinaryOp::Remainder => zip!($T, $T, $T: |a: $T, b: $T| {
                        let remainder = a % b;
                        if b == 0.0 {
                            remainder
                        } else if remainder == 0.0 {
                            (0.0 as $T).copysign(b)
                        } else if (b < 0.0) != (remainder < 0.0) {
                            remainder + b
                        } else {
                            remainder
                        }
                    }),
                    BinaryOp::Power => zip!($T, $T, $T: |base: $T, exponent: $T| {
                        if exponent == 3.0 { cube(base.into()).map_or_else(|| base.powf(exponent), |cube| cube as $T) } else { base.powf(exponent) }
                    }),
                    BinaryOp::Minimum => zip!($T, $T, $T: |a: $T, b: $T| if a < b || a.is_nan() { a } else { b }),
                    BinaryOp::Maximum => zip!($T, $T, $T: |a: $T, b: $T| if a > b || a.is_nan() { a } else { b }),
                    BinaryOp::Hypot => zip!($T, $T, $T: $T::hypot),
                    BinaryOp::Arctan2 => zip!($T, $T, $T: $T::atan2),
                    _ => return None,
                };
                Some(kernel)
            }

            fn unary(op: UnaryOp) -> Option<Unary> {
                let kernel: Unary = match op {
                    UnaryOp::Negative => map!($T, $T: |a: $T| -a),
                    UnaryOp::Absolute => map!($T, $T: $T::abs),
                    UnaryOp::Sqrt => map!($T, $T: $T::sqrt),
                    UnaryOp::Square => map!($T, $T: |a: $T| a * a),
                    UnaryOp::Exp => exp::<$T>,
                    UnaryOp::Log => map!($T, $T: $T::ln),
                    UnaryOp::Log2 => map!($T, $T: $T::log2),
                    UnaryOp::Log10 => map!($T, $T: $T::log10),
                    UnaryOp::Sin => map!($T, $T: $T::sin),
                    UnaryOp::Cos => map!($T, $T: $T::cos),
                    UnaryOp::Tan => map!($T, $T: $T::tan),
                    UnaryOp::Arcsin => map!($T, $T: $T::asin),
                    UnaryOp::Arccos => map!($T, $T: $T::acos),
                    UnaryOp::Arctan => map!($T, $T: $T::atan),
                    UnaryOp::Sinh => map!($T, $T: $T::sinh),
                    UnaryOp::Cosh => map!($T, $T: $T::cosh),
                    UnaryOp::Tanh => map!($T, $T: $T::tanh),
                    UnaryOp::Floor => map!($T, $T: $T::floor),
                    UnaryOp::Ceil => map!($T, $T: $T::ceil),
                    UnaryOp::Rint => map!($T, $T: $T::round_ties_even),
                    UnaryOp::Trunc => map!($T, $T: $T::trunc),
                    UnaryOp::Sign => map!($T, $T: |a: $T| {
                        if a > 0.0 {
                            1.0
                        } else if a < 0.0 {
                            -1.0
                        } else {
                            // Zero of either sign, or NaN.
                            a + 0.0
                        }
                    }),
                    _ => return None,
                };
                Some(kernel)
            }
        }
    )*};
}

float_arithmetic!(f32 f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cube_is_the_float_nearest_to_it_or_left_to_the_power() {
        let mut state = 1u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Of 40 bits, so that the cube is an integer of 120.
            let base = (state >> 24) as i64 - (1 << 39);
            let exact = i128::from(base).pow(3);
            assert_eq!(cube(base as f64), Some(exact as f64), "{base}");
        }
        for outside in [0.0, -0.0, 1e-81, 1e80, -1e300, f64::INFINITY, f64::NAN, 5e-324] {
            assert_eq!(cube(outside), None, "{outside}");
        }
    }
}
