//! A session: what a notebook's kernel keeps between cells, behind one function.
//!
//! The Python shims know the engine by [`Session::dispatch`] alone: a request in JSON, an answer in
//! JSON ([`request`] has the vocabulary). Everything with state lives here: open files, arrays in
//! memory, lazy arrays, the random generator. The session is native and tested natively; the
//! browser supplies a [`Host`].

mod arrays;
mod browse;
mod dask;
mod datasets;
mod elements;
mod files;
mod host;
mod numpy;
mod observe;
mod preview;
mod reading;
pub mod request;

pub use arrays::Arrays;
pub use host::{ComputationUpdate, FileInfo, FolderHost, Host, ProgressReport, Space};

use crate::array::Array;
use crate::block::Block;
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::memory::random::Random;
use crate::memory::{AxisSlice, Operand};
use arrays::ArrayId;
use files::Files;
use observe::Profile;
use request::{AxisText, OperandText, Request, ScalarText};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// What a session may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads that compute.
    pub threads: usize,
    /// Bytes that NumPy arrays may hold together.
    pub array_bytes: u64,
    /// Bytes of arrays that are kept although they can be made again.
    pub kept_bytes: u64,
    /// Bytes that the tasks of a computation may hold at once.
    pub task_bytes: u64,
}

impl Limits {
    /// For an address space of 4 GiB, as a tab has: 2 GiB for arrays, an eighth of that kept, and
    /// 1 GiB for tasks.
    pub fn for_tab(threads: usize) -> Limits {
        Limits { threads, array_bytes: 2 << 30, kept_bytes: 1 << 28, task_bytes: 1 << 30 }
    }
}

/// A notebook's session with the engine.
pub struct Session {
    host: Box<dyn Host>,
    limits: Limits,
    files: Files,
    arrays: Arrays,
    lazies: HashMap<u32, Array>,
    next_lazy: u32,
    random: Random,
    /// The tasks that ran while a profiler takes note.
    profile: Profile,
    /// Computations so far.
    computations: u32,
}

impl Session {
    /// A session with no files open and no arrays.
    pub fn new(host: Box<dyn Host>, limits: Limits) -> Session {
        Session {
            host,
            limits,
            files: Files::default(),
            arrays: Arrays::new(limits.array_bytes, limits.kept_bytes),
            lazies: HashMap::new(),
            next_lazy: 1,
            random: Random::seeded(5489),
            profile: Profile::default(),
            computations: 0,
        }
    }

