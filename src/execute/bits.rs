//! Sets of blocks of a layer.

/// A set of small numbers, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BitSet {
    words: Vec<u64>,
    count: usize,
}

impl BitSet {
    /// An empty set, with room for the numbers below `bound`; it grows when others are added.
    pub(crate) fn new(bound: usize) -> BitSet {
        BitSet { words: vec![0; bound.div_ceil(64)], count: 0 }
    }

    /// Adds `number`; whether it was not there.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn insert(&mut self, number: usize) -> bool {
        if number / 64 >= self.words.len() {
            self.words.resize(number / 64 + 1, 0);
        }
        let (word, bit) = (&mut self.words[number / 64], 1 << (number % 64));
        let new = *word & bit == 0;
        *word |= bit;
        self.count += usize::from(new);
        new
    }

    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn contains(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// How many numbers there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The least number that is not below `from`.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let mut word = from / 64;
        let mut bits = *self.words.get(word)? & (!0 << (from % 64));
        while bits == 0 {
            word += 1;
            bits = *self.words.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }
}

/// Which blocks of a layer a computation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Needed {
    None,
    All,
    Some(BitSet),
}

impl Needed {
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn contains(&self, position: usize) -> bool {
        match self {
            Needed::None => false,
            Needed::All => true,
            Needed::Some(bits) => bits.contains(position),
        }
    }

    /// How many of a layer's `len` blocks.
    pub(crate) fn count(&self, len: usize) -> usize {
        match self {
            Needed::None => 0,
            Needed::All => len,
            Needed::Some(bits) => bits.count(),
        }
    }

    /// The first needed block that is not before `from`, of a layer's `len`.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn next(&self, from: usize, len: usize) -> Option<usize> {
        match self {
            Needed::None => None,
            Needed::All => (from < len).then_some(from),
            Needed::Some(bits) => bits.next(from),
        }
    }

    /// All that are needed, in order, of a layer's `len` blocks.
    pub(crate) fn positions(&self, len: usize) -> impl Iterator<Item = usize> + '_ {
        let mut from = 0;
        std::iter::from_fn(move || {
            let position = self.next(from, len)?;
            from = position + 1;
            Some(position)
        })
    }

    /// Adds one of a layer's `len` blocks.
    #[cfg_attr(page, optimize(speed))]
    pub(crate) fn insert(&mut self, position: usize, len: usize) {
        if *self == Needed::None {
            *self = Needed::Some(BitSet::new(len));
        }
        if let Needed::Some(bits) = self {
            bits.insert(position);
            if bits.count() == len {
                *self = Needed::All;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_gives_its_numbers_back_in_order() {
        let numbers = [0, 3, 63, 64, 130, 199];
        let mut bits = BitSet::new(200);
        assert!(numbers.iter().all(|&n| bits.insert(n)));
        assert!(!bits.insert(64));
        let mut seen = vec![];
        let mut from = 0;
        while let Some(n) = bits.next(from) {
            seen.push(n);
            from = n + 1;
        }
        assert_eq!(seen, numbers);
        assert_eq!(bits.count(), 6);
    }

    #[test]
    fn all_blocks_one_by_one_are_all() {
        let mut needed = Needed::None;
        for position in 0..70 {
            assert_ne!(needed, Needed::All);
            needed.insert(position, 70);
        }
        assert_eq!(needed, Needed::All);
    }
}
