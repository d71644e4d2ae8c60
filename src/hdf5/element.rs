//! From stored elements to numbers in memory.
//!
//! The type an element gets is the one h5py gives it: integers and bitfields by their size, enums as
//! their base, the two-valued enum FALSE/TRUE as bool, floats as the narrowest of NumPy's types that
//! holds every value.

use super::datatype::{ByteOrder, Class, Datatype, FloatFields};
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};

/// What a dataset's elements are.
#[derive(Clone, Debug, PartialEq)]
pub enum ElementType {
    /// Numbers, of the type they have in memory.
    Numeric(DType),
    /// Anything else, described for its user.
    Other(String),
}

impl ElementType {
    /// What elements of `datatype` are in memory.
    pub fn of(datatype: &Datatype) -> ElementType {
        match Element::of(datatype) {
            Ok(element) => ElementType::Numeric(element.dtype),
            Err(_) => ElementType::Other(datatype.describe()),
        }
    }
}

/// How one stored number becomes one of memory.
#[derive(Clone, Debug, PartialEq)]
enum Decode {
    /// The bytes as they are.
    Copy,
    /// The bytes in reverse order.
    Swap,
    /// A byte that is true unless 0.
    Truth,
    /// An integer in some of the bits.
    Bits { order: ByteOrder, signed: bool, offset: u16, precision: u16 },
    /// A float of another layout than IEEE 754's; its bit fields count from bit 0 of the element.
    Float { order: ByteOrder, fields: FloatFields },
}

/// Reads stored elements of one numeric type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element {
    /// The type in memory.
    pub(super) dtype: DType,
    /// Extents that an array type adds behind the dataset's own.
    pub(super) trailing: Vec<u64>,
    /// Bytes of one stored number.
    pub(super) stored: usize,
    decode: Decode,
}

impl Element {
    /// How to read elements of `datatype`.
    ///
    /// # Errors
    /// A type error for what is not numeric; an unsupported error for numbers no NumPy type holds.
    pub(super) fn of(datatype: &Datatype) -> Result<Element> {
        let stored = datatype.size as usize;
        let element = |dtype, decode| Ok(Element { dtype, trailing: Vec::new(), stored, decode });
        match &datatype.class {
            Class::Integer { order, signed, offset, precision } => {
                element(integer(datatype, *signed)?, integer_decode(stored, *order, *signed, *offset, *precision))
            }
            Class::Bitfield { order, offset, precision } => {
                element(integer(datatype, false)?, integer_decode(stored, *order, false, *offset, *precision))
            }
            Class::Float { order, offset, precision, fields } => {
                let dtype = float(datatype, *precision, fields)?;
                let ieee = *fields == ieee(dtype) && stored == dtype.size() && *offset == 0;
                let decode = match order {
                    ByteOrder::Vax => return Err(unsupported(datatype, "in VAX byte order")),
                    _ if ieee => plain(stored, *order),
                    order => Decode::Float { order: *order, fields: *fields },
                };
                element(dtype, decode)
            }
            Class::Enum { base, members } if is_bool(base, members) => element(DType::Bool, Decode::Truth),
            Class::Enum { base, .. } => Element::of(base),
            Class::Array { dims, base } => {
                let mut inner = Element::of(base)?;
                let mut trailing: Vec<u64> = dims.iter().map(|&extent| extent.into()).collect();
                trailing.append(&mut inner.trailing);
                Ok(Element { trailing, ..inner })
            }
            _ => Err(Error::type_error(format!(
                "its elements are of type {}, which is not numeric; only numbers can be computed with",
                datatype.describe()
            ))),
        }
    }

    /// How to read elements stored exactly as they are in memory.
    pub(super) fn native(dtype: DType) -> Element {
        Element { dtype, trailing: Vec::new(), stored: dtype.size(), decode: Decode::Copy }
    }

    /// How to read elements of `size` bytes as those bytes, whatever they mean.
    pub(super) fn bytes(size: u32) -> Element {
        Element { dtype: DType::U8, trailing: vec![size.into()], stored: 1, decode: Decode::Copy }
    }

    /// How to read complex numbers, whose parts are of type `part`: a trailing axis of real and imaginary part.
    pub(super) fn complex(part: &Datatype) -> Result<Element> {
        Ok(Element { trailing: vec![2], ..Element::of(part)? })
    }

    /// Whether stored bytes are the elements' bytes in memory.
    pub(super) fn is_plain(&self) -> bool {
        self.decode == Decode::Copy
    }

