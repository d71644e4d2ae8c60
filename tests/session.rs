//! The session through its one door, as the Python shims use it: requests and answers in JSON,
//! files in a real folder.

use chunkbook::session::{FolderHost, Limits, Session};
use serde_json::{json, Value};

/// A Python float, as requests carry it.
fn scalar(number: f64) -> Value {
    json!({"scalar": {"dtype": "float64", "value": format!("{:#018x}", number.to_bits())}})
}

struct Notebook {
    session: Session,
    folder: tempfile::TempDir,
}

impl Notebook {
    fn new() -> Notebook {
        Notebook::with_limits(Limits { threads: 2, ..Limits::for_tab(2) })
    }

    fn with_limits(limits: Limits) -> Notebook {
        let folder = tempfile::tempdir().unwrap();
        let session = Session::new(Box::new(FolderHost::new(folder.path())), limits);
        Notebook { session, folder }
    }

    fn ask(&mut self, request: Value) -> Value {
        serde_json::from_str(&self.session.dispatch(&request.to_string())).unwrap()
    }

    fn ok(&mut self, request: Value) -> Value {
        let answer = self.ask(request.clone());
        assert!(answer.get("error").is_none(), "{request} -> {answer}");
        answer["ok"].clone()
    }

    /// Kind and message of the error that `request` must give.
    fn error(&mut self, request: Value) -> (String, String) {
        let answer = self.ask(request.clone());
        let error = answer.get("error").unwrap_or_else(|| panic!("{request} should fail but gave {answer}"));
        (error["kind"].as_str().unwrap().into(), error["message"].as_str().unwrap().into())
    }

    /// Writes `rows` x `columns` seeded random numbers in chunks of `chunk` rows and opens the dataset.
    fn random_dataset(&mut self, rows: u64, columns: u64, chunk: u64, compression: Value) -> u64 {
        self.ok(json!({"op": "np_seed", "seed": 0}));
        let file = self.ok(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "w"}))["file"].clone();
        let dataset = self.ok(json!({
            "op": "h5_create_dataset", "file": file, "path": "/data", "shape": [rows, columns], "dtype": "float64",
            "chunks": [chunk, columns], "compression": compression, "shuffle": !compression.is_null(),
        }))["dataset"]
            .clone();
        for start in (0..rows).step_by(chunk as usize) {
            let count = chunk.min(rows - start);
            let block = self.ok(json!({"op": "np_random", "kind": "rand", "shape": [count, columns]}))["array"].clone();
            self.ok(json!({
                "op": "h5_write", "dataset": dataset, "selection": [[start, count, 1], [0, columns, 1]],
                "value": {"array": block},
            }));
        }
        self.ok(json!({"op": "h5_close", "file": file}));
        let file = self.ok(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "r"}))["file"].clone();
        self.ok(json!({"op": "h5_get", "file": file, "path": "/data"}))["dataset"].as_u64().unwrap()
    }

    fn number(&self, value: &Value) -> f64 {
        value["scalar"]["value"].as_str().unwrap_or_else(|| panic!("{value} is no number")).parse().unwrap()
    }
}

/// The reference: two plain passes over the same seeded numbers.
fn naive_mean_and_variance(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / values.len() as f64;
    (mean, variance)
}

#[test]
fn picked_indices_read_those_rows_or_columns_of_the_whole_and_in_order_only() {
    let mut notebook = Notebook::new();
    let dataset = notebook.random_dataset(70, 6, 16, json!("gzip"));
    let mut read = |selection: Value, pick: Value| {
        let array = notebook.ok(json!({"op": "h5_read", "dataset": dataset, "selection": selection, "pick": pick}));
        let list = notebook.ok(json!({"op": "np_to_list", "array": array["array"]}));
        (array["shape"].clone(), list["data"].as_array().unwrap().clone())
    };
    let (_, whole) = read(json!([[0, 70, 1], [0, 6, 1]]), Value::Null);
    let (shape, found) = read(json!([[0, 70, 1], [1, 2, 3]]), json!([0, [0, 15, 16, 69]]));
    let expected: Vec<Value> =
        [0, 15, 16, 69].iter().flat_map(|row| [1, 4].map(|column| whole[row * 6 + column].clone())).collect();
    assert_eq!((shape, found), (json!([4, 2]), expected));
    let (shape, found) = read(json!([[3, 2, 60], [0, 6, 1]]), json!([1, [0, 2, 3]]));
    let expected: Vec<Value> =
        [3, 63].iter().flat_map(|row| [0, 2, 3].map(|column| whole[row * 6 + column].clone())).collect();
    assert_eq!((shape, found), (json!([2, 3]), expected));
    for (pick, kind) in [(json!([0, [2, 1]]), "type"), (json!([0, [1, 70]]), "index"), (json!([2, [0]]), "index")] {
        let request = json!({"op": "h5_read", "dataset": dataset, "selection": [[0, 70, 1], [0, 6, 1]], "pick": pick});
        assert_eq!(notebook.error(request).0, kind);
    }
}

