//! The requests that the Python shims make, in JSON, and how values travel.

use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::num::NonZeroUsize;

/// A number as text, so that 64-bit integers, NaN and infinities pass through JSON unchanged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScalarText {
    /// NumPy's name of the type.
    pub dtype: String,
    /// As Python's `int()`, `float()` or `bool` writes it. In requests floats are given by their bits; see
    /// [`parse_scalar`].
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

/// The number that `text` writes, of the kind of `dtype`: `True`, `-3`, or the bits of a `float64` as `0x` and sixteen
/// digits. To read decimal fractions exactly takes tables of 10 KB, which the page would have to fetch before its first
/// cell; whoever asks has the number as bits anyway.
pub fn parse_scalar(text: &str, dtype: DType) -> Result<Scalar> {
    let integer = |integer: i64| {
        if dtype.is_float() {
            Scalar::Float(integer as f64)
        } else if dtype.is_unsigned_integer() && integer >= 0 {
            Scalar::UInt(integer as u64)
        } else {
            Scalar::Int(integer)
        }
    };
    let parsed = match (text, text.strip_prefix("0x")) {
        ("True", _) => Some(Scalar::Bool(true)),
        ("False", _) => Some(Scalar::Bool(false)),
        (_, Some(bits)) => u64::from_str_radix(bits, 16).ok().map(|bits| Scalar::Float(f64::from_bits(bits))),
        _ => match text.parse::<i64>() {
            Ok(number) => Some(integer(number)),
            Err(_) => text.parse::<u64>().ok().map(|number| {
                if dtype.is_float() {
                    Scalar::Float(number as f64)
                } else {
                    Scalar::UInt(number)
                }
            }),
        },
    };
    parsed.ok_or_else(|| Error::value(format!("{text:?} is not a number of type {dtype}")))
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

/// Defines [`Request`] and how one is read: for each variant its `op`, and for a field that may be left out what it
/// then is. serde's derived code for it was a thirtieth of the page's module: it knows every variant with every field in
/// any order, from any format.
macro_rules! requests {
    ($($(#[$variant_doc:meta])* $variant:ident = $op:literal {
        $($(#[$field_doc:meta])* $field:ident: $type:ty $(= $default:expr)?,)*
    },)*) => {
        /// A request. As text it is an object of the fields and of `op`, such as `h5_open`; see [`Request::parse`].
        #[allow(missing_docs, reason = "the fields are documented by the shims that fill them, www/python")]
        pub enum Request {
            $($(#[$variant_doc])* $variant { $($(#[$field_doc])* $field: $type,)* },)*
        }

        impl Request {
            fn read(op: &str, fields: &mut Map<String, Value>) -> std::result::Result<Request, String> {
                match op {
                    $($op => Ok(Request::$variant {
                        $($field: match fields.remove(stringify!($field)) {
                            $(None => $default,)?
                            value => field(stringify!($field), value)?,
                        },)*
                    }),)*
                    _ => Err(format!("there is no op '{op}'")),
                }
            }
        }
    };
}

/// Not inlined: there are some two hundred fields of some twenty types.
#[inline(never)]
fn field<T: DeserializeOwned>(name: &str, value: Option<Value>) -> std::result::Result<T, String> {
    let value = value.ok_or_else(|| format!("it has no '{name}'"))?;
    serde_json::from_value(value).map_err(|error| format!("'{name}': {error}"))
}

requests! {
    /// Threads, memory and version.
    Info = "info" {},
    /// Threads that later computations use.
    SetThreads = "set_threads" {
        threads: usize,
    },
    /// The files there are.
    Files = "files" {},
    /// Room on the storage.
    FreeSpace = "free_space" {},
    /// Deletes a stored file.
    RemoveFile = "remove_file" {
        name: String,
    },

    /// Some entries of a group, for the page's file browser.
    Browse = "browse" {
        name: String,
        path: String,
        from: usize,
        count: usize,
    },
    /// Everything about an object, for the page's file browser.
    BrowseObject = "browse_object" {
        name: String,
        path: String,
    },
    /// A dataset as a picture and a histogram, for the page's file browser.
    Preview = "preview" {
        name: String,
        path: String,
        leading: Vec<u64>,
    },

    /// `h5py.File(name, mode)`.
    H5Open = "h5_open" {
        name: String,
        mode: String,
    },
    H5Close = "h5_close" {
        file: u32,
    },
    /// The object at a path.
    H5Get = "h5_get" {
        file: u32,
        path: String,
    },
    H5Members = "h5_members" {
        file: u32,
        path: String,
    },
    /// What kind of link a path ends in.
    H5Link = "h5_link" {
        file: u32,
        path: String,
    },
    H5Attrs = "h5_attrs" {
        file: u32,
        path: String,
    },
    H5SetAttr = "h5_set_attr" {
        file: u32,
        path: String,
        name: String,
        value: AttributeText,
    },
    H5CreateGroup = "h5_create_group" {
        file: u32,
        path: String,
    },
    H5CreateDataset = "h5_create_dataset" {
        file: u32,
        path: String,
        shape: Vec<u64>,
        dtype: String,
        /// A list of extents, `true` for chunks of our choosing, or null.
        chunks: Value = Default::default(),
        compression: Option<String> = Default::default(),
        compression_opts: Option<u8> = Default::default(),
        shuffle: bool = Default::default(),
        fletcher32: bool = Default::default(),
        fillvalue: Option<ScalarText> = Default::default(),
    },
    /// `pick` is an axis and the increasing indices along it that are kept of the selection's range.
    H5Read = "h5_read" {
        dataset: u32,
        selection: Vec<AxisText>,
        drop: Vec<usize> = Default::default(),
        pick: Option<(usize, Vec<u64>)> = Default::default(),
    },
    /// Elements of any type, as lists.
    H5Values = "h5_values" {
        dataset: u32,
        selection: Vec<AxisText>,
    },
    /// A member of compound elements as a dataset of its own.
    H5Field = "h5_field" {
        dataset: u32,
        name: String,
    },
    H5Write = "h5_write" {
        dataset: u32,
        selection: Vec<AxisText>,
        value: OperandText,
    },

    NpSeed = "np_seed" {
        seed: Option<u32> = Default::default(),
    },
    NpRandom = "np_random" {
        kind: String,
        shape: Vec<usize>,
        low: Option<i64> = Default::default(),
        high: Option<i64> = Default::default(),
    },
    NpFull = "np_full" {
        shape: Vec<usize>,
        dtype: String,
        value: ScalarText,
    },
    NpArange = "np_arange" {
        start: ScalarText,
        stop: ScalarText,
        step: ScalarText,
        dtype: Option<String> = Default::default(),
    },
    NpLinspace = "np_linspace" {
        start: ScalarText,
        stop: ScalarText,
        num: usize,
        endpoint: bool,
    },
    NpFromList = "np_from_list" {
        shape: Vec<usize>,
        dtype: String,
        data: Vec<String> = Default::default(),
        bits: Option<String> = Default::default(),
    },
    NpToList = "np_to_list" {
        array: u32,
    },
    NpSlice = "np_slice" {
        array: u32,
        selection: Vec<AxisText>,
        drop: Vec<usize> = Default::default(),
    },
    NpAssign = "np_assign" {
        array: u32,
        selection: Vec<AxisText>,
        value: OperandText,
    },
    NpTake = "np_take" {
        array: u32,
        index: u32,
    },
    NpPut = "np_put" {
        array: u32,
        index: u32,
        value: OperandText,
    },
    NpWhere = "np_where" {
        condition: OperandText,
        x: OperandText,
        y: OperandText,
    },
    NpOrdered = "np_ordered" {
        name: String,
        array: u32,
    },
    NpRanked = "np_ranked" {
        array: u32,
        first: usize,
        count: usize,
    },
    NpAstype = "np_astype" {
        array: u32,
        dtype: String,
    },
    NpReshape = "np_reshape" {
        array: u32,
        shape: Vec<usize>,
    },
    NpTranspose = "np_transpose" {
        array: u32,
        axes: Vec<usize>,
    },
    NpConcatenate = "np_concatenate" {
        arrays: Vec<u32>,
        axis: usize,
    },
    NpUnary = "np_unary" {
        name: String,
        array: u32,
    },
    NpBinary = "np_binary" {
        name: String,
        left: OperandText,
        right: OperandText,
    },
    NpReduce = "np_reduce" {
        name: String,
        array: u32,
        axes: Option<Vec<usize>> = Default::default(),
        keepdims: bool = Default::default(),
        ddof: u32 = Default::default(),
    },
    NpFree = "np_free" {
        array: u32,
    },

    /// `dask.array.from_array` of a dataset or an array.
    DaFrom = "da_from" {
        dataset: Option<u32> = Default::default(),
        array: Option<u32> = Default::default(),
        chunks: Value = Default::default(),
        name: Option<String> = Default::default(),
    },
    DaUnary = "da_unary" {
        name: String,
        lazy: u32,
    },
    DaBinary = "da_binary" {
        name: String,
        left: OperandText,
        right: OperandText,
    },
    DaSlice = "da_slice" {
        lazy: u32,
        selection: Vec<AxisText>,
        drop: Vec<usize> = Default::default(),
    },
    DaAstype = "da_astype" {
        lazy: u32,
        dtype: String,
    },
    DaTranspose = "da_transpose" {
        lazy: u32,
        axes: Vec<usize>,
    },
    DaRechunk = "da_rechunk" {
        lazy: u32,
        chunks: Value,
    },
    DaReduce = "da_reduce" {
        name: String,
        lazy: u32,
        axes: Option<Vec<usize>> = Default::default(),
        keepdims: bool = Default::default(),
        ddof: u32 = Default::default(),
        split_every: Option<usize> = Default::default(),
    },
    /// Begins to take note of the tasks that run and of what arrays hold, and answers where its notes begin; with that
    /// number, ends and answers with the notes.
    DaTrace = "da_trace" {
        from: Option<usize> = Default::default(),
    },
    DaCompute = "da_compute" {
        lazies: Vec<u32>,
        scheduler: Option<String> = Default::default(),
        /// The most threads that may compute.
        workers: Option<NonZeroUsize> = Default::default(),
    },
    DaGraph = "da_graph" {
        lazy: u32,
        limit: Option<usize> = Default::default(),
    },
    DaGet = "da_get" {
        lazies: Vec<LazyText>,
        keys: Vec<Value>,
    },
    /// The graph placed for drawing; `fused` draws what runs as one as one.
    DaDraw = "da_draw" {
        lazies: Vec<LazyText>,
        fused: bool = Default::default(),
        max_nodes: Option<usize> = Default::default(),
    },
    DaDot = "da_dot" {
        lazies: Vec<LazyText>,
    },
    DaKeys = "da_keys" {
        lazy: u32,
    },
    /// What computing would do and need, for the page.
    DaOutline = "da_outline" {
        lazies: Vec<LazyText>,
    },
    /// Everything about one task, for the page.
    DaTask = "da_task" {
        lazies: Vec<LazyText>,
        layer: usize,
        position: usize,
    },
    /// What is stored for `count` blocks, from `from` on, of a layer that reads a source, for the page.
    DaChunks = "da_chunks" {
        lazies: Vec<LazyText>,
        layer: usize,
        from: usize,
        count: usize,
    },
}

impl Request {
    /// The request that `text` writes.
    ///
    /// # Errors
    /// An internal error that says what is not understood.
    pub fn parse(text: &str) -> Result<Request> {
        let not_understood =
            |why: &dyn std::fmt::Display| Error::internal(format!("the request is not understood: {why}"));
        let mut fields: Map<String, Value> = serde_json::from_str(text).map_err(|error| not_understood(&error))?;
        let Some(Value::String(op)) = fields.remove("op") else { return Err(not_understood(&"it has no op")) };
        Request::read(&op, &mut fields).map_err(|why| not_understood(&why))
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
            ("0x3fb999999999999a", DType::F64, Scalar::Float(0.1)),
            ("0xfff0000000000000", DType::F32, Scalar::Float(f64::NEG_INFINITY)),
            ("0x4480f0cf064dd592", DType::I8, Scalar::Float(1e22)),
            ("-3", DType::F16, Scalar::Float(-3.0)),
            ("18446744073709551615", DType::F64, Scalar::Float(18446744073709551615.0)),
            ("7", DType::U8, Scalar::UInt(7)),
            ("-7", DType::U8, Scalar::Int(-7)),
            ("True", DType::Bool, Scalar::Bool(true)),
        ] {
            assert_eq!(parse_scalar(text, dtype).unwrap(), scalar, "{text} of {dtype}");
            if !matches!(scalar, Scalar::Float(_)) {
                assert_eq!(parse_scalar(&scalar_text(scalar), dtype).unwrap(), scalar);
            }
        }
        for text in ["one", "0.1", "", "0x", "0x1ffffffffffffffff", "18446744073709551616"] {
            assert!(parse_scalar(text, DType::F64).is_err(), "{text}");
        }
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
        let message = |text| Request::parse(text).err().expect("a refusal").to_string();
        assert!(message("{").contains("EOF"), "{}", message("{"));
        assert!(message(r#"{"name":"x"}"#).contains("no op"));
        assert!(message(r#"{"op":"h5_guess"}"#).contains("h5_guess"));
        assert!(message(r#"{"op":"remove_file"}"#).contains("name"));
    }
}
