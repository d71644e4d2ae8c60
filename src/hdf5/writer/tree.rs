//! Version 1 B-trees, symbol tables and heaps, written once all their entries are known.

use super::encode::{Bytes, CHUNK_K, GROUP_K, LEAF_K, UNDEFINED};
use super::space::Space;
use crate::error::Result;

/// An entry of a B-tree: the key to the left of a child, and the child's address.
struct Entry {
    key: Vec<u8>,
    child: u64,
}

/// Which kind of B-tree: its type number, and how many children a node holds.
struct Kind {
    number: u8,
    children: usize,
}

/// Writes a B-tree over `entries` and gives its root's address. `end` is the key to the right of the last.
///
/// Nodes are filled from the left, level by level; nodes of one level lie side by side, so that each
/// knows its neighbours.
fn btree(space: &Space, kind: &Kind, mut entries: Vec<Entry>, end: &[u8]) -> Result<u64> {
    let node_len = 24 + kind.children * 8 + (kind.children + 1) * end.len();
    for level in 0.. {
        let count = entries.len().div_ceil(kind.children).max(1);
        let start = space.allocate((count * node_len) as u64)?;
        let address = |node: usize| start + (node * node_len) as u64;
        let mut level_bytes = Vec::new();
        let mut parents = Vec::with_capacity(count);
        for node in 0..count {
            let from = node * kind.children;
            let to = (from + kind.children).min(entries.len());
            let mut bytes = Bytes::default()
                .put(b"TREE")
                .u8(kind.number)
                .u8(level)
                .u16((to - from) as u16)
                .u64(if node == 0 { UNDEFINED } else { address(node - 1) })
                .u64(if node + 1 == count { UNDEFINED } else { address(node + 1) });
            for entry in &entries[from..to] {
                bytes = bytes.put(&entry.key).u64(entry.child);
            }
            bytes = bytes.put(entries.get(to).map_or(end, |next| &next.key));
            level_bytes.extend(bytes.zeros_to(node_len).0);
            let key = entries.get(from).map_or_else(|| end.to_vec(), |first| first.key.clone());
            parents.push(Entry { key, child: address(node) });
        }
        space.write(start, &level_bytes)?;
        if count == 1 {
            return Ok(start);
        }
        entries = parents;
    }
    unreachable!("each level has fewer nodes than the one below")
}

/// A stored chunk for the index: the index of its first element, stored size and address.
pub(super) struct ChunkEntry {
    pub(super) origin: Vec<u64>,
    pub(super) size: u32,
    pub(super) address: u64,
}

/// Writes the index of `chunks`, which must be in row-major order; undefined when there are none.
pub(super) fn chunk_index(space: &Space, chunks: &[ChunkEntry], chunk: &[u64]) -> Result<u64> {
    let Some(last) = chunks.last() else { return Ok(UNDEFINED) };
    // Offsets along each axis, then one for the bytes inside an element: always 0.
    let key = |size: u32, origin: &mut dyn Iterator<Item = u64>| {
        origin.fold(Bytes::default().u32(size).u32(0), Bytes::u64).u64(0).0
    };
    let entries = chunks
        .iter()
        .map(|entry| Entry { key: key(entry.size, &mut entry.origin.iter().copied()), child: entry.address })
        .collect();
    let end = key(0, &mut last.origin.iter().zip(chunk).map(|(&start, &size)| start + size));
    btree(space, &Kind { number: 1, children: 2 * CHUNK_K as usize }, entries, &end)
}

/// One member of a group: its name and the address of its object header.
pub(super) struct Link<'a> {
    pub(super) name: &'a str,
    pub(super) header: u64,
}

/// Writes a group's symbol table over `links`, which must be in the order of their names' bytes; gives
/// the addresses of its B-tree and of its heap of names.
pub(super) fn symbol_table(space: &Space, links: &[Link]) -> Result<(u64, u64)> {
    // The heap begins with the empty name, the key left of every other.
    let mut names = vec![0; 8];
    let mut nodes = Vec::new();
    let mut end = 0u64;
    for links in links.chunks(2 * LEAF_K as usize) {
        let key = end.to_le_bytes().to_vec();
        let mut node = Bytes::default().put(b"SNOD").u8(1).u8(0).u16(links.len() as u16);
        for link in links {
            end = names.len() as u64;
            // Nothing of the target is cached in the entry.
            node = node.u64(end).u64(link.header).put(&[0; 24]);
            names = Bytes(names).put(link.name.as_bytes()).u8(0).pad().0;
        }
        let node = node.zeros_to(8 + 2 * LEAF_K as usize * 40).0;
        let child = space.allocate(node.len() as u64)?;
        space.write(child, &node)?;
        nodes.push(Entry { key, child });
    }
    let data = space.allocate(names.len() as u64)?;
    space.write(data, &names)?;
    // A free list of 1 is an empty one.
    let heap = Bytes::default().put(b"HEAP\0\0\0\0").u64(names.len() as u64).u64(1).u64(data).0;
    let heap_address = space.allocate(heap.len() as u64)?;
    space.write(heap_address, &heap)?;
    let kind = Kind { number: 0, children: 2 * GROUP_K as usize };
    Ok((btree(space, &kind, nodes, &end.to_le_bytes())?, heap_address))
}

/// Most texts of one collection of the global heap, whose indexes have 16 bits.
const COLLECTION: usize = 60_000;

/// Writes `texts` to the global heap and gives the reference that stands for each in an element.
pub(super) fn store_texts(space: &Space, texts: &[&str]) -> Result<Vec<Vec<u8>>> {
    let mut references = Vec::with_capacity(texts.len());
    for texts in texts.chunks(COLLECTION) {
        let mut objects = Bytes::default();
        for (index, text) in texts.iter().enumerate() {
            objects = objects.u16(index as u16 + 1).u16(0).u32(0).u64(text.len() as u64).put(text.as_bytes()).pad();
        }
        // The library reads no collection under 4 KiB; the rest is one free object, number 0.
        let used = 16 + objects.0.len();
        let len = (used + 16).max(4096);
        let head = Bytes::default().put(b"GCOL\x01\0\0\0").u64(len as u64);
        let bytes = head.put(&objects.0).u64(0).u64((len - used) as u64).zeros_to(len).0;
        let address = space.allocate(len as u64)?;
        space.write(address, &bytes)?;
        for (index, text) in texts.iter().enumerate() {
            references.push(Bytes::default().u32(text.len() as u32).u64(address).u32(index as u32 + 1).0);
        }
    }
    Ok(references)
}
