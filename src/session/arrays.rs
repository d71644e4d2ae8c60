//! The NumPy arrays of a session, and the memory they may take.
//!
//! MicroPython collects garbage only between cells, so the temporaries of a loop over chunks would
//! pile up until memory is full. Therefore an array remembers how it was made (a read, a state of
//! the random generator, an operation on other arrays), and when memory is short the least recently
//! used ones give up their elements and make them again on their next use. Nothing is ever lost:
//! an array whose elements were assigned to cannot be made again, and stays.

use crate::block::{human_bytes, shape_text, Block};
use crate::dtype::DType;
use crate::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Names an array in requests.
pub type ArrayId = u32;

/// Makes the elements of an array again.
pub type Remake = Rc<dyn Fn(&mut Arrays) -> Result<Block>>;

/// Puts the elements of a view, the second block, where they lie in its base, the first.
pub type WriteBack = Rc<dyn Fn(&mut Block, &Block) -> Result<()>>;

type Change<'a> = Box<dyn FnOnce(&mut Block) -> Result<()> + 'a>;

struct Entry {
    shape: Vec<usize>,
    dtype: DType,
    /// `None` while given up.
    block: Option<Arc<Block>>,
    /// How to make the elements; `None` when they were assigned to.
    remake: Option<Remake>,
    /// The arrays that `remake` uses.
    inputs: Vec<ArrayId>,
    /// Set for a view, which in NumPy shares its elements with its base, the only input.
    view: Option<WriteBack>,
    /// The file that `remake` reads from.
    file: Option<String>,
    /// Whether nobody asks for it any more; it stays as long as others are made from it.
    freed: bool,
    last_use: u64,
}

impl Entry {
    fn held(&self) -> usize {
        self.block.as_ref().map_or(0, |block| block.byte_len())
    }
}

/// The arrays of a session.
pub struct Arrays {
    entries: HashMap<ArrayId, Entry>,
    next: ArrayId,
    uses: u64,
    /// Bytes that arrays may hold together.
    limit: u64,
    /// Bytes that arrays which can be made again may hold together.
    keep: u64,
}

impl Arrays {
    /// No arrays yet. They may hold `limit` bytes; of those that can be made again, `keep` bytes
    /// are kept beside the one in use.
    pub fn new(limit: u64, keep: u64) -> Arrays {
        Arrays { entries: HashMap::new(), next: 1, uses: 0, limit, keep }
    }

    /// Bytes that arrays may hold together.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes that arrays hold.
    pub fn held(&self) -> u64 {
        self.entries.values().map(|entry| entry.held() as u64).sum()
    }

    /// How often arrays have been used.
    pub fn uses(&self) -> u64 {
        self.uses
    }

    /// Bytes that those arrays hold which were made or used after the first `uses` uses.
    pub fn held_since(&self, uses: u64) -> u64 {
        self.entries.values().filter(|entry| entry.last_use > uses).map(|entry| entry.held() as u64).sum()
    }

    /// Makes room for an array of `shape`, giving up elements that can be made again.
    ///
    /// # Errors
    /// A memory error with the size asked for and the limit.
    pub fn reserve(&mut self, dtype: DType, shape: &[u64]) -> Result<()> {
        let bytes = shape.iter().fold(dtype.size() as u128, |n, &extent| n.saturating_mul(u128::from(extent)));
        if bytes > u128::from(self.limit) {
            return Err(self.too_large(bytes, dtype, shape));
        }
        let bytes = bytes as u64;
        loop {
            let (mut fixed, mut remakeable) = (0, 0);
            for entry in self.entries.values() {
                *(if entry.remake.is_some() { &mut remakeable } else { &mut fixed }) += entry.held() as u64;
            }
            let over_limit = fixed + remakeable + bytes > self.limit;
            let over_keep = remakeable + bytes > self.keep.max(bytes);
            if !over_limit && !over_keep {
                return Ok(());
            }
            let oldest = self
                .entries
                .values_mut()
                .filter(|entry| entry.remake.is_some() && entry.block.is_some())
                .min_by_key(|entry| entry.last_use);
            match oldest {
                Some(entry) => entry.block = None,
                None if over_limit => return Err(self.too_large(u128::from(bytes), dtype, shape)),
                None => return Ok(()),
            }
        }
    }

