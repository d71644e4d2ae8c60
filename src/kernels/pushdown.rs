//! Reductions that are made where bytes are read, so that only what comes of them has to be brought.
//!
//! Databases call it predicate and aggregate pushdown. The engine's side describes what it wants of a chunk and
//! takes the partials; the reader's side ([`Reducer`]) is given the chunk's bytes piece by piece. Both are this code,
//! so that results have the same bits wherever they are made. What goes between them are words of 64 bits.

use super::reduction::{kept_shape, ChunkReduction, Partial, Reduction};
use crate::block::Block;
use crate::dtype::DType;
use crate::error::{Error, Result};

/// Bytes of the pieces in which a reader has a chunk reduced, about: small enough to stay in the processor's second
/// cache beside what they are copied from, and of eight bytes an element a multiple of the leaves of sums.
const PIECE: usize = 256 << 10;

/// Pieces are no longer than this, however wide the rows are that they have to hold.
const LONGEST_PIECE: usize = 4 << 20;

/// Results of a chunk are no longer than this, in words: more would be copied as slowly as elements are.
const MOST_RESULTS: usize = 64 << 10;

/// Reductions of a chunk over the same axes, which share a pass over it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// What is wanted.
    pub reductions: Vec<Reduction>,
    /// The axes that are reduced.
    pub axes: Vec<usize>,
}

/// What is wanted of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushdown {
    /// The type of its elements.
    dtype: DType,
    /// Its shape, flattened where all of it makes one result: pieces are then of leaves, and not of rows.
    shape: Vec<usize>,
    /// The axis along which it comes in pieces.
    axis: usize,
    /// The extent of the pieces along it.
    rows: usize,
    passes: Vec<Pass>,
    /// The shape of each pass's partials.
    kept: Vec<Vec<usize>>,
}

impl Pushdown {
    /// The `passes` over a chunk of `shape`; nothing where they need too much of it at once or give too much.
    pub fn new(dtype: DType, shape: &[usize], mut passes: Vec<Pass>) -> Option<Pushdown> {
        let kept_by = |pass: &Pass| kept_shape(shape, &pass.axes).ok().map(|kept| kept.to_vec());
        let kept: Vec<Vec<usize>> = passes.iter().map(kept_by).collect::<Option<_>>()?;
        let mut shape = shape.to_vec();
        if kept.iter().flatten().all(|&extent| extent == 1) {
            shape = vec![shape.iter().try_fold(1usize, |count, &extent| count.checked_mul(extent))?];
            passes.iter_mut().for_each(|pass| pass.axes = vec![0]);
        }
        let axis = shape.iter().position(|&extent| extent > 1)?;
        let row = shape[axis + 1..].iter().try_fold(dtype.size(), |bytes, &extent| bytes.checked_mul(extent))?;
        // Each is a power of two, so that the largest is a multiple of all.
        let mut grain = 1;
        for pass in &passes {
            grain = grain.max(ChunkReduction::grain(&shape, &pass.axes)?);
        }
        let rows = (PIECE / row.checked_mul(grain)?.max(1)).max(1) * grain;
        let fits = row > 0 && row.checked_mul(rows)? <= LONGEST_PIECE;
        let pushdown = Pushdown { dtype, shape, axis, rows, passes, kept };
        (fits && pushdown.result_words() <= MOST_RESULTS).then_some(pushdown)
    }

    /// Words of what a [`Reducer`] answers: the elements of each field of each partial, each field from a word on.
    pub fn result_words(&self) -> usize {
        let fields = self.passes.iter().zip(&self.kept).flat_map(|(pass, kept)| {
            let results = kept.iter().fold(1usize, |count, &extent| count.saturating_mul(extent));
            let dtypes = pass.reductions.iter().flat_map(|reduction| reduction.field_dtypes(self.dtype));
            dtypes.map(move |dtype| results.saturating_mul(dtype.size()).div_ceil(size_of::<u64>()))
        });
        fields.fold(0, usize::saturating_add)
    }

