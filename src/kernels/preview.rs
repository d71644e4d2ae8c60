//! Sums for looking at data: a matrix as few cells, and its values as bars.

/// What is known of the elements that fall into a cell of a picture. NaN and infinities are left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Finite elements.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least of them; infinity where there is none.
    pub min: f64,
    /// The greatest of them; minus infinity where there is none.
    pub max: f64,
}

impl Default for Cell {
    fn default() -> Cell {
        Cell { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

impl Cell {
    /// Adds what is known of other elements.
    #[cfg_attr(page, optimize(speed))]
    pub fn merge(&mut self, other: &Cell) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Their mean, if there are any.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// How a matrix of `extent` rows and columns is cut into `cells`, no more than there are elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Rows and columns of the matrix.
    pub extent: [u64; 2],
    /// Rows and columns of the picture.
    pub cells: [usize; 2],
}

impl Cut {
    /// The cell along `axis` that element `index` falls into.
    pub fn cell(&self, axis: usize, index: u64) -> usize {
        (u128::from(index) * self.cells[axis] as u128 / u128::from(self.extent[axis].max(1))) as usize
    }
}

/// Adds `values`, `columns` of them to a row, whose first lies at `start` of the matrix, to the picture's `cells`.
#[cfg_attr(page, optimize(speed))]
pub fn add_to_cells(values: &[f64], columns: usize, start: [u64; 2], cut: &Cut, cells: &mut [Cell]) {
    let across: Vec<usize> = (0..columns).map(|column| cut.cell(1, start[1] + column as u64)).collect();
    for (row, line) in values.chunks_exact(columns.max(1)).enumerate() {
        let first = cut.cell(0, start[0] + row as u64) * cut.cells[1];
        for (&value, &column) in line.iter().zip(&across) {
            if value.is_finite() {
                let cell = &mut cells[first + column];
                cell.count += 1;
                cell.sum += value;
                cell.min = cell.min.min(value);
                cell.max = cell.max.max(value);
            }
        }
    }
}

/// Counts of values by size: bars of equal width from `low` to `high`, which falls into the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where the first bar begins.
    pub low: f64,
    /// Where the last one ends.
    pub high: f64,
    /// Finite values of each bar.
    pub counts: Vec<u64>,
    /// Values that are not numbers.
    pub nan: u64,
    /// Infinite values of either sign.
    pub infinite: u64,
}

impl Histogram {
    /// Empty bars.
    pub fn new(low: f64, high: f64, bars: usize) -> Histogram {
        Histogram { low, high, counts: vec![0; bars], nan: 0, infinite: 0 }
    }

    /// Counts `values`, of which the finite ones must lie between the ends.
    pub fn add(&mut self, values: &[f64]) {
        let last = self.counts.len() - 1;
        // Halved, so that the width of the widest range is finite.
        let width = self.high / 2.0 - self.low / 2.0;
        for &value in values {
            if value.is_finite() {
                let part = if width > 0.0 { (value / 2.0 - self.low / 2.0) / width } else { 0.0 };
                let bar = ((part * self.counts.len() as f64) as usize).min(last);
                self.counts[bar] += 1;
            } else if value.is_nan() {
                self.nan += 1;
            } else {
                self.infinite += 1;
            }
        }
    }

    /// Adds the counts of other values between the same ends.
    #[cfg_attr(page, optimize(speed))]
    pub fn merge(&mut self, other: &Histogram) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self.nan += other.nan;
        self.infinite += other.infinite;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_in_parts_has_the_counts_means_and_ends_of_a_naive_loop() {
        let cut = Cut { extent: [7, 10], cells: [3, 4] };
        let mut values: Vec<f64> = (0..70).map(|i| f64::from(i * 37 % 70) - 20.0).collect();
        values[5] = f64::NAN;
        values[33] = f64::INFINITY;
        let mut cells = vec![Cell::default(); 12];
        for (rows, columns) in [(0..4, 0..10), (4..7, 0..6), (4..7, 6..10)] {
            let part: Vec<f64> = rows
                .clone()
                .flat_map(|r| columns.clone().map(move |c| (r, c)))
                .map(|(r, c)| values[r * 10 + c])
                .collect();
            add_to_cells(&part, columns.len(), [rows.start as u64, columns.start as u64], &cut, &mut cells);
        }
        for (number, cell) in cells.iter().enumerate() {
            let inside: Vec<f64> = (0..70)
                .filter(|i| (i / 10 * 3 / 7) * 4 + i % 10 * 4 / 10 == number)
                .map(|i| values[i])
                .filter(|value| value.is_finite())
                .collect();
            assert_eq!(cell.count as usize, inside.len());
            assert!((cell.mean().unwrap() - inside.iter().sum::<f64>() / inside.len() as f64).abs() < 1e-12);
            assert_eq!(cell.min, inside.iter().copied().fold(f64::INFINITY, f64::min));
            assert_eq!(cell.max, inside.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
    }

    #[test]
    fn every_value_is_in_one_bar_and_the_greatest_in_the_last() {
        let mut bars = Histogram::new(0.0, 10.0, 5);
        bars.add(&[0.0, 1.9, 2.0, 9.99, 10.0, f64::NAN, f64::NEG_INFINITY]);
        assert_eq!((bars.counts.as_slice(), bars.nan, bars.infinite), (&[2, 1, 0, 0, 2][..], 1, 1));
        let mut one = Histogram::new(3.0, 3.0, 4);
        one.add(&[3.0, 3.0]);
        assert_eq!(one.counts, [2, 0, 0, 0]);
        let mut widest = Histogram::new(-f64::MAX, f64::MAX, 2);
        widest.add(&[-f64::MAX, f64::MAX, 1.0]);
        assert_eq!(widest.counts, [1, 2]);
    }
}
