//! From one run to whole arrays: which runs make up each result, and in which order they merge.

use super::lanes::{LEAF, ROWS};
use super::leaves::{Leaves, Scratch};
use super::strided::Walk;
use crate::block::extend_with_zeros;
use smallvec::SmallVec;

/// Columns that are reduced together: so few that what is known of them stays in a near cache, so many that pieces of
/// their rows are some pages long, or whole rows, one behind the other.
const STRIP: usize = 4096;

/// Merges a sequence of values as a balanced tree, however long it gets: the rounding error of a sum
/// grows with the depth of the tree, and the tree depends on nothing but the number of values.
struct Pairwise<V> {
    /// The last finished subtree: its value, and the number of leaves it stands for.
    last: Option<(usize, V)>,
    /// Those before it, larger ones first.
    before: Vec<(usize, V)>,
}

impl<V> Pairwise<V> {
    fn new() -> Pairwise<V> {
        Pairwise { last: None, before: Vec::new() }
    }

    fn push(&mut self, value: V, merge: impl Fn(V, V) -> V) {
        let mut subtree = (1, value);
        while let Some((size, left)) = self.last.take_if(|(size, _)| *size == subtree.0) {
            subtree = (size * 2, merge(left, subtree.1));
            self.last = self.before.pop();
        }
        if let Some(last) = self.last.replace(subtree) {
            self.before.push(last);
        }
    }

    fn finish(mut self, merge: impl Fn(V, V) -> V) -> Option<V> {
        let (_, mut value) = self.last?;
        while let Some((_, left)) = self.before.pop() {
            value = merge(left, value);
        }
        Some(value)
    }
}

/// What is known of the elements of one result, leaf by leaf.
pub(super) struct RunTree<V> {
    tree: Pairwise<V>,
    kept: Option<V>,
}

impl<V: Copy> RunTree<V> {
    fn new() -> RunTree<V> {
        RunTree { tree: Pairwise::new(), kept: None }
    }

    /// What is [kept](super::lanes::Statistic::keep) of the leaves so far, if there are any.
    pub(super) fn kept(&self) -> Option<V> {
        self.kept
    }

    /// Adds what is known of the next leaf.
    pub(super) fn push(&mut self, value: V, merge: impl Fn(V, V) -> V, keep: impl Fn(V, V) -> V) {
        self.kept = Some(self.kept.map_or(value, |kept| keep(kept, value)));
        self.tree.push(value, merge);
    }

    fn finish(self, merge: impl Fn(V, V) -> V) -> Option<V> {
        self.tree.finish(merge)
    }
}

/// A group of neighbouring axes that are all reduced or all kept.
struct Group {
    extent: usize,
    stride: isize,
    reduced: bool,
}

fn groups(shape: &[usize], axes: &[usize]) -> SmallVec<[Group; 4]> {
    let mut groups: SmallVec<[Group; 4]> = SmallVec::new();
    let mut stride = 1isize;
    for (axis, &extent) in shape.iter().enumerate().rev() {
        let reduced = axes.contains(&axis);
        match groups.last_mut() {
            _ if extent == 1 => {}
            Some(group) if group.reduced == reduced => group.extent *= extent,
            _ => groups.push(Group { extent, stride, reduced }),
        }
        stride = stride.wrapping_mul(extent as isize);
    }
    groups.reverse();
    groups
}

fn walk_over<'a>(groups: impl Iterator<Item = &'a Group>) -> Walk<1> {
    let (shape, strides): (Vec<_>, Vec<_>) = groups.map(|group| (group.extent, group.stride)).unzip();
    Walk::new(&shape, [&strides])
}

/// Offsets of every index of a walk, in row-major order.
fn for_each_offset(walk: &Walk<1>, mut visit: impl FnMut(usize)) {
    let (run, [stride]) = (walk.run(), walk.run_strides());
    walk.for_each_run(|[offset]| {
        for i in 0..run as isize {
            visit((offset + i * stride) as usize);
        }
    });
}