#[test]
fn a_written_dataset_reduces_to_the_same_numbers_in_memory_and_chunk_by_chunk() {
    for compression in [Value::Null, json!("gzip")] {
        let mut notebook = Notebook::new();
        let dataset = notebook.random_dataset(70, 30, 16, compression);
        let array = notebook.ok(json!({"op": "h5_read", "dataset": dataset, "selection": [[0, 70, 1], [0, 30, 1]]}));
        assert_eq!(array["shape"], json!([70, 30]));
        let list = notebook.ok(json!({"op": "np_to_list", "array": array["array"]}));
        let values: Vec<f64> =
            list["data"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().parse().unwrap()).collect();
        // numpy.random.seed(0); numpy.random.rand() -> 0.5488135039273248
        assert_eq!(values[0], 0.5488135039273248);
        let (mean, variance) = naive_mean_and_variance(&values);
        let lazy = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [16, 30]}))["lazy"].clone();
        for (name, expected) in [("mean", mean), ("var", variance), ("std", variance.sqrt())] {
            let naive = notebook.ok(json!({"op": "np_reduce", "name": name, "array": array["array"]}));
            let reduced = notebook.ok(json!({"op": "da_reduce", "name": name, "lazy": lazy}))["lazy"].clone();
            let chunked = notebook.ok(json!({"op": "da_compute", "lazies": [reduced]}))[0].clone();
            let serial = notebook.ok(json!({"op": "da_compute", "lazies": [reduced], "scheduler": "sync"}))[0].clone();
            assert!((notebook.number(&naive) - expected).abs() < 1e-14, "{name} in memory");
            assert!((notebook.number(&chunked) - expected).abs() < 1e-14, "{name} chunk by chunk");
            assert_eq!(chunked, serial, "{name}: threads change nothing");
        }
    }
}

#[test]
fn a_key_inside_the_graph_can_be_computed_alone() {
    let mut notebook = Notebook::new();
    let dataset = notebook.random_dataset(40, 5, 10, Value::Null);
    let lazy = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [10, 5]}))["lazy"].clone();
    let sum = notebook.ok(json!({"op": "da_reduce", "name": "sum", "lazy": lazy}))["lazy"].clone();
    let graph = notebook.ok(json!({"op": "da_graph", "lazy": sum, "optimize": false}));
    let tasks = graph["tasks"].as_array().unwrap();
    assert_eq!(graph["total"], json!(tasks.len()));
    let partial = tasks
        .iter()
        .map(|task| &task["key"])
        .find(|key| key[0].as_str().unwrap().starts_with("sum-partial-"))
        .expect("four chunks make partial sums");
    let got = notebook.ok(json!({"op": "da_get", "lazies": [sum], "keys": [partial]}));
    assert_eq!(got[0]["shape"], json!([1, 1]));
}

