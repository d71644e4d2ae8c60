//! The exponential function of many elements at once.
//!
//! By reduction to the nearest multiple of the logarithm of 2 in two parts (Cody & Waite 1980, "Software Manual for the
//! Elementary Functions", chapter 6) and the series of what is left.

use super::element::Element;
use super::loops::map;

/// Elements of a lesser magnitude are computed without branches, several at once; the function of others overflows, or
/// loses digits below the least normal number, and is left to the standard library.
const WITHIN: f64 = 708.0;

/// 1.5 times 2 to the power 52: added to a number it leaves the nearest integer, in the lowest bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The natural logarithm of 2, to 33 bits, so that products with exponents are exact, and the rest.
const LN_2: [f64; 2] = [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)];

/// One over the factorials from that of 13 to that of 2: the terms of the series that make a difference.
const SERIES: [f64; 12] = {
    let (mut series, mut factorial, mut n) = ([0.0; 12], 1.0, 2);
    while n <= 13 {
        factorial *= n as f64;
        series[13 - n] = 1.0 / factorial;
        n += 1;
    }
    series
};

/// e to the power of each element, of type `f32` or `f64`; within 0.7 units in the last place of `f64`, where that of the
/// standard library in WebAssembly is within one, and not the nearest float for 1 itself.
pub(super) fn exp<T: Element>(values: &[u8], out: &mut [u8]) {
    if has_far::<T>(values) {
        map(values, out, |value: T| {
            let x = value.to_f64();
            T::cast_from(if is_far(x) { x.exp() } else { exp_within(x) })
        });
    } else {
        map(values, out, |value: T| T::cast_from(exp_within(value.to_f64())));
    }
}

#[inline(never)]
#[cfg_attr(page, optimize(speed))]
fn has_far<T: Element>(values: &[u8]) -> bool {
    bytemuck::cast_slice(values).iter().fold(false, |far, value: &T| far | is_far(value.to_f64()))
}

/// Whether [`exp_within`] does not compute it.
#[inline(always)]
fn is_far(x: f64) -> bool {
    x.abs() >= WITHIN || x.is_nan()
}

/// Of the power of 2 that is nearest, and of what is left by the series. What 1 and that lose to rounding when they are
/// added is made good, which halves the error.
#[inline(always)]
fn exp_within(x: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let exponent = shifted - ROUND;
    let (high, low) = (x - exponent * LN_2[0], exponent * LN_2[1]);
    let left = high - low;
    let terms = SERIES.iter().fold(0.0, |sum, term| sum * left + term) * (left * left);
    let sum = 1.0 + high;
    let lost = (1.0 - sum) + high;
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    (sum + (lost + (terms - low))) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exp_of(values: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; values.len()];
        exp::<f64>(bytemuck::cast_slice(values), bytemuck::cast_slice_mut(&mut out));
        out
    }

    #[test]
    fn powers_of_e_are_within_a_unit_in_the_last_place_and_mostly_the_nearest_float() {
        let mut state = 1u64;
        for range in [1.0, 20.0, 1416.0] {
            let values: Vec<f64> = (0..100_000)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    ((state >> 11) as f64 / (1u64 << 53) as f64 - 0.5) * range
                })
                .collect();
            let mut same = 0;
            for (x, power) in values.iter().zip(exp_of(&values)) {
                let apart = power.to_bits().abs_diff(x.exp().to_bits());
                assert!(apart <= 1, "{power} for {x}, not {}", x.exp());
                same += usize::from(apart == 0);
            }
            assert!(same > 90_000, "{same} of 100,000 up to {}", range / 2.0);
        }
        assert_eq!(exp_of(&[0.0, -0.0, 1.0, -1.0, 1e-300]), [1.0, 1.0, std::f64::consts::E, (-1f64).exp(), 1.0]);
    }

    #[test]
    fn an_element_has_the_power_that_it_has_beside_any_other() {
        let far = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 709.5, 709.79, -708.5, -745.0, -746.0, 708.0];
        let near = [0.5, -3.25, 707.99, -707.99, 1.0];
        let (alone, beside) = (exp_of(&near), exp_of(&[&near[..], &far].concat()));
        assert_eq!(alone, beside[..near.len()]);
        for (x, power) in far.iter().zip(&beside[near.len()..]) {
            assert!(power == &x.exp() || x.is_nan() && power.is_nan(), "{power} for {x}");
        }
        let mut short = [0f32; 4];
        exp::<f32>(bytemuck::cast_slice(&[1f32, 88.7, 89.0, -104.0]), bytemuck::cast_slice_mut(&mut short));
        assert_eq!(short, [std::f32::consts::E, 88.7f32.exp(), f32::INFINITY, 0.0]);
    }
}