    fn too_large(&self, bytes: u128, dtype: DType, shape: &[u64]) -> Error {
        let held = self.held();
        let beside = if held > 0 { format!(" and holds {}", human_bytes(held)) } else { String::new() };
        Error::memory(format!(
            "Unable to allocate {} for an array with shape {} and data type {dtype}: this tab allows {} for arrays{beside}. \
             Work on it chunk by chunk instead: dask.array.from_array(dataset, chunks=dataset.chunks)",
            human_bytes(u64::try_from(bytes).unwrap_or(u64::MAX)),
            shape_text(shape),
            human_bytes(self.limit),
        ))
    }

    /// Adds an array that cannot be made again.
    pub fn add(&mut self, block: Block) -> ArrayId {
        self.insert(block, None, Vec::new(), None)
    }

    /// Adds an array that `remake` makes again from `inputs`.
    pub fn add_made(&mut self, block: Block, inputs: &[ArrayId], remake: Remake) -> ArrayId {
        self.insert(block, Some(remake), inputs.to_vec(), None)
    }

    /// Adds an array that `remake` reads again from the file `file`.
    pub fn add_read(&mut self, block: Block, file: &str, remake: Remake) -> ArrayId {
        let id = self.insert(block, Some(remake), Vec::new(), None);
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.file = Some(file.into());
        }
        id
    }

    /// Adds a view of `base`: a change to either is seen in both.
    pub fn add_view(&mut self, block: Block, base: ArrayId, remake: Remake, write_back: WriteBack) -> ArrayId {
        self.insert(block, Some(remake), vec![base], Some(write_back))
    }

    fn insert(
        &mut self,
        block: Block,
        remake: Option<Remake>,
        inputs: Vec<ArrayId>,
        view: Option<WriteBack>,
    ) -> ArrayId {
        let id = self.next;
        self.next += 1;
        self.uses += 1;
        self.entries.insert(
            id,
            Entry {
                shape: block.shape().to_vec(),
                dtype: block.dtype(),
                block: Some(Arc::new(block)),
                remake,
                inputs,
                view,
                file: None,
                freed: false,
                last_use: self.uses,
            },
        );
        id
    }

    fn entry(&mut self, id: ArrayId) -> Result<&mut Entry> {
        self.entries.get_mut(&id).ok_or_else(|| {
            Error::internal(format!("array {id} is gone; run the cell that makes it again, and please report this"))
        })
    }

    /// Shape and element type.
    pub fn describe(&mut self, id: ArrayId) -> Result<(Vec<usize>, DType)> {
        self.entry(id).map(|entry| (entry.shape.clone(), entry.dtype))
    }

    /// The elements, made again if they were given up.
    pub fn get(&mut self, id: ArrayId) -> Result<Arc<Block>> {
        self.uses += 1;
        let uses = self.uses;
        let entry = self.entry(id)?;
        entry.last_use = uses;
        if let Some(block) = &entry.block {
            return Ok(Arc::clone(block));
        }
        let shape: Vec<u64> = entry.shape.iter().map(|&extent| extent as u64).collect();
        let (dtype, remake) = (entry.dtype, entry.remake.clone());
        let remake = remake.ok_or_else(|| Error::internal("an array gave up elements that cannot be made again"))?;
        self.reserve(dtype, &shape)?;
        let block = Arc::new(remake(self)?);
        self.entry(id)?.block = Some(Arc::clone(&block));
        Ok(block)
    }

    /// Changes the elements in place. A view passes its change on to its base.
    ///
    /// Arrays computed from this one get their elements first, since from now on they could not be
    /// made again; views of it are made again from the changed elements on their next use.
    pub fn change(&mut self, id: ArrayId, change: impl FnOnce(&mut Block) -> Result<()>) -> Result<()> {
        if let Some(write_back) = self.entry(id)?.view.clone() {
            let base = self.entry(id)?.inputs[0];
            let mut view = self.own(id)?;
            change(&mut view)?;
            return self.change_boxed(base, Box::new(move |block| write_back(block, &view)));
        }
        self.settle(id)?;
        let mut block = self.own(id)?;
        let result = change(&mut block);
        let entry = self.entry(id)?;
        entry.block = Some(Arc::new(block));
        entry.remake = None;
        entry.file = None;
        entry.inputs.clear();
        result
    }

    /// Takes the elements out of the table; copies them where others, such as a lazy array, see them.
    fn own(&mut self, id: ArrayId) -> Result<Block> {
        let block = self.get(id)?;
        self.entry(id)?.block = None;
        Arc::try_unwrap(block).or_else(|shared| {
            let copy = shared.try_clone();
            self.entry(id)?.block = Some(shared);
            copy
        })
    }

    /// [`Arrays::change`] without a type parameter, so that views of views do not instantiate it forever.
    fn change_boxed(&mut self, id: ArrayId, change: Change<'_>) -> Result<()> {
        self.change(id, change)
    }

    /// Prepares what depends on `id` for its change.
    fn settle(&mut self, id: ArrayId) -> Result<()> {
        for dependent in self.dependents(id) {
            if self.entry(dependent)?.view.is_some() {
                self.settle(dependent)?;
                self.entry(dependent)?.block = None;
            } else {
                self.keep(dependent)?;
            }
        }
        Ok(())
    }

    /// Makes an array independent of those it was made from.
    fn keep(&mut self, id: ArrayId) -> Result<()> {
        self.get(id)?;
        let entry = self.entry(id)?;
        entry.remake = None;
        entry.file = None;
        entry.inputs.clear();
        Ok(())
    }

    /// Holds on to what was read from the file `name`, which is about to be replaced or deleted.
    ///
    /// An array that does not fit gives the file's own error on its next use.
    pub fn keep_file(&mut self, name: &str) {
        let read: Vec<ArrayId> = self
            .entries
            .iter()
            .filter(|(_, entry)| !entry.freed && entry.file.as_deref() == Some(name))
            .map(|(&id, _)| id)
            .collect();
        for id in read {
            let _ = self.keep(id);
        }
    }

    fn dependents(&self, id: ArrayId) -> Vec<ArrayId> {
        self.entries.iter().filter(|(_, entry)| entry.inputs.contains(&id)).map(|(&id, _)| id).collect()
    }

    /// Forgets an array, and with it those that were only kept to make it again.
    pub fn free(&mut self, id: ArrayId) -> Result<()> {
        self.entry(id)?.freed = true;
        loop {
            let needed: HashSet<ArrayId> =
                self.entries.values().flat_map(|entry| entry.inputs.iter().copied()).collect();
            let before = self.entries.len();
            self.entries.retain(|id, entry| !entry.freed || needed.contains(id));
            if self.entries.len() == before {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn ones(count: usize) -> Block {
        Block::from_elements(DType::F64, &[count], &vec![1.0; count]).unwrap()
    }

    #[test]
    fn temporaries_of_a_loop_do_not_pile_up_and_are_made_again_on_use() {
        let mut arrays = Arrays::new(10_000, 2_000);
        let mut ids = Vec::new();
        for _ in 0..100 {
            arrays.reserve(DType::F64, &[100]).unwrap();
            ids.push(arrays.add_made(ones(100), &[], Rc::new(|_| Ok(ones(100)))));
        }
        assert!(arrays.held() <= 2_000, "{}", arrays.held());
        for id in ids {
            assert_eq!(arrays.get(id).unwrap().elements::<f64>(), ones(100).elements::<f64>());
        }
    }

    #[test]
    fn more_than_the_limit_is_a_memory_error_with_both_numbers() {
        let mut arrays = Arrays::new(2 << 30, 1 << 29);
        let error = arrays.reserve(DType::F64, &[30_000, 30_000]).unwrap_err();
        assert!(error.is_memory());
        assert!(error.to_string().contains("6.71 GiB"), "{error}");
        assert!(error.to_string().contains("2.00 GiB"), "{error}");
    }

    #[test]
    fn an_array_made_from_one_that_is_then_changed_keeps_its_old_elements() {
        let mut arrays = Arrays::new(10_000, 0);
        let base = arrays.add(ones(4));
        let doubled = arrays.add_made(
            Block::from_elements(DType::F64, &[4], &[2.0; 4]).unwrap(),
            &[base],
            Rc::new(move |arrays| {
                let twice: Vec<f64> = arrays.get(base)?.elements::<f64>().iter().map(|x| 2.0 * x).collect();
                Block::from_elements(DType::F64, &[4], &twice)
            }),
        );
        arrays.reserve(DType::F64, &[4]).unwrap();
        arrays
            .change(base, |block| {
                block.elements_mut::<f64>().fill(7.0);
                Ok(())
            })
            .unwrap();
        arrays.reserve(DType::F64, &[4]).unwrap();
        assert_eq!(arrays.get(doubled).unwrap().elements::<f64>(), &[2.0; 4]);
        assert_eq!(arrays.get(base).unwrap().elements::<f64>(), &[7.0; 4]);
    }

    #[test]
    fn a_change_to_a_view_is_seen_in_its_base_and_the_other_way_round() {
        let mut arrays = Arrays::new(10_000, 0);
        let base = arrays.add(ones(4));
        let tail = arrays.add_view(
            ones(2),
            base,
            Rc::new(move |arrays| Block::from_elements(DType::F64, &[2], &arrays.get(base)?.elements::<f64>()[2..])),
            Rc::new(|base, view| {
                base.elements_mut::<f64>()[2..].copy_from_slice(view.elements());
                Ok(())
            }),
        );
        let set = |value: f64| {
            move |block: &mut Block| {
                block.elements_mut::<f64>()[0] = value;
                Ok(())
            }
        };
        arrays.change(tail, set(5.0)).unwrap();
        assert_eq!(arrays.get(base).unwrap().elements::<f64>(), &[1.0, 1.0, 5.0, 1.0]);
        arrays
            .change(base, |block| {
                block.elements_mut::<f64>().fill(3.0);
                Ok(())
            })
            .unwrap();
        assert_eq!(arrays.get(tail).unwrap().elements::<f64>(), &[3.0, 3.0]);
    }

    #[test]
    fn a_view_of_a_freed_view_still_changes_the_base() {
        let mut arrays = Arrays::new(10_000, 0);
        let base = arrays.add(ones(4));
        let part = |arrays: &mut Arrays, of: ArrayId, from: usize| {
            let tail = arrays.get(of).unwrap().elements::<f64>()[from..].to_vec();
            let block = Block::from_elements(DType::F64, &[tail.len()], &tail).unwrap();
            let remake: Remake = Rc::new(move |arrays| {
                let tail = arrays.get(of)?.elements::<f64>()[from..].to_vec();
                Block::from_elements(DType::F64, &[tail.len()], &tail)
            });
            let write_back: WriteBack = Rc::new(move |base, view| {
                base.elements_mut::<f64>()[from..].copy_from_slice(view.elements());
                Ok(())
            });
            arrays.add_view(block, of, remake, write_back)
        };
        let middle = part(&mut arrays, base, 1);
        let last = part(&mut arrays, middle, 2);
        arrays.free(middle).unwrap();
        arrays
            .change(last, |block| {
                block.elements_mut::<f64>().fill(8.0);
                Ok(())
            })
            .unwrap();
        assert_eq!(arrays.get(base).unwrap().elements::<f64>(), &[1.0, 1.0, 1.0, 8.0]);
    }

    #[test]
    fn freeing_computes_nothing() {
        let made = Rc::new(Cell::new(0));
        let mut arrays = Arrays::new(10_000, 0);
        let counted = Rc::clone(&made);
        let remake: Remake = Rc::new(move |_| {
            counted.set(counted.get() + 1);
            Ok(ones(4))
        });
        let base = arrays.add_made(ones(4), &[], Rc::clone(&remake));
        let derived = arrays.add_made(ones(4), &[base], remake);
        arrays.reserve(DType::F64, &[4]).unwrap();
        arrays.free(base).unwrap();
        arrays.free(derived).unwrap();
        assert_eq!(made.get(), 0);
        assert_eq!(arrays.held(), 0);
        assert!(arrays.get(base).is_err());
    }
}