#[test]
fn a_task_tells_its_inputs_and_its_chunks_what_is_stored_and_what_is_not() {
    let mut notebook = Notebook::new();
    let file = notebook.ok(json!({"op": "h5_open", "name": "holes.hdf5", "mode": "w"}))["file"].clone();
    let request = json!({
        "op": "h5_create_dataset", "file": file, "path": "/data", "shape": [40, 10], "dtype": "float64",
        "chunks": [10, 10], "compression": "gzip",
    });
    let dataset = notebook.ok(request)["dataset"].clone();
    let rows = notebook.ok(json!({"op": "np_random", "kind": "rand", "shape": [30, 10]}))["array"].clone();
    let write = json!({
        "op": "h5_write", "dataset": dataset, "selection": [[0, 30, 1], [0, 10, 1]], "value": {"array": rows},
    });
    notebook.ok(write);
    notebook.ok(json!({"op": "h5_close", "file": file}));
    let file = notebook.ok(json!({"op": "h5_open", "name": "holes.hdf5", "mode": "r"}))["file"].clone();
    let dataset = notebook.ok(json!({"op": "h5_get", "file": file, "path": "data"}))["dataset"].clone();
    let lazy = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [20, 10]}))["lazy"].clone();
    let sum = notebook.ok(json!({"op": "da_reduce", "name": "sum", "lazy": lazy}))["lazy"].clone();
    let task = notebook.ok(json!({"op": "da_task", "lazies": [sum], "layer": 1, "position": 0}));
    assert_eq!((&task["inputCount"], &task["stored"]), (&json!(1), &Value::Null));
    assert!(task["inputs"][0].as_str().unwrap().starts_with("('array-"), "{task}");
    let chunks = notebook.ok(json!({"op": "da_chunks", "lazies": [sum], "layer": 0, "from": 0, "count": 100}));
    let facts = |chunk: &Value| ["chunks", "missing", "unpacked"].map(|name| chunk[name].as_u64().unwrap());
    assert_eq!(facts(&chunks[0]), [2, 0, 1600]);
    assert_eq!(facts(&chunks[1]), [1, 1, 800]);
    assert_eq!(chunks[1]["elements"], json!([[20, 40], [0, 10]]));
    let slice = json!({"op": "da_slice", "lazy": lazy, "selection": [[5, 28, 1], [2, 4, 1]]});
    let slice = notebook.ok(slice)["lazy"].clone();
    let of_slice = notebook.ok(json!({"op": "da_chunks", "lazies": [slice], "layer": 1, "from": 0, "count": 100}));
    let places: Vec<&Value> = of_slice.as_array().unwrap().iter().map(|chunk| &chunk["elements"]).collect();
    assert_eq!(places, [&json!([[5, 20], [2, 6]]), &json!([[20, 33], [2, 6]])]);
    assert_eq!(facts(&of_slice[1]), [1, 1, 800], "of the chunks it cuts, not of the slice");
    let stored = chunks[0]["bytes"].as_u64().unwrap();
    assert!(stored > 1000 && stored < 1800, "{stored}");
    for (layer, position) in [(0, 99), (99, 0)] {
        let question = json!({"op": "da_task", "lazies": [sum], "layer": layer, "position": position});
        assert_eq!(notebook.error(question).0, "key");
    }
    let (kind, message) =
        notebook.error(json!({"op": "da_chunks", "lazies": [sum], "layer": 1, "from": 0, "count": 1}));
    assert_eq!(kind, "value");
    assert!(message.contains("reads no source"), "{message}");
}

#[test]
fn profilers_within_one_another_each_get_the_tasks_of_their_own_time() {
    let mut notebook = Notebook::new();
    let dataset = notebook.random_dataset(40, 5, 10, Value::Null);
    let lazy = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [10, 5]}))["lazy"].clone();
    let sum = notebook.ok(json!({"op": "da_reduce", "name": "sum", "lazy": lazy}))["lazy"].clone();
    let outer = notebook.ok(json!({"op": "da_trace"}));
    notebook.ok(json!({"op": "da_compute", "lazies": [sum]}));
    let inner = notebook.ok(json!({"op": "da_trace"}));
    notebook.ok(json!({"op": "da_compute", "lazies": [sum]}));
    let inner_tasks = notebook.ok(json!({"op": "da_trace", "from": inner}));
    let outer_tasks = notebook.ok(json!({"op": "da_trace", "from": outer}));
    let count = |tasks: &Value| tasks.as_array().unwrap().len();
    // Four chunks, of which two each and then those are combined.
    assert_eq!((count(&inner_tasks), count(&outer_tasks)), (7, 14));
    notebook.ok(json!({"op": "da_compute", "lazies": [sum]}));
    let again = notebook.ok(json!({"op": "da_trace"}));
    assert_eq!(count(&notebook.ok(json!({"op": "da_trace", "from": again}))), 0, "none is kept without a profiler");
}

