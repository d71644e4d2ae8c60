//! What the writer writes, the reader reads: against arrays in memory as the oracle.

mod hdf5_support;

use chunkbook::block::Block;
use chunkbook::dtype::{DType, Scalar};
use chunkbook::error::ErrorKind;
use chunkbook::grid::Region;
use chunkbook::hdf5::{AttributeValue, CreateDataset, ElementType, File, Kind, Writer};
use chunkbook::source::ChunkSource;
use chunkbook::storage::{MemoryStorage, Storage, WritableMemory};
use hdf5_support::{Counting, Random, Sparse};
use std::sync::atomic::Ordering;
use std::sync::Arc;

/// An array the plain way: bytes in row-major order, one element at a time.
struct Naive {
    shape: Vec<u64>,
    dtype: DType,
    bytes: Vec<u8>,
}

impl Naive {
    fn filled(shape: &[u64], dtype: DType, element: &[u8]) -> Naive {
        let len = shape.iter().product::<u64>() as usize;
        Naive { shape: shape.to_vec(), dtype, bytes: element.repeat(len) }
    }

    /// Byte positions of a region's elements, in row-major order.
    fn positions(&self, region: &Region) -> Vec<usize> {
        let mut positions = vec![0u64];
        for axis in 0..self.shape.len() {
            let indices = region.start[axis]..region.start[axis] + region.count[axis];
            positions = positions
                .iter()
                .flat_map(|position| indices.clone().map(move |index| position * self.shape[axis] + index))
                .collect();
        }
        positions.iter().map(|&position| position as usize * self.dtype.size()).collect()
    }

    fn write(&mut self, region: &Region, block: &Block) {
        let size = self.dtype.size();
        for (element, position) in block.bytes().chunks_exact(size).zip(self.positions(region)) {
            self.bytes[position..position + size].copy_from_slice(element);
        }
    }

    fn read(&self, region: &Region) -> Vec<u8> {
        self.positions(region).iter().flat_map(|&at| self.bytes[at..at + self.dtype.size()].to_vec()).collect()
    }
}

fn random_region(random: &mut Random, shape: &[u64]) -> Region {
    let start: Vec<u64> = shape.iter().map(|&extent| random.below(extent)).collect();
    let count = shape.iter().zip(&start).map(|(&extent, &start)| 1 + random.below(extent - start)).collect();
    Region { start, count }
}

fn random_block(random: &mut Random, region: &Region, dtype: DType) -> Block {
    let mut block = Block::zeros(dtype, &region.extents().unwrap()).unwrap();
    let bool_mask = if dtype == DType::Bool { 1 } else { 0xff };
    block.bytes_mut().iter_mut().for_each(|byte| *byte = random.next() as u8 & bool_mask);
    block
}

fn reopen(storage: &WritableMemory) -> File {
    File::open(Arc::new(MemoryStorage::new(storage.to_vec())), "test.h5").unwrap()
}

fn assert_reads_alike(random: &mut Random, source: &dyn ChunkSource, naive: &Naive, what: &str) {
    let whole = Region::whole(&naive.shape);
    assert_eq!(source.read(&whole).unwrap().bytes(), naive.bytes, "{what}");
    for _ in 0..20 {
        let region = random_region(random, &naive.shape);
        assert_eq!(source.read(&region).unwrap().bytes(), naive.read(&region), "{what}: {region:?}");
    }
}

