//! Graphs: names, keys and trees as Dask has them, printing and drawing.
#![cfg(not(target_arch = "wasm32"))]

mod engine_support;

use chunkbook::array::{binary, Array, LazyOperand};
use chunkbook::dtype::{DType, Scalar};
use chunkbook::graph::{Drawing, Graph, Key};
use chunkbook::kernels::reduction::Reduction;
use chunkbook::memory::{AxisSlice, BinaryOp, UnaryOp};
use engine_support::*;

fn vector(len: u64, chunk: u64) -> Array {
    WatchedSource::array(len, chunk, "vector", |_| Ok(()))
}

fn reduce(array: &Array, reduction: Reduction) -> Array {
    array.reduce(reduction, None, false, None).unwrap()
}

/// Each layer's label and the number of its blocks along each axis.
fn layers(array: &Array) -> Vec<(String, Vec<usize>)> {
    let graph = Graph::of(std::slice::from_ref(array));
    graph.layers().iter().map(|layer| (layer.label().to_string(), layer.counts().to_vec())).collect()
}

fn expect(pairs: &[(&str, &[usize])]) -> Vec<(String, Vec<usize>)> {
    pairs.iter().map(|(label, counts)| (label.to_string(), counts.to_vec())).collect()
}

/// The expectations are the keys of `dict(d.sum().dask)` and so on, of Dask 2026.8.0, for a 30 x 30
/// dataset in chunks of 3 x 30; but for Dask's `original-array` entry, which holds the dataset itself.
#[test]
fn layers_have_dasks_names_and_grids() {
    let d = memory_array(&table(30, 30), &[3, 30]);
    let sum = reduce(&d, Reduction::Sum);
    assert_eq!(
        layers(&sum),
        expect(&[
            ("array", &[10, 1]),
            ("sum", &[10, 1]),
            ("sum-partial", &[5, 1]),
            ("sum-partial", &[3, 1]),
            ("sum-partial", &[2, 1]),
            ("sum-aggregate", &[]),
        ])
    );
    assert_eq!(
        layers(&d.reduce(Reduction::Mean, Some(&[0]), false, None).unwrap()),
        expect(&[
            ("array", &[10, 1]),
            ("mean_chunk", &[10, 1]),
            ("mean_combine-partial", &[3, 1]),
            ("mean_agg-aggregate", &[1])
        ])
    );
    assert_eq!(
        layers(&d.reduce(Reduction::Std { ddof: 0 }, Some(&[0]), false, Some(3)).unwrap()),
        expect(&[
            ("array", &[10, 1]),
            ("var", &[10, 1]),
            ("var-partial", &[4, 1]),
            ("var-partial", &[2, 1]),
            ("var-aggregate", &[1]),
            ("_sqrt", &[1]),
        ])
    );
    assert_eq!(
        layers(&d.reduce(Reduction::Min, Some(&[1]), false, None).unwrap()),
        expect(&[("array", &[10, 1]), ("chunk_min", &[10, 1]), ("min-aggregate", &[10])])
    );
    assert_eq!(
        layers(&d.reduce(Reduction::ArgMax, Some(&[0]), false, None).unwrap()),
        expect(&[
            ("array", &[10, 1]),
            ("arg-reduce", &[10, 1]),
            ("arg_combine-partial", &[3, 1]),
            ("arg_agg-aggregate", &[1])
        ])
    );
    for (reduction, names) in [
        (Reduction::NanSum, &["nansum", "sum-partial", "sum-aggregate"][..]),
        (Reduction::NanMean, &["mean_chunk", "mean_combine-partial", "mean_agg-aggregate"]),
        (Reduction::NanStd { ddof: 0 }, &["moment_chunk", "moment_combine-partial", "moment_agg-aggregate", "_sqrt"]),
        (Reduction::NanMin, &["nanmin_skip", "_nanmin_skip-partial", "_nanmin_skip-aggregate"]),
        (Reduction::NanMax, &["nanmax_skip", "_nanmax_skip-partial", "_nanmax_skip-aggregate"]),
    ] {
        let made = layers(&d.reduce(reduction, Some(&[0]), false, None).unwrap());
        assert_eq!(made[1..].iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    }
    assert_eq!(
        layers(&d.reduce(Reduction::Sum, None, false, Some(100)).unwrap()),
        expect(&[("array", &[10, 1]), ("sum", &[10, 1]), ("sum-aggregate", &[])])
    );
    let rows = AxisSlice { start: 3, count: 7, step: 1 };
    let column = AxisSlice { start: 4, count: 1, step: 1 };
    assert_eq!(layers(&d.slice(&[rows, column], &[1]).unwrap()), expect(&[("array", &[10, 1]), ("getitem", &[3])]));
    let less = binary(BinaryOp::Subtract, &LazyOperand::Array(d), &LazyOperand::Scalar(Scalar::Int(1))).unwrap();
    assert_eq!(layers(&less.unary(UnaryOp::Negative).unwrap())[1..], expect(&[("sub", &[10, 1]), ("neg", &[10, 1])]));
}

#[test]
fn equal_arrays_have_equal_names_and_different_ones_never() {
    let make = |identity: &str, len, chunk| WatchedSource::array(len, chunk, identity, |_| Ok(()));
    let base = make("a", 100, 10);
    assert_eq!(base.name(), make("a", 100, 10).name());
    let whole = AxisSlice::whole(100);
    let plus = |value| binary(BinaryOp::Add, &LazyOperand::Array(base.clone()), &LazyOperand::Scalar(value)).unwrap();
    let swapped = |op| binary(op, &LazyOperand::Scalar(Scalar::Int(1)), &LazyOperand::Array(base.clone())).unwrap();
    let arrays = [
        base.clone(),
        make("b", 100, 10),
        make("a", 100, 20),
        make("a", 90, 10),
        reduce(&base, Reduction::Sum),
        reduce(&base, Reduction::Prod),
        reduce(&base, Reduction::Var { ddof: 0 }),
        reduce(&base, Reduction::Var { ddof: 1 }),
        base.reduce(Reduction::Sum, None, true, None).unwrap(),
        base.reduce(Reduction::Sum, None, false, Some(2)).unwrap(),
        base.astype(DType::F32).unwrap(),
        base.astype(DType::I64).unwrap(),
        plus(Scalar::Int(1)),
        plus(Scalar::Float(1.0)),
        plus(Scalar::Int(2)),
        swapped(BinaryOp::Add),
        swapped(BinaryOp::Subtract),
        base.slice(&[AxisSlice { count: 99, ..whole }], &[]).unwrap(),
        base.slice(&[AxisSlice { start: 1, count: 99, step: 1 }], &[]).unwrap(),
        base.unary(UnaryOp::Sin).unwrap(),
        base.unary(UnaryOp::Cos).unwrap(),
    ];
    for (i, a) in arrays.iter().enumerate() {
        let (_, token) = a.name().rsplit_once('-').unwrap();
        assert!(token.len() == 32 && token.chars().all(|c| c.is_ascii_hexdigit()), "{}", a.name());
        assert!(arrays[i + 1..].iter().all(|b| a.name() != b.name()), "{}", a.name());
    }
    let variances = [Reduction::Var { ddof: 0 }, Reduction::Var { ddof: 1 }, Reduction::Std { ddof: 0 }];
    let graph = Graph::of(&variances.map(|reduction| reduce(&base, reduction)));
    assert_eq!(graph.layers().iter().filter(|layer| layer.label() == "var").count(), 1, "the passes are shared");
}

#[test]
fn a_layer_of_a_million_blocks_costs_what_ten_do() {
    let sum = reduce(&vector(1 << 40, 1 << 20), Reduction::Sum);
    let graph = Graph::of(&[sum]);
    assert_eq!(graph.layers().len(), 12);
    assert!(graph.len() > 2 << 20);
    let key = Key::new(graph.layers()[2].name(), vec![262_143]);
    let task = graph.task(&key).unwrap();
    assert_eq!(task.inputs.last().unwrap().index, [1_048_575]);
}

#[test]
fn a_chain_of_a_hundred_thousand_layers_is_built_and_dropped() {
    let mut array = vector(4, 2);
    for _ in 0..100_000 {
        array = array.unary(UnaryOp::Negative).unwrap();
    }
    let graph = Graph::of(&[array]);
    assert_eq!(graph.layers().len(), 100_001);
}

#[test]
fn keys_are_found_or_refused_by_name_and_index() {
    let graph = Graph::of(&[reduce(&vector(10, 2), Reduction::Sum)]);
    for task in graph.tasks() {
        assert_eq!(graph.task(&task.key).unwrap(), task);
        assert_eq!(Key::parse(&task.key.to_string()).unwrap(), task.key);
    }
    let name = graph.layers()[1].name();
    let out_of_range = graph.task(&Key::new(name, vec![5])).unwrap_err().to_string();
    assert!(out_of_range.contains("has blocks (5,)"), "{out_of_range}");
    let wrong_token = graph.task(&Key::new("sum-0000", vec![0])).unwrap_err().to_string();
    assert!(wrong_token.contains(name), "{wrong_token}");
}

/// Tokens as the layer's number, so that texts can be read and compared.
fn readable(graph: &Graph, mut text: String) -> String {
    for (number, layer) in graph.layers().iter().enumerate() {
        text = text.replace(layer.name(), &format!("{}-{number}", layer.label()));
    }
    text
}

#[test]
fn a_graph_prints_as_a_python_dictionary() {
    let graph = Graph::of(&[reduce(&vector(5, 2), Reduction::Sum)]);
    let expected = "\
{('array-0', 0): (getter, 'watched:vector', (slice(0, 2),)),
 ('array-0', 1): (getter, 'watched:vector', (slice(2, 4),)),
 ('array-0', 2): (getter, 'watched:vector', (slice(4, 5),)),
 ('sum-1', 0): (sum, ('array-0', 0)),
 ('sum-1', 1): (sum, ('array-0', 1)),
 ('sum-1', 2): (sum, ('array-0', 2)),
 ('sum-aggregate-2',): (sum-aggregate, [('sum-1', 0), ('sum-1', 1), ('sum-1', 2)])}";
    assert_eq!(readable(&graph, graph.to_python(100)), expected);
    assert!(readable(&graph, graph.to_python(1)).ends_with("(slice(0, 2),)),\n ...}"));
}