    /// Decodes as many numbers as `stored` holds into `out`, the bytes of the numbers in memory.
    #[cfg_attr(page, optimize(speed))]
    pub(super) fn decode(&self, stored: &[u8], out: &mut [u8]) {
        let width = self.dtype.size();
        debug_assert_eq!(stored.len() / self.stored, out.len() / width);
        match &self.decode {
            Decode::Copy => out.copy_from_slice(stored),
            Decode::Swap => {
                out.copy_from_slice(stored);
                swap(out, width);
            }
            Decode::Truth => out.iter_mut().zip(stored).for_each(|(out, &byte)| *out = u8::from(byte != 0)),
            Decode::Bits { order, signed, offset, precision } => {
                for (out, stored) in out.chunks_exact_mut(width).zip(stored.chunks_exact(self.stored)) {
                    let value = field(word(stored, *order), *offset, *precision);
                    let unused = 64 - u32::from(*precision);
                    let value = if *signed { (((value << unused) as i64) >> unused) as u64 } else { value };
                    put_integer(out, value);
                }
            }
            Decode::Float { order, fields } => {
                for (out, stored) in out.chunks_exact_mut(width).zip(stored.chunks_exact(self.stored)) {
                    put_float(out, self.dtype, float_value(word(stored, *order), fields));
                }
            }
        }
    }

    /// One stored element as a scalar; `None` for an element that is an array of several numbers.
    pub(super) fn scalar(&self, stored: &[u8]) -> Option<Scalar> {
        if stored.len() != self.stored || !self.trailing.is_empty() {
            return None;
        }
        let mut bytes = [0u8; 8];
        let bytes = &mut bytes[..self.dtype.size()];
        self.decode(stored, bytes);
        Some(scalar(self.dtype, bytes))
    }
}

/// One element of `dtype` in memory order.
pub(super) fn scalar(dtype: DType, bytes: &[u8]) -> Scalar {
    match dtype {
        DType::Bool => Scalar::Bool(bytes[0] != 0),
        DType::F16 => Scalar::Float(bytemuck::pod_read_unaligned::<half::f16>(bytes).to_f64()),
        DType::F32 => Scalar::Float(bytemuck::pod_read_unaligned::<f32>(bytes).into()),
        DType::F64 => Scalar::Float(bytemuck::pod_read_unaligned(bytes)),
        DType::I8 => Scalar::Int(bytemuck::pod_read_unaligned::<i8>(bytes).into()),
        DType::I16 => Scalar::Int(bytemuck::pod_read_unaligned::<i16>(bytes).into()),
        DType::I32 => Scalar::Int(bytemuck::pod_read_unaligned::<i32>(bytes).into()),
        DType::I64 => Scalar::Int(bytemuck::pod_read_unaligned(bytes)),
        DType::U8 => Scalar::UInt(bytes[0].into()),
        DType::U16 => Scalar::UInt(bytemuck::pod_read_unaligned::<u16>(bytes).into()),
        DType::U32 => Scalar::UInt(bytemuck::pod_read_unaligned::<u32>(bytes).into()),
        DType::U64 => Scalar::UInt(bytemuck::pod_read_unaligned(bytes)),
    }
}

fn unsupported(datatype: &Datatype, why: &str) -> Error {
    Error::unsupported(format!(
        "its elements are of type {} {why}, which no NumPy type here holds; convert the dataset with h5py to float64 or int64",
        datatype.describe()
    ))
}

fn integer(datatype: &Datatype, signed: bool) -> Result<DType> {
    Ok(match (datatype.size, signed) {
        (1, true) => DType::I8,
        (2, true) => DType::I16,
        (4, true) => DType::I32,
        (8, true) => DType::I64,
        (1, false) => DType::U8,
        (2, false) => DType::U16,
        (4, false) => DType::U32,
        (8, false) => DType::U64,
        _ => return Err(unsupported(datatype, "(neither 1, 2, 4 nor 8 bytes)")),
    })
}

fn integer_decode(size: usize, order: ByteOrder, signed: bool, offset: u16, precision: u16) -> Decode {
    if offset == 0 && usize::from(precision) == size * 8 {
        plain(size, order)
    } else {
        Decode::Bits { order, signed, offset, precision }
    }
}

fn plain(size: usize, order: ByteOrder) -> Decode {
    let native = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
    if size == 1 || order == native {
        Decode::Copy
    } else {
        Decode::Swap
    }
}

/// h5py's rule: exactly FALSE = 0 and TRUE = 1, in one byte.
fn is_bool(base: &Datatype, members: &[(String, Vec<u8>)]) -> bool {
    let named = |name: &str, value: u8| members.iter().any(|(n, bytes)| n == name && *bytes == [value]);
    base.size == 1 && members.len() == 2 && named("FALSE", 0) && named("TRUE", 1)
}