#[test]
fn a_profiler_notes_what_arrays_hold_and_not_what_was_left_from_before() {
    let mut notebook = Notebook::new();
    let dataset = notebook.random_dataset(40, 5, 10, Value::Null);
    let read = json!({"op": "h5_read", "dataset": dataset, "selection": [[0, 40, 1], [0, 5, 1]]});
    notebook.ok(read.clone());
    let from = notebook.ok(json!({"op": "da_trace"}));
    let array = notebook.ok(read)["array"].clone();
    notebook.ok(json!({"op": "np_reduce", "name": "sum", "array": array}));
    let notes = notebook.ok(json!({"op": "da_trace", "from": from}));
    let held: Vec<u64> = notes.as_array().unwrap().iter().filter_map(|note| note[2].as_u64()).collect();
    assert_eq!(held, [1600], "{notes}");

    // A computation afterwards begins anew: what the naive way left in memory is not what this one takes.
    let lazy = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [10, 5]}))["lazy"].clone();
    let sum = notebook.ok(json!({"op": "da_reduce", "name": "sum", "lazy": lazy}))["lazy"].clone();
    let from = notebook.ok(json!({"op": "da_trace"}));
    notebook.ok(json!({"op": "da_compute", "lazies": [sum], "scheduler": "sync"}));
    let notes = notebook.ok(json!({"op": "da_trace", "from": from}));
    let tasks = notes.as_array().unwrap().iter().filter(|note| !note[0].is_null());
    assert!(tasks.filter_map(|note| note[5].as_u64()).all(|held| (1..1600).contains(&held)), "{notes}");
}

#[test]
fn reading_more_than_the_limit_is_a_memory_error_that_names_the_dataset_and_both_sizes() {
    let mut notebook = Notebook::with_limits(Limits { array_bytes: 10_000, ..Limits::for_tab(1) });
    let file = notebook.ok(json!({"op": "h5_open", "name": "big.hdf5", "mode": "w"}))["file"].clone();
    let request = json!({
        "op": "h5_create_dataset", "file": file, "path": "/data", "shape": [1000, 1000], "dtype": "float64",
        "chunks": [10, 1000],
    });
    notebook.ok(request);
    notebook.ok(json!({"op": "h5_close", "file": file}));
    let file = notebook.ok(json!({"op": "h5_open", "name": "big.hdf5", "mode": "r"}))["file"].clone();
    let dataset = notebook.ok(json!({"op": "h5_get", "file": file, "path": "data"}))["dataset"].clone();
    let (kind, message) =
        notebook.error(json!({"op": "h5_read", "dataset": dataset, "selection": [[0, 1000, 1], [0, 1000, 1]]}));
    assert_eq!(kind, "memory");
    for part in ["big.hdf5:/data", "7.63 MiB", "9.77 KiB", "(1000, 1000)"] {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
    let part =
        notebook.ok(json!({"op": "h5_read", "dataset": dataset, "selection": [[0, 1, 1], [0, 4, 1]], "drop": [0]}));
    assert_eq!(part["shape"], json!([4]), "the session lives on");
}

#[test]
fn every_mistake_with_a_file_is_an_error_that_says_which_and_why() {
    let mut notebook = Notebook::new();
    std::fs::write(notebook.folder.path().join("text.hdf5"), "this is not HDF5").unwrap();
    let dataset = notebook.random_dataset(8, 4, 4, Value::Null);
    let whole = std::fs::read(notebook.folder.path().join("testdata.hdf5")).unwrap();
    std::fs::write(notebook.folder.path().join("short.hdf5"), &whole[..whole.len() / 2]).unwrap();

    let (kind, message) = notebook.error(json!({"op": "h5_open", "name": "absent.hdf5", "mode": "r"}));
    assert_eq!(kind, "file-not-found", "{message}");
    assert!(message.contains("absent.hdf5"), "{message}");

    let (kind, message) = notebook.error(json!({"op": "h5_open", "name": "text.hdf5", "mode": "r"}));
    assert_eq!(kind, "invalid-file", "{message}");
    assert!(message.contains("text.hdf5"), "{message}");

    let answer = notebook.ask(json!({"op": "h5_open", "name": "short.hdf5", "mode": "r"}));
    let message = match answer.get("error") {
        Some(error) => error["message"].as_str().unwrap().to_owned(),
        None => {
            let request = json!({"op": "h5_get", "file": answer["ok"]["file"], "path": "/data"});
            let got = notebook.ask(request);
            match got.get("error") {
                Some(error) => error["message"].as_str().unwrap().to_owned(),
                None => {
                    let id = &got["ok"]["dataset"];
                    let read = json!({"op": "h5_read", "dataset": id, "selection": [[0, 8, 1], [0, 4, 1]]});
                    notebook.error(read).1
                }
            }
        }
    };
    assert!(message.contains("short.hdf5") && message.contains("truncated"), "{message}");

    let file = notebook.ok(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "r"}))["file"].clone();
    let (kind, message) = notebook.error(json!({"op": "h5_get", "file": file, "path": "/absent"}));
    assert_eq!(kind, "key", "{message}");
    assert!(message.contains("absent") && message.contains("testdata.hdf5"), "{message}");

    let (kind, message) = notebook.error(json!({"op": "da_from", "dataset": dataset, "chunks": [3, 4, 5]}));
    assert_eq!(kind, "value", "{message}");

    let (kind, message) = notebook.error(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "r+"}));
    assert_eq!(kind, "value", "{message}");
}