#[test]
fn dot_names_every_task_and_every_edge_once() {
    let graph = Graph::of(&[reduce(&vector(4, 2), Reduction::Sum)]);
    let expected = r#"digraph {
  graph [rankdir=BT];
  node [shape=box, style=rounded];
  "('array-0', 0)" [label="getter\n0"];
  "('array-0', 1)" [label="getter\n1"];
  "('sum-1', 0)" [label="sum\n0"];
  "('array-0', 0)" -> "('sum-1', 0)";
  "('sum-1', 1)" [label="sum\n1"];
  "('array-0', 1)" -> "('sum-1', 1)";
  "('sum-aggregate-2',)" [label="sum-aggregate\n"];
  "('sum-1', 0)" -> "('sum-aggregate-2',)";
  "('sum-1', 1)" -> "('sum-aggregate-2',)";
}
"#;
    assert_eq!(readable(&graph, graph.dot()), expected);
}

/// The drawing in characters, half a column each: `o` for a task, the number of tasks for a bundle.
fn picture(drawing: &Drawing) -> String {
    let mut rows: Vec<f64> = drawing.nodes.iter().map(|node| node.y).collect();
    rows.sort_by(f64::total_cmp);
    rows.dedup();
    let mut text = String::from("\n");
    for y in rows {
        let mut line = vec![b' '; (drawing.width / 8.0) as usize];
        for node in drawing.nodes.iter().filter(|node| node.y == y) {
            let mark = if node.count == 1 { "o".to_string() } else { node.count.to_string() };
            let column = ((node.x - 40.0) / 8.0).round() as usize;
            line[column..column + mark.len()].copy_from_slice(mark.as_bytes());
        }
        text += std::str::from_utf8(&line).unwrap().trim_end();
        text.push('\n');
    }
    text
}