/// Reduces the row-major `elements` of `shape` over `axes` and gives each result, in row-major order, to `put`.
///
/// No extent may be 0.
fn reduce<V: Copy>(
    leaves: &Leaves<V>,
    elements: &[u8],
    shape: &[usize],
    axes: &[usize],
    put: &mut dyn FnMut(V),
    scratch: &mut Scratch,
) {
    let mut groups = groups(shape, axes);
    let last = groups.pop();
    let kept = walk_over(groups.iter().filter(|group| !group.reduced));
    match last {
        Some(Group { extent, reduced: false, .. }) => {
            let innermost = groups.iter().rposition(|group| group.reduced).map(|at| groups.remove(at));
            let (rows, stride) = innermost.map_or((1, 0), |group| (group.extent, group.stride as usize));
            let outer = walk_over(groups.iter().filter(|group| group.reduced));
            reduce_columns(leaves, elements, &kept, &outer, Rows { rows, stride, width: extent }, put, scratch);
        }
        last => {
            let run = last.map_or(1, |group| group.extent);
            let outer = walk_over(groups.iter().filter(|group| group.reduced));
            reduce_runs(leaves, elements, &kept, &outer, run, put, scratch);
        }
    }
}

/// How the values of an array come from pieces of it.
enum Way<V> {
    /// All elements make one value.
    Run(Run<V>),
    /// The first axes are reduced and the others kept: a tree for each strip of neighbouring columns.
    Columns { width: usize, strips: Vec<Pairwise<Vec<V>>> },
    /// Pieces have values of their own, or the array is one piece.
    Apart(Vec<V>),
}

/// What [`reduce`] gives of an array, bit for bit, where the array comes in pieces: one behind the other along its
/// first axis longer than 1.
pub(super) struct Gathering<V> {
    leaves: Leaves<V>,
    axes: SmallVec<[usize; 4]>,
    way: Way<V>,
    scratch: Scratch,
}

impl<V: Copy> Gathering<V> {
    pub(super) fn new(leaves: Leaves<V>, shape: &[usize], axes: &[usize]) -> Gathering<V> {
        let way = match groups(shape, axes).as_slice() {
            [] | [Group { reduced: true, .. }] => {
                let elements = shape.iter().fold(1, |count: u64, &extent| count.saturating_mul(extent as u64));
                let left = elements.saturating_mul(leaves.size() as u64);
                Way::Run(Run { tree: RunTree::new(), rest: Vec::new(), held: 0, left })
            }
            [Group { reduced: true, .. }, Group { extent, .. }] => {
                Way::Columns { width: *extent, strips: (0..*extent).step_by(STRIP).map(|_| Pairwise::new()).collect() }
            }
            _ => Way::Apart(Vec::new()),
        };
        Gathering { leaves, axes: axes.into(), way, scratch: Scratch::default() }
    }

    /// Takes the next piece, its elements as bytes. All pieces but the last hold a multiple of [`grain`] along the
    /// axis that is cut.
    pub(super) fn add(&mut self, elements: &[u8], shape: &[usize]) {
        let (leaves, scratch) = (&self.leaves, &mut self.scratch);
        match &mut self.way {
            Way::Run(run) => run.add(leaves, elements, scratch),
            Way::Columns { width, strips } => {
                let rows = elements.len() / leaves.size() / *width;
                let rows = Rows { rows, stride: *width, width: *width };
                for (strip, tree) in strips.iter_mut().enumerate() {
                    add_columns(leaves, tree, elements, 0, strip * STRIP, rows, scratch);
                }
            }
            Way::Apart(values) => reduce(leaves, elements, shape, &self.axes, &mut |value| values.push(value), scratch),
        }
    }

    /// The values, in row-major order.
    pub(super) fn finish(self) -> Values<V> {
        let leaves = &self.leaves;
        let merge = |left, right| leaves.merge(left, right);
        match self.way {
            Way::Run(run) => run.tree.finish(merge).map_or_else(Values::new, |value| Values::from_buf([value])),
            Way::Columns { strips, .. } => {
                let merge = |left, right| merge_columns(leaves, left, right);
                strips.into_iter().filter_map(|tree| tree.finish(merge)).flatten().collect::<Vec<V>>().into()
            }
            Way::Apart(values) => values.into(),
        }
    }
}

/// What was gathered for each result; a single one needs no memory of its own.
pub(super) type Values<V> = SmallVec<[V; 1]>;

/// Where an array of `shape` may be cut along its first axis longer than 1 so that its values come from the pieces:
/// at multiples of the number. `None` where they only come from the whole.
pub(crate) fn grain(shape: &[usize], axes: &[usize]) -> Option<usize> {
    let groups = groups(shape, axes);
    match groups.as_slice() {
        [] => None,
        [_] | [Group { reduced: false, .. }, ..] => Some(1),
        [Group { extent, .. }, _] => {
            let cut = shape.iter().copied().find(|&extent| extent > 1)?;
            let rows_of_one = extent / cut;
            Some(ROWS / (1 << rows_of_one.trailing_zeros().min(ROWS.trailing_zeros())))
        }
        _ => None,
    }
}