#[test]
fn a_changed_element_is_seen_through_views_and_not_in_copies() {
    let mut notebook = Notebook::new();
    let range = json!({"op": "np_arange", "start": {"dtype": "int64", "value": "0"},
        "stop": {"dtype": "int64", "value": "6"}, "step": {"dtype": "int64", "value": "1"}});
    let base = notebook.ok(range)["array"].clone();
    let view = notebook.ok(json!({"op": "np_reshape", "array": base, "shape": [2, 3]}))["array"].clone();
    let transposed = notebook.ok(json!({"op": "np_transpose", "array": view, "axes": [1, 0]}))["array"].clone();
    let doubled = notebook.ok(json!({"op": "np_binary", "name": "multiply", "left": {"array": base},
        "right": {"scalar": {"dtype": "int64", "value": "2"}}}))["array"]
        .clone();
    notebook.ok(json!({"op": "np_assign", "array": transposed, "selection": [[0, 1, 1], [0, 2, 1]],
        "value": {"scalar": {"dtype": "int64", "value": "9"}}}));
    let mut list = |array: &Value| notebook.ok(json!({"op": "np_to_list", "array": array}))["data"].clone();
    assert_eq!(list(&base), json!(["9", "1", "2", "9", "4", "5"]));
    assert_eq!(list(&view), json!(["9", "1", "2", "9", "4", "5"]));
    assert_eq!(list(&doubled), json!(["0", "2", "4", "6", "8", "10"]));
}

#[test]
fn what_is_chosen_of_a_large_array_does_not_keep_it_once_it_is_freed() {
    let mut notebook = Notebook::with_limits(Limits { array_bytes: 1 << 20, ..Limits::for_tab(1) });
    for round in 0..30 {
        let large = notebook.ok(json!({"op": "np_full", "shape": [12_500], "dtype": "float64",
            "value": {"dtype": "int64", "value": "0"}}))["array"]
            .clone();
        // It cannot be made again from now on.
        notebook.ok(json!({"op": "np_assign", "array": large, "selection": [[7, 2, 1]], "value": scalar(1.5)}));
        let places = notebook.ok(json!({"op": "np_ordered", "name": "flatnonzero", "array": large}))["array"].clone();
        let chosen = notebook.ok(json!({"op": "np_take", "array": large, "index": places}))["array"].clone();
        notebook.ok(json!({"op": "np_free", "array": large}));
        let list = notebook.ok(json!({"op": "np_to_list", "array": chosen}));
        assert_eq!(list["data"], json!(["1.5", "1.5"]), "round {round}");
    }
}

#[test]
fn numbers_by_their_bits_are_taken_whole_or_refused() {
    let mut notebook = Notebook::new();
    let bits: String =
        [1.5f64, f64::NAN].iter().flat_map(|x| x.to_le_bytes()).map(|byte| format!("{byte:02x}")).collect();
    let from =
        |bits: &str, shape: usize| json!({"op": "np_from_list", "shape": [shape], "dtype": "float32", "bits": bits});
    let array = notebook.ok(from(&bits, 2))["array"].clone();
    assert_eq!(notebook.ok(json!({"op": "np_to_list", "array": array}))["data"], json!(["1.5", "nan"]));
    for (bits, shape) in [(&bits[1..], 2), (&bits[2..], 2), ("zz00000000000000", 1), (&bits[..], 3)] {
        assert_eq!(notebook.error(from(bits, shape)).0, "value", "{bits}");
    }
}

