//! Requests on arrays in memory: what `numpy` does in a cell.

use super::arrays::{ArrayId, Remake, WriteBack};
use super::request::{parse_scalar, scalar_text, AxisText, OperandText, Request};
use super::{axis_slices, block_scalar, scalar_at, to_value, Held, Reply, Session};
use crate::block::Block;
use crate::dtype::{DType, Scalar};
use crate::error::{Error, Result};
use crate::kernels::reduction::Reduction;
use crate::memory::random::Random;
use crate::memory::{self, BinaryOp, Operand, OperandType, UnaryOp};
use serde_json::{json, Value};
use std::rc::Rc;
use std::sync::Arc;

/// Elements that one request turns into a list; more would fill the interpreter's heap.
const LIST_LIMIT: usize = 1_000_000;

/// Makes elements of what it is made from.
type Make<T> = Rc<dyn Fn(&[T]) -> Result<Block>>;

impl Session {
    pub(super) fn answer_numpy(&mut self, request: Request) -> Result<Reply> {
        let value = match request {
            Request::NpSeed { seed } => {
                self.random = Random::seeded(seed.unwrap_or_else(|| fresh_seed(crate::clock::now_ms())));
                Value::Null
            }
            Request::NpRandom { kind, shape, low, high } => self.random_array(&kind, shape, low, high)?,
            Request::NpFull { shape, dtype, value } => {
                let dtype = DType::parse(&dtype)?;
                self.reserve(dtype, &shape)?;
                let scalar = parse_scalar(&value.value, dtype)?;
                let block = memory::full(&shape, dtype, scalar)?;
                let remake: Remake = Rc::new(move |_| memory::full(&shape, dtype, scalar));
                self.made(block, &[], remake)?
            }
            Request::NpArange { start, stop, step, dtype } => {
                let dtype = dtype.as_deref().map(DType::parse).transpose()?;
                let block = memory::arange(start.scalar()?, stop.scalar()?, step.scalar()?, dtype)?;
                self.added(block)?
            }
            Request::NpLinspace { start, stop, num, endpoint } => {
                let block = memory::linspace(start.scalar()?.as_f64(), stop.scalar()?.as_f64(), num, endpoint)?;
                self.added(block)?
            }
            Request::NpFromList { shape, dtype, data, bits } => {
                let dtype = DType::parse(&dtype)?;
                let block = match bits {
                    Some(bits) => block_from_bits(&shape, dtype, &bits)?,
                    None => block_from_texts(&shape, dtype, &data)?,
                };
                self.added(block)?
            }
            Request::NpToList { array } => {
                let block = self.arrays.get(array)?;
                if block.len() > LIST_LIMIT {
                    return Err(Error::memory(format!(
                        "an array of {} elements is too long for a list; take a slice of at most {LIST_LIMIT} elements",
                        block.len()
                    )));
                }
                let data: Vec<String> = (0..block.len()).map(|index| scalar_text(scalar_at(&block, index))).collect();
                json!({ "data": data })
            }
            Request::NpSlice { array, selection, drop } => self.slice(array, selection, drop)?,
            Request::NpAssign { array, selection, value } => {
                let value = self.memory_operand(&value)?;
                let axes = axis_slices(&selection);
                self.arrays.change(array, |block| memory::assign(block, &axes, &value.operand()))?;
                Value::Null
            }
            Request::NpTake { array, index } => {
                self.derived(&[array, index], Rc::new(|blocks| memory::take(&blocks[0], &blocks[1])))?
            }
            Request::NpPut { array, index, value } => {
                let (index, value) = (self.arrays.get(index)?, self.memory_operand(&value)?);
                self.arrays.change(array, |block| memory::put(block, &index, &value.operand()))?;
                Value::Null
            }
            Request::NpWhere { condition, x, y } => self.choose([&condition, &x, &y])?,
            Request::NpOrdered { name, array } => {
                let make = match name.as_str() {
                    "sort" => memory::sort,
                    "cumsum" => memory::running_sum,
                    "flatnonzero" => memory::nonzero,
                    _ => return Err(Error::unsupported(format!("there is no function numpy.{name}"))),
                };
                self.derived(&[array], Rc::new(move |blocks| make(&blocks[0])))?
            }
            Request::NpRanked { array, first, count } => {
                self.derived(&[array], Rc::new(move |blocks| memory::ranked(&blocks[0], first, count)))?
            }
            Request::NpAstype { array, dtype } => {
                let dtype = DType::parse(&dtype)?;
                self.derived(&[array], Rc::new(move |blocks| memory::astype(&blocks[0], dtype)))?
            }
            Request::NpReshape { array, shape } => {
                let base = self.arrays.get(array)?;
                self.reserve(base.dtype(), base.shape())?;
                let block = base.try_clone()?.reshaped(&shape)?;
                let remake: Remake = Rc::new(move |arrays| arrays.get(array)?.try_clone()?.reshaped(&shape));
                let write_back: WriteBack = Rc::new(|base, view| {
                    base.bytes_mut().copy_from_slice(view.bytes());
                    Ok(())
                });
                let id = self.arrays.add_view(block, array, remake, write_back);
                self.array_info(id)?
            }
            Request::NpTranspose { array, axes } => {
                let base = self.arrays.get(array)?;
                self.reserve(base.dtype(), base.shape())?;
                let block = memory::transpose(&base, &axes)?;
                let mut inverse = vec![0; axes.len()];
                for (to, &from) in axes.iter().enumerate() {
                    inverse[from] = to;
                }
                let remake: Remake = Rc::new(move |arrays| memory::transpose(&*arrays.get(array)?, &axes));
                let write_back: WriteBack = Rc::new(move |base, view| {
                    *base = memory::transpose(view, &inverse)?;
                    Ok(())
                });
                let id = self.arrays.add_view(block, array, remake, write_back);
                self.array_info(id)?
            }
            Request::NpConcatenate { arrays, axis } => {
                let make = move |blocks: &[Arc<Block>]| {
                    let blocks: Vec<&Block> = blocks.iter().map(AsRef::as_ref).collect();
                    memory::concatenate(&blocks, axis)
                };
                self.derived(&arrays, Rc::new(make))?
            }
            Request::NpUnary { name, array } => {
                let op = UnaryOp::parse(&name)?;
                self.derived(&[array], Rc::new(move |blocks| memory::unary(op, &blocks[0])))?
            }
            Request::NpBinary { name, left, right } => self.binary(&name, &left, &right)?,
            Request::NpReduce { name, array, axes, keepdims, ddof } => {
                let reduction = Reduction::parse(&name, ddof)?;
                let block = self.arrays.get(array)?;
                let axes = axes.unwrap_or_else(|| (0..block.shape().len()).collect());
                let reduced = reduction.reduce(&block, &axes, keepdims)?;
                self.block_info(reduced)?
            }
            Request::NpFree { array } => {
                self.arrays.free(array)?;
                Value::Null
            }
            request => return Ok(Reply::NotMine(Box::new(request))),
        };
        Ok(Reply::Done(value))
    }