fn assert_no_overlap(drawing: &Drawing) {
    let mut places: Vec<(u64, f64)> = drawing.nodes.iter().map(|node| (node.y as u64, node.x)).collect();
    places.sort_by(|a, b| a.partial_cmp(b).unwrap());
    for pair in places.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[1].1 - pair[0].1 > 63.9, "{pair:?}");
    }
    for node in &drawing.nodes {
        assert!(node.x >= 39.9 && node.x <= drawing.width - 39.9 && node.y <= drawing.height - 39.9);
    }
    for &(input, output) in &drawing.edges {
        assert!(drawing.nodes[input as usize].y > drawing.nodes[output as usize].y, "inputs lie below");
    }
}

#[test]
fn a_tree_is_drawn_with_every_parent_over_the_middle_of_its_children() {
    let drawing = Graph::of(&[reduce(&vector(10, 1), Reduction::Sum)]).draw(100);
    assert_no_overlap(&drawing);
    assert_eq!((drawing.tasks, drawing.nodes.len()), (24, 24));
    for (number, node) in drawing.nodes.iter().enumerate() {
        let children: Vec<f64> = drawing
            .edges
            .iter()
            .filter(|(_, output)| *output == number as u32)
            .map(|(input, _)| drawing.nodes[*input as usize].x)
            .collect();
        if !children.is_empty() {
            let middle = children.iter().sum::<f64>() / children.len() as f64;
            assert!((node.x - middle).abs() < 1e-9, "{} at {} over {children:?}", node.key, node.x);
        }
    }
    assert_eq!(
        picture(&drawing),
        "
                                         o
            o                               o                       o
o       o       o       o       o       o       o       o       o       o
o       o       o       o       o       o       o       o       o       o
"
    );
}

