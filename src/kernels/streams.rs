//! Sums over runs of elements that are read in several places side by side.
//!
//! A processor fetches ahead of what is read, but not past the end of a page, which are of 4 KiB in a tab: of a run read
//! from its begin to its end, it waits for the begin of each page. In [`STREAMS`] places something is always under way.
//! More of them than a set of the first cache has lines get in each other's way, a power of two apart as they are.
//!
//! The longer the streams, the better: those of a run of [`LEAF`] elements are parts of it, and where there are as many
//! such runs at hand, each is a stream of its own. That takes a quarter to a half of the time off where elements come
//! from memory, and none where they come from a cache; and the sums are the same, bit by bit.

use super::element::Element;
use super::lanes::LEAF;
use wide::f64x2;

/// Elements that are read of a stream at once: a vector of two doubles, of SSE2 and of simd128.
const PAIR: usize = 2;

/// Places in which elements are read side by side, in [`GROUPS`] that take turns.
const STREAMS: usize = TOGETHER * GROUPS;

/// Streams that are read from pair by pair: as many as there are registers for two sums of each and what
/// else is needed, a number that is the same for all of them. While they are read,
/// the next elements of the others are on their way.
const TOGETHER: usize = 4;

const GROUPS: usize = 2;

/// Runs of [`LEAF`] elements that are gone through side by side.
pub(super) const LEAVES: usize = STREAMS;

/// Pairs of a stream that are added up before sums are added to sums.
///
/// Rounding errors grow with the additions in a row: in a leaf 16, then [`STRETCHES`], then 16, then those of the
/// streams; in NumPy's pairwise sum 16, those of its eight lanes, and those of its tree, which is deeper than ours.
const STRETCH: usize = 16;

/// Stretches that are added up before their sums are added to sums, and before it is the other group's turn.
const STRETCHES: usize = 8;

/// The shortest run that is read in streams; those of a shorter one would not reach from page to page.
const SHORT: usize = 2048;

/// Elements of a shorter run that eight accumulators add up, as many additions in a row as for a stretch.
const PART: usize = 8 * STRETCH;

/// Pairs of elements, one behind the other.
type Stream<'a, T> = &'a [[T; PAIR]];

/// The sums of `N` numbers over each stream of each group, in two lanes.
type Totals<const N: usize> = [[[f64x2; TOGETHER]; N]; GROUPS];

/// Adds `sums` to `totals`, stream by stream.
#[inline(always)]
fn add_sums<const N: usize>(totals: &mut [[f64x2; TOGETHER]; N], sums: &[[f64x2; TOGETHER]; N]) {
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, &sum) in totals.iter_mut().zip(sums) {
            *total += sum;
        }
    }
}

/// Adds each of the numbers that `f` makes of an element and of `near` to its own `totals`, for as many pairs of each
/// stream as there are of the first.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn add_streams<T: Element, const N: usize>(
    streams: [Stream<T>; TOGETHER],
    near: &f64x2,
    totals: &mut [[f64x2; TOGETHER]; N],
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) {
    let near = *near;
    let rows = streams[0].len();
    let streams = streams.map(|stream| &stream[..rows]);
    let mut stretches = [[f64x2::ZERO; TOGETHER]; N];
    for first in (0..rows).step_by(STRETCH) {
        let mut sums = [[f64x2::ZERO; TOGETHER]; N];
        for row in first..rows.min(first + STRETCH) {
            for (stream, pairs) in streams.iter().enumerate() {
                let numbers = f(doubles(pairs[row]), near);
                for number in 0..N {
                    sums[number][stream] += numbers[number];
                }
            }
        }
        add_sums(&mut stretches, &sums);
    }
    add_sums(totals, &stretches);
}

