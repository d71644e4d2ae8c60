//! What NumPy does, in NumPy's own numbers: `tests/oracle/numpy_semantics.py` asked it.
#![cfg(not(target_arch = "wasm32"))]

use chunkbook::block::Block;
use chunkbook::dtype::{DType, Scalar};
use chunkbook::error::Result;
use chunkbook::memory::random::Random;
use chunkbook::memory::*;
use chunkbook::with_type;
use serde_json::Value;

fn answers() -> Value {
    serde_json::from_str(include_str!("fixtures/numpy_semantics.json")).unwrap()
}

fn dtype(value: &Value) -> DType {
    DType::parse(value.as_str().unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

fn unpack(packed: &Value) -> Block {
    let hex = packed["hex"].as_str().unwrap();
    let bytes: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    let mut block = Block::zeros(dtype(&packed["dtype"]), &numbers(&packed["shape"])).unwrap();
    block.bytes_mut().copy_from_slice(&bytes);
    block
}

/// Every element as text that is equal for equal numbers, every NaN alike, and zeros by their sign.
fn texts(block: &Block) -> Vec<String> {
    with_type!(block.dtype(), T => block.elements::<T>().iter().map(|x| format!("{x:?}")).collect())
}

fn floats(block: &Block) -> Vec<f64> {
    astype(block, DType::F64).unwrap().elements::<f64>().to_vec()
}

/// `None` when `got` is what NumPy answered; `ulps` is how far apart floats may be, in units of the last place.
fn difference(got: &Result<Block>, answer: &Value, ulps: f64) -> Option<String> {
    match (got, answer.get("error")) {
        (Err(_), Some(_)) => None,
        (Err(error), None) => Some(format!("failed: {error}")),
        (Ok(_), Some(error)) => Some(format!("NumPy refuses: {error}")),
        (Ok(got), None) => {
            let expected = unpack(answer);
            if (got.dtype(), got.shape()) != (expected.dtype(), expected.shape()) {
                return Some(format!(
                    "{} {:?}, NumPy {} {:?}",
                    got.dtype(),
                    got.shape(),
                    expected.dtype(),
                    expected.shape()
                ));
            }
            let unit = match got.dtype() {
                DType::F16 => f64::powi(2.0, -10),
                DType::F32 => f64::powi(2.0, -23),
                _ => f64::EPSILON,
            };
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= ulps * unit * b.abs();
            let same = texts(got).iter().zip(texts(&expected)).map(|(a, b)| *a == b).collect::<Vec<_>>();
            let close = floats(got).iter().zip(&floats(&expected)).map(near).collect::<Vec<_>>();
            let wrong = same.iter().zip(close).position(|(&same, close)| !(same || ulps > 0.0 && close))?;
            Some(format!("element {wrong} of\n   {:?}, NumPy\n   {:?}", texts(got), texts(&expected)))
        }
    }
}

/// Asks every question of a list and reports all wrong answers at once.
fn compare(name: &str, question: impl Fn(&[Value]) -> (Result<Block>, f64)) {
    let answers = answers();
    let questions = answers[name].as_array().unwrap();
    assert!(!questions.is_empty());
    let wrong: Vec<String> = questions
        .iter()
        .filter_map(|asked| {
            let (asked, answer) = asked.as_array().unwrap().split_at(asked.as_array().unwrap().len() - 1);
            let (got, ulps) = question(asked);
            difference(&got, &answer[0], ulps).map(|how| format!("{}: {how}", Value::from(asked.to_vec())))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), questions.len(), wrong.join("\n"));
}

/// Functions that NumPy and we take from different libraries, which round the last place differently.
fn tolerance(name: &str) -> f64 {
    match name {
        "power" | "hypot" | "arctan2" | "exp" | "log" | "log2" | "log10" | "sin" | "cos" | "tan" | "arcsin"
        | "arccos" | "arctan" | "sinh" | "cosh" | "tanh" => 4.0,
        _ => 0.0,
    }
}

#[test]
fn result_types_of_every_pair_are_numpys() {
    let answers = answers();
    for (name, types) in answers["types"].as_object().unwrap() {
        let op = BinaryOp::parse(name).unwrap();
        let mut expected = types.as_array().unwrap().iter();
        for left in DType::ALL {
            for right in DType::ALL {
                let got = binary_type(op, OperandType::Array(left), OperandType::Array(right)).ok().map(DType::name);
                assert_eq!(got, expected.next().unwrap().as_str(), "{name} of {left} and {right}");
            }
        }
    }
}

#[test]
fn binary_operations_are_numpys_at_the_corners_of_every_type() {
    let answers = answers();
    compare("binary", |asked| {
        let name = asked[0].as_str().unwrap();
        let samples = &answers["samples"][asked[1].as_str().unwrap()];
        let (left, right) = (unpack(&samples[0]), unpack(&samples[1]));
        let got = binary(BinaryOp::parse(name).unwrap(), &Operand::Block(&left), &Operand::Block(&right));
        (got, tolerance(name))
    });
}

#[test]
fn binary_operations_on_different_types_are_numpys() {
    let answers = answers();
    compare("mixed", |asked| {
        let name = asked[0].as_str().unwrap();
        let left = unpack(&answers["samples"][asked[1].as_str().unwrap()][0]);
        let right = unpack(&answers["samples"][asked[2].as_str().unwrap()][1]);
        let got = binary(BinaryOp::parse(name).unwrap(), &Operand::Block(&left), &Operand::Block(&right));
        (got, tolerance(name))
    });
}

#[test]
fn python_numbers_take_the_type_of_the_array_where_their_kind_allows() {
    let answers = answers();
    compare("scalars", |asked| {
        let name = asked[0].as_str().unwrap();
        let array = unpack(&answers["samples"][asked[1].as_str().unwrap()][0]);
        let array = slice(&array, &[AxisSlice { start: 2, count: 5, step: 1 }], &[]).unwrap();
        let text = asked[2].as_str().unwrap();
        let scalar = match text {
            "True" => Scalar::Bool(true),
            _ => text
                .parse()
                .map(Scalar::Int)
                .or_else(|_| text.parse().map(Scalar::UInt))
                .unwrap_or_else(|_| Scalar::Float(text.parse().unwrap())),
        };
        let (array, scalar) = (Operand::Block(&array), Operand::Scalar(scalar));
        let (left, right) = if asked[3] == 1 { (array, scalar) } else { (scalar, array) };
        (binary(BinaryOp::parse(name).unwrap(), &left, &right), tolerance(name))
    });
}

#[test]
fn unary_operations_are_numpys_at_the_corners_of_every_type() {
    let answers = answers();
    compare("unary", |asked| {
        let name = asked[0].as_str().unwrap();
        let input = unpack(&answers["samples"][asked[1].as_str().unwrap()][0]);
        (unary(UnaryOp::parse(name).unwrap(), &input), tolerance(name))
    });
}

#[test]
fn casts_between_any_two_types_are_numpys() {
    let answers = answers();
    compare("casts", |asked| {
        let input = unpack(&answers["cast_samples"][asked[0].as_str().unwrap()]);
        (astype(&input, dtype(&asked[1])), 0.0)
    });
}

#[test]
fn reductions_over_any_axes_are_numpys() {
    let answers = answers();
    compare("reductions", |asked| {
        let input = unpack(&answers["reduction_inputs"][asked[1].as_str().unwrap()]);
        let reduction = Reduction::parse(asked[0].as_str().unwrap(), 0).unwrap();
        (reduction.reduce(&input, &numbers(&asked[2]), false), 4.0)
    });
}

#[test]
fn reductions_of_what_is_not_nan_are_numpys() {
    let answers = answers();
    compare("skip_nan", |asked| {
        let input = unpack(&answers["skip_nan_inputs"][asked[1].as_str().unwrap()]);
        let reduction = Reduction::parse(asked[0].as_str().unwrap(), 0).unwrap();
        (reduction.reduce(&input, &numbers(&asked[2]), false), 4.0)
    });
}

#[test]
fn reductions_of_nothing_are_numpys() {
    compare("empty", |asked| {
        let input = Block::zeros(DType::F64, &numbers(&asked[1])).unwrap();
        let reduction = Reduction::parse(asked[0].as_str().unwrap(), 0).unwrap();
        (reduction.reduce(&input, &numbers(&asked[2]), false), 0.0)
    });
}

#[test]
fn random_numbers_are_numpys_for_the_same_seed() {
    let mut random = Random::seeded(42);
    let uniform = random.rand(&[3]).unwrap();
    assert_eq!(uniform.elements::<f64>(), [0.3745401188473625, 0.9507143064099162, 0.7319939418114051]);
    let mut integers = |low, high, count| random.randint(low, high, &[count]).unwrap().elements::<i64>().to_vec();
    assert_eq!(integers(0, 10, 5), [4, 6, 9, 2, 6]);
    assert_eq!(integers(-5, 1 << 40, 3), [375095422319, 425815370594, 651335606397]);
    assert_eq!(integers(0, 1 << 32, 3), [88409749, 242285876, 4165731073]);
    assert_eq!(integers(i64::MIN, i64::MAX, 2), [4095154524633363947, 8089869682327935781]);
    assert_eq!(integers(7, 8, 2), [7, 7]);
    assert_eq!(integers(0, 1 << 31, 2), [3344769, 780932287]);
    assert!(random.randint(3, 3, &[1]).is_err());

    let mut last = Random::seeded(u32::MAX);
    let many = last.rand(&[3000]).unwrap();
    assert_eq!(many.elements::<f64>()[2999], 0.4718974654736011);
}

#[test]
fn normal_numbers_are_numpys_to_the_last_place_of_the_logarithm() {
    let mut random = Random::seeded(0);
    let normal = random.randn(&[3]).unwrap();
    for (got, numpy) in normal.elements::<f64>().iter().zip([1.764052345967664, 0.4001572083672233, 0.9787379841057392])
    {
        assert!((got - numpy).abs() <= 2.0 * f64::EPSILON * numpy.abs(), "{got} {numpy}");
    }
    // The second number of a pair outlives other draws: seed(1); randn(1); rand(2); randn(1).
    let mut random = Random::seeded(1);
    let (first, between, second) =
        (random.randn(&[1]).unwrap(), random.rand(&[2]).unwrap(), random.randn(&[1]).unwrap());
    assert!((first.elements::<f64>()[0] - 1.6243453636632417).abs() < 1e-15);
    assert_eq!(between.elements::<f64>(), [0.00011437481734488664, 0.30233257263183977]);
    assert!((second.elements::<f64>()[0] + 0.6117564136500754).abs() < 1e-15);
}