#[test]
fn siblings_are_bundled_when_there_are_too_many() {
    let graph = Graph::of(&[reduce(&vector(100, 1), Reduction::Sum)]);
    let drawing = graph.draw(60);
    assert_no_overlap(&drawing);
    assert_eq!(drawing.tasks, graph.len());
    assert_eq!(drawing.nodes.iter().map(|node| node.count).sum::<usize>(), graph.len());
    assert_eq!(
        picture(&drawing),
        "
                          o
            o                           o
o       o       o       o       o       o       o
4       4       4       4       4       4       o
16      16      16      16      16      16      4
16      16      16      16      16      16      4
"
    );
    for max_nodes in [1, 5, 6, 20, 30, 100, 199, 300] {
        let drawing = graph.draw(max_nodes);
        assert!(drawing.nodes.len() <= max_nodes.max(graph.layers().len()), "{max_nodes}: {}", drawing.nodes.len());
        assert_eq!(drawing.nodes.iter().map(|node| node.count).sum::<usize>(), graph.len());
        assert_no_overlap(&drawing);
    }
}

#[test]
fn reductions_that_share_chunks_stand_side_by_side() {
    let array = vector(4, 1);
    let graph = Graph::of(&[reduce(&array, Reduction::Sum), reduce(&array, Reduction::Mean)]);
    let drawing = graph.draw(100);
    assert_no_overlap(&drawing);
    assert_eq!(
        picture(&drawing),
        "
                        o       o
o       o       o       o       o       o       o       o
    o               o               o               o
"
    );
}

#[test]
fn a_long_array_of_results_is_drawn_in_runs() {
    let doubled = vector(1 << 20, 1 << 4).unary(UnaryOp::Negative).unwrap();
    let graph = Graph::of(&[doubled]);
    let drawing = graph.draw(8);
    assert_eq!(
        picture(&drawing),
        "
16384   16384   16384   16384
16384   16384   16384   16384
"
    );
    assert!(drawing.nodes[0].key.contains(" … "));
    assert_no_overlap(&drawing);
}

#[test]
fn any_graph_is_drawn_without_overlap() {
    let d = memory_array(&table(12, 12), &[3, 12]);
    let flipped = d.transpose(&[1, 0]).unwrap();
    let both = binary(BinaryOp::Add, &LazyOperand::Array(d.clone()), &LazyOperand::Array(flipped)).unwrap();
    let mean = d.reduce(Reduction::Mean, None, false, None).unwrap();
    let centred = binary(BinaryOp::Subtract, &LazyOperand::Array(both), &LazyOperand::Array(mean)).unwrap();
    let graph = Graph::of(&[centred.reduce(Reduction::Var { ddof: 0 }, None, false, None).unwrap(), d]);
    for max_nodes in [1, 20, 40, 1000] {
        assert_no_overlap(&graph.draw(max_nodes));
    }
}

/// The drawing of what runs as one.
fn fused(graph: &Graph, max_nodes: usize) -> Drawing {
    graph.draw_fused(max_nodes, &chunkbook::execute::fusion(graph, 1 << 30))
}

