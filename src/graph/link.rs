//! Which blocks of an input go into which blocks of a layer, one axis at a time.
//!
//! Every operation the engine has takes a box of blocks of each input, and each block goes into a
//! box of blocks; so the rule is a product of rules for single axes, and both ways are arithmetic.

use crate::grid::Axis;
use std::sync::Arc;

/// The most axes an array may have: what HDF5 allows (`H5S_MAX_RANK`).
pub const MAX_RANK: usize = 32;

/// Along one axis of an input, the blocks that go into an output block.
pub(crate) enum Link {
    /// The block of the same number along output axis `axis`.
    Same { axis: usize },
    /// The only block there is, whatever the output block: an axis that is broadcast.
    First,
    /// All blocks.
    All,
    /// That block alone: an axis that an integer index removes.
    Fixed(usize),
    /// `size` blocks for each block along output axis `axis`.
    Group { axis: usize, size: usize },
    /// The blocks that share elements with the block along output axis `axis`.
    Overlap { axis: usize, from: Axis, to: Axis },
    /// `blocks[i]` for block `i` along output axis `axis`; the numbers rise, or fall if `falling`.
    Picks { axis: usize, blocks: Arc<[usize]>, falling: bool },
}

/// The blocks of `of` that share elements with block `index` of `with`, as first and end. An empty
/// block inside a longer one counts as shared, so that both sides see one contiguous run.
fn overlap(of: &Axis, with: &Axis, index: usize) -> (usize, usize) {
    let (start, size) = (with.start(index), with.size(index));
    if size > 0 {
        return (of.chunk_of(start), of.chunk_of(start + size - 1) + 1);
    }
    if start >= of.extent() {
        return (0, 0);
    }
    let around = of.chunk_of(start);
    if of.start(around) < start {
        (around, around + 1)
    } else {
        (0, 0)
    }
}

/// First and end of the elements in a range of blocks.
fn elements(axis: &Axis, (low, high): (usize, usize)) -> (u64, u64) {
    (axis.start(low), axis.start(high - 1) + axis.size(high - 1))
}

impl Link {
    /// First and end of the input's `count` blocks that go into the output block at `index`.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn inputs(&self, index: &[usize], count: usize) -> (usize, usize) {
        match self {
            Link::Same { axis } => (index[*axis], index[*axis] + 1),
            Link::First => (0, 1),
            Link::All => (0, count),
            Link::Fixed(block) => (*block, block + 1),
            Link::Group { axis, size } => (index[*axis] * size, (index[*axis] * size + size).min(count)),
            Link::Overlap { axis, from, to } => overlap(from, to, index[*axis]),
            Link::Picks { axis, blocks, .. } => (blocks[index[*axis]], blocks[index[*axis]] + 1),
        }
    }

    /// What [`Link::inputs`] gives for output blocks in `ranges`, first and end along each axis and none of them empty,
    /// together: the least range that holds it all, and whether nothing else is in it.
    pub(crate) fn inputs_of(&self, ranges: &[(usize, usize)], count: usize) -> ((usize, usize), bool) {
        match self {
            Link::Same { axis } => (ranges[*axis], true),
            Link::First => ((0, 1), true),
            Link::All => ((0, count), true),
            Link::Fixed(block) => ((*block, block + 1), true),
            Link::Group { axis, size } => {
                let (low, high) = ranges[*axis];
                ((low * size, (high * size).min(count)), true)
            }
            Link::Overlap { axis, from, to } => {
                let (low, high) = ranges[*axis];
                let (start, end) = elements(to, ranges[*axis]);
                let range = if start < end {
                    (from.chunk_of(start), from.chunk_of(end - 1) + 1)
                } else {
                    (low..high).map(|index| overlap(from, to, index)).find(|range| range.0 < range.1).unwrap_or((0, 0))
                };
                // An empty block between two others goes into neither.
                (range, self.takes_all(count))
            }
            Link::Picks { axis, blocks, .. } => {
                let picked = &blocks[ranges[*axis].0..ranges[*axis].1];
                let (first, last) = (picked[0], picked[picked.len() - 1]);
                let range = (first.min(last), first.max(last) + 1);
                (range, range.1 - range.0 == picked.len())
            }
        }
    }

    /// Whether any of the input's blocks in `inputs` goes into any of the output blocks in `ranges`; no range is empty.
    pub(crate) fn meets(&self, ranges: &[(usize, usize)], inputs: (usize, usize), count: usize) -> bool {
        let share = |a: (usize, usize), b: (usize, usize)| a.0.max(b.0) < a.1.min(b.1);
        match self {
            Link::Overlap { axis, from, to } => {
                let outputs = ranges[*axis];
                let (own, other) = (elements(to, outputs), elements(from, inputs));
                if own.0 == own.1 {
                    (outputs.0..outputs.1).any(|index| share(overlap(from, to, index), inputs))
                } else if other.0 == other.1 {
                    (inputs.0..inputs.1).any(|index| share(overlap(to, from, index), outputs))
                } else {
                    own.0.max(other.0) < own.1.min(other.1)
                }
            }
            Link::Picks { axis, blocks, falling } => {
                let picked = &blocks[ranges[*axis].0..ranges[*axis].1];
                let found = if *falling {
                    picked.get(picked.partition_point(|&block| block >= inputs.1))
                } else {
                    picked.get(picked.partition_point(|&block| block < inputs.0))
                };
                found.is_some_and(|&block| block >= inputs.0 && block < inputs.1)
            }
            _ => share(self.inputs_of(ranges, count).0, inputs),
        }
    }

    /// The output axis that block `index` of the input is bound to, with first and end of the blocks it goes into.
    /// `Some(None)` when it goes into all, `None` when into none.
    #[allow(clippy::option_option)]
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn outputs(&self, index: usize) -> Option<Option<(usize, usize, usize)>> {
        let (axis, first, end) = match self {
            Link::Same { axis } => (*axis, index, index + 1),
            Link::First | Link::All => return Some(None),
            Link::Fixed(block) => return (*block == index).then_some(None),
            Link::Group { axis, size } => (*axis, index / size, index / size + 1),
            Link::Overlap { axis, from, to } => {
                let (first, end) = overlap(to, from, index);
                (*axis, first, end)
            }
            Link::Picks { axis, blocks, falling } => {
                let found = if *falling {
                    blocks.binary_search_by(|block| index.cmp(block))
                } else {
                    blocks.binary_search(&index)
                };
                (*axis, found.ok()?, found.ok()? + 1)
            }
        };
        (first < end).then_some(Some((axis, first, end)))
    }

    /// Whether every one of the input's `count` blocks goes into some output block.
    pub(crate) fn takes_all(&self, count: usize) -> bool {
        match self {
            Link::Same { .. } | Link::First | Link::All | Link::Group { .. } => true,
            Link::Fixed(_) => count == 1,
            Link::Overlap { from, .. } => from.sizes().all(|size| size > 0),
            Link::Picks { blocks, .. } => blocks.len() == count,
        }
    }
}

