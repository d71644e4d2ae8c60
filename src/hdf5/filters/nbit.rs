//! What hdf5-reader does not ask of an n-bit filter's parameters before it follows them (`H5Znbit.c` of HDF5's
//! source describes them; the specification does not).

use crate::error::{Error, Result};

const ATOMIC: u32 = 1;
const ARRAY: u32 = 2;
const COMPOUND: u32 = 3;
const NO_OPERATION: u32 = 4;

/// Types inside one another that are followed: HDF5 allows any number, programs write a few.
const MAX_DEPTH: usize = 64;

/// Refuses a type description that nests without end, that announces more members than it has, or whose elements
/// take no bits, so that any number of them would fit a chunk.
///
/// # Errors
/// An invalid-file error that says which it is.
pub(super) fn check(parameters: &[u32]) -> Result<()> {
    // Nothing is packed, so nothing is described.
    if parameters.get(1).is_some_and(|&plain| plain != 0) {
        return Ok(());
    }
    let damaged = |why: &str| Error::invalid_file(format!("n-bit parameters {why}; the file is damaged"));
    let mut rest = parameters.get(3..).unwrap_or_default().iter().copied();
    let mut next = || rest.next().ok_or_else(|| damaged("end too early"));
    // How many types are still to come at each depth.
    let mut pending = vec![Pending { types: 1, in_compound: false }];
    while let Some(level) = pending.last_mut() {
        if level.types == 0 {
            pending.pop();
            continue;
        }
        level.types -= 1;
        if level.in_compound {
            let _offset = next()?;
        }
        let class = next()?;
        if next()? == 0 {
            return Err(damaged("describe a type without bytes"));
        }
        match class {
            ATOMIC => (0..3).try_for_each(|_| next().map(|_| ()))?,
            NO_OPERATION => {}
            ARRAY => pending.push(Pending { types: 1, in_compound: false }),
            COMPOUND => match next()? {
                0 => return Err(damaged("describe a compound without members")),
                types => pending.push(Pending { types, in_compound: true }),
            },
            other => return Err(damaged(&format!("describe a type of unknown class {other}"))),
        }
        if pending.len() > MAX_DEPTH {
            return Err(damaged(&format!("describe types nested more than {MAX_DEPTH} deep")));
        }
    }
    Ok(())
}

struct Pending {
    types: u32,
    in_compound: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(description: &[u32]) -> String {
        let parameters = [&[description.len() as u32 + 3, 0, 1000], description].concat();
        check(&parameters).unwrap_err().to_string()
    }

    #[test]
    fn a_compound_of_an_array_and_a_number_is_accepted() {
        let members = [0, ARRAY, 8, ATOMIC, 4, 0, 17, 3, 8, NO_OPERATION, 2];
        let parameters = [&[0, 0, 5, COMPOUND, 10, 2][..], &members].concat();
        check(&parameters).unwrap();
    }

    #[test]
    fn types_nested_without_end_do_not_take_the_stack() {
        assert!(refused(&[ARRAY, 8].repeat(30_000)).contains("nested"));
    }

    #[test]
    fn a_count_of_members_that_are_not_there_makes_no_room_for_them() {
        assert!(refused(&[COMPOUND, 8, u32::MAX, 0, NO_OPERATION, 8]).contains("end too early"));
    }

    #[test]
    fn elements_without_bits_are_refused_since_any_number_of_them_would_fit() {
        assert!(refused(&[NO_OPERATION, 0]).contains("without bytes"));
        assert!(refused(&[COMPOUND, 8, 0]).contains("without members"));
    }
}