    /// It as words, for [`Reducer::new`].
    pub fn encode(&self) -> Vec<u64> {
        let mut words = vec![self.dtype.number() as u64];
        put_list(&mut words, &self.shape);
        for Pass { reductions, axes } in &self.passes {
            let codes: Vec<usize> = reductions.iter().flat_map(|reduction| reduction.code()).collect();
            put_list(&mut words, &codes);
            put_list(&mut words, axes);
        }
        words
    }

    fn decode(mut words: &[u64]) -> Option<Pushdown> {
        let dtype = *DType::ALL.get(take(&mut words)?)?;
        let shape = take_list(&mut words)?;
        let mut passes = vec![];
        while !words.is_empty() {
            let codes = take_list(&mut words)?;
            let of_code = |code: &[usize]| Reduction::of_code(code.try_into().ok()?);
            let reductions = codes.chunks(2).map(of_code).collect::<Option<_>>()?;
            passes.push(Pass { reductions, axes: take_list(&mut words)? });
        }
        Pushdown::new(dtype, &shape, passes)
    }

    /// The partials, pass by pass, of what a [`Reducer`] has answered; nothing where that is no answer to this, or where
    /// there is no room for them.
    pub fn partials(&self, mut words: &[u64]) -> Option<Vec<Vec<Partial>>> {
        let mut passes = vec![];
        for (pass, kept) in self.passes.iter().zip(&self.kept) {
            let mut partials = vec![];
            for reduction in &pass.reductions {
                let dtypes = reduction.field_dtypes(self.dtype);
                let fields = dtypes.map(|dtype| take_field(&mut words, dtype, kept)).collect::<Option<_>>()?;
                partials.push(Partial { fields, dtype: reduction.result_dtype(self.dtype).ok()? });
            }
            passes.push(partials);
        }
        words.is_empty().then_some(passes)
    }
}

fn put_list(words: &mut Vec<u64>, numbers: &[usize]) {
    words.push(numbers.len() as u64);
    words.extend(numbers.iter().map(|&number| number as u64));
}

fn take_list(words: &mut &[u64]) -> Option<Vec<usize>> {
    let length = take(words)?;
    let (numbers, rest) = words.split_at_checked(length)?;
    *words = rest;
    Some(numbers.iter().map(|&number| number as usize).collect())
}

fn take(words: &mut &[u64]) -> Option<usize> {
    let (&word, rest) = words.split_first()?;
    *words = rest;
    usize::try_from(word).ok()
}

fn put_field(words: &mut Vec<u64>, field: &Block) {
    let at = words.len();
    words.resize(at + field.byte_len().div_ceil(size_of::<u64>()), 0);
    bytemuck::cast_slice_mut(&mut words[at..])[..field.byte_len()].copy_from_slice(field.bytes());
}

fn take_field(words: &mut &[u64], dtype: DType, shape: &[usize]) -> Option<Block> {
    let mut field = Block::unspecified(dtype, shape).ok()?;
    let (taken, rest) = words.split_at_checked(field.byte_len().div_ceil(size_of::<u64>()))?;
    *words = rest;
    let length = field.byte_len();
    field.bytes_mut().copy_from_slice(&bytemuck::cast_slice(taken)[..length]);
    Some(field)
}

/// The reader's side: reduces a chunk while its bytes come.
pub struct Reducer {
    wanted: Pushdown,
    passes: Vec<ChunkReduction>,
    /// Elements that come next.
    piece: Block,
    /// Rows that come after those.
    left: usize,
}

impl Reducer {
    /// Nothing yet of what `words` describe, which are those of [`Pushdown::encode`].
    ///
    /// # Errors
    /// An internal error where they are not; a memory error when there is no room.
    pub fn new(words: &[u64]) -> Result<Reducer> {
        let wanted =
            Pushdown::decode(words).ok_or_else(|| Error::internal("what a reader is to reduce is not understood"))?;
        let passes = wanted
            .passes
            .iter()
            .map(|pass| ChunkReduction::new(&pass.reductions, wanted.dtype, &wanted.shape, &pass.axes))
            .collect::<Result<_>>()?;
        let extent = wanted.shape[wanted.axis];
        let piece = Reducer::room(&wanted, extent)?;
        let left = extent - piece.shape()[wanted.axis];
        Ok(Reducer { wanted, passes, piece, left })
    }

