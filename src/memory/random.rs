//! NumPy's legacy random numbers (`numpy.random.seed`, `rand`, `randn`, `randint`), bit for bit.
//!
//! The algorithms are those of `numpy/random/_mt19937.pyx` and `src/legacy/legacy-distributions.c`:
//! MT19937 seeded by `init_genrand`, 53-bit doubles of two words, normal numbers by the polar
//! method with the second one kept, integers by masked rejection. `randn` goes through the
//! machine's `log`, so its last bit is the platform's, as it is in NumPy.

use crate::block::Block;
use crate::dtype::DType;
use crate::error::{Error, Result};
use rand_mt::Mt;

/// The state of NumPy's legacy generator (`numpy.random.RandomState`). A clone goes on independently.
#[derive(Clone, Debug)]
pub struct Random {
    words: Mt,
    /// The second number of the last normal pair, if it was not handed out yet.
    spare_normal: Option<f64>,
}

impl Random {
    /// The state after `numpy.random.seed(seed)`.
    pub fn seeded(seed: u32) -> Random {
        Random { words: Mt::new(seed), spare_normal: None }
    }

    /// The next number of `numpy.random.random_sample`: 53 random bits, in `0.0 .. 1.0`.
    #[cfg_attr(page, optimize(speed))]
    pub fn next_f64(&mut self) -> f64 {
        let high = self.words.next_u32() >> 5;
        let low = self.words.next_u32() >> 6;
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// Fills `values` with numbers in `0.0 .. 1.0`, as `numpy.random.rand` would.
    #[cfg_attr(page, optimize(speed))]
    pub fn fill(&mut self, values: &mut [f64]) {
        for value in values {
            *value = self.next_f64();
        }
    }

    /// The next normal number.
    #[cfg_attr(page, optimize(speed))]
    pub fn next_normal(&mut self) -> f64 {
        if let Some(normal) = self.spare_normal.take() {
            return normal;
        }
        loop {
            let x1 = 2.0 * self.next_f64() - 1.0;
            let x2 = 2.0 * self.next_f64() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let f = (-2.0 * r2.ln() / r2).sqrt();
                self.spare_normal = Some(f * x1);
                return f * x2;
            }
        }
    }

    /// `numpy.random.rand(*shape)`: `float64` in `0.0 .. 1.0`.
    ///
    /// # Errors
    /// A memory error when there is no room.
    pub fn rand(&mut self, shape: &[usize]) -> Result<Block> {
        let mut block = Block::unspecified(DType::F64, shape)?;
        self.fill(block.elements_mut());
        Ok(block)
    }

    /// `numpy.random.randn(*shape)`: `float64`, normal with mean 0 and variance 1.
    ///
    /// # Errors
    /// A memory error when there is no room.
    #[cfg_attr(page, optimize(speed))]
    pub fn randn(&mut self, shape: &[usize]) -> Result<Block> {
        let mut block = Block::unspecified(DType::F64, shape)?;
        for value in block.elements_mut::<f64>() {
            *value = self.next_normal();
        }
        Ok(block)
    }

    /// `numpy.random.randint(low, high, shape)`: `int64` from `low` up to, not including, `high`.
    ///
    /// # Errors
    /// A value error when there is no integer between them; a memory error when there is no room.
    #[cfg_attr(page, optimize(speed))]
    pub fn randint(&mut self, low: i64, high: i64, shape: &[usize]) -> Result<Block> {
        if low >= high {
            return Err(Error::value("low >= high"));
        }
        let mut block = Block::zeros(DType::I64, shape)?;
        let range = (high as u64).wrapping_sub(low as u64) - 1;
        // The smallest 2^n - 1 that covers the range: numbers beyond the range are drawn again.
        let mask = u64::MAX.checked_shr(range.leading_zeros()).unwrap_or(0);
        for value in block.elements_mut::<i64>() {
            *value = low.wrapping_add(self.masked(range, mask) as i64);
        }
        Ok(block)
    }

    #[cfg_attr(page, optimize(speed))]
    fn masked(&mut self, range: u64, mask: u64) -> u64 {
        if range == 0 {
            return 0;
        }
        loop {
            let bits = match u32::try_from(range) {
                Ok(_) => u64::from(self.words.next_u32()),
                Err(_) => u64::from(self.words.next_u32()) << 32 | u64::from(self.words.next_u32()),
            };
            if bits & mask <= range {
                return bits & mask;
            }
        }
    }
}
