//! Elementwise loops over slices of one type, chosen once per block.

use super::element::Element;
use super::elementwise::{BinaryOp, UnaryOp};

type Binary<A, B, O> = fn(&[A], &[B], &mut [O]);
type Unary<T, O> = fn(&[T], &mut [O]);

/// A loop for one operation, written once per element type by monomorphisation of `f`.
macro_rules! zip {
    ($f:expr) => {
        |left, right, out| {
            for ((o, &a), &b) in out.iter_mut().zip(left).zip(right) {
                *o = $f(a, b);
            }
        }
    };
}

macro_rules! map {
    ($f:expr) => {
        |values, out| {
            for (o, &a) in out.iter_mut().zip(values) {
                *o = $f(a);
            }
        }
    };
}

/// A type that arithmetic is done in; `float16` and `bool` are computed in another.
pub trait Arithmetic: Element {
    /// The loop of a binary operation that gives its own type; `None` where NumPy has none.
    fn binary(op: BinaryOp) -> Option<Binary<Self, Self, Self>>;
    /// The loop of a unary operation that gives its own type; `None` where NumPy has none.
    fn unary(op: UnaryOp) -> Option<Unary<Self, Self>>;
}

/// The loop for `op` on elements of `T` that gives elements of `T`.
pub(crate) fn binary_loop<T: Arithmetic>(op: BinaryOp) -> Option<Binary<T, T, T>> {
    T::binary(op)
}

/// The loop for `op` on elements of `T` that gives elements of `T`.
pub(crate) fn unary_loop<T: Arithmetic>(op: UnaryOp) -> Option<Unary<T, T>> {
    T::unary(op)
}

/// The loop for a comparison or logical operation, which gives 0 or 1.
pub(crate) fn comparison_loop<T: Element>(op: BinaryOp) -> Option<Binary<T, T, u8>> {
    let kernel: Binary<T, T, u8> = match op {
        BinaryOp::Equal => zip!(|a, b| u8::from(a == b)),
        BinaryOp::NotEqual => zip!(|a, b| u8::from(a != b)),
        BinaryOp::Less => zip!(|a, b| u8::from(a < b)),
        BinaryOp::LessEqual => zip!(|a, b| u8::from(a <= b)),
        BinaryOp::Greater => zip!(|a, b| u8::from(a > b)),
        BinaryOp::GreaterEqual => zip!(|a, b| u8::from(a >= b)),
        BinaryOp::LogicalAnd => zip!(|a: T, b: T| u8::from(a.is_true() & b.is_true())),
        BinaryOp::LogicalOr => zip!(|a: T, b: T| u8::from(a.is_true() | b.is_true())),
        _ => return None,
    };
    Some(kernel)
}

/// The loop that compares signed with unsigned 64-bit integers exactly; no integer type holds both.
pub(crate) fn mixed_comparison_loop(op: BinaryOp) -> Option<Binary<i64, u64, u8>> {
    let kernel: Binary<i64, u64, u8> = match op {
        BinaryOp::Equal => zip!(|a, b| u8::from(i128::from(a) == i128::from(b))),
        BinaryOp::NotEqual => zip!(|a, b| u8::from(i128::from(a) != i128::from(b))),
        BinaryOp::Less => zip!(|a, b| u8::from(i128::from(a) < i128::from(b))),
        BinaryOp::LessEqual => zip!(|a, b| u8::from(i128::from(a) <= i128::from(b))),
        BinaryOp::Greater => zip!(|a, b| u8::from(i128::from(a) > i128::from(b))),
        BinaryOp::GreaterEqual => zip!(|a, b| u8::from(i128::from(a) >= i128::from(b))),
        _ => return None,
    };
    Some(kernel)
}

