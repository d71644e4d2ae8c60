//! What elements are and what they hold, for `h5py` in a cell: texts, compounds, references and the like.

use super::files::DatasetAccess;
use super::reading::bounding;
use super::request::{scalar_text, AxisText};
use super::Session;
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::hdf5::{ByteOrder, Charset, Class, Datatype, ElementType, Padding, ReferenceTo, Value};
use serde_json::{json, Value as Json};

impl Session {
    /// The selected elements of dataset `id`, as flat lists in row-major order.
    pub(super) fn values(&mut self, id: u32, selection: &[AxisText]) -> Result<Json> {
        let open = self.files.dataset(id)?.clone();
        let DatasetAccess::Read(dataset) = &open.access else {
            return Err(Error::unsupported("a dataset that is being written holds numbers only").at(open.label));
        };
        let shape: Vec<u64> = selection.iter().map(|&(_, count, _)| count).collect();
        if shape.contains(&0) {
            return Ok(json!({ "shape": shape, "values": [] }));
        }
        let region = bounding(selection);
        let values = dataset.values(&region)?;
        let datatype = dataset.datatype();
        let mut texts = Vec::new();
        let mut index = vec![0u64; shape.len()];
        'elements: loop {
            let position = (0..index.len()).fold(0, |position, axis| {
                position * region.count[axis] + index[axis] * selection[axis].2.unsigned_abs()
            });
            texts.push(value_text(&values[position as usize], datatype));
            let mut axis = index.len();
            loop {
                if axis == 0 {
                    break 'elements;
                }
                axis -= 1;
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Ok(json!({ "shape": shape, "values": texts }))
    }
}

/// A datatype as the shims take it; they make NumPy's dtype of it.
pub(super) fn element(datatype: &Datatype) -> Json {
    if let Some(part) = datatype.complex_part() {
        return json!({ "class": "complex", "dtype": format!("complex{}", u64::from(part.size) * 16), "order": order(part) });
    }
    match &datatype.class {
        Class::Enum { base, members } => match ElementType::of(datatype) {
            ElementType::Numeric(DType::Bool) => json!({ "class": "bool" }),
            ElementType::Numeric(dtype) => {
                let named: serde_json::Map<String, Json> = members
                    .iter()
                    .filter_map(|(name, bytes)| Some((name.clone(), json!(scalar_text(base.number(bytes)?)))))
                    .collect();
                json!({ "class": "enum", "dtype": dtype.name(), "order": order(base), "members": named })
            }
            ElementType::Other(text) => json!({ "class": "other", "text": text }),
        },
        Class::FixedString { padding, charset } => json!({
            "class": "string",
            "length": datatype.size,
            "charset": charset_name(*charset),
            "pad": match padding {
                Padding::NulTerminated => "nul-terminated",
                Padding::Nul => "nul-padded",
                Padding::Space => "space-padded",
            },
        }),
        Class::VariableString { charset } => {
            json!({ "class": "string", "length": null, "charset": charset_name(*charset), "pad": "nul-terminated" })
        }
        Class::Compound(members) => {
            let members: Vec<Json> = members
                .iter()
                .map(|member| {
                    json!({ "name": member.name, "offset": member.offset, "element": element(&member.datatype) })
                })
                .collect();
            json!({ "class": "compound", "size": datatype.size, "members": members })
        }
        Class::Array { dims, base } => json!({ "class": "array", "shape": dims, "base": element(base) }),
        Class::Sequence(base) => json!({ "class": "sequence", "base": element(base) }),
        Class::Reference(ReferenceTo::Region) => json!({ "class": "reference", "to": "region" }),
        Class::Reference(_) => json!({ "class": "reference", "to": "object" }),
        Class::Opaque { tag } => json!({ "class": "opaque", "size": datatype.size, "tag": tag }),
        Class::Time => json!({ "class": "time" }),
        Class::Float { .. } if datatype.size > 8 => json!({ "class": "float128" }),
        _ => match ElementType::of(datatype) {
            ElementType::Numeric(dtype) => {
                json!({ "class": "number", "dtype": dtype.name(), "order": order(datatype) })
            }
            ElementType::Other(text) => json!({ "class": "other", "text": text }),
        },
    }
}

fn charset_name(charset: Charset) -> &'static str {
    match charset {
        Charset::Ascii => "ascii",
        Charset::Utf8 => "utf-8",
    }
}

/// NumPy's sign for the order of bytes.
fn order(datatype: &Datatype) -> &'static str {
    let order = match &datatype.class {
        Class::Integer { order, .. } | Class::Bitfield { order, .. } | Class::Float { order, .. } => *order,
        _ => return "|",
    };
    match order {
        _ if datatype.size == 1 => "|",
        ByteOrder::Big => ">",
        ByteOrder::Little | ByteOrder::Vax => "<",
    }
}

/// A value as the shims take it: bytes as a text of as many characters, numbers as text.
pub(super) fn value_text(value: &Value, datatype: &Datatype) -> Json {
    match value {
        Value::Number(Scalar::Bool(truth)) => json!(truth),
        Value::Number(number) => json!(scalar_text(*number)),
        Value::Complex(real, imaginary) => {
            json!([scalar_text(Scalar::Float(*real)), scalar_text(Scalar::Float(*imaginary))])
        }
        Value::Text(bytes) | Value::Opaque(bytes) => json!(bytes.iter().map(|&byte| byte as char).collect::<String>()),
        Value::Reference(None) => Json::Null,
        Value::Reference(Some(reference)) => json!({ "path": reference.path, "region": null }),
        Value::List(values) => match &datatype.class {
            Class::Compound(members) => {
                values.iter().zip(members).map(|(value, member)| value_text(value, &member.datatype)).collect()
            }
            Class::Array { base, .. } | Class::Sequence(base) => {
                values.iter().map(|value| value_text(value, base)).collect()
            }
            _ => Json::Null,
        },
    }
}
