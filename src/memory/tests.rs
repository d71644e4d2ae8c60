//! Parts, joins and broadcasts against index arithmetic in plain sight.

use super::*;
use crate::block::Block;
use crate::dtype::{DType, Scalar};
use crate::error::ErrorKind;
use crate::grid::{ravel, unravel, Region};

/// 0, 1, 2, ... in `shape`.
fn counting(shape: &[usize]) -> Block {
    let values: Vec<i32> = (0..shape.iter().product::<usize>() as i32).collect();
    Block::from_elements(DType::I32, shape, &values).unwrap()
}

fn cut(start: u64, count: u64, step: i64) -> AxisSlice {
    AxisSlice { start, count, step }
}

/// Where index `i` of a slice lies.
fn along(slice: &AxisSlice, i: usize) -> usize {
    (slice.start as i64 + slice.step * i as i64) as usize
}

#[test]
fn slices_with_any_steps_pick_what_index_arithmetic_picks() {
    let block = counting(&[5, 4, 6]);
    let cases = [
        [cut(0, 5, 1), cut(0, 4, 1), cut(0, 6, 1)],
        [cut(4, 5, -1), cut(1, 2, 2), cut(5, 3, -2)],
        [cut(2, 1, 1), cut(3, 4, -1), cut(0, 2, 3)],
        [cut(1, 0, 1), cut(0, 4, 1), cut(6, 0, 1)],
    ];
    for slices in cases {
        let part = slice(&block, &slices, &[]).unwrap();
        for (position, &got) in part.elements::<i32>().iter().enumerate() {
            let index = unravel(position, part.shape());
            let from: Vec<_> = index.iter().zip(&slices).map(|(&i, slice)| along(slice, i)).collect();
            assert_eq!(got as usize, ravel(&from, &[5, 4, 6]), "{slices:?} at {index:?}");
        }
    }
    assert_eq!(slice(&block, &[cut(2, 1, 1), cut(0, 4, 1), cut(5, 1, 1)], &[0, 2]).unwrap().shape(), [4]);
}

#[test]
fn slices_beyond_an_axis_are_index_errors() {
    let block = counting(&[5]);
    for bad in [cut(5, 1, 1), cut(0, 6, 1), cut(0, 2, -1), cut(4, 3, 2), cut(0, u64::MAX, i64::MAX), cut(6, 0, 1)] {
        assert_eq!(slice(&block, &[bad], &[]).unwrap_err().kind(), ErrorKind::Index, "{bad:?}");
    }
    let region = Region { start: vec![3], count: vec![3] };
    assert_eq!(copy_region(&block, &region).unwrap_err().kind(), ErrorKind::Index);
}

#[test]
fn assignment_broadcasts_casts_and_touches_nothing_else() {
    let mut block = counting(&[3, 4]);
    let row = Block::from_elements(DType::F64, &[2], &[-1.7, 2.9]).unwrap();
    assign(&mut block, &[cut(2, 2, -1), cut(0, 2, 3)], &Operand::Block(&row)).unwrap();
    assert_eq!(block.elements::<i32>(), [0, 1, 2, 3, -1, 5, 6, 2, -1, 9, 10, 2]);

    let mut block = counting(&[3]);
    assign(&mut block, &[cut(0, 3, 1)], &Operand::Scalar(Scalar::Int(7))).unwrap();
    assert_eq!(block.elements::<i32>(), [7, 7, 7]);
    let leading = Block::zeros(DType::I32, &[1, 1, 3]).unwrap();
    assign(&mut block, &[cut(0, 3, 1)], &Operand::Block(&leading)).unwrap();
    assert_eq!(block.elements::<i32>(), [0, 0, 0]);
}

#[test]
fn assignments_that_do_not_fit_are_refused_in_numpys_words() {
    let mut block = Block::zeros(DType::U8, &[2, 3]).unwrap();
    let all = [cut(0, 2, 1), cut(0, 3, 1)];
    let mut refusal = |value: &Operand| assign(&mut block, &all, value).unwrap_err().to_string();
    let short = counting(&[2]);
    assert_eq!(refusal(&Operand::Block(&short)), "could not broadcast input array from shape (2,) into shape (2,3)");
    assert_eq!(refusal(&Operand::Scalar(Scalar::Int(300))), "Python integer 300 out of bounds for uint8");
    assert_eq!(refusal(&Operand::Scalar(Scalar::Float(f64::NAN))), "cannot convert float NaN to integer");
}

