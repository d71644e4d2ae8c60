//! Damaged files: every one gives numbers or an error, none a panic, a hang or a flood of memory.

mod hdf5_support;
#[path = "hdf5_support/walk.rs"]
mod walk;

use chunkbook::grid::Region;
use chunkbook::hdf5::File;
use chunkbook::storage::MemoryStorage;
use hdf5_reader::checksum::jenkins_lookup3;
use hdf5_support::Random;
use std::cell::Cell;
use std::ops::Range;
use std::panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe};
use std::sync::Arc;
use walk::read_all;

/// Damaged copies tried per test run.
const MUTANTS: u64 = 20_000;

/// The files of tests/fixtures/hdf5, and how many of their datasets hold numbers (a soft link counts again).
const FILES: [(&str, usize); 13] = [
    ("latest-single", 2),
    ("latest-fixed", 2),
    ("latest-larger", 2),
    ("latest-extensible", 2),
    ("latest-btree", 2),
    ("latest-filters", 4),
    ("latest-types", 6),
    ("latest-tree", 2),
    ("earliest-btree", 2),
    ("earliest-types", 6),
    ("earliest-tree", 2),
    ("latest-virtual", 5),
    ("earliest-virtual", 5),
];

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/hdf5/{name}.h5", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Ranges of a file that a Jenkins checksum follows: those of its version 2 structures.
fn checksummed(bytes: &[u8]) -> Vec<Range<usize>> {
    const SIGNATURES: [&[u8; 4]; 13] = [
        b"OHDR", b"OCHK", b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EASB", b"EADB", b"BTHD", b"BTIN", b"BTLF", b"FRHP",
        b"FHDB",
    ];
    let mut found = Vec::new();
    for start in 0..bytes.len().saturating_sub(8) {
        if SIGNATURES.iter().any(|signature| bytes[start..].starts_with(*signature)) {
            let ends = start + 8..(start + 2048).min(bytes.len() - 4);
            let end =
                ends.clone().find(|&end| jenkins_lookup3(&bytes[start..end]).to_le_bytes() == bytes[end..end + 4]);
            found.extend(end.map(|end| start..end));
        }
    }
    // The superblock of version 2 and 3.
    if bytes[8] >= 2 {
        found.push(0..44);
    }
    found
}

fn survives(bytes: Vec<u8>, what: impl FnOnce() -> String) -> usize {
    let before = PANICS.get();
    let read = catch_unwind(AssertUnwindSafe(|| read_all(bytes)));
    assert_eq!(PANICS.get(), before, "panicked on {}", what());
    read.map_or(0, |result| result.unwrap_or(0))
}

