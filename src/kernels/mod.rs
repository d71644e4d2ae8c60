//! The inner loops: casts, elementwise strips, strided copies, reductions. No I/O, no threads.
//!
//! A kernel sees slices of one element type and a fixed number of lanes, which the compiler turns
//! into SSE, AVX or simd128; everything that decides *which* kernel runs lies a floor above.

pub mod element;
pub mod elementwise;
mod exp;
mod extrema;
mod gather;
mod lanes;
mod leaves;
mod loops;
mod merge;
mod moments;
pub(crate) mod order;
pub mod preview;
pub mod pushdown;
pub mod reduction;
mod skip_nan;
mod streams;
pub(crate) mod strided;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use loops::{comparison_loop, mixed_comparison_loop, predicate_loop, Arithmetic, Binary, Unary};