#[test]
fn random_writes_read_back_in_every_type_and_layout_before_and_after_closing() {
    let mut random = Random(42);
    let shapes: [(&[u64], Option<&[u64]>); 6] = [
        (&[50], None),
        (&[50], Some(&[7])),
        (&[9, 14], None),
        (&[9, 14], Some(&[4, 5])),
        (&[5, 6, 7], Some(&[2, 6, 3])),
        (&[3, 4, 2, 5], Some(&[1, 3, 2, 2])),
    ];
    for (number, dtype) in DType::ALL.iter().copied().cycle().take(60).enumerate() {
        let (shape, chunks) = shapes[number % shapes.len()];
        let filtered = chunks.is_some() && number % 5 > 1;
        let create = CreateDataset {
            chunks: chunks.map(<[u64]>::to_vec),
            deflate: filtered.then_some((number % 10) as u8),
            shuffle: filtered && number % 2 == 0,
            fletcher32: filtered && number % 3 == 0,
            fill: (number % 4 == 0).then_some(Scalar::Int(1)),
            ..CreateDataset::new(shape, dtype)
        };
        let what = format!("{create:?}");
        let storage = Arc::new(WritableMemory::new());
        let writer = Writer::create(storage.clone(), "test.h5").unwrap();
        let dataset = writer.create_dataset("/a/b", &create).unwrap();
        let one = match dtype {
            DType::F16 => half::f16::ONE.to_ne_bytes().to_vec(),
            DType::F32 => 1f32.to_ne_bytes().to_vec(),
            DType::F64 => 1f64.to_ne_bytes().to_vec(),
            integer => 1u64.to_le_bytes()[..integer.size()].to_vec(),
        };
        let fill = if create.fill.is_some() { one } else { vec![0; dtype.size()] };
        let mut naive = Naive::filled(shape, dtype, &fill);
        let written = dataset.source();
        assert_reads_alike(&mut random, written.as_ref(), &naive, &what);
        for _ in 0..15 {
            let region = random_region(&mut random, shape);
            let block = random_block(&mut random, &region, dtype);
            dataset.write(&region, &block).unwrap();
            naive.write(&region, &block);
            assert_eq!(written.read(&region).unwrap().bytes(), block.bytes(), "{what}");
        }
        assert_reads_alike(&mut random, written.as_ref(), &naive, &what);
        writer.close().unwrap();
        assert_reads_alike(&mut random, written.as_ref(), &naive, &what);
        let dataset = reopen(&storage).dataset("a/b").unwrap();
        assert_eq!(dataset.element_type(), ElementType::Numeric(dtype));
        assert_eq!(dataset.chunks(), chunks);
        assert_eq!(dataset.compression_level(), create.deflate.map(u32::from));
        assert_reads_alike(&mut random, dataset.source().unwrap().as_ref(), &naive, &what);
    }
}

#[test]
fn elements_beyond_4_gib_are_written_and_read_at_their_64_bit_places() {
    let storage = Arc::new(Sparse::default());
    let writer = Writer::create(storage.clone(), "big.h5").unwrap();
    let len = 700_000_000; // 5.6 GB
    let contiguous = writer.create_dataset("contiguous", &CreateDataset::new(&[len], DType::F64)).unwrap();
    let create = CreateDataset {
        chunks: Some(vec![100, 1000]),
        deflate: Some(4),
        shuffle: true,
        ..CreateDataset::new(&[300, 1000], DType::F64)
    };
    let chunked = writer.create_dataset("chunked", &create).unwrap();
    let plain = CreateDataset { chunks: Some(vec![1 << 20]), ..CreateDataset::new(&[1 << 30], DType::F64) };
    let plain = writer.create_dataset("plain", &plain).unwrap();
    let values: Vec<f64> = (0..1000).map(|i| f64::from(i) / 7.0).collect();
    let row = Block::from_elements(DType::F64, &[1000], &values).unwrap();
    let end = Region { start: vec![len - 1000], count: vec![1000] };
    contiguous.write(&end, &row).unwrap();
    for (dataset, region) in [
        (&chunked, Region { start: vec![250, 0], count: vec![1, 1000] }),
        (&plain, Region { start: vec![(1 << 30) - 1500], count: vec![1000] }),
    ] {
        let block = row.clone().reshaped(&region.extents().unwrap()).unwrap();
        dataset.write(&region, &block).unwrap();
        assert_eq!(dataset.source().read(&region).unwrap().bytes(), row.bytes());
    }
    writer.close().unwrap();
    assert!(storage.len() > 5 << 30);

    let file = File::open(storage, "big.h5").unwrap();
    let read = |path: &str, region: &Region| file.dataset(path).unwrap().source().unwrap().read(region).unwrap();
    assert_eq!(read("contiguous", &end).bytes(), row.bytes());
    assert_eq!(read("contiguous", &Region { start: vec![0], count: vec![3] }).elements::<f64>(), [0.0; 3]);
    assert_eq!(read("chunked", &Region { start: vec![250, 0], count: vec![1, 1000] }).bytes(), row.bytes());
    assert_eq!(read("chunked", &Region { start: vec![251, 5], count: vec![1, 2] }).elements::<f64>(), [0.0; 2]);
    assert_eq!(read("plain", &Region { start: vec![(1 << 30) - 1500], count: vec![1000] }).bytes(), row.bytes());
}

