//! The requests that the Python shims make, in JSON, and how values travel.

use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::num::NonZeroUsize;

/// A number as text, so that 64-bit integers, NaN and infinities pass through JSON unchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScalarText {
    /// NumPy's name of the type.
    pub dtype: String,
    /// As Python's `int()`, `float()` or `bool` writes it.
    pub value: String,
}

impl ScalarText {
    /// `scalar` of an array of `dtype`, as text.
    pub fn new(scalar: Scalar, dtype: DType) -> ScalarText {
        ScalarText { dtype: dtype.name().into(), value: scalar_text(scalar) }
    }

    /// The number.
    pub fn scalar(&self) -> Result<Scalar> {
        parse_scalar(&self.value, DType::parse(&self.dtype)?)
    }
}

/// `True`, `-3`, `0.1`, `nan`: the shortest text that Python reads back as the same number.
pub fn scalar_text(scalar: Scalar) -> String {
    match scalar {
        Scalar::Bool(true) => "True".into(),
        Scalar::Bool(false) => "False".into(),
        Scalar::Int(i) => i.to_string(),
        Scalar::UInt(u) => u.to_string(),
        Scalar::Float(x) if x.is_nan() => "nan".into(),
        Scalar::Float(x) if x.is_infinite() => if x > 0.0 { "inf" } else { "-inf" }.into(),
        Scalar::Float(x) => format!("{x:?}"),
    }
}

/// The number that `text` writes, of the kind of `dtype`.
pub fn parse_scalar(text: &str, dtype: DType) -> Result<Scalar> {
    let bad = || Error::value(format!("{text:?} is not a number of type {dtype}"));
    Ok(match text {
        "True" => Scalar::Bool(true),
        "False" => Scalar::Bool(false),
        _ if dtype.is_float() => Scalar::Float(text.parse().map_err(|_| bad())?),
        _ => match text.parse::<i64>() {
            Ok(i) if dtype.is_unsigned_integer() && i >= 0 => Scalar::UInt(i as u64),
            Ok(i) => Scalar::Int(i),
            Err(_) => match text.parse::<u64>() {
                Ok(u) => Scalar::UInt(u),
                // A Python integer beyond 64 bits, or a float given for an integer array.
                Err(_) => Scalar::Float(text.parse().map_err(|_| bad())?),
            },
        },
    })
}

/// One side of an arithmetic operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperandText {
    /// An array in memory.
    Array(u32),
    /// A lazy array.
    Lazy(u32),
    /// A Python number.
    Scalar(ScalarText),
}

/// A lazy array. With its name, which is made from its contents, it is not taken for another that has got its number
/// since: the page keeps such references longer than the kernel its arrays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LazyText {
    /// Its number.
    Number(u32),
    /// Its number and its name.
    Named(u32, String),
}

/// An attribute's value on its way to the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum AttributeText {
    /// A string.
    Text {
        /// The string.
        text: String,
    },
    /// Strings.
    Texts {
        /// The strings.
        texts: Vec<String>,
    },
    /// Numbers.
    Numbers {
        /// NumPy's name of the type.
        dtype: String,
        /// Extents; empty for a single number.
        shape: Vec<usize>,
        /// The numbers, row-major, as text.
        data: Vec<String>,
    },
}

/// `[start, count, step]` of one axis.
pub type AxisText = (u64, u64, i64);

/// A request. As text it is an object of the fields and of `op`, the variant's name in snake case, such as `h5_open`;
/// see [`Request::parse`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are documented by the shims that fill them, www/python")]
pub enum Request {
    /// Threads, memory and version.
    Info {},
    /// Threads that later computations use.
    SetThreads {
        threads: usize,
    },
    /// The files there are.
    Files {},
    /// Room on the storage.
    FreeSpace {},
    /// Deletes a stored file.
    RemoveFile {
        name: String,
    },

    /// Some entries of a group, for the page's file browser.
    Browse {
        name: String,
        path: String,
        from: usize,
        count: usize,
    },
    /// Everything about an object, for the page's file browser.
    BrowseObject {
        name: String,
        path: String,
    },
    /// A dataset as a picture and a histogram, for the page's file browser.
    Preview {
        name: String,
        path: String,
        leading: Vec<u64>,
    },

