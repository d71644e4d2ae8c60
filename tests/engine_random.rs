//! Random expressions over random chunks, computed by the engine and by whole blocks in memory.
//!
//! Elements are small integers, so every order of additions gives the same bits.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::block::Block;
use chunkbook::dtype::{DType, Scalar};
use chunkbook::execute::{compute, get, CancelToken, Scheduler, TaskResult};
use chunkbook::graph::Graph;
use chunkbook::grid::ChunkGrid;
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::{self, AxisSlice, BinaryOp, Operand, UnaryOp};
use chunkbook::source::MemorySource;
use engine_support::*;
use std::sync::Arc;

/// The extent of every axis that is not reduced: all arrays can be broadcast together.
const EXTENT: usize = 6;

/// Knuth's linear congruential generator (MMIX): the same expressions in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn chunks(&mut self, shape: &[u64]) -> ChunkGrid {
        let sizes = |extent: u64, dice: &mut Dice| {
            let mut left = extent;
            let mut sizes = vec![];
            while left > 0 {
                sizes.push(1 + dice.below(left));
                left -= sizes[sizes.len() - 1];
            }
            sizes
        };
        ChunkGrid::new(shape.iter().map(|&extent| sizes(extent, self)).collect())
    }
}

/// A lazy array and what it must be.
type Pair = (Array, Block);

fn source(dice: &mut Dice, number: usize) -> Pair {
    let values: Vec<f64> = (0..EXTENT * EXTENT).map(|_| dice.below(7) as f64 - 3.0).collect();
    let block = Block::from_elements(DType::F64, &[EXTENT, EXTENT], &values).unwrap();
    let source = MemorySource::new(Arc::new(block.clone()), format!("random {number} {values:?}"));
    let grid = dice.chunks(&[EXTENT as u64; 2]);
    (Array::from_source(Arc::new(source), grid, None).unwrap(), block)
}

fn step(dice: &mut Dice, made: &[Pair]) -> Pair {
    let (array, block) = &made[dice.below(made.len() as u64) as usize];
    let (other, other_block) = &made[dice.below(made.len() as u64) as usize];
    let lazy = |array: &Array| LazyOperand::Array(array.clone());
    match dice.below(8) {
        0 | 1 => (
            binary(BinaryOp::Add, &lazy(array), &lazy(other)).unwrap(),
            memory::binary(BinaryOp::Add, &Operand::Block(block), &Operand::Block(other_block)).unwrap(),
        ),
        2 => (
            binary(BinaryOp::Minimum, &lazy(array), &lazy(other)).unwrap(),
            memory::binary(BinaryOp::Minimum, &Operand::Block(block), &Operand::Block(other_block)).unwrap(),
        ),
        3 => (
            binary(BinaryOp::Subtract, &LazyOperand::Scalar(Scalar::Int(1)), &lazy(array)).unwrap(),
            memory::binary(BinaryOp::Subtract, &Operand::Scalar(Scalar::Int(1)), &Operand::Block(block)).unwrap(),
        ),
        4 => (array.transpose(&[1, 0]).unwrap(), memory::transpose(block, &[1, 0]).unwrap()),
        5 => (array.rechunk(dice.chunks(&array.shape())).unwrap(), block.clone()),
        6 => {
            let axes = [&[0, 1][..], &[0], &[1]][dice.below(3) as usize];
            let reduction = [Reduction::Sum, Reduction::Max][dice.below(2) as usize];
            let split = 2 + dice.below(3) as usize;
            (
                array.reduce(reduction, Some(axes), true, Some(split)).unwrap(),
                reduction.reduce(block, axes, true).unwrap(),
            )
        }
        _ => {
            let slices: Vec<AxisSlice> = array.shape().iter().map(|&extent| backwards(extent)).collect();
            (
                array.slice(&slices, &[]).unwrap().unary(UnaryOp::Negative).unwrap(),
                memory::unary(UnaryOp::Negative, &memory::slice(block, &slices, &[]).unwrap()).unwrap(),
            )
        }
    }
}

fn backwards(extent: u64) -> AxisSlice {
    AxisSlice { start: extent - 1, count: extent, step: -1 }
}

#[test]
fn random_graphs_compute_what_whole_blocks_do_within_any_budget_on_any_threads() {
    for round in 0..150 {
        let mut dice = Dice(round);
        let mut made: Vec<Pair> = (0..2).map(|number| source(&mut dice, number)).collect();
        for _ in 0..10 {
            let pair = step(&mut dice, &made);
            made.push(pair);
        }
        let outputs: Vec<&Pair> = made.iter().rev().step_by(4).collect();
        let arrays: Vec<Array> = outputs.iter().map(|(array, _)| array.clone()).collect();
        for scheduler in [Scheduler::Serial, Scheduler::Threads] {
            for budget in [0, 300, 1 << 30] {
                let cancel = CancelToken::new();
                let results = compute(&arrays, &watched(scheduler, budget, &cancel, &())).unwrap();
                for ((array, expected), result) in outputs.iter().zip(&results) {
                    let what = format!("round {round}, {array:?}, {scheduler:?}, {budget} bytes");
                    assert_eq!(result.shape(), expected.shape(), "{what}");
                    assert_eq!(elements(result), elements(expected), "{what}");
                }
            }
        }
        any_key_is_a_part_of_the_whole(&mut dice, &arrays[0], &outputs[0].1);
    }
}

fn any_key_is_a_part_of_the_whole(dice: &mut Dice, array: &Array, whole: &Block) {
    let graph = Graph::of(std::slice::from_ref(array));
    let position = dice.below(array.grid().len() as u64) as usize;
    let key = array.layer().key(position);
    let results = get(&graph, std::slice::from_ref(&key), &options(Scheduler::Serial)).unwrap();
    let TaskResult::Block(block) = &results[0] else { panic!("{key} is a block") };
    let expected = memory::copy_region(whole, &array.grid().region(&key.index)).unwrap();
    assert_eq!(elements(block), elements(&expected), "{key}");
}