#[test]
fn an_index_of_100_000_chunks_finds_each() {
    let storage = Arc::new(WritableMemory::new());
    let writer = Writer::create(storage.clone(), "many.h5").unwrap();
    let create = CreateDataset { chunks: Some(vec![1, 2]), ..CreateDataset::new(&[500, 400], DType::I32) };
    let dataset = writer.create_dataset("x", &create).unwrap();
    let values: Vec<i32> = (0..200_000).collect();
    let block = Block::from_elements(DType::I32, &[500, 400], &values).unwrap();
    dataset.write(&Region::whole(&[500, 400]), &block).unwrap();
    writer.close().unwrap();
    let source = reopen(&storage).dataset("x").unwrap().source().unwrap();
    assert_eq!(source.read(&Region::whole(&[500, 400])).unwrap().bytes(), block.bytes());
    let one = source.read(&Region { start: vec![321, 123], count: vec![1, 1] }).unwrap();
    assert_eq!(one.elements::<i32>(), [321 * 400 + 123]);
}

#[test]
fn only_the_chunks_that_a_region_touches_are_read() {
    let storage = Arc::new(WritableMemory::new());
    let writer = Writer::create(storage.clone(), "x.h5").unwrap();
    let create = CreateDataset { chunks: Some(vec![10, 1000]), ..CreateDataset::new(&[1000, 1000], DType::F64) };
    let dataset = writer.create_dataset("x", &create).unwrap();
    dataset.write(&Region::whole(&[1000, 1000]), &Block::zeros(DType::F64, &[1000, 1000]).unwrap()).unwrap();
    writer.close().unwrap();
    let counting = Arc::new(Counting::new(Arc::new(MemoryStorage::new(storage.to_vec()))));
    let source = File::open(counting.clone(), "x.h5").unwrap().dataset("x").unwrap().source().unwrap();
    let region = Region { start: vec![500, 0], count: vec![10, 1000] };
    assert_eq!(source.stored_bytes(&region), 80_000);
    let before = counting.bytes.load(Ordering::SeqCst);
    source.read(&region).unwrap();
    assert_eq!(counting.bytes.load(Ordering::SeqCst) - before, 80_000);
}

#[test]
fn many_threads_read_the_same_dataset_alike() {
    let storage = Arc::new(WritableMemory::new());
    let writer = Writer::create(storage.clone(), "x.h5").unwrap();
    let create =
        CreateDataset { chunks: Some(vec![7, 90]), deflate: Some(1), ..CreateDataset::new(&[100, 100], DType::U16) };
    let dataset = writer.create_dataset("x", &create).unwrap();
    let values: Vec<u16> = (0..10_000).collect();
    dataset
        .write(&Region::whole(&[100, 100]), &Block::from_elements(DType::U16, &[100, 100], &values).unwrap())
        .unwrap();
    writer.close().unwrap();
    let source = reopen(&storage).dataset("x").unwrap().source().unwrap();
    std::thread::scope(|scope| {
        for seed in 1..9 {
            let (source, values) = (&source, &values);
            scope.spawn(move || {
                let mut random = Random(seed);
                for _ in 0..50 {
                    let (row, column) = (random.below(100), random.below(100));
                    let block = source.read(&Region { start: vec![row, column], count: vec![1, 1] }).unwrap();
                    assert_eq!(block.elements::<u16>(), [values[(row * 100 + column) as usize]]);
                }
            });
        }
    });
}