#[test]
fn a_read_with_steps_gives_what_a_plain_loop_picks_without_holding_what_lies_between() {
    let mut notebook = Notebook::with_limits(Limits { array_bytes: 1 << 20, ..Limits::for_tab(1) });
    // 3.2 GB of fill values and a few rows that were written.
    let file = notebook.ok(json!({"op": "h5_open", "name": "wide.hdf5", "mode": "w"}))["file"].clone();
    let dataset = notebook.ok(json!({
        "op": "h5_create_dataset", "file": file, "path": "/data", "shape": [400_000, 1000], "dtype": "float64",
        "chunks": [100, 1000], "compression": "gzip",
    }))["dataset"]
        .clone();
    for row in [0, 39_999, 40_000, 399_999] {
        let value = scalar(f64::from(row) + 0.5);
        notebook.ok(
            json!({"op": "h5_write", "dataset": dataset, "selection": [[row, 1, 1], [0, 1000, 1]], "value": value}),
        );
    }
    notebook.ok(json!({"op": "h5_close", "file": file}));
    let file = notebook.ok(json!({"op": "h5_open", "name": "wide.hdf5", "mode": "r"}))["file"].clone();
    let dataset = notebook.ok(json!({"op": "h5_get", "file": file, "path": "/data"}))["dataset"].clone();
    let rows = |notebook: &mut Notebook, start: u64, count: u64, step: u64| -> Vec<(u64, String)> {
        let read =
            json!({"op": "h5_read", "dataset": dataset, "selection": [[start, count, step], [7, 1, 1]], "drop": [1]});
        let array = notebook.ok(read);
        assert_eq!(array["shape"], json!([count]));
        let list = notebook.ok(json!({"op": "np_to_list", "array": array["array"]}));
        let texts = list["data"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        texts.enumerate().map(|(i, text)| (start + i as u64 * step, text)).filter(|(_, text)| text != "0.0").collect()
    };
    let found = rows(&mut notebook, 0, 10, 40_000);
    assert_eq!(found, [(0, "0.5".to_owned()), (40_000, "40000.5".to_owned())]);
    let found = rows(&mut notebook, 39_999, 10, 40_000);
    assert_eq!(found, [(39_999, "39999.5".to_owned()), (399_999, "399999.5".to_owned())]);
}

#[test]
fn arrays_read_from_a_file_outlive_its_replacement_and_lazy_ones_do_not_take_the_new_for_the_old() {
    let mut notebook = Notebook::with_limits(Limits { kept_bytes: 0, ..Limits::for_tab(1) });
    let old = notebook.random_dataset(10, 4, 5, Value::Null);
    let selection = json!([[0, 10, 1], [0, 4, 1]]);
    let array = notebook.ok(json!({"op": "h5_read", "dataset": old, "selection": selection}))["array"].clone();
    let before = notebook.ok(json!({"op": "np_to_list", "array": array}));
    let lazy = notebook.ok(json!({"op": "da_from", "dataset": old, "chunks": [5, 4]}));

    let file = notebook.ok(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "w"}))["file"].clone();
    let create = json!({"op": "h5_create_dataset", "file": file, "path": "/data", "shape": [10, 4], "dtype": "float64",
        "chunks": [5, 4]});
    let dataset = notebook.ok(create)["dataset"].clone();
    let value = scalar(7.0);
    notebook.ok(json!({"op": "h5_write", "dataset": dataset, "selection": selection, "value": value}));
    notebook.ok(json!({"op": "h5_close", "file": file}));

    // Room is made for another, so that the first would have to be read again.
    notebook.ok(json!({"op": "np_random", "kind": "rand", "shape": [50]}));
    assert_eq!(notebook.ok(json!({"op": "np_to_list", "array": array})), before);
    let file = notebook.ok(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "r"}))["file"].clone();
    let dataset = notebook.ok(json!({"op": "h5_get", "file": file, "path": "/data"}))["dataset"].clone();
    let new = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [5, 4]}));
    assert_ne!(lazy["name"], new["name"], "other elements, another token");
}

