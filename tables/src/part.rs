use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int16Array, Int32Array, RecordBatch,
    StringArray,
};
use arrow_schema::ArrowError;
use hamiltone_engine::timeline::Event;
use hamiltone_exports::{SUMMARY_TOP, SummaryRow};

use crate::labels::Labels;
use crate::schema::{self, Description};
use crate::timeline::event_columns;

/// The identity of a file in a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// Unique in the data set.
    pub id: String,
    /// The path.
    pub file: String,
    /// The channel, from 1; `None` for a mix of all.
    pub channel: Option<u32>,
}

/// The rows of some files: a part of a data set. They are in memory until it is written.
pub struct Part {
    labels: Labels,
    sources: Vec<FileRow>,
    files: FileColumns,
    /// The index of the file and its event.
    events: Vec<(usize, Event)>,
}

/// Labels and mean probabilities of a rank.
type TopColumns = (Vec<Option<i16>>, Vec<Option<f32>>);

/// The columns of the table of files behind the identity.
#[derive(Default)]
struct FileColumns {
    sha256: Vec<Option<String>>,
    duration_s: Vec<Option<f64>>,
    recorded_at: Vec<Option<String>>,
    events: Vec<Option<i32>>,
    leading_label: Vec<Option<i16>>,
    leading_path: Vec<Option<String>>,
    leading_is_on: Vec<Option<bool>>,
    top: [TopColumns; SUMMARY_TOP],
    warnings: Vec<Option<String>>,
    error: Vec<Option<String>>,
}

impl Part {
    /// An empty part.
    pub fn new(description: &Description) -> Self {
        Self {
            labels: Labels::new(&description.labels),
            sources: Vec::new(),
            files: FileColumns::default(),
            events: Vec::new(),
        }
    }

    /// Number of files.
    pub fn files(&self) -> usize {
        self.sources.len()
    }

    /// Number of events.
    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// The identities of its files.
    pub fn sources(&self) -> &[FileRow] {
        &self.sources
    }

    /// Adds a file, whose `id` must be unique in the data set.
    pub fn add(&mut self, id: &str, row: &SummaryRow<'_>, events: impl IntoIterator<Item = Event>) {
        let index = self.sources.len();
        self.sources.push(FileRow {
            id: id.to_owned(),
            file: row.file.to_owned(),
            channel: row.channel,
        });
        self.files.add(row, &self.labels);
        let events = events.into_iter().map(|event| (index, event));
        self.events.extend(events);
    }

    /// The table of files.
    ///
    /// # Errors
    /// None for rows whose labels the model has.
    pub fn files_table(&self) -> Result<RecordBatch, ArrowError> {
        let mut columns = source_columns(self.sources.iter());
        columns.extend(self.files.columns(&self.labels)?);
        RecordBatch::try_new(schema::files(), columns)
    }

    /// The table of events.
    ///
    /// # Errors
    /// If an event names a label that the model does not have.
    pub fn events_table(&self) -> Result<RecordBatch, ArrowError> {
        let sources = self.events.iter().map(|(file, _)| &self.sources[*file]);
        let mut columns = source_columns(sources);
        let events: Vec<&Event> = self.events.iter().map(|(_, event)| event).collect();
        columns.extend(event_columns(&self.labels, &events)?);
        RecordBatch::try_new(schema::events(), columns)
    }
}

pub(crate) fn source_columns<'a>(
    sources: impl Iterator<Item = &'a FileRow> + Clone,
) -> Vec<ArrayRef> {
    let channels = sources.clone().map(|source| source.channel.map(as_i32));
    vec![
        Arc::new(StringArray::from_iter_values(
            sources.clone().map(|source| &source.id),
        )),
        Arc::new(StringArray::from_iter_values(
            sources.map(|source| &source.file),
        )),
        Arc::new(channels.collect::<Int32Array>()),
    ]
}

fn as_i32(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

impl FileColumns {
    fn add(&mut self, row: &SummaryRow<'_>, labels: &Labels) {
        let text = |text: Option<&str>| text.map(str::to_owned);
        self.sha256.push(text(row.sha256));
        self.duration_s.push(row.duration_s);
        self.recorded_at.push(text(row.recorded_at));
        self.events.push(row.events.map(as_i32));
        let leading = row.leading;
        self.leading_label
            .push(leading.and_then(|answer| labels.index(&answer.label)));
        self.leading_path
            .push(leading.map(|answer| answer.path.join(" › ")));
        self.leading_is_on.push(leading.map(|answer| answer.on));
        for (rank, (label, probability)) in self.top.iter_mut().enumerate() {
            let tag = row.top.get(rank);
            label.push(tag.and_then(|tag| labels.index(&tag.label)));
            probability.push(tag.map(|tag| tag.probability));
        }
        let warnings = row.warnings.iter().map(|warning| warning.message.as_str());
        let warnings = warnings.collect::<Vec<_>>().join("; ");
        self.warnings
            .push((!warnings.is_empty()).then_some(warnings));
        self.error.push(text(row.error));
    }

    fn columns(&self, labels: &Labels) -> Result<Vec<ArrayRef>, ArrowError> {
        let texts = |column: &Vec<Option<String>>| -> ArrayRef {
            Arc::new(column.iter().map(Option::as_deref).collect::<StringArray>())
        };
        let label = |column: &Vec<Option<i16>>| labels.column(Int16Array::from(column.clone()));
        let mut columns: Vec<ArrayRef> = vec![
            texts(&self.sha256),
            Arc::new(Float64Array::from(self.duration_s.clone())),
            texts(&self.recorded_at),
            Arc::new(Int32Array::from(self.events.clone())),
            label(&self.leading_label)?,
            texts(&self.leading_path),
            Arc::new(BooleanArray::from(self.leading_is_on.clone())),
        ];
        for (labels, probabilities) in &self.top {
            columns.push(label(labels)?);
            columns.push(Arc::new(Float32Array::from(probabilities.clone())));
        }
        columns.push(texts(&self.warnings));
        columns.push(texts(&self.error));
        Ok(columns)
    }
}
