//! Results as Arrow tables and as Parquet data sets.
//!
//! [`schema`] states the columns of each table and their version. [`events`] and [`columns`] are the tables of one
//! timeline; [`Part`] collects the rows of many files, and [`parquet`] writes and reads its two tables. docs/FORMATS.md
//! describes every column.
#![forbid(unsafe_code)]

mod embeddings;
mod labels;
pub mod parquet;
mod part;
pub mod schema;
mod timeline;

pub use embeddings::Embeddings;
pub use part::{FileRow, Part};
pub use schema::{Description, Table};
pub use timeline::{columns, events};

pub use arrow_array::RecordBatch;
pub use arrow_schema::{ArrowError, SchemaRef};
