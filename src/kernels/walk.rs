//! From one run to whole arrays: which runs make up each result, and in which order they merge.

use super::element::Element;
use super::lanes::{Statistic, ROWS};
use super::strided::{row_major_strides, Walk};

/// Columns that are reduced together: their rows are far apart in memory, so each visit takes a good piece.
const STRIP: usize = 512;

/// Merges a sequence of values as a balanced tree, however long it gets: the rounding error of a sum
/// grows with the depth of the tree, and the tree depends on nothing but the number of values.
struct Pairwise<V> {
    /// Values of finished subtrees, each with the number of leaves it stands for, larger ones first.
    subtrees: Vec<(usize, V)>,
}

impl<V> Pairwise<V> {
    fn new() -> Pairwise<V> {
        Pairwise { subtrees: Vec::new() }
    }

    fn push(&mut self, value: V, merge: impl Fn(V, V) -> V) {
        let mut subtree = (1, value);
        while let Some((size, left)) = self.subtrees.pop_if(|(size, _)| *size == subtree.0) {
            subtree = (size * 2, merge(left, subtree.1));
        }
        self.subtrees.push(subtree);
    }

    fn finish(mut self, merge: impl Fn(V, V) -> V) -> Option<V> {
        let (_, mut value) = self.subtrees.pop()?;
        while let Some((_, left)) = self.subtrees.pop() {
            value = merge(left, value);
        }
        Some(value)
    }
}

/// A group of neighbouring axes that are all reduced or all kept.
struct Group {
    extent: usize,
    stride: isize,
    reduced: bool,
}

