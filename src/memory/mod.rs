//! Arrays in memory: what NumPy does with them.

mod compute;
mod create;
mod indexing;
mod operand;
pub mod random;
mod slicing;
#[cfg(test)]
mod tests;

pub use crate::kernels::elementwise::{BinaryOp, UnaryOp};
pub use crate::kernels::reduction::{Partial, Reduction};
pub use compute::{astype, binary, unary};
pub use create::{arange, full, linspace};
pub use indexing::{choice, choose, nonzero, put, ranked, running_sum, sort, take};
pub use operand::{binary_type, broadcast_shape, promote, unary_type, Operand, OperandType};
pub use slicing::{assign, concatenate, copy_region, paste, slice, transpose, AxisSlice};
