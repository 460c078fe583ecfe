use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, Int8Array, Int16Array, RecordBatch};
use arrow_schema::ArrowError;
use hamiltone_engine::timeline::{Event, Timeline};

use crate::labels::Labels;
use crate::schema;

/// The events of a timeline, a row each.
///
/// # Errors
/// If an event names a label that the timeline does not have.
pub fn events(timeline: &Timeline) -> Result<RecordBatch, ArrowError> {
    let labels = Labels::new(&timeline.labels);
    let events: Vec<&Event> = timeline.events.iter().collect();
    RecordBatch::try_new(schema::events_of_one(), event_columns(&labels, &events)?)
}

/// The columns of all tables of events.
pub(crate) fn event_columns(
    labels: &Labels,
    events: &[&Event],
) -> Result<Vec<ArrayRef>, ArrowError> {
    let times = |time: fn(&Event) -> f64| -> ArrayRef {
        let times = events.iter().map(|event| time(event));
        Arc::new(Float64Array::from_iter_values(times))
    };
    let probabilities = |probability: fn(&Event) -> f32| -> ArrayRef {
        let probabilities = events.iter().map(|event| probability(event));
        Arc::new(Float32Array::from_iter_values(probabilities))
    };
    let indices = events.iter().map(|event| labels.index(&event.label));
    Ok(vec![
        times(|event| event.start_s),
        times(|event| event.end_s),
        labels.column(indices.collect::<Int16Array>())?,
        probabilities(|event| event.mean_probability),
        probabilities(|event| event.peak_probability),
    ])
}

/// The most probable labels of each column of a timeline: a row per column and rank, the most probable first.
///
/// # Errors
/// None for a timeline whose columns name labels that it has.
pub fn columns(timeline: &Timeline) -> Result<RecordBatch, ArrowError> {
    let (mut times, mut ranks, mut indices, mut probabilities) = (vec![], vec![], vec![], vec![]);
    for column in timeline.columns.iter() {
        for (rank, (label, probability)) in (1..=i8::MAX).zip(column.top()) {
            times.push(column.time_s);
            ranks.push(rank);
            indices.push(i16::try_from(label).ok());
            probabilities.push(probability);
        }
    }
    let labels = Labels::new(&timeline.labels);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(times)),
        Arc::new(Int8Array::from(ranks)),
        labels.column(Int16Array::from(indices))?,
        Arc::new(Float32Array::from(probabilities)),
    ];
    RecordBatch::try_new(schema::columns_of_one(), columns)
}