    fn room(wanted: &Pushdown, rows: usize) -> Result<Block> {
        let mut shape = wanted.shape.clone();
        shape[wanted.axis] = rows.min(wanted.rows);
        Block::unspecified(wanted.dtype, &shape)
    }

    /// Where the bytes go that come next; all of it is to be filled.
    pub fn piece(&mut self) -> &mut [u8] {
        self.piece.bytes_mut()
    }

    /// Takes the piece.
    ///
    /// # Errors
    /// A memory error when there is no room.
    pub fn add(&mut self) -> Result<()> {
        self.passes.iter_mut().for_each(|pass| pass.add(&self.piece));
        let axis = self.wanted.axis;
        if self.left < self.piece.shape()[axis] {
            self.piece = Reducer::room(&self.wanted, self.left)?;
        }
        self.left -= self.piece.shape()[axis];
        Ok(())
    }

    /// What has been made of all pieces, for [`Pushdown::partials`].
    ///
    /// # Errors
    /// A memory error when there is no room.
    pub fn finish(self) -> Result<Vec<u64>> {
        let mut words = vec![];
        for pass in self.passes {
            for partial in pass.finish()? {
                partial.fields.iter().for_each(|field| put_field(&mut words, field));
            }
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDING: [Reduction; 15] = [
        Reduction::Sum,
        Reduction::Prod,
        Reduction::Mean,
        Reduction::Var { ddof: 0 },
        Reduction::Std { ddof: 3 },
        Reduction::Min,
        Reduction::Max,
        Reduction::Any,
        Reduction::All,
        Reduction::NanSum,
        Reduction::NanMean,
        Reduction::NanVar { ddof: 1 },
        Reduction::NanStd { ddof: 0 },
        Reduction::NanMin,
        Reduction::NanMax,
    ];
    const FINDING: [Reduction; 2] = [Reduction::ArgMin, Reduction::ArgMax];

    #[test]
    fn a_reduction_is_that_of_its_numbers() {
        for reduction in ADDING.into_iter().chain(FINDING) {
            assert_eq!(Reduction::of_code(reduction.code()), Some(reduction));
        }
        assert_eq!(Reduction::of_code([ADDING.len() + FINDING.len(), 0]), None);
    }

    /// A block of any bytes that are elements, floats among them that are no numbers and none.
    fn block(dtype: DType, shape: &[usize]) -> Block {
        let mut block = Block::zeros(dtype, shape).unwrap();
        let mut state = 7u64;
        for byte in block.bytes_mut() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *byte = (state >> 56) as u8 & if dtype == DType::Bool { 1 } else { 0xff };
        }
        block
    }

    /// What a reader makes of the block's bytes, which come `step` at a time.
    fn reduced(wanted: &Pushdown, block: &Block, step: usize) -> Vec<u64> {
        let mut reducer = Reducer::new(&wanted.encode()).unwrap();
        let (mut at, mut filled) = (0, 0);
        while at < block.byte_len() {
            let piece = reducer.piece();
            let part = step.min(piece.len() - filled).min(block.byte_len() - at);
            piece[filled..filled + part].copy_from_slice(&block.bytes()[at..at + part]);
            (at, filled) = (at + part, filled + part);
            if filled == piece.len() {
                reducer.add().unwrap();
                filled = 0;
            }
        }
        assert!(reducer.piece().is_empty() && filled == 0, "the pieces are the chunk");
        reducer.finish().unwrap()
    }

    #[test]
    fn partials_made_where_bytes_are_read_are_those_of_the_chunk_in_memory_bit_by_bit() {
        let shapes = [&[90_001][..], &[300, 301], &[1, 700, 130], &[40, 50, 45], &[30, 1, 3000]];
        let mut done = 0;
        for dtype in DType::ALL {
            for shape in shapes {
                let block = block(dtype, shape);
                for chosen in 1..1usize << shape.len() {
                    let axes: Vec<usize> = (0..shape.len()).filter(|axis| chosen >> axis & 1 == 1).collect();
                    let mut passes = vec![Pass { reductions: ADDING.to_vec(), axes: axes.clone() }];
                    if axes.len() == 1 {
                        passes.push(Pass { reductions: FINDING.to_vec(), axes });
                    }
                    let Some(wanted) = Pushdown::new(dtype, shape, passes.clone()) else { continue };
                    let answer = reduced(&wanted, &block, 50_000 + done);
                    assert_eq!(answer.len(), wanted.result_words());
                    for (pass, partials) in passes.iter().zip(wanted.partials(&answer).unwrap()) {
                        let mut whole = ChunkReduction::new(&pass.reductions, dtype, shape, &pass.axes).unwrap();
                        whole.add(&block);
                        for ((pushed, read), what) in partials.iter().zip(whole.finish().unwrap()).zip(&pass.reductions)
                        {
                            assert_eq!(pushed.dtype, read.dtype);
                            assert_eq!(pushed.fields.len(), read.fields.len());
                            for (a, b) in pushed.fields.iter().zip(&read.fields) {
                                let same = (a.dtype(), a.shape(), a.bytes()) == (b.dtype(), b.shape(), b.bytes());
                                assert!(same, "{what:?} of {dtype:?} {shape:?} over {:?}", pass.axes);
                            }
                        }
                    }
                    done += 1;
                }
            }
        }
        assert!(done > 180, "{done} of 231 were small enough to be made elsewhere");
    }

    #[test]
    fn what_gives_as_much_as_it_takes_is_not_made_elsewhere() {
        let sum = |axes: &[usize]| vec![Pass { reductions: vec![Reduction::Sum], axes: axes.to_vec() }];
        assert!(Pushdown::new(DType::F64, &[3000, 3000], sum(&[0])).is_some());
        assert_eq!(Pushdown::new(DType::F64, &[1 << 20, 2], sum(&[1])), None);
        assert_eq!(Pushdown::new(DType::F64, &[4, 1 << 20], sum(&[0])), None, "a row is too long for a piece");
        assert_eq!(Pushdown::new(DType::F64, &[usize::MAX, usize::MAX], sum(&[0, 1])), None);
        assert_eq!(Pushdown::new(DType::F64, &[9, 9], sum(&[2])), None);
        assert_eq!(Pushdown::new(DType::F64, &[1, 1], sum(&[0])), None);
        assert_eq!(Pushdown::new(DType::F64, &[9, 0], sum(&[0])), None);
    }

    #[test]
    fn words_that_are_damaged_on_the_way_make_no_panic() {
        let passes = vec![
            Pass { reductions: ADDING.to_vec(), axes: vec![0] },
            Pass { reductions: FINDING.to_vec(), axes: vec![1] },
        ];
        let wanted = Pushdown::new(DType::F32, &[50, 40], passes).unwrap();
        let order = wanted.encode();
        assert!(Reducer::new(&order).is_ok());
        let answer = reduced(&wanted, &block(DType::F32, &[50, 40]), 4000);
        assert!(wanted.partials(&answer).is_some());
        for at in 0..order.len() {
            let _ = Reducer::new(&order[..at]);
            for word in [0, 1, 7, 1000, u64::from(u32::MAX), u64::MAX] {
                let mut damaged = order.clone();
                damaged[at] = word;
                let _ = Reducer::new(&damaged);
            }
        }
        for length in 0..answer.len() {
            assert!(wanted.partials(&answer[..length]).is_none(), "{length} of {} words", answer.len());
        }
        assert!(wanted.partials(&[&answer[..], &[0]].concat()).is_none(), "a word too many");
    }
}
