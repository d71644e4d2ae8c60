//! Elements of any type as values: what a dataset or attribute holds where it does not hold numbers only.

use super::cursor::Cursor;
use super::datatype::{ByteOrder, Class, Datatype, FloatFields, Padding, ReferenceTo};
use super::element::Element;
use super::file::File;
use super::heap::GlobalHeap;
use crate::dtype::Scalar;
use crate::error::{Error, Result};

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number; an enum's is the number behind its name. A float of more than 64 bits is rounded to the nearest.
    Number(Scalar),
    /// A complex number: real part, imaginary part.
    Complex(f64, f64),
    /// A text's bytes, without what fills it up.
    Text(Vec<u8>),
    /// Bytes without meaning to HDF5.
    Opaque(Vec<u8>),
    /// A reference to an object, or to a dataset some elements of which are meant.
    Reference(Option<Reference>),
    /// A compound's members, an array's elements in row-major order, or a sequence's elements.
    List(Vec<Value>),
}

/// Where a reference leads, which is `None` for a null reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The object's address in the file.
    pub address: u64,
    /// A path to it, where hard links lead to it from the root.
    pub path: Option<String>,
}

/// Bytes of values that are handed out at once: in memory they are many times as large as in the file, and
/// one object of the heap may stand for any number of elements.
const MAX_BYTES: u64 = 64 << 20;

/// Turns stored elements into values.
pub(super) struct Values<'a> {
    file: &'a File,
    heap: GlobalHeap,
    budget: u64,
}

impl<'a> Values<'a> {
    pub(super) fn new(file: &'a File) -> Values<'a> {
        Values { file, heap: GlobalHeap::new(file.bytes(), file.widths()), budget: MAX_BYTES }
    }

    /// The elements of type `datatype` whose bytes `stored` are.
    ///
    /// # Errors
    /// An invalid-file error when a heap lacks what an element refers to; an unsupported error for numbers that no
    /// NumPy type holds; a memory error beyond 64 MiB of values.
    pub(super) fn all(&mut self, datatype: &Datatype, stored: &[u8]) -> Result<Vec<Value>> {
        stored.chunks_exact(datatype.size as usize).map(|element| self.one(datatype, element)).collect()
    }

    fn one(&mut self, datatype: &Datatype, stored: &[u8]) -> Result<Value> {
        self.spend(32)?;
        if let Some(part) = datatype.complex_part() {
            return complex(part, stored);
        }
        match &datatype.class {
            Class::FixedString { padding, .. } => self.text(unpadded(stored, *padding)),
            Class::VariableString { .. } => {
                let bytes = self.heap.sequence(stored, 1)?;
                let len = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
                let text = bytes[..len].to_vec();
                self.spend(len as u64)?;
                Ok(Value::Text(text))
            }
            Class::Opaque { .. } | Class::Time => {
                self.spend(stored.len() as u64)?;
                Ok(Value::Opaque(stored.to_vec()))
            }
            Class::Compound(members) => members
                .iter()
                .map(|member| {
                    let start = member.offset as usize;
                    self.one(&member.datatype, &stored[start..start + member.datatype.size as usize])
                })
                .collect::<Result<_>>()
                .map(Value::List),
            Class::Array { base, .. } => self.all(base, stored).map(Value::List),
            Class::Sequence(base) => {
                let count = Cursor::new(stored).u32()?;
                self.spend(u64::from(count).saturating_mul(32))?;
                let elements = self.heap.sequence(stored, base.size as usize)?.to_vec();
                self.all(base, &elements).map(Value::List)
            }
            Class::Reference(to) => self.reference(*to, stored),
            Class::Float { order, fields, .. } if datatype.size > 8 => {
                wide_float(datatype, *order, fields, stored).map(Value::Number)
            }
            _ => {
                let element = Element::of(datatype)?;
                let number = element.scalar(stored).map(Value::Number);
                number
                    .ok_or_else(|| Error::invalid_file("an element of another size than its type; the file is damaged"))
            }
        }
    }

    fn text(&mut self, bytes: &[u8]) -> Result<Value> {
        self.spend(bytes.len() as u64)?;
        Ok(Value::Text(bytes.to_vec()))
    }

    fn reference(&mut self, to: ReferenceTo, stored: &[u8]) -> Result<Value> {
        let mut cursor = Cursor::new(stored);
        let width = self.file.widths().offset;
        let address = match to {
            ReferenceTo::Object => cursor.address(width)?,
            // The heap's object begins with the dataset's address; the selection follows.
            ReferenceTo::Region => match self.heap.object(&mut cursor)? {
                Some(object) => Cursor::new(object).address(width)?,
                None => None,
            },
            ReferenceTo::Other => {
                return Err(Error::unsupported("references of HDF5 1.12 and later cannot be read, by h5py neither"))
            }
        };
        let address = address.filter(|&address| address != 0);
        Ok(Value::Reference(address.map(|address| Reference { address, path: self.file.path_at(address) })))
    }

    fn spend(&mut self, bytes: u64) -> Result<()> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(|| {
            Error::memory(
                "its values take more than 64 MiB, too much to hand out at once; read a part of it, such as [:1000]",
            )
        })?;
        Ok(())
    }
}