thread_local! {
    /// Panics of this thread, those that the reader catches among them.
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

fn count_panics() {
    let report = take_hook();
    set_hook(Box::new(move |panic| {
        PANICS.set(PANICS.get() + 1);
        report(panic);
    }));
}

#[test]
fn the_undamaged_files_are_read_whole() {
    for (name, numeric) in FILES {
        assert_eq!(read_all(fixture(name)).unwrap(), numeric, "{name}");
    }
}

#[test]
fn no_damaged_copy_panics_or_hangs_with_checksums_repaired_in_half() {
    count_panics();
    let mut random = Random(2026);
    let mut alive = 0u64;
    let files = FILES.map(|(name, _)| (name, fixture(name)));
    let ranges = files.each_ref().map(|(_, bytes)| checksummed(bytes));
    let structures: usize = ranges.iter().map(Vec::len).sum();
    assert!(structures > 50, "{structures} checksummed structures found");
    for number in 0..MUTANTS {
        let which = (number % files.len() as u64) as usize;
        let ((name, original), ranges) = (&files[which], &ranges[which]);
        let mut bytes = original.clone();
        let mut changes = Vec::new();
        for _ in 0..1 + random.below(4) {
            // Mostly inside structures, where a byte means something.
            let position = match ranges.get(random.below(ranges.len() as u64 + 8) as usize) {
                Some(range) => range.start + random.below(range.len() as u64) as usize,
                None => random.below(bytes.len() as u64) as usize,
            };
            let value = match random.below(4) {
                0 => 0xff,
                1 => 0,
                2 => bytes[position] ^ (1 << random.below(8)),
                _ => random.next() as u8,
            };
            bytes[position] = value;
            changes.push((position, value));
        }
        if number % 2 == 0 {
            for range in ranges {
                if changes.iter().any(|(position, _)| range.contains(position)) {
                    let sum = jenkins_lookup3(&bytes[range.clone()]);
                    bytes[range.end..range.end + 4].copy_from_slice(&sum.to_le_bytes());
                }
            }
        }
        alive += u64::from(survives(bytes, || format!("mutant {number} of {name}: {changes:?}")) > 0);
    }
    assert!(alive > MUTANTS / 4, "only {alive} of {MUTANTS} mutants could be opened: the test reaches too little");
}

#[test]
fn every_truncation_is_refused() {
    for (name, _) in FILES {
        let whole = fixture(name);
        for len in (0..whole.len()).step_by(499) {
            let error = read_all(whole[..len].to_vec()).unwrap_err();
            assert_eq!(error.kind(), chunkbook::error::ErrorKind::InvalidFile, "{name} cut at {len}: {error}");
            if len > 100 {
                assert!(error.to_string().contains("truncated"), "{name} cut at {len}: {error}");
            }
        }
    }
}

#[test]
fn one_unreadable_child_hides_none_of_its_siblings() {
    let mut bytes = fixture("earliest-types");
    // The name of a datatype class that does not exist, in the type of one dataset only.
    let file = File::open(Arc::new(MemoryStorage::new(bytes.clone())), "x.h5").unwrap();
    let all = file.members("/").unwrap().len();
    let address = usize::from_str_radix(&file.object_id("/contiguous").unwrap(), 16).unwrap();
    bytes[address] = 9;
    let file = File::open(Arc::new(MemoryStorage::new(bytes)), "x.h5").unwrap();
    let members = file.members("/").unwrap();
    assert_eq!(members.len(), all);
    let broken: Vec<_> = members.iter().filter(|member| member.error.is_some()).map(|member| &member.name).collect();
    assert_eq!(broken, ["contiguous"]);
    assert!(file.dataset("/scalar").unwrap().source().is_ok());
}

#[test]
fn files_that_are_something_else_are_told_apart() {
    for (bytes, word) in [
        (&b""[..], "empty"),
        (b"CDF\x01 classic", "netCDF"),
        (b"PK\x03\x04 archive", "zip"),
        (b"\x0e\x03\x13\x01 older", "HDF4"),
        (b"plain text that is longer than a signature", "signature"),
    ] {
        let error = read_all(bytes.to_vec()).unwrap_err().to_string();
        assert!(error.starts_with("file 'damaged.h5': not an HDF5 file") && error.contains(word), "{error}");
    }
}

fn open(bytes: Vec<u8>) -> File {
    File::open(Arc::new(MemoryStorage::new(bytes)), "made.h5").unwrap()
}

/// Puts `value` at `offset` of each structure with `signature` and makes its checksum right again.
fn patch(bytes: &mut [u8], signature: &[u8; 4], offset: usize, value: &[u8]) {
    let found: Vec<_> =
        checksummed(bytes).into_iter().filter(|range| bytes[range.clone()].starts_with(signature)).collect();
    assert!(!found.is_empty(), "no {} in the file", String::from_utf8_lossy(signature));
    for range in found {
        bytes[range.start + offset..][..value.len()].copy_from_slice(value);
        let sum = jenkins_lookup3(&bytes[range.clone()]);
        bytes[range.end..range.end + 4].copy_from_slice(&sum.to_le_bytes());
    }
}

#[test]
fn soft_links_that_double_at_each_step_end_and_leave_their_siblings_alone() {
    let file = open(fixture("latest-doubling"));
    let error = file.kind("/0").unwrap_err().to_string();
    assert!(error.contains("links to follow"), "{error}");
    assert_eq!(file.members("/").unwrap().len(), 62);
    assert!(file.dataset("/sound").unwrap().source().is_ok());
}

#[test]
fn names_that_read_the_same_lead_nowhere_and_others_that_are_not_utf8_lead_where_they_should() {
    let file = open(fixture("latest-names"));
    let members = file.members("/").unwrap();
    let (broken, sound): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.error.is_some());
    assert_eq!(broken.len(), 2);
    let mut values = Vec::new();
    for member in sound {
        let source = file.dataset(&member.name).unwrap().source().unwrap();
        values.push(source.read(&Region::whole(source.shape())).unwrap().elements::<i32>()[0]);
    }
    assert_eq!(values, [3, 4]);
    let error = file.dataset("\u{fffd}").err().unwrap().to_string();
    assert!(error.contains("read the same"), "{error}");
}

