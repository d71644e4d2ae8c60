//! Walks over row-major memory with strides: views, broadcasts, transposes, without copying them first.

use crate::block::fill;

/// The distance in elements from one index to the next along each axis of a row-major array.
pub(crate) fn row_major_strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut stride = 1isize;
    for (axis, &extent) in shape.iter().enumerate().rev() {
        strides[axis] = stride;
        stride = stride.wrapping_mul(extent as isize);
    }
    strides
}

/// A walk over every index of a shape, for `N` arrays at once that each have their own strides.
///
/// Axes of length 1 are dropped and axes that every array lays out end to end are joined, so the
/// innermost run is as long as it can be.
pub(crate) struct Walk<const N: usize> {
    shape: Vec<usize>,
    strides: [Vec<isize>; N],
}

impl<const N: usize> Walk<N> {
    /// A walk over `shape`; each array gives its stride along every axis, 0 where it is broadcast.
    pub(crate) fn new(shape: &[usize], strides: [&[isize]; N]) -> Walk<N> {
        let mut walk = Walk { shape: Vec::new(), strides: std::array::from_fn(|_| Vec::new()) };
        for (axis, &extent) in shape.iter().enumerate() {
            if extent == 1 {
                continue;
            }
            let joins = !walk.shape.is_empty()
                && (0..N).all(|n| walk.strides[n].last() == Some(&(strides[n][axis] * extent as isize)));
            if joins {
                *walk.shape.last_mut().expect("checked not empty") *= extent;
            } else {
                walk.shape.push(extent);
            }
            for (own, strides) in walk.strides.iter_mut().zip(strides) {
                if joins {
                    own.pop();
                }
                own.push(strides[axis]);
            }
        }
        walk
    }

    /// Length of the innermost run.
    pub(crate) fn run(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// Whether there is but one index.
    pub(crate) fn is_single(&self) -> bool {
        self.shape.is_empty()
    }

    /// Stride of each array within the innermost run.
    pub(crate) fn run_strides(&self) -> [isize; N] {
        std::array::from_fn(|n| self.strides[n].last().copied().unwrap_or(1))
    }

    /// Takes an outer axis out of the walk along which the elements of the first array lie nearer to each other than in
    /// the innermost runs, where those lie apart; its extent, and the stride of each array. One index where there is none.
    fn take_nearer_axis(&mut self) -> (usize, [isize; N]) {
        let apart = |axis: usize| self.strides[0][axis].unsigned_abs();
        let last = self.shape.len().saturating_sub(1);
        let nearest =
            (0..last).min_by_key(|&axis| apart(axis)).filter(|&axis| apart(last) > 1 && apart(axis) < apart(last));
        match nearest {
            Some(axis) => (self.shape.remove(axis), self.strides.each_mut().map(|strides| strides.remove(axis))),
            None => (1, [0; N]),
        }
    }

    /// Calls `visit` with the offset of each array at the start of every innermost run, in row-major order.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn for_each_run(&self, mut visit: impl FnMut([isize; N])) {
        if self.shape.contains(&0) {
            return;
        }
        let outer = self.shape.len().saturating_sub(1);
        let mut index = vec![0usize; outer];
        let mut offsets = [0isize; N];
        loop {
            visit(offsets);
            let mut axis = outer;
            loop {
                if axis == 0 {
                    return;
                }
                axis -= 1;
                index[axis] += 1;
                for (n, offset) in offsets.iter_mut().enumerate() {
                    *offset += self.strides[n][axis];
                }
                if index[axis] < self.shape[axis] {
                    break;
                }
                for (n, offset) in offsets.iter_mut().enumerate() {
                    *offset -= self.strides[n][axis] * self.shape[axis] as isize;
                }
                index[axis] = 0;
            }
        }
    }
}

/// One array seen through strides: its elements, where the first lies, and the stride of each axis.
pub(crate) struct View<S> {
    pub(crate) elements: S,
    pub(crate) offset: usize,
    pub(crate) strides: Vec<isize>,
}

/// Elements along both sides of a tile: so few that the cache lines of its source stay in a cache until all of their
/// elements were copied, so many that there are few tiles.
const TILE: usize = 32;

/// Copies every element of one view to the same index of another; both have `shape`.
pub(crate) fn copy<T: Copy>(shape: &[usize], source: View<&[T]>, target: View<&mut [T]>) {
    let mut walk = Walk::new(shape, [&source.strides, &target.strides]);
    let (run, strides) = (walk.run(), walk.run_strides());
    let (rows, row_strides) = walk.take_nearer_axis();
    // Without such an axis there is one row, and a tile is as long as it.
    let side = if rows == 1 { run } else { TILE };
    walk.for_each_run(|starts| {
        for first_row in (0..rows).step_by(TILE) {
            for first in (0..run).step_by(side) {
                for row in first_row..rows.min(first_row + TILE) {
                    let start = |n: usize| starts[n] + row as isize * row_strides[n] + first as isize * strides[n];
                    let at = [source.offset.wrapping_add_signed(start(0)), target.offset.wrapping_add_signed(start(1))];
                    copy_run(source.elements, target.elements, at, strides, side.min(run - first));
                }
            }
        }
    });
}

/// Copies `run` elements, from and to where `at` says, by those strides.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn copy_run<T: Copy>(
    source: &[T],
    target: &mut [T],
    [from, to]: [usize; 2],
    [from_stride, to_stride]: [isize; 2],
    run: usize,
) {
    match (from_stride, to_stride) {
        (1, 1) => target[to..to + run].copy_from_slice(&source[from..from + run]),
        (0, 1) => fill(&mut target[to..to + run], source[from]),
        _ => {
            for i in 0..run as isize {
                target[to.wrapping_add_signed(i * to_stride)] = source[from.wrapping_add_signed(i * from_stride)];
            }
        }
    }
}

/// The body with `T` as the unsigned integer of `size` bytes: what only moves elements is compiled once for each size.
macro_rules! with_bits {
    ($size:expr, $T:ident => $body:expr) => {
        match $size {
            1 => {
                type $T = u8;
                $body
            }
            2 => {
                type $T = u16;
                $body
            }
            4 => {
                type $T = u32;
                $body
            }
            _ => {
                type $T = u64;
                $body
            }
        }
    };
}
pub(crate) use with_bits;