/// A notebook whose folder holds a file of the tests' fixtures.
fn with_fixture(name: &str) -> Notebook {
    let notebook = Notebook::new();
    let fixture = format!("{}/tests/fixtures/hdf5/{name}.h5", env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(fixture, notebook.folder.path().join(format!("{name}.h5"))).unwrap();
    notebook
}

#[test]
fn the_browser_lists_a_group_page_by_page_with_links_and_why_some_lead_nowhere() {
    let mut notebook = with_fixture("latest-tree");
    let browse = |path: &str, from: u64, count: u64| json!({"op": "browse", "name": "latest-tree.h5", "path": path, "from": from, "count": count});
    let root = notebook.ok(browse("/", 0, 100));
    let entry =
        |name: &str| root["entries"].as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap().clone();
    assert_eq!(root["total"], 5);
    assert_eq!(entry("group")["kind"], "group");
    assert_eq!(entry("soft")["link"], "/group/data");
    assert_eq!(entry("soft")["dataset"]["dtype"], "int32");
    assert_eq!(entry("external")["link"], "other.h5:/x");
    assert!(entry("external")["error"].as_str().unwrap().contains("'other.h5' is not at hand"));
    assert_eq!(entry("type")["kind"], "other");
    let page = notebook.ok(browse("/many", 15, 10));
    assert_eq!(page["total"], 20);
    let names: Vec<_> = page["entries"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, ["g5", "g6", "g7", "g8", "g9"]);
    let (kind, message) = notebook.error(browse("/nowhere", 0, 1));
    assert!(kind == "key" && message.contains("latest-tree.h5"), "{kind}: {message}");
}

#[test]
fn the_browser_tells_sizes_filters_and_attributes_of_an_object() {
    let mut notebook = with_fixture("latest-extensible");
    let facts = notebook.ok(json!({"op": "browse_object", "name": "latest-extensible.h5", "path": "/filtered"}));
    let dataset = &facts["dataset"];
    assert_eq!(dataset["shape"], json!([20, 30]));
    assert_eq!(dataset["maxshape"], json!([null, 30]));
    assert_eq!(dataset["chunks"], json!([3, 30]));
    assert_eq!(dataset["filters"], json!(["shuffle", "gzip 4", "fletcher32"]));
    assert_eq!(dataset["logical"], 2400);
    assert!((1..2400).contains(&dataset["stored"].as_u64().unwrap()), "{dataset}");
    let mut notebook = with_fixture("latest-tree");
    let facts = notebook.ok(json!({"op": "browse_object", "name": "latest-tree.h5", "path": "/many"}));
    assert_eq!(facts["dataset"], Value::Null);
    let texts: Vec<_> = facts["attributes"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect();
    assert_eq!(texts.len(), 20);
    assert!(texts.contains(&json!("7")) && texts.contains(&json!("text 8")), "{texts:?}");
}

#[test]
fn a_float32_is_told_with_its_own_digits() {
    let mut notebook = Notebook::new();
    let file = notebook.ok(json!({"op": "h5_open", "name": "short.h5", "mode": "w"}))["file"].clone();
    for (path, dtype) in [("/short", "float32"), ("/long", "float64")] {
        notebook.ok(json!({
            "op": "h5_create_dataset", "file": file, "path": path, "shape": [3], "dtype": dtype,
            "fillvalue": {"dtype": "float64", "value": "0x3fb999999999999a"},
        }));
        let value = json!({"dtype": dtype, "shape": [], "data": ["0x3fb999999999999a"]});
        notebook.ok(json!({"op": "h5_set_attr", "file": file, "path": path, "name": "of", "value": value}));
    }
    notebook.ok(json!({"op": "h5_close", "file": file}));
    for path in ["/short", "/long"] {
        let facts = notebook.ok(json!({"op": "browse_object", "name": "short.h5", "path": path}));
        assert_eq!((&facts["dataset"]["fill"], &facts["attributes"][0]["text"]), (&json!("0.1"), &json!("0.1")));
    }
}

#[test]
fn a_preview_has_the_means_ends_and_counts_of_a_naive_loop_over_all_elements() {
    let mut notebook = Notebook::new();
    for (compression, chunk) in [(Value::Null, 10), (json!("gzip"), 7)] {
        notebook.random_dataset(500, 30, chunk, compression);
        let preview = notebook.ok(json!({"op": "preview", "name": "testdata.hdf5", "path": "/data", "leading": []}));
        let file = notebook.ok(json!({"op": "h5_open", "name": "testdata.hdf5", "mode": "r"}))["file"].clone();
        let dataset = notebook.ok(json!({"op": "h5_get", "file": file, "path": "data"}))["dataset"].clone();
        let read = json!({"op": "h5_read", "dataset": dataset, "selection": [[0, 500, 1], [0, 30, 1]]});
        let array = notebook.ok(read)["array"].clone();
        let list = notebook.ok(json!({"op": "np_to_list", "array": array}));
        let values: Vec<f64> =
            list["data"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!((&preview["extent"], &preview["cells"]), (&json!([500, 30]), &json!([160, 30])));
        let first: Vec<f64> = values
            .iter()
            .enumerate()
            .filter(|(i, _)| i / 30 * 160 / 500 == 0 && i % 30 == 0)
            .map(|(_, v)| *v)
            .collect();
        let mean = first.iter().sum::<f64>() / first.len() as f64;
        assert!((preview["means"][0].as_f64().unwrap() - mean).abs() < 1e-14);
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!((preview["min"].as_f64(), preview["count"].as_u64()), (Some(min), Some(15_000)));
        let counts = preview["histogram"]["counts"].as_array().unwrap();
        assert_eq!((counts.len(), counts.iter().map(|n| n.as_u64().unwrap()).sum::<u64>()), (64, 15_000));
        notebook.ok(json!({"op": "h5_close", "file": file}));
    }
    let (kind, message) =
        notebook.error(json!({"op": "preview", "name": "testdata.hdf5", "path": "/data", "leading": [3]}));
    assert_eq!(kind, "index");
    assert!(message.contains("testdata.hdf5:/data"), "{message}");
}

#[test]
fn previews_of_every_shape_and_kind_of_number_count_each_element_once() {
    let mut notebook = Notebook::new();
    let file = notebook.ok(json!({"op": "h5_open", "name": "kinds.hdf5", "mode": "w"}))["file"].clone();
    let kinds = [
        ("float64", json!([7])),
        ("int64", json!([4, 5])),
        ("uint8", json!([2, 3, 4])),
        ("bool", json!([6])),
        ("float32", json!([0, 4])),
        ("int16", json!([])),
    ];
    for (number, (dtype, shape)) in kinds.iter().enumerate() {
        let path = format!("/d{number}");
        notebook.ok(json!({"op": "h5_create_dataset", "file": file, "path": path, "shape": shape, "dtype": dtype}));
    }
    notebook.ok(json!({"op": "h5_close", "file": file}));
    for (number, (dtype, shape)) in kinds.iter().enumerate() {
        let axes = shape.as_array().unwrap();
        let leading = vec![1; axes.len().saturating_sub(2)];
        let preview = notebook
            .ok(json!({"op": "preview", "name": "kinds.hdf5", "path": format!("/d{number}"), "leading": leading}));
        let expected: u64 = axes.iter().skip(leading.len()).map(|n| n.as_u64().unwrap()).product();
        assert_eq!(preview["count"].as_u64(), Some(expected), "{dtype} {shape}");
        let counts = preview["histogram"]["counts"].as_array().unwrap();
        assert_eq!(counts.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), expected, "{dtype} {shape}");
    }
}

#[test]
fn an_array_that_has_got_the_number_of_another_is_not_taken_for_it() {
    let mut notebook = Notebook::new();
    let dataset = notebook.random_dataset(40, 5, 10, Value::Null);
    let lazy = notebook.ok(json!({"op": "da_from", "dataset": dataset, "chunks": [10, 5]}));
    let (number, name) = (&lazy["lazy"], &lazy["name"]);
    let outline = notebook.ok(json!({"op": "da_outline", "lazies": [[number, name]]}));
    assert_eq!((&outline["naive"], &outline["tasks"]), (&json!(1600), &json!(4)));
    for op in ["da_outline", "da_draw", "da_dot"] {
        let (kind, message) = notebook.error(json!({"op": op, "lazies": [[number, "array-of-an-earlier-kernel"]]}));
        assert_eq!(kind, "key");
        assert!(message.contains("run the cell again"), "{message}");
    }
}