/// A text of fixed length without what fills it up, as NumPy shows it: NULs at the end never count.
fn unpadded(stored: &[u8], padding: Padding) -> &[u8] {
    let end = match padding {
        Padding::NulTerminated => stored.iter().position(|&byte| byte == 0),
        Padding::Nul => Some(stored.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1)),
        Padding::Space => Some(stored.iter().rposition(|&byte| byte != b' ' && byte != 0).map_or(0, |last| last + 1)),
    };
    &stored[..end.unwrap_or(stored.len())]
}

fn complex(part: &Datatype, stored: &[u8]) -> Result<Value> {
    let element = Element::of(part)?;
    let (real, imaginary) = stored.split_at(stored.len() / 2);
    match (element.scalar(real), element.scalar(imaginary)) {
        (Some(real), Some(imaginary)) => Ok(Value::Complex(real.as_f64(), imaginary.as_f64())),
        _ => Err(Error::unsupported("complex numbers of this layout are not known")),
    }
}

/// The nearest float64 of a float of up to 16 bytes, with or without an implied leading bit, such as x86's
/// extended precision (64 explicit bits) and IEEE 754's binary128.
fn wide_float(datatype: &Datatype, order: ByteOrder, fields: &FloatFields, stored: &[u8]) -> Result<Scalar> {
    let bits = u64::from(datatype.size) * 8;
    let inside = |position: u8, len: u8| u64::from(position) + u64::from(len) <= bits;
    let known = datatype.size <= 16
        && order != ByteOrder::Vax
        && inside(fields.sign, 1)
        && inside(fields.exponent, fields.exponent_bits)
        && inside(fields.mantissa, fields.mantissa_bits)
        && (1..=20).contains(&fields.exponent_bits)
        && (1..=120).contains(&fields.mantissa_bits);
    if !known {
        return Err(Error::unsupported(format!("elements of type {} in this layout", datatype.describe())));
    }
    let mut bytes = [0; 16];
    bytes[..stored.len()].copy_from_slice(stored);
    if order == ByteOrder::Big {
        bytes[..stored.len()].reverse();
    }
    let word = u128::from_le_bytes(bytes);
    let field = |position: u8, len: u8| (word >> position) & ((1 << len) - 1);
    let exponent = field(fields.exponent, fields.exponent_bits) as i64;
    let mantissa = field(fields.mantissa, fields.mantissa_bits);
    let highest = (1i64 << fields.exponent_bits) - 1;
    let explicit = i64::from(!fields.implied);
    let scale = explicit - i64::from(fields.mantissa_bits) - i64::from(fields.bias);
    // An explicit leading bit says nothing about infinity.
    let fraction = if fields.implied { mantissa } else { mantissa & ((1 << (fields.mantissa_bits - 1)) - 1) };
    let magnitude = if exponent == highest {
        if fraction == 0 {
            f64::INFINITY
        } else {
            f64::NAN
        }
    } else if exponent == 0 {
        super::element::times_power_of_two(mantissa as f64, scale + 1)
    } else {
        let leading = if fields.implied { 1 << fields.mantissa_bits } else { 0 };
        super::element::times_power_of_two((mantissa | leading) as f64, scale + exponent)
    };
    Ok(Scalar::Float(if field(fields.sign, 1) == 1 { -magnitude } else { magnitude }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_padding_ends_a_text_in_its_own_way() {
        assert_eq!(unpadded(b"ab\0cd\0", Padding::NulTerminated), b"ab");
        assert_eq!(unpadded(b"ab\0cd\0", Padding::Nul), b"ab\0cd");
        assert_eq!(unpadded(b"a b   ", Padding::Space), b"a b");
        assert_eq!(unpadded(b"full", Padding::NulTerminated), b"full");
        assert_eq!(unpadded(b"\0\0", Padding::Nul), b"");
    }

    #[test]
    fn extended_precision_becomes_the_nearest_float64() {
        let fields = FloatFields {
            sign: 79,
            exponent: 64,
            exponent_bits: 15,
            mantissa: 0,
            mantissa_bits: 64,
            bias: 16383,
            implied: false,
        };
        let class = Class::Float { order: ByteOrder::Little, offset: 0, precision: 80, fields };
        let datatype = Datatype { size: 16, class };
        let number = |bits: u128| wide_float(&datatype, ByteOrder::Little, &fields, &bits.to_le_bytes()).unwrap();
        let exponent = |power: i64| ((16383 + power) as u128) << 64;
        assert_eq!(number(exponent(0) | 1 << 63), Scalar::Float(1.0));
        assert_eq!(number(1 << 79 | exponent(1) | 3 << 62), Scalar::Float(-3.0));
        assert_eq!(number(0), Scalar::Float(0.0));
        assert_eq!(number(exponent(16384) | 1 << 63), Scalar::Float(f64::INFINITY));
        // The last 11 of 64 bits are rounded away, to even.
        assert_eq!(number(exponent(0) | 1 << 63 | 1 << 10), Scalar::Float(1.0));
        assert_eq!(number(exponent(0) | 1 << 63 | 3 << 10), Scalar::Float(1.0 + 2.0 * f64::EPSILON));
    }
}