/// IEEE 754's bit fields.
pub(super) fn ieee(dtype: DType) -> FloatFields {
    let (exponent_bits, mantissa_bits) = match dtype {
        DType::F16 => (5, 10),
        DType::F32 => (8, 23),
        _ => (11, 52),
    };
    FloatFields {
        sign: mantissa_bits + exponent_bits,
        exponent: mantissa_bits,
        exponent_bits,
        mantissa: 0,
        mantissa_bits,
        bias: (1 << (exponent_bits - 1)) - 1,
        implied: true,
    }
}

/// The narrowest type that holds every value, by h5py's comparison of mantissa and exponent range.
fn float(datatype: &Datatype, precision: u16, fields: &FloatFields) -> Result<DType> {
    let inside = |position: u8, bits: u8| u64::from(position) + u64::from(bits) <= u64::from(datatype.size) * 8;
    if !inside(fields.sign, 1)
        || !inside(fields.exponent, fields.exponent_bits)
        || !inside(fields.mantissa, fields.mantissa_bits)
        || fields.exponent_bits == 0
        || fields.exponent_bits > 20
        || precision == 0
    {
        return Err(unsupported(datatype, "with bit fields outside the element"));
    }
    if datatype.size > 8 || !fields.implied {
        return Err(unsupported(datatype, "(extended precision)"));
    }
    let highest = (1i64 << fields.exponent_bits) - i64::from(fields.bias) - 1;
    let lowest = 1 - i64::from(fields.bias);
    [(DType::F16, 16, -14), (DType::F32, 128, -126), (DType::F64, 1024, -1022)]
        .into_iter()
        .find(|&(dtype, max, min)| {
            dtype.size() >= datatype.size as usize
                && fields.mantissa_bits <= ieee(dtype).mantissa_bits
                && highest <= max
                && lowest >= min
        })
        .map(|(dtype, _, _)| dtype)
        .ok_or_else(|| unsupported(datatype, "with a wider range or precision than float64"))
}

/// The element's bits as one word.
#[cfg_attr(page, optimize(speed))]
fn word(stored: &[u8], order: ByteOrder) -> u64 {
    let mut bytes = [0u8; 8];
    bytes[..stored.len()].copy_from_slice(stored);
    if order == ByteOrder::Big {
        bytes[..stored.len()].reverse();
    }
    u64::from_le_bytes(bytes)
}

#[cfg_attr(page, optimize(speed))]
fn field(word: u64, position: u16, bits: u16) -> u64 {
    let mask = if bits >= 64 { u64::MAX } else { (1 << bits) - 1 };
    (word >> position) & mask
}

/// The value of a float of any layout with at most 52 stored mantissa bits, without rounding.
#[cfg_attr(page, optimize(speed))]
fn float_value(word: u64, fields: &FloatFields) -> f64 {
    let negative = field(word, fields.sign.into(), 1) == 1;
    let exponent = field(word, fields.exponent.into(), fields.exponent_bits.into());
    let mantissa = field(word, fields.mantissa.into(), fields.mantissa_bits.into());
    let highest = (1u64 << fields.exponent_bits) - 1;
    let scale = -i64::from(fields.mantissa_bits) - i64::from(fields.bias);
    let magnitude = if exponent == highest {
        if mantissa == 0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    } else if exponent == 0 {
        times_power_of_two(mantissa as f64, scale + 1)
    } else {
        times_power_of_two((mantissa | 1 << fields.mantissa_bits) as f64, scale + exponent as i64)
    };
    if negative {
        -magnitude
    } else {
        magnitude
    }
}

/// `value * 2^power` in steps that do not overflow on the way to a representable result.
#[cfg_attr(page, optimize(speed))]
pub(super) fn times_power_of_two(mut value: f64, mut power: i64) -> f64 {
    while power != 0 && value != 0.0 && value.is_finite() {
        let step = power.clamp(-500, 500);
        value *= 2f64.powi(step as i32);
        power -= step;
    }
    value
}

/// Writes `number` as an element of `dtype`; an integer out of its range as the nearest in range.
pub(super) fn put_scalar(out: &mut [u8], dtype: DType, number: Scalar) {
    let integer = match number {
        Scalar::Float(value) => return put_float(out, dtype, value),
        Scalar::Bool(value) => i128::from(value),
        Scalar::Int(value) => value.into(),
        Scalar::UInt(value) => value.into(),
    };
    let bits = 8 * dtype.size() as u32;
    match dtype {
        // Straight to 32 bits: by way of 64 it would be rounded twice.
        DType::F32 => out.copy_from_slice(&(integer as f32).to_ne_bytes()),
        DType::F16 | DType::F64 => put_float(out, dtype, integer as f64),
        DType::Bool => put_integer(out, u64::from(integer != 0)),
        _ if dtype.is_signed_integer() => {
            put_integer(out, integer.clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) as u64);
        }
        _ => put_integer(out, integer.clamp(0, (1 << bits) - 1) as u64),
    }
}

