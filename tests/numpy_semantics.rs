//! What NumPy does, in NumPy's own numbers.

use chunkbook::block::Block;
use chunkbook::dtype::{DType, Scalar};
use chunkbook::memory::random::Random;
use chunkbook::memory::*;

#[test]
fn random_numbers_are_numpys_for_the_same_seed() {
    let mut random = Random::seeded(42);
    let uniform = random.rand(&[3]).unwrap();
    assert_eq!(uniform.elements::<f64>(), [0.3745401188473625, 0.9507143064099162, 0.7319939418114051]);
}

#[test]
fn reductions_slices_and_arithmetic_of_a_small_matrix() {
    let block = Block::from_elements(DType::F64, &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]).unwrap();
    for (axes, sum, var) in [
        (vec![0, 1], vec![21.5], vec![3.3680555555555554]),
        (vec![0], vec![5.0, 7.0, 9.5], vec![2.25, 2.25, 3.0625]),
        (vec![1], vec![6.0, 15.5], vec![2.0 / 3.0, 1.0555555555555556]),
    ] {
        assert_eq!(Reduction::Sum.reduce(&block, &axes, false).unwrap().elements::<f64>(), sum);
        let got = Reduction::Var { ddof: 0 }.reduce(&block, &axes, false).unwrap();
        for (a, b) in got.elements::<f64>().iter().zip(var) {
            assert!((a - b).abs() < 1e-15);
        }
    }
    let t = transpose(&block, &[1, 0]).unwrap();
    assert_eq!(t.elements::<f64>(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.5]);
    let r =
        slice(&block, &[AxisSlice { start: 1, count: 2, step: -1 }, AxisSlice { start: 2, count: 2, step: -2 }], &[])
            .unwrap();
    assert_eq!(r.elements::<f64>(), [6.5, 4.0, 3.0, 1.0]);
    let b = binary(BinaryOp::Add, &Operand::Block(&block), &Operand::Scalar(Scalar::Int(1))).unwrap();
    assert_eq!(b.elements::<f64>(), [2.0, 3.0, 4.0, 5.0, 6.0, 7.5]);
}
