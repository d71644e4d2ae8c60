//! Reading and writing HDF5 files, chunk by chunk, over any [`crate::storage::Storage`].
//!
//! [`File`] opens a file and walks its tree; [`Dataset::source`] gives a dataset's elements as a
//! [`crate::source::ChunkSource`]. hdf5-reader supplies the superblock, B-trees, heaps and chunk
//! indexes; headers, layouts, datatypes and fill values are read here, bit for bit, because a field
//! overlooked there is a wrong number here. [`Writer`] streams a new file to storage without
//! holding its chunks.

mod adapter;
mod attribute;
mod boxes;
mod cells;
mod chunk_map;
mod cursor;
mod dataset;
mod datatype;
mod element;
mod external;
mod field;
mod file;
mod filters;
mod fractal_heap;
mod header;
mod heap;
mod links;
mod messages;
mod neighbours;
mod paths;
mod read;
mod selection;
mod value;
mod virtual_map;
mod virtual_read;
mod writer;

pub use attribute::AttributeValue;
pub use dataset::Dataset;
pub use datatype::{ByteOrder, Charset, Class, Datatype, FloatFields, Member as CompoundMember, Padding, ReferenceTo};
pub use element::ElementType;
pub use file::{File, Kind, Link, Member};
pub use filters::{decode_chunk, registered_name as registered_filter_name};
pub use messages::Filter;
pub use neighbours::{Folder, Neighbours};
pub use value::{Reference, Value};
pub use writer::{guess_chunks, CreateDataset, DatasetWriter, Writer};