#[test]
fn entries_of_no_bytes_in_an_extensible_array_are_refused_before_room_is_made_for_them() {
    let mut bytes = fixture("latest-extensible");
    patch(&mut bytes, b"EAHD", 6, &[0]);
    let source = open(bytes).dataset("/plain").unwrap().source().unwrap();
    let error = source.read(&Region::whole(source.shape())).unwrap_err().to_string();
    assert!(error.contains("entries of 0 bytes"), "{error}");
}

#[test]
fn a_heap_whose_table_is_wider_than_any_file_needs_is_refused() {
    let mut bytes = fixture("latest-tree");
    assert_eq!(open(bytes.clone()).members("/many").unwrap().len(), 20);
    // Behind the signature, version, three sizes, flags, and twelve fields of 4 or 8 bytes (specification III.G).
    patch(&mut bytes, b"FRHP", 110, &u16::MAX.to_le_bytes());
    let error = open(bytes).members("/many").unwrap_err().to_string();
    assert!(error.contains("65535 blocks wide"), "{error}");
}

/// A group of the oldest kind, all of whose 65,535 tree entries name one node, all of whose 65,535 entries name
/// one long text: 16 MB of names where the file has one, 4 billion times.
fn group_of_overlapping_nodes() -> Vec<u8> {
    const COUNT: u16 = u16::MAX;
    let (tree, heap, node, names) = (200u64, 1_100_000u64, 1_200_000u64, 4_000_000u64);
    let long = 1u64 << 18;
    let mut file = vec![0; (names + long) as usize];
    let mut put = |at: u64, bytes: &[u8]| file[at as usize..][..bytes.len()].copy_from_slice(bytes);
    let word = |value: u64| value.to_le_bytes();
    put(0, b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0");
    put(24, &[word(0), word(u64::MAX), word(names + long), word(u64::MAX), word(0), word(96)].concat());
    // The root's header: version 1, one message, which names tree and heap.
    put(96, &[1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 16, 0, 0, 0, 0, 0]);
    put(120, &[word(tree), word(heap)].concat());
    put(tree, &[&b"TREE\0\0"[..], &COUNT.to_le_bytes(), &word(u64::MAX), &word(u64::MAX)].concat());
    (0..COUNT).for_each(|entry| put(tree + 24 + u64::from(entry) * 16 + 8, &word(node)));
    put(heap, &[&b"HEAP\0\0\0\0"[..], &word(long), &word(u64::MAX), &word(names)].concat());
    put(node, &[&b"SNOD\x01\0"[..], &COUNT.to_le_bytes()].concat());
    put(names, &vec![b'n'; long as usize - 1]);
    file
}

#[test]
fn nodes_and_names_shared_by_many_entries_end_when_they_outgrow_the_file() {
    let error = read_all(group_of_overlapping_nodes()).unwrap_err().to_string();
    assert!(error.contains("refer to one another"), "{error}");
}
