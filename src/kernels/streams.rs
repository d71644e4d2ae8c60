//! Runs of elements that are read in several places side by side: sums of them, and extremes.
//!
//! A processor fetches ahead of what is read, but not past the end of a page, and pages are of 4 KiB in a tab: of a run
//! read from its beginning to its end, it waits for the beginning of each page. In [`STREAMS`] places something is always
//! under way. More of them than a set of the first cache has lines get in each other's way, a power of two apart as
//! they are.
//!
//! The longer the streams, the better: those of a leaf are parts of it, and where there are as many runs at hand as
//! streams, each is one of its own. That takes a quarter to a third of the time off where elements come from memory, and
//! none where they come from a cache; and the sums are the same, bit by bit.
//!
//! Streams take turns in [`GROUPS`] groups: some cache lines of one, while the next ones of the other are on their way.
//!
//! What is made of an element often depends on a number, `near`. It is handed down beside the function that makes it: a
//! closure that holds it would be another type, and the loops another copy, at each place that has one.

use super::element::Element;
use wide::{f64x2, u64x2};

/// Elements that are read of a stream at once: a vector of two doubles, of SSE2 and of simd128.
pub(super) const PAIR: usize = 2;

/// Places in which elements are read side by side.
pub(super) const STREAMS: usize = 8;

/// Streams of a group, which are read from pair by pair: as many as there are registers for two numbers of each.
const TOGETHER: usize = 4;

/// Groups of streams that take turns.
const GROUPS: usize = STREAMS / TOGETHER;

/// Pairs of a stream that are gathered before what is gathered is merged: added up, say, before sums are added to sums.
///
/// Rounding errors grow with the additions in a row: in a leaf 16, then [`STRETCHES`], then 16, then those of the
/// streams; in NumPy's pairwise sum 16, those of its eight lanes, and those of its tree, which is deeper than ours.
const STRETCH: usize = 16;

/// Stretches that are merged before it is the next group's turn.
const STRETCHES: usize = 8;

/// The shortest run that is read in streams; those of a shorter one would not reach from page to page.
pub(super) const SHORTEST: usize = 2048;

/// Elements of a shorter run that are added up in as many additions in a row as a stretch.
const PART: usize = TOGETHER * PAIR * STRETCH;

/// Pairs of elements, one behind the other.
pub(super) type Stream<'a, T> = &'a [[T; PAIR]];

/// What is gathered of the elements of a stream, in two lanes.
///
/// Its numbers are written out, however many they are: those that loops go over are in memory, and not in registers, when
/// each stretch begins and ends.
pub(super) trait Accumulator: Copy {
    /// What is gathered of no elements.
    const EMPTY: Self;

    /// What is gathered of the elements of both.
    fn merge(self, other: Self) -> Self;
}

/// A sum.
impl Accumulator for [f64x2; 1] {
    const EMPTY: Self = [f64x2::ZERO];

    #[inline(always)]
    fn merge(self, other: Self) -> Self {
        [self[0] + other[0]]
    }
}

/// A sum of integers, wrapping.
impl Accumulator for u64x2 {
    const EMPTY: Self = u64x2::ZERO;

    #[inline(always)]
    fn merge(self, other: Self) -> Self {
        self + other
    }
}

/// Two sums.
impl Accumulator for [f64x2; 2] {
    const EMPTY: Self = [f64x2::ZERO; 2];

    #[inline(always)]
    fn merge(self, other: Self) -> Self {
        [self[0] + other[0], self[1] + other[1]]
    }
}

#[inline(always)]
fn merge<A: Accumulator>([a, b, c, d]: [A; TOGETHER], [e, f, g, h]: [A; TOGETHER]) -> [A; TOGETHER] {
    [a.merge(e), b.merge(f), c.merge(g), d.merge(h)]
}

/// What is gathered of each of `streams`, which are as long as each other: `f` makes it of a pair of elements and of
/// `near`. It is shown where they are: a pair that is handed over is taken out of memory as one number.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
pub(super) fn of_each<T, A: Accumulator>(
    streams: [Stream<T>; STREAMS],
    near: f64,
    f: impl Fn(&[T; PAIR], f64x2) -> A + Copy,
) -> [A; STREAMS] {
    let near = f64x2::splat(near);
    let rows = streams[0].len();
    let mut groups = [[A::EMPTY; TOGETHER]; GROUPS];
    for first in (0..rows).step_by(STRETCH * STRETCHES) {
        let count = (STRETCH * STRETCHES).min(rows - first);
        for (group, totals) in groups.iter_mut().enumerate() {
            let [a, b, c, d]: [Stream<T>; TOGETHER] =
                std::array::from_fn(|stream| &streams[group * TOGETHER + stream][first..][..count]);
            let mut stretches = [A::EMPTY; TOGETHER];
            for first in (0..count).step_by(STRETCH) {
                let mut sums = [A::EMPTY; TOGETHER];
                for row in first..count.min(first + STRETCH) {
                    sums = merge(sums, [&a[row], &b[row], &c[row], &d[row]].map(|pair| f(pair, near)));
                }
                stretches = merge(stretches, sums);
            }
            *totals = merge(*totals, stretches);
        }
    }
    std::array::from_fn(|stream| groups[stream / TOGETHER][stream % TOGETHER])
}

