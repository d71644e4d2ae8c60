//! The name of a task.

use crate::error::{Error, Result};
use std::fmt;

/// The name of a task and of the block it makes: a layer's name and the block's index along each
/// axis. It reads as Python writes it: `('sum-partial-3f9a', 4, 0)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The layer's name.
    pub name: String,
    /// The block's index along each axis of the layer.
    pub index: Vec<usize>,
}

impl Key {
    /// A key from its parts.
    pub fn new(name: impl Into<String>, index: Vec<usize>) -> Key {
        Key { name: name.into(), index }
    }

    /// The key that a Python tuple such as `('sum-partial-3f9a', 4, 0)` names.
    ///
    /// # Errors
    /// A key error when the text is no such tuple.
    pub fn parse(text: &str) -> Result<Key> {
        let malformed = || Error::key(format!("{text} is not a key; a key reads like ('sum-partial-3f9a', 4, 0)"));
        let inner = text.trim().strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or_else(malformed)?;
        let mut parts = inner.split(',').map(str::trim);
        let quoted = parts.next().ok_or_else(malformed)?;
        let name = ['\'', '"']
            .iter()
            .find_map(|&quote| quoted.strip_prefix(quote)?.strip_suffix(quote))
            .filter(|name| !name.is_empty())
            .ok_or_else(malformed)?;
        let mut numbers: Vec<&str> = parts.collect();
        if numbers.last() == Some(&"") {
            numbers.pop();
        }
        let index = numbers.iter().map(|n| n.parse().map_err(|_| malformed())).collect::<Result<_>>()?;
        Ok(Key { name: name.to_string(), index })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "('{}',", self.name)?;
        for (axis, index) in self.index.iter().enumerate() {
            write!(f, "{}{index}", if axis == 0 { " " } else { ", " })?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_and_writes_as_a_python_tuple() {
        for text in ["('sum-partial-3f9a', 4, 0)", "('sum-aggregate-1',)", "('x', 7)"] {
            assert_eq!(Key::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Key::parse(r#"( "x",7, )"#).unwrap(), Key::new("x", vec![7]));
        for text in ["", "x", "(x, 1)", "('x', a)", "('x', -1)", "('', 1)"] {
            assert_eq!(Key::parse(text).unwrap_err().kind(), crate::error::ErrorKind::Key, "{text}");
        }
    }
}