    /// Makes room for an array in memory; see [`super::Arrays::reserve`].
    fn reserve(&mut self, dtype: DType, shape: &[usize]) -> Result<()> {
        let shape: Vec<u64> = shape.iter().map(|&extent| extent as u64).collect();
        self.arrays.reserve(dtype, &shape)
    }

    fn added(&mut self, block: Block) -> Result<Value> {
        let id = self.arrays.add(block);
        self.array_info(id)
    }

    fn made(&mut self, block: Block, inputs: &[ArrayId], remake: Remake) -> Result<Value> {
        let id = self.arrays.add_made(block, inputs, remake);
        self.array_info(id)
    }

    /// An array that `make` computes from the elements of others.
    fn derived(&mut self, inputs: &[ArrayId], make: Make<Arc<Block>>) -> Result<Value> {
        let blocks = inputs.iter().map(|&id| self.arrays.get(id)).collect::<Result<Vec<_>>>()?;
        let from: usize = blocks.iter().map(|block| block.byte_len()).sum();
        let block = make(&blocks)?;
        drop(blocks);
        if block.shape().is_empty() {
            return Ok(json!({ "scalar": block_scalar(&block) }));
        }
        self.reserve(block.dtype(), block.shape())?;
        if 2 * block.byte_len() < from {
            // Smaller than what would have to be kept to make it again.
            return self.added(block);
        }
        let ids = inputs.to_vec();
        let remake: Remake = Rc::new(move |arrays| {
            let blocks = ids.iter().map(|&id| arrays.get(id)).collect::<Result<Vec<_>>>()?;
            make(&blocks)
        });
        self.made(block, inputs, remake)
    }