/// The sums of the numbers that `f` makes of an element and of `near`, over a run of at most a leaf.
#[inline(always)]
pub(super) fn sums_of<T: Element, const N: usize>(
    run: &[T],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> [f64; N]
where
    [f64x2; N]: Accumulator,
{
    if run.len() < SHORTEST {
        let mut sums = [0.0; N];
        for part in run.chunks(PART) {
            let numbers = sums_of_part(part, near, f);
            for number in 0..N {
                sums[number] += numbers[number];
            }
        }
        return sums;
    }
    let (sums, rest) = of_streams(run, near, |pair, near| f(doubles(pair), near));
    end(sums, rest, near, f)
}

/// What is gathered of the streams of a run, and the elements at its end that are in none of them.
#[inline(always)]
pub(super) fn of_streams<T, A: Accumulator>(
    run: &[T],
    near: f64,
    f: impl Fn(&[T; PAIR], f64x2) -> A + Copy,
) -> (A, &[T]) {
    let rows = run.len() / (STREAMS * PAIR);
    let (pairs, _) = run.as_chunks::<PAIR>();
    let streams = of_each(std::array::from_fn(|stream| &pairs[stream * rows..][..rows]), near, f);
    (streams.into_iter().fold(A::EMPTY, A::merge), &run[STREAMS * PAIR * rows..])
}

/// [`of_streams`] of each of `runs`, which are as long as each other.
///
/// The streams that each has by itself are gone through one after the other, and the runs side by side.
#[inline(always)]
pub(super) fn of_streams_side_by_side<T, A: Accumulator>(
    runs: [&[T]; STREAMS],
    near: f64,
    f: impl Fn(&[T; PAIR], f64x2) -> A + Copy,
) -> [(A, &[T]); STREAMS] {
    let rows = runs[0].len() / (STREAMS * PAIR);
    let pairs = runs.map(|run| run.as_chunks::<PAIR>().0);
    let mut gathered = [A::EMPTY; STREAMS];
    for stream in 0..STREAMS {
        let more = of_each(pairs.map(|pairs| &pairs[stream * rows..][..rows]), near, f);
        for (gathered, more) in gathered.iter_mut().zip(more) {
            *gathered = gathered.merge(more);
        }
    }
    std::array::from_fn(|run| (gathered[run], &runs[run][STREAMS * PAIR * rows..]))
}

/// [`sums_of`] each of `runs`, which are as long as each other and of at least [`SHORTEST`] elements.
#[inline(always)]
pub(super) fn sums_side_by_side<T: Element, const N: usize>(
    runs: [&[T]; STREAMS],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> [[f64; N]; STREAMS]
where
    [f64x2; N]: Accumulator,
{
    of_streams_side_by_side(runs, near, |pair, near| f(doubles(pair), near))
        .map(|(sums, rest)| end(sums, rest, near, f))
}

/// `sums` and those over the `rest` of a run, which is in no stream.
#[inline(always)]
fn end<T: Element, const N: usize>(
    sums: [f64x2; N],
    rest: &[T],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> [f64; N]
where
    [f64x2; N]: Accumulator,
{
    let rest = sums_of_part(rest, near, f);
    std::array::from_fn(|number| sums[number].reduce_add() + rest[number])
}

/// [`sums_of`] at most [`PART`] elements, one after the other.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn sums_of_part<T: Element, const N: usize>(
    run: &[T],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> [f64; N]
where
    [f64x2; N]: Accumulator,
{
    let near = f64x2::splat(near);
    let (rows, rest) = run.as_chunks::<{ TOGETHER * PAIR }>();
    let mut sums = [<[f64x2; N]>::EMPTY; TOGETHER];
    for &[a, b, c, d, e, g, h, i] in rows {
        sums = merge(sums, [[a, b], [c, d], [e, g], [h, i]].map(|pair| f(doubles(&pair), near)));
    }
    let [a, b, c, d] = sums;
    let mut sums = a.merge(b).merge(c.merge(d)).map(|sum| sum.reduce_add());
    for &element in rest {
        let numbers = f(doubles(&[element; PAIR]), near);
        for number in 0..N {
            sums[number] += numbers[number].to_array()[0];
        }
    }
    sums
}

#[inline(always)]
fn doubles<T: Element>(&[x, y]: &[T; PAIR]) -> f64x2 {
    f64x2::new([x.to_f64(), y.to_f64()])
}