/// Calls `visit` with the row-major position, in a grid of `counts` blocks, of each block of the box
/// from `low` up to, not including, `high`.
#[cfg_attr(page, optimize(speed))]
pub(crate) fn visit_box(
    low: &[usize; MAX_RANK],
    high: &[usize; MAX_RANK],
    counts: &[usize],
    mut visit: impl FnMut(usize),
) {
    let rank = counts.len();
    if (0..rank).any(|axis| low[axis] >= high[axis]) {
        return;
    }
    let mut index = *low;
    loop {
        let row = (0..rank).fold(0, |position, axis| position * counts[axis] + index[axis]);
        if rank == 0 {
            return visit(0);
        }
        let last = rank - 1;
        for position in row..row + high[last] - low[last] {
            visit(position);
        }
        let Some(axis) = (0..last).rev().find(|&axis| index[axis] + 1 < high[axis]) else { return };
        index[axis] += 1;
        index[axis + 1..rank].copy_from_slice(&low[axis + 1..rank]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both_ways_agree(link: &Link, outputs: usize, inputs: usize) {
        for input in 0..inputs {
            let forward: Vec<usize> = (0..outputs)
                .filter(|&output| {
                    let (first, end) = link.inputs(&[output], inputs);
                    (first..end).contains(&input)
                })
                .collect();
            let backward: Vec<usize> = match link.outputs(input) {
                None => vec![],
                Some(None) => (0..outputs).collect(),
                Some(Some((_, first, end))) => (first..end).collect(),
            };
            assert_eq!(forward, backward, "input block {input}");
        }
    }

    #[test]
    fn consumers_are_the_inverse_of_inputs() {
        both_ways_agree(&Link::Same { axis: 0 }, 4, 4);
        both_ways_agree(&Link::First, 4, 1);
        both_ways_agree(&Link::All, 1, 5);
        both_ways_agree(&Link::Fixed(2), 1, 5);
        both_ways_agree(&Link::Group { axis: 0, size: 3 }, 3, 7);
        both_ways_agree(&Link::Picks { axis: 0, blocks: [1, 2, 4].into(), falling: false }, 3, 5);
        both_ways_agree(&Link::Picks { axis: 0, blocks: [4, 2, 1].into(), falling: true }, 3, 5);
        let (from, to) = (Axis::from_sizes(&[3, 0, 4, 1]), Axis::from_sizes(&[2, 2, 0, 4]));
        both_ways_agree(&Link::Overlap { axis: 0, from, to }, 4, 4);
        let (from, to) = (Axis::from_sizes(&[0, 5, 3, 0]), Axis::from_sizes(&[2, 0, 3, 0, 3]));
        both_ways_agree(&Link::Overlap { axis: 0, from, to }, 5, 4);
    }

    #[test]
    fn a_box_is_visited_row_by_row() {
        let (mut low, mut high) = ([0; MAX_RANK], [0; MAX_RANK]);
        (low[0], high[0]) = (1, 3);
        (low[1], high[1]) = (0, 1);
        (low[2], high[2]) = (2, 4);
        let mut seen = vec![];
        visit_box(&low, &high, &[3, 2, 5], |position| seen.push(position));
        assert_eq!(seen, [12, 13, 22, 23]);
        seen.clear();
        visit_box(&[0; MAX_RANK], &[0; MAX_RANK], &[], |position| seen.push(position));
        assert_eq!(seen, [0]);
    }
}