#[test]
fn what_runs_as_one_is_drawn_as_one_with_the_names_of_all_of_it() {
    let array = vector(4, 1);
    let graph = Graph::of(&[reduce(&array, Reduction::Sum), reduce(&array, Reduction::Mean)]);
    let drawing = fused(&graph, 100);
    assert_no_overlap(&drawing);
    assert_eq!(
        picture(&drawing),
        "
        o       o
o       o       o       o
"
    );
    let chunk = drawing.nodes.iter().find(|node| node.layers.len() > 1).unwrap();
    assert_eq!(chunk.label, "array → sum → mean");
    let tasks: usize = drawing.nodes.iter().map(|node| node.count * node.layers.len()).sum();
    assert_eq!(tasks, graph.len());
    assert_eq!(chunk.bytes, 8 + 2 * 8, "the partials of both, and not the block that is read");
}

#[test]
fn a_source_that_is_read_by_its_slices_is_not_drawn_where_what_runs_is() {
    let part = memory_array(&table(12, 4), &[3, 4])
        .slice(&[AxisSlice { start: 2, count: 8, step: 1 }, AxisSlice::whole(4)], &[])
        .unwrap();
    let graph = Graph::of(&[reduce(&part, Reduction::Sum)]);
    let drawing = fused(&graph, 100);
    assert!(drawing.nodes.iter().all(|node| !node.label.starts_with("array")), "{:?}", drawing.nodes);
    assert_no_overlap(&drawing);
}

#[test]
fn a_node_tells_the_positions_of_its_tasks_and_together_they_are_all() {
    let graph =
        Graph::of(&[memory_array(&table(40, 40), &[1, 1]).reduce(Reduction::Sum, None, false, Some(4)).unwrap()]);
    for drawing in [graph.draw(1), graph.draw(60), graph.draw(5000), fused(&graph, 1), fused(&graph, 60)] {
        let mut seen: Vec<Vec<usize>> = graph.layers().iter().map(|layer| vec![0; layer.len()]).collect();
        for node in &drawing.nodes {
            assert_eq!(node.runs.iter().map(|run| run.1).sum::<usize>(), node.count);
            for (&layer, &(first, count)) in node.layers.iter().flat_map(|l| node.runs.iter().map(move |run| (l, run)))
            {
                seen[layer][first..first + count].iter_mut().for_each(|times| *times += 1);
            }
        }
        assert!(seen.iter().flatten().all(|&times| times == 1));
    }
}

#[test]
fn a_bundle_has_the_bytes_of_each_of_its_blocks_also_of_those_at_the_edges() {
    let array = memory_array(&table(35, 23), &[3, 4]);
    let graph = Graph::of(&[array.reduce(Reduction::Mean, None, false, Some(4)).unwrap()]);
    for drawing in [graph.draw(1), graph.draw(20), graph.draw(5000), fused(&graph, 1)] {
        for node in drawing.nodes {
            let layer = &graph.layers()[*node.layers.last().unwrap()];
            let positions = node.runs.iter().flat_map(|&(first, count)| first..first + count);
            assert_eq!(node.bytes, positions.map(|position| layer.block_bytes(position)).sum::<u64>(), "{}", node.key);
        }
    }
}

#[test]
fn a_million_tasks_are_drawn_in_as_many_nodes_as_ten_thousand() {
    for count in [10_000, 500_000] {
        let graph = Graph::of(&[reduce(&vector(count, 1), Reduction::Sum)]);
        let drawing = graph.draw(300);
        assert!(drawing.nodes.len() <= 300 && drawing.tasks == graph.len() && drawing.tasks > 2 * count as usize);
        assert_no_overlap(&drawing);
    }
}

#[test]
fn a_graph_of_more_tasks_than_anyone_could_walk_is_drawn() {
    let side = 1 << 15;
    let table = WatchedSource::table(&[side, side], &[1, 1], "vast", |_| Ok(()));
    for axes in [None, Some(&[0][..]), Some(&[1][..])] {
        let graph = Graph::of(&[table.reduce(Reduction::Sum, axes, false, Some(4)).unwrap()]);
        let drawing = graph.draw(300);
        assert!(drawing.tasks > 1 << 31 && drawing.nodes.len() <= 300, "{} nodes", drawing.nodes.len());
        assert_no_overlap(&drawing);
    }
}
