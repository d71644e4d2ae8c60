//! Deterministic names: the same operation on the same data has the same token in every session,
//! so that layers built twice are computed once.

use std::fmt::Write;

/// What an array is made of, hashed to 32 hexadecimal digits like Dask's tokens.
///
/// The hash is 128-bit FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>), which needs no key
/// and is the same on every platform.
pub(crate) struct Token(u128);

impl Token {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    /// The start of a token for an operation of that name.
    pub(crate) fn new(operation: &str) -> Token {
        Token(Self::BASIS).with(operation)
    }

    /// The token with one more thing that it depends on. Things are told apart: `"a", "bc"` is not `"ab", "c"`.
    pub(crate) fn with(mut self, part: impl AsRef<[u8]>) -> Token {
        let part = part.as_ref();
        for &byte in (part.len() as u64).to_le_bytes().iter().chain(part) {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(Self::PRIME);
        }
        self
    }

    /// [`Token::with`] for anything that prints all of itself.
    pub(crate) fn with_debug(self, part: &impl std::fmt::Debug) -> Token {
        self.with(format!("{part:?}"))
    }

    /// `label-token`: a layer's name.
    pub(crate) fn name(&self, label: &str) -> String {
        // FNV's last byte reaches only the low bits and the high half of the word; fold and mix both halves,
        // so that names which differ little look different (the finalizer of SplitMix64).
        let mix = |mut half: u64| {
            half = (half ^ (half >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            half = (half ^ (half >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            half ^ (half >> 31)
        };
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        let first = mix(low ^ high.rotate_left(32));
        let mut name = String::with_capacity(label.len() + 33);
        let _ = write!(name, "{label}-{first:016x}{:016x}", mix(high ^ first));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let names = [
            Token::new("sum").name("x"),
            Token::new("sum").with("").name("x"),
            Token::new("sum").with("a").with("bc").name("x"),
            Token::new("sum").with("ab").with("c").name("x"),
            Token::new("sum").with("abc").name("x"),
        ];
        for (i, a) in names.iter().enumerate() {
            assert_eq!(a.len(), "x-".len() + 32);
            assert!(names[i + 1..].iter().all(|b| a != b), "{a}");
        }
    }

    #[test]
    fn a_token_is_the_same_in_every_session() {
        assert_eq!(Token::new("sum").with("array-1").name("sum"), "sum-feada8d4672b5b2961c9e505e6ed5005");
    }
}