/// The loop of a question asked of every element, which gives 0 or 1.
pub(crate) fn predicate_loop<T: Element>(op: UnaryOp) -> Option<Unary<T, u8>> {
    let kernel: Unary<T, u8> = match op {
        UnaryOp::IsNan => map!(|a: T| u8::from(a.is_nan())),
        UnaryOp::IsInf => map!(|a: T| u8::from(a.to_f64().is_infinite())),
        UnaryOp::IsFinite => map!(|a: T| u8::from(a.to_f64().is_finite())),
        UnaryOp::LogicalNot => map!(|a: T| u8::from(!a.is_true())),
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
            fn binary(op: BinaryOp) -> Option<Binary<$T, $T, $T>> {
                let kernel: Binary<$T, $T, $T> = match op {
                    BinaryOp::Add => zip!($T::wrapping_add),
                    BinaryOp::Subtract => zip!($T::wrapping_sub),
                    BinaryOp::Multiply => zip!($T::wrapping_mul),
                    BinaryOp::FloorDivide => zip!($floor_divide),
                    BinaryOp::Remainder => zip!($remainder),
                    BinaryOp::Power => zip!(|base: $T, exponent: $T| integer_power!(base, exponent)),
                    BinaryOp::Minimum => zip!(Ord::min),
                    BinaryOp::Maximum => zip!(Ord::max),
                    BinaryOp::BitwiseAnd => zip!(|a: $T, b: $T| a & b),
                    BinaryOp::BitwiseOr => zip!(|a: $T, b: $T| a | b),
                    BinaryOp::BitwiseXor => zip!(|a: $T, b: $T| a ^ b),
                    _ => return None,
                };
                Some(kernel)
            }

            fn unary(op: UnaryOp) -> Option<Unary<$T, $T>> {
                let kernel: Unary<$T, $T> = match op {
                    UnaryOp::Negative => map!($T::wrapping_neg),
                    UnaryOp::Absolute => map!($absolute),
                    UnaryOp::Square => map!(|a: $T| a.wrapping_mul(a)),
                    UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc => map!(|a: $T| a),
                    UnaryOp::Invert => map!(|a: $T| !a),
                    UnaryOp::Sign => map!($sign),
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

macro_rules! float_arithmetic {
    ($($T:ident)*) => {$(
        impl Arithmetic for $T {
            fn binary(op: BinaryOp) -> Option<Binary<$T, $T, $T>> {
                let kernel: Binary<$T, $T, $T> = match op {
                    BinaryOp::Add => zip!(|a: $T, b: $T| a + b),
                    BinaryOp::Subtract => zip!(|a: $T, b: $T| a - b),
                    BinaryOp::Multiply => zip!(|a: $T, b: $T| a * b),
                    BinaryOp::Divide => zip!(|a: $T, b: $T| a / b),
                    BinaryOp::FloorDivide => zip!(|a: $T, b: $T| {
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
                    BinaryOp::Remainder => zip!(|a: $T, b: $T| {
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
                    BinaryOp::Power => zip!($T::powf),
                    BinaryOp::Minimum => zip!(|a: $T, b: $T| if a < b || a.is_nan() { a } else { b }),
                    BinaryOp::Maximum => zip!(|a: $T, b: $T| if a > b || a.is_nan() { a } else { b }),
                    BinaryOp::Hypot => zip!($T::hypot),
                    BinaryOp::Arctan2 => zip!($T::atan2),
                    _ => return None,
                };
                Some(kernel)
            }

            fn unary(op: UnaryOp) -> Option<Unary<$T, $T>> {
                let kernel: Unary<$T, $T> = match op {
                    UnaryOp::Negative => map!(|a: $T| -a),
                    UnaryOp::Absolute => map!($T::abs),
                    UnaryOp::Sqrt => map!($T::sqrt),
                    UnaryOp::Square => map!(|a: $T| a * a),
                    UnaryOp::Exp => map!($T::exp),
                    UnaryOp::Log => map!($T::ln),
                    UnaryOp::Log2 => map!($T::log2),
                    UnaryOp::Log10 => map!($T::log10),
                    UnaryOp::Sin => map!($T::sin),
                    UnaryOp::Cos => map!($T::cos),
                    UnaryOp::Tan => map!($T::tan),
                    UnaryOp::Arcsin => map!($T::asin),
                    UnaryOp::Arccos => map!($T::acos),
                    UnaryOp::Arctan => map!($T::atan),
                    UnaryOp::Sinh => map!($T::sinh),
                    UnaryOp::Cosh => map!($T::cosh),
                    UnaryOp::Tanh => map!($T::tanh),
                    UnaryOp::Floor => map!($T::floor),
                    UnaryOp::Ceil => map!($T::ceil),
                    UnaryOp::Rint => map!($T::round_ties_even),
                    UnaryOp::Trunc => map!($T::trunc),
                    UnaryOp::Sign => map!(|a: $T| {
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