#[test]
fn paste_undoes_copy_region_and_concatenate_joins_what_it_cut() {
    let block = counting(&[4, 7]);
    let mut again = Block::zeros(DType::I32, &[4, 7]).unwrap();
    let mut columns = Vec::new();
    for (start, count) in [(0, 3), (3, 1), (4, 3)] {
        let part = copy_region(&block, &Region { start: vec![0, start], count: vec![4, count] }).unwrap();
        paste(&mut again, &[0, start as usize], &part).unwrap();
        columns.push(part);
    }
    assert_eq!(again.bytes(), block.bytes());
    assert_eq!(concatenate(&columns.iter().collect::<Vec<_>>(), 1).unwrap().bytes(), block.bytes());
    assert!(paste(&mut again, &[1, 0], &block).is_err());

    let floats = Block::from_elements(DType::F32, &[1, 7], &[0.5f32; 7]).unwrap();
    let mixed = concatenate(&[&block, &floats], 0).unwrap();
    assert_eq!((mixed.dtype(), mixed.shape()), (DType::F64, &[5, 7][..]));
    assert!(concatenate(&[&block, &columns[0]], 0).unwrap_err().to_string().contains("along dimension 1"));
}

#[test]
fn transposes_put_every_element_at_its_permuted_index() {
    // Short and longer than the tiles that they are copied in.
    for (shape, axes) in [
        ([2, 3, 4], [0, 1, 2]),
        ([2, 3, 4], [2, 1, 0]),
        ([2, 3, 4], [1, 2, 0]),
        ([2, 3, 4], [0, 2, 1]),
        ([35, 3, 49], [2, 1, 0]),
        ([35, 3, 49], [2, 0, 1]),
        ([17, 65, 2], [1, 0, 2]),
    ] {
        let block = counting(&shape);
        let turned = transpose(&block, &axes).unwrap();
        for (position, &got) in turned.elements::<i32>().iter().enumerate() {
            let index = unravel(position, turned.shape());
            let mut from = [0; 3];
            for (axis, &own) in axes.iter().enumerate() {
                from[own] = index[axis];
            }
            assert_eq!(got as usize, ravel(&from, &shape), "{shape:?} by {axes:?}");
        }
    }
    assert!(transpose(&counting(&[2, 3, 4]), &[0, 0, 1]).is_err());
}

#[test]
fn broadcast_arithmetic_repeats_axes_of_length_one() {
    let (left, right) = (counting(&[3, 1, 700]), counting(&[5, 1]));
    let sum = binary(BinaryOp::Add, &Operand::Block(&left), &Operand::Block(&right)).unwrap();
    assert_eq!(sum.shape(), [3, 5, 700]);
    for (position, &got) in sum.elements::<i32>().iter().enumerate() {
        let [a, b, c] = unravel(position, &[3, 5, 700])[..] else { unreachable!() };
        assert_eq!(got as usize, a * 700 + c + b);
    }
    let empty = Block::zeros(DType::I32, &[0, 5, 1]).unwrap();
    let none = binary(BinaryOp::Multiply, &Operand::Block(&empty), &Operand::Block(&right.clone())).unwrap();
    assert_eq!(none.shape(), [0, 5, 1]);
    let error = broadcast_shape(&[3], &[4]).unwrap_err();
    assert_eq!(error.to_string(), "operands could not be broadcast together with shapes (3,) (4,) ");
}

#[test]
fn ranges_are_numpys() {
    let range = |start, stop, step, dtype| arange(start, stop, step, dtype).unwrap();
    let whole = range(Scalar::Int(5), Scalar::Int(0), Scalar::Int(-2), None);
    assert_eq!((whole.dtype(), whole.elements::<i64>()), (DType::I64, &[5, 3, 1][..]));
    let tenths = range(Scalar::Int(0), Scalar::Int(1), Scalar::Float(0.1), None);
    assert_eq!((tenths.len(), tenths.elements::<f64>()[3]), (10, 0.30000000000000004));
    assert_eq!(
        range(Scalar::Int(0), Scalar::Int(3), Scalar::Int(1), Some(DType::F32)).elements::<f32>(),
        [0.0, 1.0, 2.0]
    );
    assert_eq!(range(Scalar::Int(3), Scalar::Int(0), Scalar::Int(1), None).len(), 0);
    assert!(arange(Scalar::Int(0), Scalar::Int(1), Scalar::Int(0), None).is_err());
    assert!(arange(Scalar::Int(0), Scalar::Float(1e30), Scalar::Int(1), None).is_err());

    let sevenths = linspace(0.0, 1.0, 7, true).unwrap();
    let expected = [0.0, 0.16666666666666666, 0.3333333333333333, 0.5, 0.6666666666666666, 0.8333333333333333, 1.0];
    assert_eq!(sevenths.elements::<f64>(), expected);
    assert_eq!(linspace(0.0, 1.0, 4, false).unwrap().elements::<f64>(), [0.0, 0.25, 0.5, 0.75]);
    assert_eq!(linspace(3.0, 3.0, 2, true).unwrap().elements::<f64>(), [3.0, 3.0]);
    assert_eq!(linspace(2.5, 9.0, 1, true).unwrap().elements::<f64>(), [2.5]);
    assert_eq!(full(&[2], DType::F16, Scalar::Int(3)).unwrap().elements::<half::f16>(), [half::f16::from_f32(3.0); 2]);
}

