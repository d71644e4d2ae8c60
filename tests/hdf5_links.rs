//! Links from one file into another: followed where the other file is at hand, refused by its name where it is not.

use chunkbook::error::ErrorKind;
use chunkbook::grid::Region;
use chunkbook::hdf5::{File, Folder, Kind, Link};
use chunkbook::session::{FolderHost, Limits, Session};
use chunkbook::storage::FileStorage;
use serde_json::{json, Value};
use std::sync::Arc;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hdf5");

fn open() -> File {
    let name = format!("{FOLDER}/latest-links-a.h5");
    File::open_among(Arc::new(FileStorage::open(&name).unwrap()), &name, Arc::new(Folder::new(""))).unwrap()
}

fn numbers(file: &File, path: &str) -> Vec<i32> {
    let source = file.dataset(path).unwrap().source().unwrap();
    source.read(&Region::whole(source.shape())).unwrap().elements::<i32>().to_vec()
}

#[test]
fn an_external_link_leads_to_the_dataset_of_the_other_file() {
    let file = open();
    assert_eq!(numbers(&file, "/elsewhere"), [10, 11, 12]);
    assert_eq!(numbers(&file, "/soft"), [10, 11, 12]);
    let dataset = file.dataset("/elsewhere").unwrap();
    assert_eq!(dataset.path(), "/own");
    assert!(dataset.label().ends_with("latest-links-b.h5:/own"), "{}", dataset.label());
}

#[test]
fn a_file_is_found_by_the_last_part_of_its_name_and_entered_as_a_group() {
    let file = open();
    assert_eq!(file.kind("/in a folder").unwrap(), Kind::Group);
    assert_eq!(numbers(&file, "/in a folder/own")[..2], [30, 31]);
    assert_eq!(file.members("/in a folder").unwrap().len(), 1);
}

#[test]
fn links_there_and_back_end_in_the_first_file_and_a_circle_is_refused() {
    let file = open();
    assert_eq!(numbers(&file, "/back"), [0, 1, 2]);
    assert_eq!(file.object_id("/back").unwrap(), file.object_id("/own").unwrap());
    assert_ne!(file.object_id("/elsewhere").unwrap(), file.object_id("/own").unwrap());
    assert!(file.dataset("/circle").err().unwrap().to_string().contains("circle"));
}

#[test]
fn a_member_tells_the_other_file_or_which_file_is_missing() {
    let members = open().members("/").unwrap();
    let member = |name: &str| members.iter().find(|member| member.name == name).unwrap();
    assert_eq!(member("own").file, None);
    assert_eq!(member("back").file, None);
    assert!(member("elsewhere").file.as_deref().unwrap().ends_with("latest-links-b.h5"));
    assert_eq!(member("in a folder").kind, Kind::Group);
    let error = member("missing file").error.as_ref().unwrap();
    assert!(error.kind() == ErrorKind::Key && error.to_string().contains("'nowhere.h5' is not at hand"), "{error}");
    assert!(member("missing path").error.is_some());
}

#[test]
fn a_file_opened_alone_names_the_file_that_it_lacks() {
    let name = format!("{FOLDER}/latest-links-a.h5");
    let file = File::open(Arc::new(FileStorage::open(&name).unwrap()), "a.h5").unwrap();
    let error = file.dataset("/elsewhere").err().unwrap().to_string();
    assert!(error.contains("'latest-links-b.h5' is not at hand; add it to the file shelf, beside 'a.h5'"), "{error}");
}

#[test]
fn a_link_is_told_without_being_followed() {
    let file = open();
    let external = |file: &str, path: &str| Link::External { file: file.into(), path: path.into() };
    assert_eq!(file.link("/own").unwrap(), Link::Hard);
    assert_eq!(file.link("group/own").unwrap(), Link::Hard);
    assert_eq!(file.link("/soft").unwrap(), Link::Soft { path: "elsewhere".into() });
    assert_eq!(file.link("/missing file").unwrap(), external("nowhere.h5", "/own"));
    assert_eq!(file.link("/nothing").unwrap_err().kind(), ErrorKind::Key);
}

fn open_external() -> File {
    let name = format!("{FOLDER}/external.h5");
    File::open_among(Arc::new(FileStorage::open(&name).unwrap()), &name, Arc::new(Folder::new(""))).unwrap()
}

#[test]
fn elements_in_raw_files_are_read_across_them_and_are_zeros_past_the_end_of_a_short_one() {
    let file = open_external();
    let mut expected: Vec<i32> = (0..20).collect();
    expected[15..].fill(0);
    assert_eq!(numbers(&file, "/parts"), expected);
    let source = file.dataset("/parts").unwrap().source().unwrap();
    // The element at 7 lies in both files.
    let part = source.read(&Region { start: vec![6], count: vec![3] }).unwrap();
    assert_eq!(part.elements::<i32>(), [6, 7, 8]);
}

#[test]
fn a_missing_raw_file_is_named() {
    let error = open_external().dataset("/missing").unwrap().source().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Key);
    assert!(error.to_string().contains("'nowhere.bin' is not at hand; add it to the file shelf"), "{error}");
}

#[test]
fn a_session_follows_links_into_the_files_of_its_host() {
    let mut session = Session::new(Box::new(FolderHost::new(FOLDER)), Limits::for_tab(1));
    let mut ask = |request: Value| -> Value {
        let answer: Value = serde_json::from_str(&session.dispatch(&request.to_string())).unwrap();
        assert!(answer.get("error").is_none(), "{answer}");
        answer["ok"].clone()
    };
    let file = ask(json!({"op": "h5_open", "name": "latest-links-a.h5", "mode": "r"}))["file"].clone();
    let dataset = ask(json!({"op": "h5_get", "file": file, "path": "/elsewhere"}));
    assert_eq!(dataset["shape"], json!([3]));
    let link = ask(json!({"op": "h5_link", "file": file, "path": "/elsewhere"}));
    assert_eq!(link, json!({"type": "external", "file": "latest-links-b.h5", "path": "/own"}));
}

#[test]
fn the_stored_size_is_the_one_that_h5py_gives() {
    for (file, path, layout, size) in [
        ("latest-fixed", "plain", "chunked", 2772),
        ("latest-fixed", "filtered", "chunked", 846),
        ("latest-btree", "filtered", "chunked", 846),
        ("latest-extensible", "filtered", "chunked", 759),
        ("latest-single", "filtered", "chunked", 309),
        ("earliest-btree", "filtered", "chunked", 1040),
        ("earliest-types", "implicit", "chunked", 2400),
        ("latest-types", "implicit", "chunked", 2400),
        ("latest-types", "compact", "compact", 20),
        ("latest-types", "contiguous", "contiguous", 720),
        ("latest-types", "text", "contiguous", 48),
    ] {
        let name = format!("{FOLDER}/{file}.h5");
        let file = File::open(Arc::new(FileStorage::open(&name).unwrap()), &name).unwrap();
        let dataset = file.dataset(path).unwrap();
        assert_eq!((dataset.layout_name().unwrap(), dataset.storage_size().unwrap()), (layout, size), "{name} {path}");
    }
}
