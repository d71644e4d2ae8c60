//! Numbers in order, by their digits.
//!
//! Most significant digit first and in place, the "American flag sort" (McIlroy, Bostic & McIlroy 1993, "Engineering
//! Radix Sort"). A digit is of the highest bits in which numbers differ at all, so that none is spent on what they have
//! in common: of floats nearly all of the exponent.

use std::ops::Range;

/// Bits of a digit.
const BITS: u32 = 8;

/// Values of a digit.
const VALUES: usize = 1 << BITS;

/// How many numbers are so few that they are put in order by insertion.
const FEW: usize = 48;

/// How many numbers are so many that it pays to leave out those that are not wanted.
const MANY: usize = 1 << 14;

/// Puts `numbers` in ascending order.
pub(crate) fn sort(numbers: &mut [u64]) {
    order(numbers, 0..numbers.len());
}

/// Those of `numbers` that would be at the `wanted` places if they were in ascending order, in that order. The others
/// are left as it happens.
pub(crate) fn select(numbers: &mut [u64], wanted: Range<usize>) -> &[u64] {
    let (mut count, mut wanted) = (numbers.len(), wanted);
    while count > MANY && !wanted.is_empty() {
        let Some(digit) = Digit::of(&numbers[..count]) else { break };
        let ends = digit.ends(&numbers[..count]);
        let holds = |place: usize| ends.partition_point(|&end| end <= place);
        let value = holds(wanted.start);
        if value != holds(wanted.end - 1) {
            break;
        }
        let before = if value == 0 { 0 } else { ends[value - 1] };
        digit.keep(&mut numbers[..count], value);
        count = ends[value] - before;
        wanted = wanted.start - before..wanted.end - before;
    }
    order(&mut numbers[..count], wanted.clone());
    &numbers[wanted]
}

/// Some neighbouring bits of numbers that have all higher ones in common.
#[derive(Clone, Copy)]
struct Digit {
    shift: u32,
}

impl Digit {
    /// The first in which `numbers` differ; `None` where all are one number.
    #[cfg_attr(page, optimize(speed))]
    fn of(numbers: &[u64]) -> Option<Digit> {
        let first = *numbers.first()?;
        let differing = numbers.iter().fold(0, |differing, number| differing | (number ^ first));
        (differing != 0).then(|| Digit { shift: (u64::BITS - differing.leading_zeros()).saturating_sub(BITS) })
    }

    #[inline(always)]
    fn value(self, number: u64) -> usize {
        (number >> self.shift) as usize % VALUES
    }

    /// How many numbers have each value of the digit or a lesser one.
    #[cfg_attr(page, optimize(speed))]
    fn ends(self, numbers: &[u64]) -> [usize; VALUES] {
        let mut ends = [0; VALUES];
        numbers.iter().for_each(|&number| ends[self.value(number)] += 1);
        for value in 1..VALUES {
            ends[value] += ends[value - 1];
        }
        ends
    }

    /// Puts those `numbers` first whose digit is `value`.
    #[cfg_attr(page, optimize(speed))]
    fn keep(self, numbers: &mut [u64], value: usize) {
        let mut kept = 0;
        for place in 0..numbers.len() {
            let number = numbers[place];
            numbers[kept] = number;
            kept += usize::from(self.value(number) == value);
        }
    }

    /// Puts `numbers` in the order of the digit, of which these are the `ends`.
    #[cfg_attr(page, optimize(speed))]
    fn deal(self, numbers: &mut [u64], ends: &[usize; VALUES]) {
        let mut next = [0; VALUES];
        next[1..].copy_from_slice(&ends[..VALUES - 1]);
        for value in 0..VALUES {
            while next[value] < ends[value] {
                let mut number = numbers[next[value]];
                loop {
                    let other = self.value(number);
                    if other == value {
                        break;
                    }
                    std::mem::swap(&mut number, &mut numbers[next[other]]);
                    next[other] += 1;
                }
                numbers[next[value]] = number;
                next[value] += 1;
            }
        }
    }
}

/// Puts `numbers` in order as far as the `wanted` places are concerned.
#[cfg_attr(page, optimize(speed))]
fn order(numbers: &mut [u64], wanted: Range<usize>) {
    if numbers.len() <= FEW {
        insert(numbers);
        return;
    }
    let Some(digit) = Digit::of(numbers) else { return };
    let ends = digit.ends(numbers);
    digit.deal(numbers, &ends);
    if digit.shift == 0 {
        return;
    }
    let mut start = 0;
    for end in ends {
        let part = wanted.start.max(start)..wanted.end.min(end);
        if end - start > 1 && !part.is_empty() {
            order(&mut numbers[start..end], part.start - start..part.end - start);
        }
        start = end;
    }
}

#[cfg_attr(page, optimize(speed))]
fn insert(numbers: &mut [u64]) {
    for place in 1..numbers.len() {
        let number = numbers[place];
        let mut hole = place;
        while hole > 0 && numbers[hole - 1] > number {
            numbers[hole] = numbers[hole - 1];
            hole -= 1;
        }
        numbers[hole] = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of many kinds: random, of few bits, of one exponent, alike but for some, in order and against it.
    fn kinds(count: usize) -> Vec<Vec<u64>> {
        let mut state = 1u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 33
        };
        let mut random = |of: &mut dyn FnMut(u64) -> u64| (0..count).map(|_| of(next())).collect::<Vec<u64>>();
        vec![
            random(&mut |x| x),
            random(&mut |x| x % 7),
            random(&mut |x| (x as f64 / u64::MAX as f64).to_bits()),
            random(&mut |x| if x % 1000 == 0 { x } else { 42 }),
            random(&mut |_| 5),
            (0..count as u64).collect(),
            (0..count as u64).rev().map(|x| x << 40).collect(),
        ]
    }

    #[test]
    fn numbers_are_in_the_order_that_the_standard_library_gives_them() {
        for count in [0, 1, 2, FEW, FEW + 1, 1000, 3 * MANY] {
            for mut numbers in kinds(count) {
                let mut expected = numbers.clone();
                expected.sort_unstable();
                sort(&mut numbers);
                assert!(numbers == expected, "{count} numbers");
            }
        }
    }

    #[test]
    fn selected_numbers_are_those_that_sorting_puts_there() {
        for count in [1, FEW, 1000, 3 * MANY] {
            for numbers in kinds(count) {
                let mut expected = numbers.clone();
                expected.sort_unstable();
                for wanted in
                    [0..1, count / 2..count / 2 + 1, count - 1..count, count / 3..count * 2 / 3, 0..0, 0..count]
                {
                    let mut given = numbers.clone();
                    assert!(select(&mut given, wanted.clone()) == &expected[wanted.clone()], "{wanted:?} of {count}");
                }
            }
        }
    }
}