#[test]
fn an_unknown_operation_is_answered_with_those_there_are() {
    let error = BinaryOp::parse("matmul").unwrap_err();
    assert!(error.is_unsupported() && error.to_string().contains("add, subtract"), "{error}");
    assert_eq!(UnaryOp::parse("sqrt").unwrap(), UnaryOp::Sqrt);
}

#[test]
fn integers_to_negative_powers_are_refused() {
    let base = counting(&[2]);
    let error = binary(BinaryOp::Power, &Operand::Block(&base), &Operand::Scalar(Scalar::Int(-1))).unwrap_err();
    assert_eq!(error.to_string(), "Integers to negative integer powers are not allowed.");
}

#[test]
fn what_is_put_at_positions_or_where_a_mask_holds_is_taken_from_there() {
    let numbers: Vec<u16> = (0..24).collect();
    let whole = Block::from_elements(DType::U16, &[4, 3, 2], &numbers).unwrap();
    let positions = Block::from_elements(DType::I8, &[2, 2], &[3i8, -4, 1, -2]).unwrap();
    let flags: Vec<u8> = (0..12).map(|i| u8::from(i % 5 == 1)).collect();
    let mask = Block::from_elements(DType::Bool, &[4, 3], &flags).unwrap();
    for (index, rows, row, shape) in
        [(&positions, vec![3, 0, 1, 2], 6, vec![2, 2, 3, 2]), (&mask, vec![1, 6, 11], 2, vec![3, 2])]
    {
        let taken = take(&whole, index).unwrap();
        let expected: Vec<u16> = rows.iter().flat_map(|&at| &numbers[at * row..][..row]).copied().collect();
        assert_eq!((taken.shape(), taken.elements::<u16>()), (&shape[..], &expected[..]));
        let mut changed = whole.try_clone().unwrap();
        let new: Vec<f64> = (0..expected.len()).map(|i| 100.0 + i as f64).collect();
        put(&mut changed, index, &Operand::Block(&Block::from_elements(DType::F64, &shape, &new).unwrap())).unwrap();
        let found: Vec<f64> = take(&changed, index).unwrap().elements::<u16>().iter().map(|&x| x.into()).collect();
        assert_eq!(found, new);
        let same = |at: &usize| changed.elements::<u16>()[*at] == numbers[*at];
        assert_eq!((0..24).filter(same).count(), 24 - new.len(), "nothing else has changed");
    }
    assert!(put(&mut whole.try_clone().unwrap(), &mask, &Operand::Scalar(Scalar::Int(70_000))).is_err());
}

#[test]
fn every_type_is_sorted_along_the_last_axis_with_nan_at_the_end() {
    for dtype in DType::ALL {
        let mixed: Vec<f64> =
            (0..30).map(|i| f64::from((i * 7 + 3) % 11) - if dtype.is_float() { 4.5 } else { 0.0 }).collect();
        let mut mixed = Block::from_elements(DType::F64, &[3, 10], &mixed).unwrap();
        if dtype.is_float() {
            mixed.elements_mut::<f64>()[4] = f64::NAN;
            mixed.elements_mut::<f64>()[6] = f64::NEG_INFINITY;
        }
        let given = astype(&mixed, dtype).unwrap();
        let sorted = astype(&sort(&given).unwrap(), DType::F64).unwrap();
        let mut expected = astype(&given, DType::F64).unwrap();
        expected.elements_mut::<f64>().chunks_mut(10).for_each(|row| row.sort_by(f64::total_cmp));
        assert_eq!(format!("{:?}", sorted.elements::<f64>()), format!("{:?}", expected.elements::<f64>()), "{dtype}");
    }
}

#[test]
fn arithmetic_on_more_elements_than_one_thread_takes_has_every_element_in_its_place() {
    let count = 300_001;
    let numbers = counting(&[count]);
    let doubled = binary(BinaryOp::Add, &Operand::Block(&numbers), &Operand::Block(&numbers)).unwrap();
    let less = binary(BinaryOp::Subtract, &Operand::Block(&numbers), &Operand::Scalar(Scalar::Int(7))).unwrap();
    let negated = unary(UnaryOp::Negative, &numbers).unwrap();
    for (at, &number) in numbers.elements::<i32>().iter().enumerate() {
        assert_eq!(doubled.elements::<i32>()[at], 2 * number);
        assert_eq!(less.elements::<i32>()[at], number - 7);
        assert_eq!(negated.elements::<i32>()[at], -number);
    }
    let (rows, row) = (counting(&[2, 200_000]), counting(&[200_000]));
    let sums = binary(BinaryOp::Add, &Operand::Block(&rows), &Operand::Block(&row)).unwrap();
    let expected = |at: usize| at as i32 + (at % 200_000) as i32;
    assert!(sums.elements::<i32>().iter().enumerate().all(|(at, &sum)| sum == expected(at)));
}