/// The totals over `streams` that are as long as each other, in turns of the groups, which do not change their bits.
#[inline(always)]
fn totals_of<T: Element, const N: usize>(
    streams: [Stream<T>; STREAMS],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> Totals<N> {
    let rows = streams[0].len();
    let mut groups = [[[f64x2::ZERO; TOGETHER]; N]; GROUPS];
    for first in (0..rows).step_by(STRETCH * STRETCHES) {
        let count = (STRETCH * STRETCHES).min(rows - first);
        for (group, totals) in groups.iter_mut().enumerate() {
            let parts = std::array::from_fn(|stream| &streams[group * TOGETHER + stream][first..][..count]);
            add_streams::<T, N>(parts, &f64x2::splat(near), totals, f);
        }
    }
    groups
}

/// The sum of each of the numbers that `f` makes of an element and of `near`, over a run of at most [`LEAF`] elements.
#[inline(always)]
pub(super) fn sums_of<T: Element, const N: usize>(
    run: &[T],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> [f64; N] {
    let of_part = |elements| f(elements, f64x2::splat(near));
    if run.len() < SHORT {
        let mut sums = [0.0; N];
        for part in run.chunks(PART) {
            let numbers = sums_of_part(part, of_part);
            for number in 0..N {
                sums[number] += numbers[number];
            }
        }
        return sums;
    }
    let rows = run.len() / (STREAMS * PAIR);
    let (pairs, _) = run.as_chunks::<PAIR>();
    let streams = std::array::from_fn(|stream| &pairs[stream * rows..][..rows]);
    let groups = totals_of(streams, near, f);
    let rest = sums_of_part(&run[STREAMS * PAIR * rows..], of_part);
    std::array::from_fn(|number| {
        let totals = groups.iter().flat_map(|totals| totals[number]);
        totals.fold(f64x2::ZERO, |sum, total| sum + total).reduce_add() + rest[number]
    })
}

/// [`sums_of`] each of `leaves`, runs of [`LEAF`] elements.
///
/// The streams that each has by itself are gone through one after the other, and the leaves side by side.
#[inline(always)]
pub(super) fn sums_of_leaves<T: Element, const N: usize>(
    leaves: [&[T]; LEAVES],
    near: f64,
    f: impl Fn(f64x2, f64x2) -> [f64x2; N] + Copy,
) -> [[f64; N]; LEAVES] {
    const ROWS: usize = LEAF / (STREAMS * PAIR);
    const { assert!(ROWS * STREAMS * PAIR == LEAF, "of a leaf nothing is left that is in no stream") };
    let leaves = leaves.map(|leaf| leaf.as_chunks::<PAIR>().0);
    let mut sums = [[[f64x2::ZERO; TOGETHER]; N]; GROUPS];
    for part in 0..STREAMS {
        let totals = totals_of(leaves.map(|leaf| &leaf[part * ROWS..][..ROWS]), near, f);
        for (sums, totals) in sums.iter_mut().zip(&totals) {
            add_sums(sums, totals);
        }
    }
    std::array::from_fn(|leaf| {
        std::array::from_fn(|number| sums[leaf / TOGETHER][number][leaf % TOGETHER].reduce_add())
    })
}

/// [`sums_of`] at most [`PART`] elements, one after the other.
#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn sums_of_part<T: Element, const N: usize>(run: &[T], f: impl Fn(f64x2) -> [f64x2; N] + Copy) -> [f64; N] {
    let mut sums = [[f64x2::ZERO; 4]; N];
    let (rows, rest) = run.as_chunks::<{ 4 * PAIR }>();
    for &[a, b, c, d, e, g, h, i] in rows {
        let numbers = [[a, b], [c, d], [e, g], [h, i]].map(|pair| f(doubles(pair)));
        for number in 0..N {
            for pair in 0..4 {
                sums[number][pair] += numbers[pair][number];
            }
        }
    }
    let mut sums = sums.map(|[a, b, c, d]| ((a + b) + (c + d)).reduce_add());
    for &element in rest {
        let numbers = f(doubles([element; PAIR]));
        for number in 0..N {
            sums[number] += numbers[number].to_array()[0];
        }
    }
    sums
}

#[inline(always)]
fn doubles<T: Element>([x, y]: [T; PAIR]) -> f64x2 {
    f64x2::new([x.to_f64(), y.to_f64()])
}