fn groups(shape: &[usize], axes: &[usize]) -> Vec<Group> {
    let strides = row_major_strides(shape);
    let mut groups: Vec<Group> = Vec::new();
    for (axis, &extent) in shape.iter().enumerate() {
        let reduced = axes.contains(&axis);
        match groups.last_mut() {
            _ if extent == 1 => {}
            Some(group) if group.reduced == reduced => {
                group.extent *= extent;
                group.stride = strides[axis];
            }
            _ => groups.push(Group { extent, stride: strides[axis], reduced }),
        }
    }
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
pub(crate) fn reduce<T: Element, S: Statistic<T>>(
    elements: &[T],
    shape: &[usize],
    axes: &[usize],
    put: impl FnMut(S::Value),
) {
    let mut groups = groups(shape, axes);
    let last = groups.pop();
    let kept = walk_over(groups.iter().filter(|group| !group.reduced));
    match last {
        Some(Group { extent, reduced: false, .. }) => {
            let innermost = groups.iter().rposition(|group| group.reduced).map(|at| groups.remove(at));
            let (rows, stride) = innermost.map_or((1, 0), |group| (group.extent, group.stride as usize));
            let outer = walk_over(groups.iter().filter(|group| group.reduced));
            reduce_columns::<T, S>(elements, &kept, &outer, Rows { rows, stride, width: extent }, put);
        }
        last => {
            let run = last.map_or(1, |group| group.extent);
            let outer = walk_over(groups.iter().filter(|group| group.reduced));
            reduce_runs::<T, S>(elements, &kept, &outer, run, put);
        }
    }
}

/// How the values of an array come from pieces of it.
enum Way<V> {
    /// All elements make one value.
    Run(Pairwise<V>),
    /// The first axes are reduced and the others kept: a tree for each strip of neighbouring columns.
    Columns { width: usize, strips: Vec<Pairwise<Vec<V>>> },
    /// Pieces have values of their own, or the array is one piece.
    Apart(Vec<V>),
}

/// What [`reduce`] gives of an array, bit for bit, where the array comes in pieces: one behind the other along its
/// first axis longer than 1.
pub(crate) struct Gathering<T: Element, S: Statistic<T>> {
    axes: Vec<usize>,
    way: Way<S::Value>,
    /// Elements at the end of the pieces so far that do not fill a leaf.
    rest: Vec<T>,
}

impl<T: Element, S: Statistic<T>> Gathering<T, S> {
    pub(crate) fn new(shape: &[usize], axes: &[usize]) -> Gathering<T, S> {
        let way = match groups(shape, axes).as_slice() {
            [] | [Group { reduced: true, .. }] => Way::Run(Pairwise::new()),
            [Group { reduced: true, .. }, Group { extent, .. }] => {
                Way::Columns { width: *extent, strips: (0..*extent).step_by(STRIP).map(|_| Pairwise::new()).collect() }
            }
            _ => Way::Apart(Vec::new()),
        };
        Gathering { axes: axes.to_vec(), way, rest: Vec::new() }
    }

    /// Takes the next piece. All pieces but the last hold a multiple of [`grain`] along the axis that is cut.
    pub(crate) fn add(&mut self, elements: &[T], shape: &[usize]) {
        match &mut self.way {
            Way::Run(tree) => add_run::<T, S>(tree, &mut self.rest, elements),
            Way::Columns { width, strips } => {
                let rows = Rows { rows: elements.len() / *width, stride: *width, width: *width };
                for (strip, tree) in strips.iter_mut().enumerate() {
                    add_columns::<T, S>(tree, elements, 0, strip * STRIP, rows);
                }
            }
            Way::Apart(values) => reduce::<T, S>(elements, shape, &self.axes, |value| values.push(value)),
        }
    }

    /// The values, in row-major order.
    pub(crate) fn finish(self) -> Vec<S::Value> {
        match self.way {
            Way::Run(mut tree) => {
                if !self.rest.is_empty() {
                    tree.push(S::leaf(&self.rest), S::merge);
                }
                tree.finish(S::merge).into_iter().collect()
            }
            Way::Columns { strips, .. } => {
                strips.into_iter().filter_map(|tree| tree.finish(merge_columns::<T, S>)).flatten().collect()
            }
            Way::Apart(values) => values,
        }
    }
}

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

fn add_run<T: Element, S: Statistic<T>>(tree: &mut Pairwise<S::Value>, rest: &mut Vec<T>, elements: &[T]) {
    let mut elements = elements;
    if !rest.is_empty() {
        let (head, others) = elements.split_at(elements.len().min(S::LEAF - rest.len()));
        rest.extend_from_slice(head);
        elements = others;
        if rest.len() < S::LEAF {
            return;
        }
        tree.push(S::leaf(rest), S::merge);
        rest.clear();
    }
    let mut leaves = elements.chunks_exact(S::LEAF);
    for leaf in leaves.by_ref() {
        tree.push(S::leaf(leaf), S::merge);
    }
    rest.extend_from_slice(leaves.remainder());
}

fn merge_columns<T: Element, S: Statistic<T>>(mut left: Vec<S::Value>, right: Vec<S::Value>) -> Vec<S::Value> {
    for (left, right) in left.iter_mut().zip(right) {
        *left = S::merge(*left, right);
    }
    left
}

/// Adds to `tree` the columns of `rows`, the first of which is at `base`, that belong to the strip at `strip`.
fn add_columns<T: Element, S: Statistic<T>>(
    tree: &mut Pairwise<Vec<S::Value>>,
    elements: &[T],
    base: usize,
    strip: usize,
    Rows { rows, stride, width }: Rows,
) {
    let columns = STRIP.min(width - strip);
    for row in (0..rows).step_by(ROWS) {
        let first = base + row * stride + strip;
        let values = strip_values::<T, S>(&elements[first..], stride, ROWS.min(rows - row), columns);
        tree.push(values, merge_columns::<T, S>);
    }
}

/// Results that each gather runs of neighbouring elements.
fn reduce_runs<T: Element, S: Statistic<T>>(
    elements: &[T],
    kept: &Walk<1>,
    outer: &Walk<1>,
    run: usize,
    mut put: impl FnMut(S::Value),
) {
    let single = run <= S::LEAF && outer.is_single();
    for_each_offset(kept, |base| {
        if single {
            put(S::leaf(&elements[base..base + run]));
            return;
        }
        let mut tree = Pairwise::new();
        for_each_offset(outer, |offset| {
            for leaf in elements[base + offset..][..run].chunks(S::LEAF) {
                tree.push(S::leaf(leaf), S::merge);
            }
        });
        tree.finish(S::merge).map(&mut put);
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
fn reduce_columns<T: Element, S: Statistic<T>>(
    elements: &[T],
    kept: &Walk<1>,
    outer: &Walk<1>,
    rows: Rows,
    mut put: impl FnMut(S::Value),
) {
    for_each_offset(kept, |base| {
        for strip in (0..rows.width).step_by(STRIP) {
            let mut tree = Pairwise::new();
            for_each_offset(outer, |offset| add_columns::<T, S>(&mut tree, elements, base + offset, strip, rows));
            tree.finish(merge_columns::<T, S>).into_iter().flatten().for_each(&mut put);
        }
    });
}

/// The values of `columns` neighbouring columns over a few rows.
fn strip_values<T: Element, S: Statistic<T>>(
    elements: &[T],
    stride: usize,
    rows: usize,
    columns: usize,
) -> Vec<S::Value> {
    let mut values = Vec::with_capacity(columns);
    while columns - values.len() >= 16 {
        values.extend(S::columns::<16>(&elements[values.len()..], stride, rows));
    }
    while columns - values.len() >= 4 {
        values.extend(S::columns::<4>(&elements[values.len()..], stride, rows));
    }
    while columns > values.len() {
        values.extend(S::columns::<1>(&elements[values.len()..], stride, rows));
    }
    values
}
