//! From an object's address back to a path, for references.

use super::file::File;
use super::links::Target;
use std::collections::{HashMap, VecDeque};

/// Objects looked at on the search for paths; those beyond have none.
const MAX_OBJECTS: usize = 100_000;

/// Bytes of all paths together: in groups inside groups each is as long as all before it.
const MAX_BYTES: usize = 64 << 20;

/// A path of every object that hard links lead to from the root, the shortest where there are several.
pub(super) fn by_address(file: &File) -> HashMap<u64, String> {
    let mut paths = HashMap::new();
    let Ok(root) = file.root() else { return paths };
    paths.insert(root.address, "/".to_string());
    let mut bytes = 0;
    let mut waiting = VecDeque::from([root.address]);
    while let Some(address) = waiting.pop_front() {
        // What is no group, or cannot be read, has no members to find.
        let Ok(links) = file.object(address).and_then(|group| file.links(&group)) else { continue };
        let path = paths[&address].clone();
        for (name, target) in links.iter() {
            let Target::Hard(member) = target else { continue };
            if paths.len() >= MAX_OBJECTS || bytes > MAX_BYTES {
                return paths;
            }
            if !paths.contains_key(member) {
                let path = format!("{}/{name}", path.trim_end_matches('/'));
                bytes += path.len();
                paths.insert(*member, path);
                waiting.push_back(*member);
            }
        }
    }
    paths
}
