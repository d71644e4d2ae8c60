//! Datatype messages, bit for bit (HDF5 File Format Specification 3.0, IV.A.2.d).
//!
//! Every field that decides a value is kept: byte order, bit offset, precision, a float's layout.

use super::cursor::{text, Cursor};
use super::element::Element;
use crate::dtype::Scalar;
use crate::error::{Error, Result};

/// How the bytes of one number are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
    /// VAX floating-point order.
    Vax,
}

/// The bit fields of a floating-point type, positions counted from the least significant bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloatFields {
    /// Position of the sign bit.
    pub sign: u8,
    /// Position of the exponent.
    pub exponent: u8,
    /// Bits of the exponent.
    pub exponent_bits: u8,
    /// Position of the mantissa.
    pub mantissa: u8,
    /// Bits of the mantissa as stored.
    pub mantissa_bits: u8,
    /// Exponent bias.
    pub bias: u32,
    /// Whether a leading mantissa bit of 1 is implied and not stored.
    pub implied: bool,
}

/// One member of a compound type.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The member's name.
    pub name: String,
    /// Where it starts in the element.
    pub offset: u32,
    /// Its type.
    pub datatype: Datatype,
}

/// What fills a text of fixed length behind its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// A NUL ends the text; what follows it means nothing.
    NulTerminated,
    /// NULs up to the end.
    Nul,
    /// Spaces up to the end, as Fortran does.
    Space,
}

/// How the bytes of a text are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// ASCII, or what a program wrote in its stead.
    Ascii,
    /// UTF-8.
    Utf8,
}

/// What a reference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceTo {
    /// An object, by its address (`H5R_OBJECT1`).
    Object,
    /// Some elements of a dataset (`H5R_DATASET_REGION1`).
    Region,
    /// One of the kinds that HDF5 1.12 added, which h5py does not read.
    Other,
}

/// What an element is.
#[derive(Clone, Debug, PartialEq)]
pub enum Class {
    /// An integer.
    Integer {
        /// Order of its bytes.
        order: ByteOrder,
        /// Two's complement when true.
        signed: bool,
        /// Lowest significant bit.
        offset: u16,
        /// Number of significant bits.
        precision: u16,
    },
    /// A floating-point number.
    Float {
        /// Order of its bytes.
        order: ByteOrder,
        /// Lowest significant bit.
        offset: u16,
        /// Number of significant bits.
        precision: u16,
        /// Its bit fields.
        fields: FloatFields,
    },
    /// A point in time, a class the format has given up.
    Time,
    /// A text of fixed length in bytes.
    FixedString {
        /// What fills it up.
        padding: Padding,
        /// How it is encoded.
        charset: Charset,
    },
    /// A field of bits.
    Bitfield {
        /// Order of its bytes.
        order: ByteOrder,
        /// Lowest significant bit.
        offset: u16,
        /// Number of significant bits.
        precision: u16,
    },
    /// Bytes without meaning to HDF5; `tag` says what they are.
    Opaque {
        /// The type's description.
        tag: String,
    },
    /// Named members.
    Compound(Vec<Member>),
    /// A reference to an object or to a region of one.
    Reference(ReferenceTo),
    /// Names for the values of an integer type.
    Enum {
        /// The integer type.
        base: Box<Datatype>,
        /// Each name with its value's bytes as `base` stores them.
        members: Vec<(String, Vec<u8>)>,
    },
    /// A text of any length, in the global heap.
    VariableString {
        /// How it is encoded.
        charset: Charset,
    },
    /// A sequence of any length, in the global heap.
    Sequence(Box<Datatype>),
    /// An array of fixed shape.
    Array {
        /// Its shape.
        dims: Vec<u32>,
        /// Type of its elements.
        base: Box<Datatype>,
    },
    /// A complex number: real part, then imaginary part.
    Complex(Box<Datatype>),
}

/// The type of a dataset's or attribute's elements, as the file stores them.
#[derive(Clone, Debug, PartialEq)]
pub struct Datatype {
    /// Bytes of one element.
    pub size: u32,
    /// What it is.
    pub class: Class,
}

/// Nesting beyond which a datatype is not believed.
const MAX_DEPTH: u32 = 32;

impl Datatype {
    /// Parses a datatype message.
    pub(super) fn parse(body: &[u8]) -> Result<Datatype> {
        Datatype::parse_from(&mut Cursor::new(body), 0)
    }