#[cfg_attr(page, optimize(speed))]
fn put_integer(out: &mut [u8], value: u64) {
    match out.len() {
        1 => out.copy_from_slice(&(value as u8).to_ne_bytes()),
        2 => out.copy_from_slice(&(value as u16).to_ne_bytes()),
        4 => out.copy_from_slice(&(value as u32).to_ne_bytes()),
        _ => out.copy_from_slice(&value.to_ne_bytes()),
    }
}

#[cfg_attr(page, optimize(speed))]
fn put_float(out: &mut [u8], dtype: DType, value: f64) {
    match dtype {
        DType::F16 => out.copy_from_slice(&half::f16::from_f64(value).to_ne_bytes()),
        DType::F32 => out.copy_from_slice(&(value as f32).to_ne_bytes()),
        _ => out.copy_from_slice(&value.to_ne_bytes()),
    }
}

/// Reverses the bytes of every `width`-byte element.
#[cfg_attr(page, optimize(speed))]
fn swap(bytes: &mut [u8], width: usize) {
    match width {
        2 => {
            for element in bytes.as_chunks_mut().0 {
                *element = u16::from_ne_bytes(*element).swap_bytes().to_ne_bytes();
            }
        }
        4 => {
            for element in bytes.as_chunks_mut().0 {
                *element = u32::from_ne_bytes(*element).swap_bytes().to_ne_bytes();
            }
        }
        8 => {
            for element in bytes.as_chunks_mut().0 {
                *element = u64::from_ne_bytes(*element).swap_bytes().to_ne_bytes();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::datatype::{Charset, Padding};
    use super::*;

    fn decoded(datatype: &Datatype, stored: &[u8]) -> Scalar {
        Element::of(datatype).unwrap().scalar(stored).unwrap()
    }

    fn integer(size: u32, order: ByteOrder, signed: bool, offset: u16, precision: u16) -> Datatype {
        Datatype { size, class: Class::Integer { order, signed, offset, precision } }
    }

    #[test]
    fn byte_order_is_taken_from_the_type() {
        assert_eq!(decoded(&integer(2, ByteOrder::Big, true, 0, 16), &[0x01, 0x02]), Scalar::Int(0x0102));
        assert_eq!(decoded(&integer(2, ByteOrder::Little, false, 0, 16), &[0x01, 0xff]), Scalar::UInt(0xff01));
    }

    #[test]
    fn an_integer_in_some_of_the_bits_keeps_its_sign_and_drops_the_padding() {
        // 12 bits from bit 4 on: 0xfff is -1, the low 4 bits are padding.
        assert_eq!(decoded(&integer(2, ByteOrder::Little, true, 4, 12), &[0xf5, 0xff]), Scalar::Int(-1));
        assert_eq!(decoded(&integer(2, ByteOrder::Big, false, 4, 12), &[0xff, 0xf5]), Scalar::UInt(0xfff));
    }

    #[test]
    fn bfloat16_becomes_float32_without_rounding() {
        let fields = FloatFields {
            sign: 15,
            exponent: 7,
            exponent_bits: 8,
            mantissa: 0,
            mantissa_bits: 7,
            bias: 127,
            implied: true,
        };
        let class = Class::Float { order: ByteOrder::Little, offset: 0, precision: 16, fields };
        let datatype = Datatype { size: 2, class };
        assert_eq!(Element::of(&datatype).unwrap().dtype, DType::F32);
        for bits in [0x3f80u16, 0xc2f7, 0x0001, 0x7f80, 0x7f7f] {
            let expected = f32::from_bits(u32::from(bits) << 16);
            assert_eq!(decoded(&datatype, &bits.to_le_bytes()), Scalar::Float(expected.into()));
        }
    }

    #[test]
    fn a_float_with_the_layout_of_float64_decodes_to_itself() {
        let fields = FloatFields { bias: 1023, ..ieee(DType::F64) };
        for value in [0.0, -0.0, 1.5, f64::MIN_POSITIVE / 8.0, f64::MAX, f64::INFINITY, -3.25e-300] {
            assert_eq!(float_value(value.to_bits(), &fields).to_bits(), value.to_bits());
        }
    }

    #[test]
    fn vax_order_and_strings_are_refused_by_name() {
        let class = Class::Float { order: ByteOrder::Vax, offset: 0, precision: 64, fields: ieee(DType::F64) };
        let error = Element::of(&Datatype { size: 8, class }).unwrap_err();
        assert!(error.is_unsupported() && error.to_string().contains("VAX"));
        let error = Element::of(&Datatype {
            size: 5,
            class: Class::FixedString { padding: Padding::Nul, charset: Charset::Ascii },
        })
        .unwrap_err();
        assert!(error.to_string().contains("string of 5 bytes"));
    }
}
