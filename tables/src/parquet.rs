//! Parquet files of tables.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::schema::{Description, Table};

/// Rows of a row group at most, by which the memory of readers and writers is bounded.
pub const ROW_GROUP: usize = 65_536;

/// A Parquet file while it is written.
pub struct Writer<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> Writer<W> {
    /// Begins a file with the metadata of a data set.
    ///
    /// # Errors
    /// If `target` cannot be written to.
    pub fn new(
        target: W,
        schema: SchemaRef,
        table: Table,
        description: &Description,
    ) -> Result<Self, ParquetError> {
        let entries = description.metadata(table);
        // Programs that know Arrow read the metadata of the schema, others that of the file.
        let metadata: HashMap<String, String> = entries.iter().cloned().collect();
        let schema = Arc::new(schema.as_ref().clone().with_metadata(metadata));
        let entries = entries
            .into_iter()
            .map(|(key, value)| KeyValue::new(key, value));
        Self::with_metadata(target, schema, entries.collect())
    }

    fn with_metadata(
        target: W,
        schema: SchemaRef,
        metadata: Vec<KeyValue>,
    ) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_key_value_metadata(Some(metadata))
            .build();
        let writer = ArrowWriter::try_new(target, schema, Some(properties))?;
        Ok(Self(writer))
    }

    /// Adds rows.
    ///
    /// # Errors
    /// If the target cannot be written to, or the rows have another schema.
    pub fn add(&mut self, rows: &RecordBatch) -> Result<(), ParquetError> {
        self.0.write(rows)
    }

    /// Ends the row group, by which its memory is freed.
    ///
    /// # Errors
    /// If the target cannot be written to.
    pub fn end_row_group(&mut self) -> Result<(), ParquetError> {
        self.0.flush()
    }

    /// Writes the end of the file and returns the target.
    ///
    /// # Errors
    /// If the target cannot be written to.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.0.into_inner()
    }
}

/// Writes one table as a file.
///
/// # Errors
/// If `target` cannot be written to.
pub fn write<W: Write + Send>(
    rows: &RecordBatch,
    table: Table,
    description: &Description,
    target: W,
) -> Result<W, ParquetError> {
    let mut writer = Writer::new(target, rows.schema(), table, description)?;
    writer.add(rows)?;
    writer.finish()
}

/// What a later run needs to know of a file in a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// Unique in the data set.
    pub id: String,
    /// SHA-256 of its contents; `None` if it failed.
    pub sha256: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, ParquetError> {
    ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)
}

/// The entries of a file's metadata.
///
/// # Errors
/// If it is not a complete Parquet file.
pub fn metadata(path: &Path) -> Result<Vec<(String, String)>, ParquetError> {
    let builder = open(path)?;
    let entries = builder.metadata().file_metadata().key_value_metadata();
    let entries = entries.into_iter().flatten();
    Ok(entries
        .map(|entry| (entry.key.clone(), entry.value.clone().unwrap_or_default()))
        .collect())
}

fn read_columns(path: &Path, names: &[&str]) -> Result<ParquetRecordBatchReader, ParquetError> {
    let builder = open(path)?;
    let columns = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    builder.with_projection(columns).build()
}

/// Reads what is known of the files of a part of the table of files, by calls of `each`.
///
/// # Errors
/// If it is not a complete part of that table.
pub fn known_files(path: &Path, each: &mut dyn FnMut(KnownFile)) -> Result<(), ParquetError> {
    for rows in read_columns(path, &["id", "sha256", "error"])? {
        let rows = rows?;
        let [ids, hashes, errors] = ["id", "sha256", "error"].map(|name| {
            rows.column_by_name(name)
                .and_then(|column| column.as_string_opt::<i32>())
        });
        let (Some(ids), Some(hashes), Some(errors)) = (ids, hashes, errors) else {
            return Err(other_table(path));
        };
        for row in 0..rows.num_rows() {
            let text = |column: &arrow_array::StringArray| {
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            each(KnownFile {
                id: ids.value(row).to_owned(),
                sha256: text(hashes),
                error: text(errors),
            });
        }
    }
    Ok(())
}

/// Reads the ids of all rows of a part of any table, by calls of `each`.
///
/// # Errors
/// If it is not a complete part.
pub fn ids(path: &Path, each: &mut dyn FnMut(&str)) -> Result<(), ParquetError> {
    for rows in read_columns(path, &["id"])? {
        let rows = rows?;
        let ids = ids_of(&rows).ok_or_else(|| other_table(path))?;
        ids.iter().flatten().for_each(&mut *each);
    }
    Ok(())
}

/// Copies a part without the rows of some ids, and returns the number of rows that are left.
///
/// # Errors
/// If it is not a complete part, or `target` cannot be written to.
pub fn copy_without<W: Write + Send>(
    path: &Path,
    removed: &HashSet<&str>,
    target: W,
) -> Result<(W, usize), ParquetError> {
    let builder = open(path)?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    // The schema of Arrow is written anew.
    let metadata = metadata.into_iter().flatten();
    let metadata = metadata
        .filter(|entry| entry.key != "ARROW:schema")
        .cloned();
    let schema = builder.schema().clone();
    let mut writer = Writer::with_metadata(target, schema, metadata.collect())?;
    let mut left = 0;
    for rows in builder.build()? {
        let rows = rows?;
        let ids = ids_of(&rows).ok_or_else(|| other_table(path))?;
        let keep = ids.iter().map(|id| Some(!removed.contains(id?)));
        let kept = filter_record_batch(&rows, &keep.collect::<BooleanArray>())?;
        left += kept.num_rows();
        writer.add(&kept)?;
    }
    Ok((writer.finish()?, left))
}

fn ids_of(rows: &RecordBatch) -> Option<&arrow_array::StringArray> {
    rows.column_by_name("id")?.as_string_opt::<i32>()
}

fn other_table(path: &Path) -> ParquetError {
    ParquetError::General(format!(
        "{} does not have the columns of a data set of Hamiltone",
        path.display()
    ))
}