    fn parse_from(cursor: &mut Cursor, depth: u32) -> Result<Datatype> {
        if depth > MAX_DEPTH {
            return Err(Error::invalid_file("datatype nested more than 32 deep; the file is damaged"));
        }
        let head = cursor.u32()?;
        let (class, version, flags) = (head & 0x0f, (head >> 4) & 0x0f, head >> 8);
        let size = cursor.u32()?;
        if size == 0 {
            return Err(Error::invalid_file("datatype of size 0; the file is damaged"));
        }
        let class = match class {
            0 => {
                let (offset, precision) = bits(cursor, size)?;
                Class::Integer { order: order(flags & 1 != 0), signed: flags & 0x08 != 0, offset, precision }
            }
            1 => float(cursor, flags, size)?,
            2 => {
                cursor.skip(2)?;
                Class::Time
            }
            3 => Class::FixedString {
                padding: match flags & 0x0f {
                    0 => Padding::NulTerminated,
                    1 => Padding::Nul,
                    2 => Padding::Space,
                    other => return Err(Error::unsupported(format!("string padding {other} is not known"))),
                },
                charset: charset(flags >> 4)?,
            },
            4 => {
                let (offset, precision) = bits(cursor, size)?;
                Class::Bitfield { order: order(flags & 1 != 0), offset, precision }
            }
            5 => {
                let tag = cursor.bytes((flags & 0xff) as usize)?;
                Class::Opaque { tag: text(tag.split(|&byte| byte == 0).next().unwrap_or_default()) }
            }
            6 => compound(cursor, flags, size, version, depth)?,
            7 => Class::Reference(match flags & 0x0f {
                0 => ReferenceTo::Object,
                1 => ReferenceTo::Region,
                _ => ReferenceTo::Other,
            }),
            8 => enumeration(cursor, flags, version, depth)?,
            9 => {
                let base = Datatype::parse_from(cursor, depth + 1)?;
                match flags & 0x0f {
                    0 => Class::Sequence(Box::new(base)),
                    1 => Class::VariableString { charset: charset(flags >> 8)? },
                    other => return Err(Error::unsupported(format!("variable-length type {other} is not known"))),
                }
            }
            10 => array(cursor, size, version, depth)?,
            11 => Class::Complex(Box::new(Datatype::parse_from(cursor, depth + 1)?)),
            other => return Err(Error::unsupported(format!("datatype class {other} is not known"))),
        };
        Ok(Datatype { size, class })
    }

