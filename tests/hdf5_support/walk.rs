//! Reads some of everything in a file, as the mutation test and the fuzzer do.

use chunkbook::error::Result;
use chunkbook::grid::Region;
use chunkbook::hdf5::{File, Kind};
use chunkbook::storage::MemoryStorage;
use std::sync::Arc;

/// A corner of an array of `shape`, of at most `most` elements.
fn first(shape: &[u64], mut most: u64) -> Region {
    let mut region = Region::whole(shape);
    for count in &mut region.count {
        *count = (*count).min(most);
        most /= (*count).max(1);
    }
    region
}

/// Opens, walks and reads everything, at most 100,000 elements of each dataset; gives the number of datasets read.
pub fn read_all(bytes: Vec<u8>) -> Result<usize> {
    let file = File::open(Arc::new(MemoryStorage::new(bytes)), "damaged.h5")?;
    let mut read = 0;
    let mut groups = vec!["/".to_string()];
    let mut visited = 0;
    while let Some(group) = groups.pop() {
        visited += 1;
        let _ = file.attributes(&group);
        for member in file.members(&group).unwrap_or_default() {
            let path = format!("{}/{}", group.trim_end_matches('/'), member.name);
            match member.kind {
                Kind::Group if visited < 30 => groups.push(path),
                Kind::Dataset => {
                    let _ = file.attributes(&path);
                    let Ok(dataset) = file.dataset(&path) else { continue };
                    let _ = (dataset.fill_value(), dataset.maxshape(), dataset.filters().len());
                    let _ = dataset.values(&first(dataset.shape(), 100));
                    let _ = dataset.field("z").and_then(|field| {
                        let source = field.source()?;
                        source.read(&first(source.shape(), 100))
                    });
                    let Ok(source) = dataset.source() else { continue };
                    let region = first(source.shape(), 100_000);
                    let _ = source.stored_bytes(&region);
                    read += usize::from(source.read(&region).is_ok());
                }
                _ => {}
            }
        }
    }
    Ok(read)
}