#[test]
fn groups_attributes_scalars_and_empty_datasets_come_back() {
    let storage = Arc::new(WritableMemory::new());
    let writer = Writer::create(storage.clone(), "x.h5").unwrap();
    for number in 0..500 {
        writer.create_group(&format!("/many/group {number:03}")).unwrap();
    }
    let scalar = writer.create_dataset("/scalar", &CreateDataset::new(&[], DType::I64)).unwrap();
    scalar.write(&Region::whole(&[]), &Block::from_elements(DType::I64, &[], &[-5i64]).unwrap()).unwrap();
    writer.create_dataset("/empty", &CreateDataset::new(&[0, 4], DType::F32)).unwrap();
    writer.set_attribute("/scalar", "unit", AttributeValue::Text("Kelvin — °K".into())).unwrap();
    writer.set_attribute("/", "names", AttributeValue::Texts(vec!["x".into(), String::new()])).unwrap();
    let numbers = Block::from_elements(DType::U8, &[2, 2], &[1u8, 2, 3, 4]).unwrap();
    writer.set_attribute("/many", "numbers", AttributeValue::Numeric(numbers)).unwrap();
    assert_eq!(writer.create_group("/scalar").unwrap_err().kind(), ErrorKind::Value);
    assert_eq!(writer.create_group("/scalar/inside").unwrap_err().kind(), ErrorKind::Value);
    writer.close().unwrap();
    writer.close().unwrap();
    assert_eq!(writer.create_group("/late").unwrap_err().kind(), ErrorKind::Value);

    let file = reopen(&storage);
    let members = file.members("/").unwrap();
    let found: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.kind)).collect();
    assert_eq!(found, [("empty", Kind::Dataset), ("many", Kind::Group), ("scalar", Kind::Dataset)]);
    let names: Vec<String> = file.members("/many").unwrap().into_iter().map(|member| member.name).collect();
    assert_eq!(names, (0..500).map(|number| format!("group {number:03}")).collect::<Vec<_>>());
    let scalar = file.dataset("/scalar").unwrap().source().unwrap().read(&Region::whole(&[])).unwrap();
    assert_eq!(scalar.elements::<i64>(), [-5]);
    let empty = file.dataset("/empty").unwrap().source().unwrap().read(&Region::whole(&[0, 4])).unwrap();
    assert!(empty.is_empty());
    let attribute = |path: &str| file.attributes(path).unwrap().remove(0);
    assert!(
        matches!(attribute("/scalar"), (name, Ok(AttributeValue::Text(text))) if name == "unit" && text == "Kelvin — °K")
    );
    assert!(matches!(attribute("/"), (_, Ok(AttributeValue::Texts(texts))) if texts == ["x", ""]));
    assert!(matches!(attribute("/many"), (_, Ok(AttributeValue::Numeric(block))) if block.shape() == [2, 2]));
}

#[test]
fn what_cannot_be_created_or_written_is_refused_with_the_reason() {
    let writer = Writer::create(Arc::new(WritableMemory::new()), "x.h5").unwrap();
    let refused = |create: CreateDataset, kind: ErrorKind, word: &str| {
        let Err(error) = writer.create_dataset("/bad", &create) else { panic!("created {create:?}") };
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word), "{error}");
    };
    let base = CreateDataset::new(&[10, 10], DType::F32);
    refused(CreateDataset { chunks: Some(vec![11, 1]), ..base.clone() }, ErrorKind::Value, "(11, 1)");
    refused(CreateDataset { chunks: Some(vec![5]), ..base.clone() }, ErrorKind::Value, "(5,)");
    refused(CreateDataset { chunks: Some(vec![0, 5]), ..base.clone() }, ErrorKind::Value, "positive");
    refused(CreateDataset { deflate: Some(10), ..base.clone() }, ErrorKind::Value, "level 10");
    refused(CreateDataset { deflate: Some(1), ..CreateDataset::new(&[], DType::F32) }, ErrorKind::Type, "scalar");
    let huge = CreateDataset { chunks: Some(vec![1 << 31]), ..CreateDataset::new(&[1 << 40], DType::F64) };
    refused(huge, ErrorKind::Value, "4 GiB");
    refused(
        CreateDataset { fill: Some(Scalar::Int(300)), ..CreateDataset::new(&[3], DType::U8) },
        ErrorKind::Value,
        "uint8",
    );
    let dataset = writer.create_dataset("/good", &base).unwrap();
    let region = Region { start: vec![0, 0], count: vec![2, 2] };
    let write = |region: &Region, dtype, shape: &[usize]| {
        dataset.write(region, &Block::zeros(dtype, shape).unwrap()).unwrap_err().kind()
    };
    assert_eq!(write(&region, DType::F32, &[2, 3]), ErrorKind::Value);
    assert_eq!(write(&region, DType::F64, &[2, 2]), ErrorKind::Type);
    assert_eq!(write(&Region { start: vec![9, 9], ..region }, DType::F32, &[2, 2]), ErrorKind::Index);
}

#[test]
fn full_storage_is_said_and_an_unclosed_file_is_no_hdf5_file() {
    let storage = Arc::new(WritableMemory::with_limit(100_000));
    let writer = Writer::create(storage.clone(), "full.h5").unwrap();
    let create = CreateDataset { chunks: Some(vec![1000]), ..CreateDataset::new(&[100_000], DType::F64) };
    let dataset = writer.create_dataset("x", &create).unwrap();
    let block = Block::zeros(DType::F64, &[1000]).unwrap();
    let written = |row: u64| dataset.write(&Region { start: vec![row * 1000], count: vec![1000] }, &block);
    let error = (0..100).find_map(|row| written(row).err()).unwrap();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert!(error.to_string().contains("'/x'"), "{error}");
    let Err(error) = File::open(storage, "full.h5") else { panic!("opened an unclosed file") };
    assert!(error.to_string().contains("not an HDF5 file"), "{error}");
}
