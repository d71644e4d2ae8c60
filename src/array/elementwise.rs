//! One operation on each element, with broadcasting.

use super::chunks::check_count;
use super::token::Token;
use super::Array;
use crate::block::shape_text;
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::graph::layer::{Edge, Layer, Operand, Operation};
use crate::graph::link::Link;
use crate::grid::{Axis, ChunkGrid};
use crate::memory::{binary_type, unary_type, BinaryOp, OperandType, UnaryOp};

/// An operand of a lazy operation.
#[derive(Clone, Debug)]
pub enum LazyOperand {
    /// A lazy array.
    Array(Array),
    /// A Python number, weakly typed as in NumPy 2.
    Scalar(Scalar),
}

impl LazyOperand {
    fn operand_type(&self) -> OperandType {
        match self {
            LazyOperand::Array(array) => OperandType::Array(array.dtype()),
            LazyOperand::Scalar(scalar) => OperandType::Scalar(*scalar),
        }
    }
}

/// The name that Python's operator has in Dask's keys; NumPy's where there is no operator.
fn binary_label(op: BinaryOp) -> &'static str {
    match op.name() {
        "subtract" => "sub",
        "multiply" => "mul",
        "divide" => "truediv",
        "floor_divide" => "floordiv",
        "remainder" => "mod",
        "power" => "pow",
        "equal" => "eq",
        "not_equal" => "ne",
        "less" => "lt",
        "less_equal" => "le",
        "greater" => "gt",
        "greater_equal" => "ge",
        "bitwise_and" => "and_",
        "bitwise_or" => "or_",
        "bitwise_xor" => "xor",
        name => name,
    }
}

fn unary_label(op: UnaryOp) -> &'static str {
    match op.name() {
        "negative" => "neg",
        "absolute" => "abs",
        name => name,
    }
}

impl Array {
    /// `op` of each element.
    ///
    /// # Errors
    /// A type error when the operation has no meaning for the element type.
    pub fn unary(&self, op: UnaryOp) -> Result<Array> {
        self.unary_named(op, unary_label(op))
    }

    pub(super) fn unary_named(&self, op: UnaryOp, label: &str) -> Result<Array> {
        let dtype = unary_type(op, self.dtype())?;
        let name = Token::new(op.name()).with(self.name()).name(label);
        Ok(self.each_block(name, dtype, Operation::Unary(op)))
    }

    /// The elements as another type; the array itself if they have it.
    ///
    /// # Errors
    /// None today; a cast that NumPy refuses would be a type error.
    pub fn astype(&self, dtype: DType) -> Result<Array> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        let name = Token::new("astype").with(self.name()).with(dtype.name()).name("astype");
        Ok(self.each_block(name, dtype, Operation::AsType))
    }

    fn each_block(&self, name: String, dtype: DType, operation: Operation) -> Array {
        let links = (0..self.rank()).map(|axis| Link::Same { axis }).collect();
        let edge = Edge::new(&self.layer, links);
        Array::from_layer(Layer::new(name, self.grid().clone(), dtype, operation, vec![edge]))
    }
}