    /// `h5py.File(name, mode)`.
    H5Open {
        name: String,
        mode: String,
    },
    H5Close {
        file: u32,
    },
    /// The object at a path.
    H5Get {
        file: u32,
        path: String,
    },
    H5Members {
        file: u32,
        path: String,
    },
    /// What kind of link a path ends in.
    H5Link {
        file: u32,
        path: String,
    },
    H5Attrs {
        file: u32,
        path: String,
    },
    H5SetAttr {
        file: u32,
        path: String,
        name: String,
        value: AttributeText,
    },
    H5CreateGroup {
        file: u32,
        path: String,
    },
    H5CreateDataset {
        file: u32,
        path: String,
        shape: Vec<u64>,
        dtype: String,
        /// A list of extents, `true` for chunks of our choosing, or null.
        #[serde(default)]
        chunks: Value,
        #[serde(default)]
        compression: Option<String>,
        #[serde(default)]
        compression_opts: Option<u8>,
        #[serde(default)]
        shuffle: bool,
        #[serde(default)]
        fletcher32: bool,
        #[serde(default)]
        fillvalue: Option<ScalarText>,
    },
    /// `pick` is an axis and the increasing indices along it that are kept of the selection's range.
    H5Read {
        dataset: u32,
        selection: Vec<AxisText>,
        #[serde(default)]
        drop: Vec<usize>,
        #[serde(default)]
        pick: Option<(usize, Vec<u64>)>,
    },
    /// Elements of any type, as lists.
    H5Values {
        dataset: u32,
        selection: Vec<AxisText>,
    },
    /// A member of compound elements as a dataset of its own.
    H5Field {
        dataset: u32,
        name: String,
    },
    H5Write {
        dataset: u32,
        selection: Vec<AxisText>,
        value: OperandText,
    },

    NpSeed {
        seed: Option<u32>,
    },
    NpRandom {
        kind: String,
        shape: Vec<usize>,
        #[serde(default)]
        low: Option<i64>,
        #[serde(default)]
        high: Option<i64>,
    },
    NpFull {
        shape: Vec<usize>,
        dtype: String,
        value: ScalarText,
    },
    NpArange {
        start: ScalarText,
        stop: ScalarText,
        step: ScalarText,
        #[serde(default)]
        dtype: Option<String>,
    },
    NpLinspace {
        start: ScalarText,
        stop: ScalarText,
        num: usize,
        endpoint: bool,
    },
    NpFromList {
        shape: Vec<usize>,
        dtype: String,
        data: Vec<String>,
    },
    NpToList {
        array: u32,
    },
    NpSlice {
        array: u32,
        selection: Vec<AxisText>,
        #[serde(default)]
        drop: Vec<usize>,
    },
    NpAssign {
        array: u32,
        selection: Vec<AxisText>,
        value: OperandText,
    },
    NpAstype {
        array: u32,
        dtype: String,
    },
    NpReshape {
        array: u32,
        shape: Vec<usize>,
    },
    NpTranspose {
        array: u32,
        axes: Vec<usize>,
    },
    NpConcatenate {
        arrays: Vec<u32>,
        axis: usize,
    },
    NpUnary {
        name: String,
        array: u32,
    },
    NpBinary {
        name: String,
        left: OperandText,
        right: OperandText,
    },
    NpReduce {
        name: String,
        array: u32,
        #[serde(default)]
        axes: Option<Vec<usize>>,
        #[serde(default)]
        keepdims: bool,
        #[serde(default)]
        ddof: u32,
    },
    NpFree {
        array: u32,
    },