    fn random_array(&mut self, kind: &str, shape: Vec<usize>, low: Option<i64>, high: Option<i64>) -> Result<Value> {
        self.check_interrupt()?;
        let kind = RandomKind::parse(kind, low, high)?;
        self.reserve(kind.dtype(), &shape)?;
        let before = self.random.clone();
        let block = kind.draw(&mut self.random, &shape)?;
        if shape.is_empty() {
            return Ok(json!({ "scalar": block_scalar(&block) }));
        }
        let remake: Remake = Rc::new(move |_| kind.draw(&mut before.clone(), &shape));
        self.made(block, &[], remake)
    }

    fn slice(&mut self, array: ArrayId, selection: Vec<AxisText>, drop: Vec<usize>) -> Result<Value> {
        let axes = axis_slices(&selection);
        let base = self.arrays.get(array)?;
        let counts: Vec<u64> = axes.iter().map(|axis| axis.count).collect();
        self.arrays.reserve(base.dtype(), &counts)?;
        let block = memory::slice(&base, &axes, &drop)?;
        if block.shape().is_empty() {
            return Ok(json!({ "scalar": block_scalar(&block) }));
        }
        let remake: Remake = {
            let axes = axes.clone();
            Rc::new(move |arrays| memory::slice(&*arrays.get(array)?, &axes, &drop))
        };
        let write_back: WriteBack = Rc::new(move |base, view| {
            let kept: Vec<usize> = axes.iter().map(|axis| axis.count as usize).collect();
            memory::assign(base, &axes, &Operand::Block(&view.try_clone()?.reshaped(&kept)?))
        });
        let id = self.arrays.add_view(block, array, remake, write_back);
        self.array_info(id)
    }

    fn binary(&mut self, name: &str, left: &OperandText, right: &OperandText) -> Result<Value> {
        let op = BinaryOp::parse(name)?;
        let (a, b) = (self.memory_operand(left)?, self.memory_operand(right)?);
        // The result's size is known before it is computed, so a hopeless request fails at once.
        let dtype = memory::binary_type(op, operand_type(&a), operand_type(&b))?;
        let shape = memory::broadcast_shape(held_shape(&a), held_shape(&b))?;
        self.reserve(dtype, &shape)?;
        let make = move |held: &[Held]| memory::binary(op, &held[0].operand(), &held[1].operand());
        self.combined(&[left, right], vec![a, b], Rc::new(make))
    }

    fn choose(&mut self, operands: [&OperandText; 3]) -> Result<Value> {
        let held = operands.iter().map(|operand| self.memory_operand(operand)).collect::<Result<Vec<_>>>()?;
        let [condition, x, y] = [0, 1, 2].map(|number| held[number].operand());
        let (dtype, shape) = memory::choice(&condition, &x, &y)?;
        self.reserve(dtype, &shape)?;
        let make = |held: &[Held]| memory::choose(&held[0].operand(), &held[1].operand(), &held[2].operand());
        self.combined(&operands, held, Rc::new(make))
    }

    /// An array that `make` computes from operands, which are `held`; there is room for it.
    fn combined(&mut self, operands: &[&OperandText], held: Vec<Held>, make: Make<Held>) -> Result<Value> {
        let block = make(&held)?;
        if block.shape().is_empty() {
            return Ok(json!({ "scalar": block_scalar(&block) }));
        }
        // The closure names its inputs rather than holding them, or their memory could never be given up.
        let named: Vec<Named> = operands.iter().zip(&held).map(|(operand, held)| Named::of(operand, held)).collect();
        let remake: Remake = Rc::new(move |arrays| {
            let held = named.iter().map(|named| named.held(arrays)).collect::<Result<Vec<_>>>()?;
            make(&held)
        });
        self.made(block, &array_ids(operands), remake)
    }
}

/// Those of `operands` that are arrays.
fn array_ids(operands: &[&OperandText]) -> Vec<ArrayId> {
    let id = |operand: &&OperandText| if let OperandText::Array(id) = operand { Some(*id) } else { None };
    operands.iter().filter_map(id).collect()
}

