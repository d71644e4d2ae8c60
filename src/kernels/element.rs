//! Element types as the kernels see them, and the casts between them.

use crate::dtype::DType;
use crate::with_type;
use half::f16;

/// A type that elements have in memory, with NumPy's casts to every other.
///
/// Integers wrap when narrowed and floats round to nearest, as in C. A float that does not fit an
/// integer type has no value in C; here it becomes what NumPy gives on x86-64, on every machine:
/// see [`Element::to_i32`] and [`Element::to_i64`].
pub trait Element: bytemuck::Pod + PartialOrd + Send + Sync {
    /// Whether the type is one of integers.
    const IS_INTEGER: bool;
    /// Whether the value is not a number; false for integers.
    fn is_nan(self) -> bool;
    /// Whether the value counts as true.
    fn is_true(self) -> bool;
    /// As `int8`, by way of `int32`.
    fn to_i8(self) -> i8;
    /// As `int16`, by way of `int32`.
    fn to_i16(self) -> i16;
    /// As `int32`; a float outside the range, or NaN, becomes the lowest `int32`.
    fn to_i32(self) -> i32;
    /// As `int64`; a float outside the range, or NaN, becomes the lowest `int64`.
    fn to_i64(self) -> i64;
    /// As `uint8`, by way of `int32`.
    fn to_u8(self) -> u8;
    /// As `uint16`, by way of `int32`.
    fn to_u16(self) -> u16;
    /// As `uint32`; a negative float wraps by way of `int32` (`float16` by way of `int64`).
    fn to_u32(self) -> u32;
    /// As `uint64`; a negative float wraps by way of `int64`.
    fn to_u64(self) -> u64;
    /// As `float16`; integers by way of `float32`.
    fn to_f16(self) -> f16;
    /// As `float32`.
    fn to_f32(self) -> f32;
    /// As `float64`.
    fn to_f64(self) -> f64;
    /// The cast from any other type.
    fn cast_from<S: Element>(value: S) -> Self;
}

macro_rules! integer_element {
    ($($T:ident $to:ident)*) => {$(
        impl Element for $T {
            const IS_INTEGER: bool = true;
            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }
            #[inline(always)]
            fn is_true(self) -> bool {
                self != 0
            }
            integer_element!(@as to_i8 i8, to_i16 i16, to_i32 i32, to_i64 i64, to_u8 u8, to_u16 u16, to_u32 u32,
                to_u64 u64, to_f32 f32, to_f64 f64);
            #[inline(always)]
            fn to_f16(self) -> f16 {
                f16::from_f32(self as f32)
            }
            #[inline(always)]
            fn cast_from<S: Element>(value: S) -> $T {
                value.$to()
            }
        }
    )*};
    (@as $($name:ident $U:ident),*) => {$(
        #[inline(always)]
        fn $name(self) -> $U {
            self as $U
        }
    )*};
}

integer_element! {
    i8 to_i8
    i16 to_i16
    i32 to_i32
    i64 to_i64
    u8 to_u8
    u16 to_u16
    u32 to_u32
    u64 to_u64
}

/// Rounds to `float16` once. By way of `float32` a tie could be rounded twice, unless the first
/// rounding goes to the odd neighbour, which remembers that something was cut off.
fn narrow_to_f16(x: f64) -> f16 {
    let near = x as f32;
    let back = f64::from(near);
    let exact = back == x || near.is_infinite() || near.is_nan();
    if exact || near.to_bits() & 1 == 1 {
        return f16::from_f32(near);
    }
    let odd = if back.abs() > x.abs() { near.to_bits() - 1 } else { near.to_bits() + 1 };
    f16::from_f32(f32::from_bits(odd))
}

/// The cast to `uint32` that compilers make of two vector casts to `int32`.
#[inline(always)]
fn float_to_u32(x: f64) -> u32 {
    if x >= TWO_TO_31 {
        (x - TWO_TO_31).to_i32() as u32 ^ (1 << 31)
    } else {
        x.to_i32() as u32
    }
}

const TWO_TO_31: f64 = 2_147_483_648.0;
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

macro_rules! float_element {
    ($T:ident, $to:ident, $value:ident => $wide:expr, $to_u32:expr, $to_f16:expr, $to_f32:expr) => {
        impl Element for $T {
            const IS_INTEGER: bool = false;
            #[inline(always)]
            fn is_nan(self) -> bool {
                $T::is_nan(self)
            }
            #[inline(always)]
            fn is_true(self) -> bool {
                self.to_f64() != 0.0
            }
            #[inline(always)]
            fn to_i8(self) -> i8 {
                self.to_i32() as i8
            }
            #[inline(always)]
            fn to_i16(self) -> i16 {
                self.to_i32() as i16
            }
            #[inline(always)]
            fn to_i32(self) -> i32 {
                let x = self.to_f64();
                if x > -2_147_483_649.0 && x < 2_147_483_648.0 {
                    x as i32
                } else {
                    i32::MIN
                }
            }
            #[inline(always)]
            fn to_i64(self) -> i64 {
                let x = self.to_f64();
                if (-TWO_TO_63..TWO_TO_63).contains(&x) {
                    x as i64
                } else {
                    i64::MIN
                }
            }
            #[inline(always)]
            fn to_u8(self) -> u8 {
                self.to_i32() as u8
            }
            #[inline(always)]
            fn to_u16(self) -> u16 {
                self.to_i32() as u16
            }
            #[inline(always)]
            fn to_u32(self) -> u32 {
                let $value = self;
                $to_u32
            }
            #[inline(always)]
            fn to_u64(self) -> u64 {
                let x = self.to_f64();
                if x >= TWO_TO_63 {
                    (x - TWO_TO_63).to_i64() as u64 ^ (1 << 63)
                } else {
                    x.to_i64() as u64
                }
            }
            #[inline(always)]
            fn to_f16(self) -> f16 {
                let $value = self;
                $to_f16
            }
            #[inline(always)]
            fn to_f32(self) -> f32 {
                let $value = self;
                $to_f32
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                let $value = self;
                $wide
            }
            #[inline(always)]
            fn cast_from<S: Element>(value: S) -> $T {
                value.$to()
            }
        }
    };
}

float_element!(f16, to_f16, x => f64::from(x), x.to_i64() as u32, x, f32::from(x));
float_element!(f32, to_f32, x => f64::from(x), float_to_u32(x.into()), f16::from_f32(x), x);
float_element!(f64, to_f64, x => x, float_to_u32(x), narrow_to_f16(x), x as f32);

/// Casts every element of the one into the other, which is as long; both as bytes.
pub(crate) type Cast = fn(&[u8], &mut [u8]);

/// The cast of elements of type `from` to `to`.
pub(crate) fn cast_loop(from: DType, to: DType) -> Cast {
    with_type!(from, S => if to == DType::Bool { truth::<S> } else { with_type!(to, T => cast::<S, T>) })
}

#[cfg_attr(page, optimize(speed))]
fn truth<S: Element>(source: &[u8], target: &mut [u8]) {
    for (to, &from) in target.iter_mut().zip(bytemuck::cast_slice::<u8, S>(source)) {
        *to = u8::from(from.is_true());
    }
}

#[cfg_attr(page, optimize(speed))]
fn cast<S: Element, T: Element>(source: &[u8], target: &mut [u8]) {
    let target: &mut [T] = bytemuck::cast_slice_mut(target);
    for (to, &from) in target.iter_mut().zip(bytemuck::cast_slice::<u8, S>(source)) {
        *to = T::cast_from(from);
    }
}