    /// Answers a request: `{"ok": value}`, or `{"error": {"kind", "message"}}` with a kind of
    /// [`crate::error::ErrorKind::name`]. It never panics: a bug becomes an error of kind `internal`.
    pub fn dispatch(&mut self, request: &str) -> String {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let answer = self.answer(Request::parse(request)?);
            self.profile.note_arrays(&self.arrays);
            answer
        }));
        let result = outcome.unwrap_or_else(|panic| {
            let reason = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown");
            Err(Error::internal(format!("a bug in Chunkbook, please report it: {reason}; the notebook goes on")))
        });
        match result {
            Ok(value) => json!({ "ok": value }).to_string(),
            Err(error) => json!({ "error": { "kind": error.kind().name(), "message": error.to_string() } }).to_string(),
        }
    }

    fn answer(&mut self, request: Request) -> Result<Value> {
        match request {
            Request::Info {} => Ok(json!({
                "threads": self.limits.threads,
                "memory_used": self.host.memory_used(),
                "memory_limit": self.arrays.limit(),
                "reduced_chunks": self.host.reduced_chunks(),
                "version": env!("CARGO_PKG_VERSION"),
            })),
            Request::SetThreads { threads } => {
                self.limits.threads = threads.max(1);
                Ok(Value::Null)
            }
            Request::Files {} => to_value(self.host.files()?),
            Request::FreeSpace {} => {
                let space = self.host.space()?;
                Ok(json!({ "free": space.free, "quota": space.quota, "usage": space.quota.saturating_sub(space.free) }))
            }
            Request::RemoveFile { name } => {
                self.files.forget(&name);
                self.arrays.keep_file(&name);
                self.host.remove(&name).map(|()| Value::Null)
            }
            Request::Browse { name, path, from, count } => self.browse(&name, &path, from, count),
            Request::BrowseObject { name, path } => self.browse_object(&name, &path),
            Request::Preview { name, path, leading } => self.preview(&name, &path, &leading),
            request => match self.answer_files(request)? {
                Reply::Done(value) => Ok(value),
                Reply::NotMine(request) => match self.answer_numpy(*request)? {
                    Reply::Done(value) => Ok(value),
                    Reply::NotMine(request) => self.answer_dask(*request),
                },
            },
        }
    }

    /// Fails if the user asked the running cell to stop.
    fn check_interrupt(&self) -> Result<()> {
        if self.host.interrupted() {
            return Err(Error::interrupted("stopped"));
        }
        Ok(())
    }

    fn array_info(&mut self, id: ArrayId) -> Result<Value> {
        let (shape, dtype) = self.arrays.describe(id)?;
        Ok(json!({ "array": id, "shape": shape, "dtype": dtype.name() }))
    }

    /// A block as the shims take it: a number for one of no axes, otherwise an array.
    fn block_info(&mut self, block: Block) -> Result<Value> {
        if block.shape().is_empty() {
            return Ok(json!({ "scalar": block_scalar(&block) }));
        }
        let id = self.arrays.add(block);
        self.array_info(id)
    }

    fn memory_operand(&mut self, operand: &OperandText) -> Result<Held> {
        match operand {
            OperandText::Array(id) => Ok(Held::Block(self.arrays.get(*id)?)),
            OperandText::Scalar(text) => Ok(Held::Scalar(text.scalar()?)),
            OperandText::Lazy(_) => {
                Err(Error::type_error("a lazy dask array cannot be used here; call its compute() first"))
            }
        }
    }
}

/// An answer, or the request handed on to the next part of the session.
enum Reply {
    Done(Value),
    NotMine(Box<Request>),
}

/// An operand with its elements held.
#[derive(Clone)]
enum Held {
    Block(Arc<Block>),
    Scalar(Scalar),
}

impl Held {
    fn operand(&self) -> Operand<'_> {
        match self {
            Held::Block(block) => Operand::Block(block),
            Held::Scalar(scalar) => Operand::Scalar(*scalar),
        }
    }
}

fn to_value(value: impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::internal(error.to_string()))
}

/// The only element of a block of one element.
fn block_scalar(block: &Block) -> ScalarText {
    ScalarText::new(scalar_at(block, 0), block.dtype())
}

/// Element `index` of a block, in row-major order.
fn scalar_at(block: &Block, index: usize) -> Scalar {
    match block.dtype() {
        DType::Bool => Scalar::Bool(block.elements::<u8>()[index] != 0),
        DType::I8 => Scalar::Int(block.elements::<i8>()[index].into()),
        DType::I16 => Scalar::Int(block.elements::<i16>()[index].into()),
        DType::I32 => Scalar::Int(block.elements::<i32>()[index].into()),
        DType::I64 => Scalar::Int(block.elements::<i64>()[index]),
        DType::U8 => Scalar::UInt(block.elements::<u8>()[index].into()),
        DType::U16 => Scalar::UInt(block.elements::<u16>()[index].into()),
        DType::U32 => Scalar::UInt(block.elements::<u32>()[index].into()),
        DType::U64 => Scalar::UInt(block.elements::<u64>()[index]),
        DType::F16 => Scalar::Float(block.elements::<half::f16>()[index].into()),
        DType::F32 => Scalar::Float(block.elements::<f32>()[index].into()),
        DType::F64 => Scalar::Float(block.elements::<f64>()[index]),
    }
}

fn axis_slices(selection: &[AxisText]) -> Vec<AxisSlice> {
    selection.iter().map(|&(start, count, step)| AxisSlice { start, count, step }).collect()
}