/// An operand by name: an array's id, or a number.
enum Named {
    Array(ArrayId),
    Scalar(Scalar),
}

impl Named {
    fn of(operand: &OperandText, held: &Held) -> Named {
        match (operand, held) {
            (OperandText::Array(id), _) => Named::Array(*id),
            (_, Held::Scalar(scalar)) => Named::Scalar(*scalar),
            _ => unreachable!("only an array holds a block"),
        }
    }

    fn held(&self, arrays: &mut super::Arrays) -> Result<Held> {
        Ok(match self {
            Named::Array(id) => Held::Block(arrays.get(*id)?),
            Named::Scalar(scalar) => Held::Scalar(*scalar),
        })
    }
}

fn operand_type(held: &Held) -> OperandType {
    match held {
        Held::Block(block) => OperandType::Array(block.dtype()),
        Held::Scalar(scalar) => OperandType::Scalar(*scalar),
    }
}

fn held_shape(held: &Held) -> &[usize] {
    match held {
        Held::Block(block) => block.shape(),
        Held::Scalar(_) => &[],
    }
}

/// What to draw from the random generator.
#[derive(Clone, Copy)]
enum RandomKind {
    Uniform,
    Normal,
    Integers { low: i64, high: i64 },
}

impl RandomKind {
    fn parse(kind: &str, low: Option<i64>, high: Option<i64>) -> Result<RandomKind> {
        match (kind, low, high) {
            ("rand", ..) => Ok(RandomKind::Uniform),
            ("randn", ..) => Ok(RandomKind::Normal),
            ("randint", Some(low), Some(high)) if low < high => Ok(RandomKind::Integers { low, high }),
            ("randint", ..) => Err(Error::value("low >= high")),
            _ => Err(Error::unsupported(format!("numpy.random.{kind} is not here; there are rand, randn and randint"))),
        }
    }

    fn dtype(self) -> DType {
        match self {
            RandomKind::Integers { .. } => DType::I64,
            _ => DType::F64,
        }
    }

    fn draw(self, random: &mut Random, shape: &[usize]) -> Result<Block> {
        match self {
            RandomKind::Uniform => random.rand(shape),
            RandomKind::Normal => random.randn(shape),
            RandomKind::Integers { low, high } => random.randint(low, high, shape),
        }
    }
}

/// A seed for a generator that nobody seeded: different each time, as NumPy's is.
pub(super) fn fresh_seed(now: f64) -> u32 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u64(now.to_bits());
    hasher.finish() as u32
}

/// A block of numbers that come as the 64 bits of each, in hexadecimal digits and the least byte first: of `float64` for
/// an element type of floats, of `int64` for another.
fn block_from_bits(shape: &[usize], dtype: DType, digits: &str) -> Result<Block> {
    let digit = |digit: u8| (digit as char).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    let bytes = bytes.filter(|bytes| rest.is_empty() && bytes.len() % 8 == 0);
    let bytes = bytes.ok_or_else(|| Error::value("numbers are given by sixteen hexadecimal digits each"))?;
    let wide = if dtype.is_float() { DType::F64 } else { DType::I64 };
    let mut block = Block::unspecified(wide, &[bytes.len() / 8])?;
    block.bytes_mut().copy_from_slice(&bytes);
    memory::astype(&block, dtype)?.reshaped(shape)
}

pub(super) fn block_from_texts(shape: &[usize], dtype: DType, data: &[String]) -> Result<Block> {
    let mut flat = Block::zeros(dtype, &[data.len()])?;
    for (index, text) in data.iter().enumerate() {
        let one = [memory::AxisSlice { start: index as u64, count: 1, step: 1 }];
        memory::assign(&mut flat, &one, &Operand::Scalar(parse_scalar(text, dtype)?))?;
    }
    flat.reshaped(shape)
}

pub(super) fn texts_from_block(block: &Block) -> Result<Value> {
    let data: Vec<String> =
        (0..block.len().min(LIST_LIMIT)).map(|index| scalar_text(scalar_at(block, index))).collect();
    to_value(json!({ "dtype": block.dtype().name(), "shape": block.shape(), "data": data }))
}