    /// The type of the two parts, where an element is a complex number: of HDF5's own class, or a compound of
    /// a real member `r` and an imaginary member `i` of one type, as h5py writes it.
    pub fn complex_part(&self) -> Option<&Datatype> {
        match &self.class {
            Class::Complex(part) => {
                let fits = u64::from(self.size) == 2 * u64::from(part.size);
                (fits && matches!(part.class, Class::Float { .. })).then_some(part)
            }
            Class::Compound(members) => match members.as_slice() {
                [real, imaginary]
                    if real.name == "r"
                        && imaginary.name == "i"
                        && real.datatype == imaginary.datatype
                        && matches!(real.datatype.class, Class::Float { .. })
                        && (real.offset, imaginary.offset) == (0, real.datatype.size)
                        && u64::from(self.size) == 2 * u64::from(real.datatype.size) =>
                {
                    Some(&real.datatype)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether an element's bytes say all of it, wherever they are copied to: texts and sequences of variable
    /// length and references lead to other places of their own file.
    pub(super) fn is_self_contained(&self) -> bool {
        match &self.class {
            Class::VariableString { .. } | Class::Sequence(_) | Class::Reference(_) => false,
            Class::Compound(members) => members.iter().all(|member| member.datatype.is_self_contained()),
            Class::Array { base, .. } | Class::Enum { base, .. } => base.is_self_contained(),
            _ => true,
        }
    }

    /// The number that `stored`, the bytes of one element, holds; `None` where the type is not that of a single number.
    pub fn number(&self, stored: &[u8]) -> Option<Scalar> {
        Element::of(self).ok()?.scalar(stored)
    }

    /// What the type is to its user, such as `string` or `compound (x: int32, y: float64)`.
    pub fn describe(&self) -> String {
        if self.complex_part().is_some() {
            return format!("complex{}", u64::from(self.size) * 8);
        }
        match &self.class {
            Class::Integer { signed, .. } => {
                format!("{}int{}", if *signed { "" } else { "u" }, u64::from(self.size) * 8)
            }
            Class::Float { .. } => format!("float{}", u64::from(self.size) * 8),
            Class::Time => "time".into(),
            Class::FixedString { .. } => format!("string of {} bytes", self.size),
            Class::Bitfield { .. } => format!("bitfield of {} bytes", self.size),
            Class::Opaque { tag } if tag.is_empty() => format!("opaque of {} bytes", self.size),
            Class::Opaque { tag } => format!("opaque of {} bytes ({tag})", self.size),
            Class::Compound(members) => {
                let members: Vec<_> =
                    members.iter().map(|member| format!("{}: {}", member.name, member.datatype.describe())).collect();
                format!("compound ({})", members.join(", "))
            }
            Class::Reference(ReferenceTo::Region) => "region reference".into(),
            Class::Reference(_) => "reference".into(),
            Class::Enum { base, .. } => format!("enum of {}", base.describe()),
            Class::VariableString { .. } => "string".into(),
            Class::Sequence(base) => format!("variable-length sequence of {}", base.describe()),
            Class::Array { dims, base } => format!("array {} of {}", crate::block::shape_text(dims), base.describe()),
            Class::Complex(part) => format!("complex of {}", part.describe()),
        }
    }
}

fn charset(bits: u32) -> Result<Charset> {
    match bits & 0x0f {
        0 => Ok(Charset::Ascii),
        1 => Ok(Charset::Utf8),
        other => Err(Error::unsupported(format!("text encoding {other} is not known"))),
    }
}

fn order(big: bool) -> ByteOrder {
    if big {
        ByteOrder::Big
    } else {
        ByteOrder::Little
    }
}

/// Bit offset and precision, which must lie inside the element.
fn bits(cursor: &mut Cursor, size: u32) -> Result<(u16, u16)> {
    let (offset, precision) = (cursor.u16()?, cursor.u16()?);
    if precision == 0 || u64::from(offset) + u64::from(precision) > u64::from(size) * 8 {
        return Err(Error::invalid_file(format!(
            "datatype of {size} bytes claims {precision} bits from bit {offset} on; the file is damaged"
        )));
    }
    Ok((offset, precision))
}

fn float(cursor: &mut Cursor, flags: u32, size: u32) -> Result<Class> {
    let order = match (flags & 0x01 != 0, flags & 0x40 != 0) {
        (false, false) => ByteOrder::Little,
        (true, false) => ByteOrder::Big,
        (true, true) => ByteOrder::Vax,
        (false, true) => return Err(Error::invalid_file("float of unknown byte order; the file is damaged")),
    };
    let (offset, precision) = bits(cursor, size)?;
    let (exponent, exponent_bits) = (cursor.u8()?, cursor.u8()?);
    let (mantissa, mantissa_bits) = (cursor.u8()?, cursor.u8()?);
    let bias = cursor.u32()?;
    let sign = (flags >> 8) as u8;
    let implied = (flags >> 4) & 3 == 2;
    let fields = FloatFields { sign, exponent, exponent_bits, mantissa, mantissa_bits, bias, implied };
    Ok(Class::Float { order, offset, precision, fields })
}

/// A name ended by NUL, padded to a multiple of 8 bytes before version 3.
fn name(cursor: &mut Cursor, version: u32) -> Result<String> {
    let bytes = cursor.until_nul()?;
    if version < 3 {
        cursor.skip((bytes.len() + 1).wrapping_neg() % 8)?;
    }
    Ok(text(bytes))
}

fn compound(cursor: &mut Cursor, flags: u32, size: u32, version: u32, depth: u32) -> Result<Class> {
    let count = flags & 0xffff;
    let mut members = Vec::new();
    for _ in 0..count {
        let name = name(cursor, version)?;
        let offset = match version {
            // As many bytes as the element's size needs.
            3.. => cursor.uint((u32::BITS - size.leading_zeros()).div_ceil(8) as usize)? as u32,
            _ => cursor.u32()?,
        };
        let dims = if version == 1 { member_dims(cursor)? } else { Vec::new() };
        let mut datatype = Datatype::parse_from(cursor, depth + 1)?;
        if !dims.is_empty() {
            let count = dims.iter().try_fold(1u32, |n, &extent| n.checked_mul(extent));
            let size = count.and_then(|count| count.checked_mul(datatype.size));
            let size = size.ok_or_else(|| Error::invalid_file("compound member too large; the file is damaged"))?;
            datatype = Datatype { size, class: Class::Array { dims, base: Box::new(datatype) } };
        }
        if offset.checked_add(datatype.size).is_none_or(|end| end > size) {
            return Err(Error::invalid_file(format!(
                "compound member '{name}' lies outside its element; the file is damaged"
            )));
        }
        members.push(Member { name, offset, datatype });
    }
    Ok(Class::Compound(members))
}

/// The array shape that version 1 gives each compound member.
fn member_dims(cursor: &mut Cursor) -> Result<Vec<u32>> {
    let rank = cursor.u8()?;
    cursor.skip(3 + 4 + 4)?;
    let dims = [cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?];
    dims.get(..rank.into())
        .map(<[u32]>::to_vec)
        .ok_or_else(|| Error::invalid_file("compound member of more than 4 dimensions; the file is damaged"))
}

fn enumeration(cursor: &mut Cursor, flags: u32, version: u32, depth: u32) -> Result<Class> {
    let count = flags & 0xffff;
    let base = Datatype::parse_from(cursor, depth + 1)?;
    let names = (0..count).map(|_| name(cursor, version)).collect::<Result<Vec<_>>>()?;
    let members = names
        .into_iter()
        .map(|name| Ok((name, cursor.bytes(base.size as usize)?.to_vec())))
        .collect::<Result<Vec<_>>>()?;
    Ok(Class::Enum { base: Box::new(base), members })
}

fn array(cursor: &mut Cursor, size: u32, version: u32, depth: u32) -> Result<Class> {
    let rank = cursor.u8()?;
    if version < 3 {
        cursor.skip(3)?;
    }
    let dims = (0..rank).map(|_| cursor.u32()).collect::<Result<Vec<_>>>()?;
    if version < 3 {
        cursor.skip(4 * usize::from(rank))?;
    }
    let base = Datatype::parse_from(cursor, depth + 1)?;
    let expected = dims.iter().try_fold(base.size, |n, &extent| n.checked_mul(extent));
    if expected != Some(size) {
        return Err(Error::invalid_file("array type whose size is not that of its elements; the file is damaged"));
    }
    Ok(Class::Array { dims, base: Box::new(base) })
}