/// A run of elements that comes in pieces.
struct Run<V> {
    tree: RunTree<V>,
    /// The elements at the end of the pieces so far that do not fill a leaf.
    rest: Vec<u64>,
    /// Bytes of them.
    held: usize,
    /// Bytes that are still to come.
    left: u64,
}

impl<V: Copy> Run<V> {
    fn add(&mut self, leaves: &Leaves<V>, mut elements: &[u8], scratch: &mut Scratch) {
        let leaf = LEAF * leaves.size();
        self.left = self.left.saturating_sub(elements.len() as u64);
        if self.held > 0 {
            let (head, others) = elements.split_at(elements.len().min(leaf - self.held));
            bytemuck::cast_slice_mut(&mut self.rest)[self.held..][..head.len()].copy_from_slice(head);
            self.held += head.len();
            elements = others;
            if self.held < leaf && self.left > 0 {
                return;
            }
            leaves.run(&bytemuck::cast_slice(&self.rest)[..self.held], &mut self.tree, scratch);
            self.held = 0;
        }
        self.held = if self.left > 0 { elements.len() % leaf } else { 0 };
        let (whole, rest) = elements.split_at(elements.len() - self.held);
        leaves.run(whole, &mut self.tree, scratch);
        if !rest.is_empty() {
            extend_with_zeros(&mut self.rest, leaf.div_ceil(size_of::<u64>()));
            bytemuck::cast_slice_mut(&mut self.rest)[..rest.len()].copy_from_slice(rest);
        }
    }
}

fn merge_columns<V: Copy>(leaves: &Leaves<V>, mut left: Vec<V>, right: Vec<V>) -> Vec<V> {
    leaves.merge_columns(&mut left, &right);
    left
}

/// Adds to `tree` the columns of `rows`, the first of which is at `base`, that belong to the strip at `strip`.
fn add_columns<V: Copy>(
    leaves: &Leaves<V>,
    tree: &mut Pairwise<Vec<V>>,
    elements: &[u8],
    base: usize,
    strip: usize,
    Rows { rows, stride, width }: Rows,
    scratch: &mut Scratch,
) {
    let columns = STRIP.min(width - strip);
    for row in (0..rows).step_by(ROWS) {
        let first = (base + row * stride + strip) * leaves.size();
        let values = leaves.columns(&elements[first..], stride, ROWS.min(rows - row), columns, scratch);
        tree.push(values, |left, right| merge_columns(leaves, left, right));
    }
}

/// Results that each gather runs of neighbouring elements.
#[cfg_attr(page, optimize(speed))]
fn reduce_runs<V: Copy>(
    leaves: &Leaves<V>,
    elements: &[u8],
    kept: &Walk<1>,
    outer: &Walk<1>,
    run: usize,
    put: &mut dyn FnMut(V),
    scratch: &mut Scratch,
) {
    let size = leaves.size();
    if run <= LEAF && outer.is_single() {
        // Groups of axes alternate, so that what is kept before a single run is one group: runs without gaps.
        let bytes = kept.run() * run * size;
        kept.for_each_run(|[offset]| leaves.runs(&elements[offset as usize * size..][..bytes], run, put, scratch));
        return;
    }
    let merge = |left, right| leaves.merge(left, right);
    for_each_offset(kept, |base| {
        let mut tree = RunTree::new();
        for_each_offset(outer, |offset| {
            leaves.run(&elements[(base + offset) * size..][..run * size], &mut tree, scratch);
        });
        tree.finish(merge).map(&mut *put);
    });
}

/// Rows of neighbouring results.
#[derive(Clone, Copy)]
struct Rows {
    rows: usize,
    stride: usize,
    width: usize,
}

/// Results that lie side by side, each of which gathers a column of elements.
fn reduce_columns<V: Copy>(
    leaves: &Leaves<V>,
    elements: &[u8],
    kept: &Walk<1>,
    outer: &Walk<1>,
    rows: Rows,
    put: &mut dyn FnMut(V),
    scratch: &mut Scratch,
) {
    for_each_offset(kept, |base| {
        for strip in (0..rows.width).step_by(STRIP) {
            let mut tree = Pairwise::new();
            for_each_offset(outer, |offset| {
                add_columns(leaves, &mut tree, elements, base + offset, strip, rows, scratch)
            });
            let values = tree.finish(|left, right| merge_columns(leaves, left, right));
            values.into_iter().flatten().for_each(&mut *put);
        }
    });
}