    /// `dask.array.from_array` of a dataset or an array.
    DaFrom {
        #[serde(default)]
        dataset: Option<u32>,
        #[serde(default)]
        array: Option<u32>,
        #[serde(default)]
        chunks: Value,
        #[serde(default)]
        name: Option<String>,
    },
    DaUnary {
        name: String,
        lazy: u32,
    },
    DaBinary {
        name: String,
        left: OperandText,
        right: OperandText,
    },
    DaSlice {
        lazy: u32,
        selection: Vec<AxisText>,
        #[serde(default)]
        drop: Vec<usize>,
    },
    DaAstype {
        lazy: u32,
        dtype: String,
    },
    DaTranspose {
        lazy: u32,
        axes: Vec<usize>,
    },
    DaRechunk {
        lazy: u32,
        chunks: Value,
    },
    DaReduce {
        name: String,
        lazy: u32,
        #[serde(default)]
        axes: Option<Vec<usize>>,
        #[serde(default)]
        keepdims: bool,
        #[serde(default)]
        ddof: u32,
        #[serde(default)]
        split_every: Option<usize>,
    },
    /// Begins to take note of the tasks that run and of what arrays hold, and answers where its notes begin; with that
    /// number, ends and answers with the notes.
    DaTrace {
        #[serde(default)]
        from: Option<usize>,
    },
    DaCompute {
        lazies: Vec<u32>,
        #[serde(default)]
        scheduler: Option<String>,
        /// The most threads that may compute.
        #[serde(default)]
        workers: Option<NonZeroUsize>,
    },
    DaGraph {
        lazy: u32,
        #[serde(default)]
        limit: Option<usize>,
    },
    DaGet {
        lazies: Vec<LazyText>,
        keys: Vec<Value>,
    },
    /// The graph placed for drawing; `fused` draws what runs as one as one.
    DaDraw {
        lazies: Vec<LazyText>,
        #[serde(default)]
        fused: bool,
        #[serde(default)]
        max_nodes: Option<usize>,
    },
    DaDot {
        lazies: Vec<LazyText>,
    },
    DaKeys {
        lazy: u32,
    },
    /// What computing would do and need, for the page.
    DaOutline {
        lazies: Vec<LazyText>,
    },
    /// Everything about one task, for the page.
    DaTask {
        lazies: Vec<LazyText>,
        layer: usize,
        position: usize,
    },
    /// What is stored for `count` blocks, from `from` on, of a layer that reads a source, for the page.
    DaChunks {
        lazies: Vec<LazyText>,
        layer: usize,
        from: usize,
        count: usize,
    },
}

impl Request {
    /// The request that `text` writes.
    ///
    /// Its fields are read apart from its `op`: serde's own way of reading a tag among the fields brings code for every
    /// variant and every kind of value it might have had, which was a twentieth of the page's module.
    ///
    /// # Errors
    /// An internal error that says what is not understood.
    pub fn parse(text: &str) -> Result<Request> {
        let not_understood =
            |why: &dyn std::fmt::Display| Error::internal(format!("the request is not understood: {why}"));
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| not_understood(&error))?;
        let Some(Value::String(op)) = fields.remove("op") else { return Err(not_understood(&"it has no op")) };
        let tagged = Map::from_iter([(op, Value::Object(fields))]);
        serde_json::from_value(Value::Object(tagged)).map_err(|error| not_understood(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_the_way_there_and_back() {
        for (text, dtype, scalar) in [
            ("18446744073709551615", DType::U64, Scalar::UInt(u64::MAX)),
            ("-9223372036854775808", DType::I64, Scalar::Int(i64::MIN)),
            ("0.1", DType::F64, Scalar::Float(0.1)),
            ("-inf", DType::F64, Scalar::Float(f64::NEG_INFINITY)),
            ("1e+22", DType::F64, Scalar::Float(1e22)),
            ("True", DType::Bool, Scalar::Bool(true)),
        ] {
            assert_eq!(parse_scalar(text, dtype).unwrap(), scalar);
            assert_eq!(parse_scalar(&scalar_text(scalar), dtype).unwrap(), scalar);
        }
        assert!(parse_scalar("one", DType::I32).is_err());
    }

    #[test]
    fn a_request_is_read_by_its_op() {
        let text = r#"{"op":"h5_write","dataset":1,"selection":[[0,3,1]],"value":{"scalar":{"dtype":"float64","value":"2.5"}}}"#;
        let request = Request::parse(text).unwrap();
        assert!(matches!(request, Request::H5Write { dataset: 1, value: OperandText::Scalar(_), .. }));
        assert!(matches!(Request::parse(r#"{"op":"info"}"#).unwrap(), Request::Info {}));
    }

    #[test]
    fn a_request_that_is_not_understood_says_what_is_wrong_with_it() {
        let message = |text| Request::parse(text).unwrap_err().to_string();
        assert!(message("{").contains("EOF"), "{}", message("{"));
        assert!(message(r#"{"name":"x"}"#).contains("no op"));
        assert!(message(r#"{"op":"h5_guess"}"#).contains("h5_guess"));
        assert!(message(r#"{"op":"remove_file"}"#).contains("name"));
    }
}
