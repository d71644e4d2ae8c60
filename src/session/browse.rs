//! What the page's file browser asks: what is in a file, without any cell having opened it.

use super::elements::value_text;
use super::request::scalar_text;
use super::{scalar_at, Session};
use crate::block::shape_text;
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::hdf5::{AttributeValue, Dataset, ElementType, File, Filter, Kind, Link, Member};
use serde_json::{json, Value};

/// Entries of a group that are described at once.
const MAX_ENTRIES: usize = 1000;

/// Elements of an attribute that are shown, and characters of a text.
const SHOWN_ELEMENTS: usize = 20;
const SHOWN_CHARACTERS: usize = 500;

impl Session {
    /// Entries `from` and on of the group `path` in the file `name`, at most `count` of them.
    pub(super) fn browse(&self, name: &str, path: &str, from: usize, count: usize) -> Result<Value> {
        let file = self.file_to_browse(name)?;
        let members = file.members(path)?;
        let total = members.len();
        let entries: Vec<Value> = members
            .into_iter()
            .skip(from)
            .take(count.min(MAX_ENTRIES))
            .map(|member| entry(&file, path, member))
            .collect();
        Ok(json!({ "entries": entries, "total": total }))
    }

    /// Everything about the object `path` in the file `name`.
    pub(super) fn browse_object(&self, name: &str, path: &str) -> Result<Value> {
        let file = self.file_to_browse(name)?;
        let attributes: Vec<Value> = file
            .attributes(path)?
            .into_iter()
            .map(|(name, value)| {
                let (text, error) = match value {
                    Ok(value) => (attribute_text(&value), None),
                    Err(error) => (String::new(), Some(error.to_string())),
                };
                json!({ "name": name, "text": text, "error": error })
            })
            .collect();
        let dataset = match file.kind(path)? {
            Kind::Dataset => Some(facts(&file.dataset(path)?)),
            _ => None,
        };
        Ok(json!({ "dataset": dataset, "attributes": attributes }))
    }

    /// Opened anew each time: it may have been replaced since.
    pub(super) fn file_to_browse(&self, name: &str) -> Result<File> {
        File::open_among(self.host.open(name)?, name, self.host.neighbours())
    }
}

fn entry(file: &File, group: &str, member: Member) -> Value {
    let path = format!("{}/{}", group.trim_end_matches('/'), member.name);
    let link = match file.link(&path) {
        Ok(Link::Soft { path }) => Some(path),
        Ok(Link::External { file, path }) => Some(format!("{file}:{path}")),
        Ok(Link::Hard) | Err(_) => None,
    };
    let dataset = match (member.kind, &member.error) {
        (Kind::Dataset, None) => Some(file.dataset(&path)),
        _ => None,
    };
    let (dataset, error) = match dataset {
        Some(Ok(dataset)) => (Some(summary(&dataset)), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, member.error),
    };
    json!({
        "name": member.name,
        "kind": match member.kind {
            Kind::Group => "group",
            Kind::Dataset => "dataset",
            Kind::Other => "other",
        },
        "link": link,
        "dataset": dataset,
        "error": error.map(|error| error.to_string()),
    })
}

/// What an entry of the tree shows of a dataset.
fn summary(dataset: &Dataset) -> Value {
    let (dtype, numeric) = type_text(dataset);
    json!({
        "shape": (!dataset.is_null()).then(|| dataset.shape()),
        "dtype": dtype,
        "numeric": numeric,
        "chunks": dataset.chunks(),
        "filters": dataset.filters().iter().map(Filter::label).collect::<Vec<_>>(),
    })
}

fn facts(dataset: &Dataset) -> Value {
    let mut facts = summary(dataset);
    let item = u64::from(dataset.datatype().size);
    let logical =
        if dataset.is_null() { 0 } else { dataset.shape().iter().fold(item, |n, &extent| n.saturating_mul(extent)) };
    let fill = match dataset.element_type() {
        ElementType::Numeric(dtype) => dataset.fill_value().map(|fill| number_text(fill, dtype)),
        ElementType::Other(_) => None,
    };
    let readable = if facts["numeric"] == json!(true) && !dataset.is_null() { dataset.source().err() } else { None };
    facts["maxshape"] = json!(dataset.maxshape());
    facts["layout"] = json!(dataset.layout_name().ok());
    facts["filters"] = dataset.filters().iter().map(filter_text).collect();
    facts["logical"] = json!(logical);
    facts["stored"] = json!(dataset.storage_size().ok());
    facts["fill"] = json!(fill);
    facts["error"] = json!(readable.map(|error| error.to_string()));
    facts
}

fn type_text(dataset: &Dataset) -> (String, bool) {
    match dataset.element_type() {
        ElementType::Numeric(dtype) => (dtype.name().into(), true),
        ElementType::Other(description) => (description, false),
    }
}

fn filter_text(filter: &Filter) -> Value {
    let parameters: Vec<String> = filter.parameters.iter().map(u32::to_string).collect();
    // Of these the parameters are the user's own; of others they are the filter's to itself.
    let told = matches!(filter.id, 1 | 32_015) && !parameters.is_empty();
    json!(if told { format!("{} {}", filter.label(), parameters.join(" ")) } else { filter.label() })
}

/// A number as text; of a `float32` as many digits as tell it from others, not those of the `float64` that it is here.
fn number_text(number: Scalar, dtype: DType) -> String {
    match number {
        Scalar::Float(x) if dtype == DType::F32 && x.is_finite() => format!("{:?}", x as f32),
        _ => scalar_text(number),
    }
}

/// An attribute's value on a line, cut where it is long.
fn attribute_text(value: &AttributeValue) -> String {
    let listed = |texts: Vec<String>, shape: &[u64]| {
        let len = shape.iter().fold(1u64, |n, &extent| n.saturating_mul(extent));
        let more = if len > texts.len() as u64 { ", …" } else { "" };
        let elements = cut(texts.join(", "));
        match shape {
            [] => elements,
            [_] if more.is_empty() => format!("[{elements}]"),
            _ => format!("[{elements}{more}] {}", shape_text(shape)),
        }
    };
    match value {
        AttributeValue::Text(text) => cut(text.clone()),
        AttributeValue::Texts(texts) => {
            let shown = texts.iter().take(SHOWN_ELEMENTS).map(|text| format!("{text:?}")).collect();
            listed(shown, &[texts.len() as u64])
        }
        AttributeValue::Numeric(block) => {
            let shown = (0..block.len().min(SHOWN_ELEMENTS))
                .map(|index| number_text(scalar_at(block, index), block.dtype()))
                .collect();
            let shape: Vec<u64> = block.shape().iter().map(|&extent| extent as u64).collect();
            listed(shown, &shape)
        }
        AttributeValue::Other { datatype, shape, values } => {
            let shown = values.iter().take(SHOWN_ELEMENTS).map(|value| plain(&value_text(value, datatype))).collect();
            listed(shown, shape)
        }
        AttributeValue::Empty => "(empty)".into(),
    }
}

/// A value as one would write it: texts without quotes, numbers as numbers.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => format!("({})", values.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Object(reference) => match reference.get("path") {
            Some(Value::String(path)) => format!("→ {path}"),
            _ => "→ ?".into(),
        },
        other => other.to_string(),
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
