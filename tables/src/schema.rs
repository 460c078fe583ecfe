//! The columns of the tables.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use hamiltone_engine::model::{Among, Model};
use hamiltone_engine::timeline::EventSettings;
use hamiltone_exports::SUMMARY_TOP;
use serde::{Deserialize, Serialize};

/// The version of the tables. Columns are only added at the end; any other change raises it.
pub const TABLES_VERSION: u32 = 1;

/// A table of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// One row per file, also for files that failed.
    Files,
    /// One row per event.
    Events,
    /// One row per period of a file.
    Embeddings,
}

impl Table {
    /// The name in the metadata, and of the folder of its parts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Events => "events",
            Self::Embeddings => "embeddings",
        }
    }
}

/// What all rows of a data set have in common. Written into the metadata of each file.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model's file.
    pub model_hash: String,
    /// All labels of the model.
    pub labels: Vec<String>,
    /// What the rows depend on besides model and audio.
    pub settings: Settings,
}

/// The settings of a data set. Fields that do not apply to a table are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The window in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_s: Option<f32>,
    /// The threshold of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// The probability from which each label is an event, where labels have levels of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub on_levels: Vec<f32>,
    /// The labels that competed; absent for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub among: Vec<String>,
    /// Seconds from row to row of embeddings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_s: Option<f64>,
}

impl Description {
    /// Of timelines. `thresholds` has one entry per label, or is empty.
    pub fn new(
        model: &Model,
        among: &Among,
        window_s: f32,
        events: EventSettings,
        thresholds: &[Option<f32>],
    ) -> Self {
        let card = model.card();
        let levels = among.on_levels(model).with_thresholds(thresholds);
        let (threshold, with_levels) = (events.threshold, 0..levels.len());
        let competing = among.indices().iter();
        Self {
            settings: Settings {
                window_s: Some(window_s),
                threshold: Some(threshold),
                on_levels: with_levels
                    .map(|label| levels.level(label, threshold))
                    .collect(),
                among: competing.map(|label| card.labels[*label].clone()).collect(),
                period_s: None,
            },
            ..Self::of_model(model)
        }
    }

    /// Of embeddings, a row for every `period_s` seconds; `None` for a row per file.
    pub fn of_embeddings(model: &Model, period_s: Option<f64>) -> Self {
        Self {
            settings: Settings {
                period_s,
                ..Settings::default()
            },
            ..Self::of_model(model)
        }
    }

    fn of_model(model: &Model) -> Self {
        Self {
            model: model.card().name.clone(),
            model_hash: model.hash().to_owned(),
            labels: model.card().labels.clone(),
            settings: Settings::default(),
        }
    }

    /// The entries of the metadata, by key.
    pub fn metadata(&self, table: Table) -> Vec<(String, String)> {
        let settings = serde_json::to_string(&self.settings).unwrap_or_default();
        let version = TABLES_VERSION.to_string();
        let entries = [
            ("hamiltone.table", table.name()),
            ("hamiltone.format_version", &version),
            ("hamiltone.version", env!("CARGO_PKG_VERSION")),
            ("hamiltone.model", &self.model),
            ("hamiltone.model_hash", &self.model_hash),
            ("hamiltone.settings", &settings),
        ];
        let entries = entries.map(|(key, value)| (key.to_owned(), value.to_owned()));
        entries.into()
    }
}

fn required(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// Labels are stored as indices into the list of all labels of the model.
pub(crate) fn label_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8))
}

fn event_fields() -> [Field; 5] {
    [
        required("start_s", DataType::Float64),
        required("end_s", DataType::Float64),
        required("label", label_type()),
        required("mean_probability", DataType::Float32),
        required("peak_probability", DataType::Float32),
    ]
}

fn source_fields() -> [Field; 3] {
    [
        required("id", DataType::Utf8),
        required("file", DataType::Utf8),
        optional("channel", DataType::Int32),
    ]
}

/// The events of one timeline.
pub fn events_of_one() -> SchemaRef {
    Arc::new(Schema::new(event_fields().to_vec()))
}

/// The columns of one timeline: a row per column and rank.
pub fn columns_of_one() -> SchemaRef {
    Arc::new(Schema::new(vec![
        required("time_s", DataType::Float64),
        required("rank", DataType::Int8),
        required("label", label_type()),
        required("probability", DataType::Float32),
    ]))
}

/// The table of files.
pub fn files() -> SchemaRef {
    let mut fields = source_fields().to_vec();
    fields.extend([
        optional("sha256", DataType::Utf8),
        optional("duration_s", DataType::Float64),
        optional("recorded_at", DataType::Utf8),
        optional("events", DataType::Int32),
        optional("leading_label", label_type()),
        optional("leading_path", DataType::Utf8),
        optional("leading_is_on", DataType::Boolean),
    ]);
    for rank in 1..=SUMMARY_TOP {
        fields.push(optional(&format!("label_{rank}"), label_type()));
        let name = format!("mean_probability_{rank}");
        fields.push(optional(&name, DataType::Float32));
    }
    fields.push(optional("warnings", DataType::Utf8));
    fields.push(optional("error", DataType::Utf8));
    Arc::new(Schema::new(fields))
}

/// The table of events.
pub fn events() -> SchemaRef {
    let fields = source_fields().into_iter().chain(event_fields());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The table of embeddings with `features` numbers a row.
pub fn embeddings(features: usize) -> SchemaRef {
    let mut fields = source_fields().to_vec();
    fields.push(required("start_s", DataType::Float64));
    fields.push(required("embedding", embedding_type(features)));
    Arc::new(Schema::new(fields))
}

pub(crate) fn embedding_type(features: usize) -> DataType {
    let length = i32::try_from(features).unwrap_or(i32::MAX);
    DataType::FixedSizeList(feature_field(), length)
}

pub(crate) fn feature_field() -> Arc<Field> {
    Arc::new(required("item", DataType::Float32))
}