/// `op` of two operands, element by element, broadcast as NumPy does; arrays whose chunks do not
/// line up are rechunked to the chunks that both divide into, as Dask does.
///
/// # Errors
/// A value error when the shapes cannot be broadcast together, a type error when the operation has
/// no meaning for the element types or no operand is an array.
pub fn binary(op: BinaryOp, left: &LazyOperand, right: &LazyOperand) -> Result<Array> {
    let dtype = binary_type(op, left.operand_type(), right.operand_type())?;
    let arrays: Vec<&Array> = [left, right]
        .into_iter()
        .filter_map(|operand| match operand {
            LazyOperand::Array(array) => Some(array),
            LazyOperand::Scalar(_) => None,
        })
        .collect();
    if arrays.is_empty() {
        return Err(Error::type_error(format!("{} of two numbers is not lazy; compute it directly", op.name())));
    }
    let grid = unify(&arrays)?;
    let mut token = Token::new(op.name());
    let mut edges = vec![];
    let mut operands = vec![];
    for operand in [left, right] {
        match operand {
            LazyOperand::Array(array) => {
                let aligned = array.rechunk(broadcast_part(array, &grid))?;
                token = token.with("array").with(aligned.name());
                operands.push(Operand::Input(edges.len()));
                edges.push(Edge::new(&aligned.layer, broadcast_links(&aligned, &grid)));
            }
            LazyOperand::Scalar(scalar) => {
                token = token.with("scalar").with_debug(scalar);
                operands.push(Operand::Scalar(*scalar));
            }
        }
    }
    let [left, right] = <[Operand; 2]>::try_from(operands).unwrap_or_else(|_| unreachable!("two operands"));
    let operation = Operation::Binary { op, left, right };
    Ok(Array::from_layer(Layer::new(token.name(binary_label(op)), grid, dtype, operation, edges)))
}

/// The chunks of the result: along each axis the common refinement of the operands that span it.
fn unify(arrays: &[&Array]) -> Result<ChunkGrid> {
    let rank = arrays.iter().map(|array| array.rank()).max().unwrap_or(0);
    let mut axes = Vec::with_capacity(rank);
    for axis in 0..rank {
        let parts: Vec<&Axis> = arrays
            .iter()
            .filter_map(|array| (axis + array.rank()).checked_sub(rank).map(|own| &array.grid().axes()[own]))
            .collect();
        let extent = parts.iter().map(|part| part.extent()).find(|&extent| extent != 1).unwrap_or(1);
        let spanning: Vec<&Axis> = parts.iter().copied().filter(|part| part.extent() == extent).collect();
        if parts.iter().any(|part| part.extent() != extent && part.extent() != 1) {
            let shapes: Vec<String> = arrays.iter().map(|array| shape_text(&array.shape())).collect();
            return Err(Error::value(format!(
                "operands could not be broadcast together with shapes {}",
                shapes.join(" ")
            )));
        }
        axes.push(common_chunks(&spanning));
    }
    let grid = ChunkGrid::from_axes(axes);
    check_count(&grid)?;
    Ok(grid)
}

/// The coarsest chunks that divide every one of `axes`, which have one extent (Dask's `common_blockdim`).
fn common_chunks(axes: &[&Axis]) -> Axis {
    let mut parted = axes.iter().filter(|axis| axis.count() > 1);
    let Some(&first) = parted.next() else { return axes[0].clone() };
    if parted.all(|axis| *axis == first) {
        return first.clone();
    }
    let mut ends: Vec<u64> =
        axes.iter().flat_map(|axis| (0..axis.count()).map(|index| axis.start(index) + axis.size(index))).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut start = 0;
    let sizes: Vec<u64> = ends.iter().map(|&end| end - std::mem::replace(&mut start, end)).collect();
    Axis::from_sizes(&sizes)
}

/// The chunks `array` must have to take part in a result of chunks `grid`.
fn broadcast_part(array: &Array, grid: &ChunkGrid) -> ChunkGrid {
    let skipped = grid.axes().len() - array.rank();
    let axes = array.grid().axes().iter().zip(&grid.axes()[skipped..]);
    ChunkGrid::from_axes(axes.map(|(own, out)| if own.extent() == out.extent() { out } else { own }.clone()).collect())
}

fn broadcast_links(array: &Array, grid: &ChunkGrid) -> Vec<Link> {
    let skipped = grid.axes().len() - array.rank();
    let axes = array.grid().axes().iter().zip(&grid.axes()[skipped..]).enumerate();
    axes.map(
        |(own, (part, out))| {
            if part.extent() == out.extent() {
                Link::Same { axis: own + skipped }
            } else {
                Link::First
            }
        },
    )
    .collect()
}
