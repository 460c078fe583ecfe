//! The columns of a timeline, packed: a day of audio is tens of megabytes, not gigabytes.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::{Tag, TimelineColumn};

/// The most probable labels at every instant, oldest first: about 48 bytes a column of five.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    times_s: Vec<f64>,
    /// The end of each column's labels in `labels`.
    ends: Vec<u32>,
    labels: Vec<u16>,
    probabilities: Vec<f32>,
}

/// The most probable labels at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column<'a> {
    /// Seconds from the start to the newest sample that the tags depend on.
    pub time_s: f64,
    labels: &'a [u16],
    probabilities: &'a [f32],
}

impl Columns {
    /// Adds a column: labels by index into the timeline's, and probabilities, largest first.
    pub fn push(&mut self, time_s: f64, top: impl IntoIterator<Item = (usize, f32)>) {
        self.times_s.push(time_s);
        for (label, probability) in top {
            // The loader accepts at most 10 000 labels.
            self.labels.push(label.min(usize::from(u16::MAX)) as u16);
            self.probabilities.push(probability);
        }
        self.ends.push(self.labels.len() as u32);
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.times_s.len()
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.times_s.is_empty()
    }

    /// The column with this index.
    pub fn get(&self, index: usize) -> Option<Column<'_>> {
        let end = *self.ends.get(index)? as usize;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize,
        };
        Some(Column {
            time_s: self.times_s[index],
            labels: &self.labels[start..end],
            probabilities: &self.probabilities[start..end],
        })
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Column<'_>> {
        (0..self.len()).map(|index| Column {
            time_s: self.times_s[index],
            ..self.get(index).expect("the index is below the length")
        })
    }

    /// From columns with names; a name that is not among `labels` is left out.
    pub(super) fn of_named(columns: &[TimelineColumn], labels: &[String]) -> Self {
        let mut packed = Self::default();
        let index = |name: &String| labels.iter().position(|label| label == name);
        for TimelineColumn { time_s, top } in columns {
            let top = top
                .iter()
                .filter_map(|tag| Some((index(&tag.label)?, tag.probability)));
            packed.push(*time_s, top);
        }
        packed
    }
}

impl<'a> Column<'a> {
    /// Index of each label and its probability, largest first.
    pub fn top(&self) -> impl ExactSizeIterator<Item = (usize, f32)> + 'a {
        let labels = self.labels.iter().map(|&label| usize::from(label));
        labels.zip(self.probabilities.iter().copied())
    }

    /// With the names of the labels.
    pub fn named(&self, labels: &[String]) -> TimelineColumn {
        let name = |label: usize| labels.get(label).cloned().unwrap_or_default();
        let tag = |(label, probability)| Tag {
            label: name(label),
            probability,
        };
        TimelineColumn {
            time_s: self.time_s,
            top: self.top().map(tag).collect(),
        }
    }
}

/// Writes columns with names one by one, so that no second copy is in memory.
pub(super) struct Named<'a> {
    pub(super) columns: &'a Columns,
    pub(super) labels: &'a [String],
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.columns.iter().map(|column| NamedColumn {
            column,
            labels: self.labels,
        }))
    }
}

struct NamedColumn<'a> {
    column: Column<'a>,
    labels: &'a [String],
}

impl Serialize for NamedColumn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TimelineColumn { time_s, top } = self.column.named(self.labels);
        let mut fields = serializer.serialize_struct("TimelineColumn", 2)?;
        fields.serialize_field("time_s", &time_s)?;
        fields.serialize_field("top", &top)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_any_width_come_back() {
        let labels: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let mut columns = Columns::default();
        columns.push(0.5, [(2, 0.75), (0, 0.25)]);
        columns.push(1.0, []);
        columns.push(1.5, [(1, 1.0)]);
        let named: Vec<_> = columns.iter().map(|column| column.named(&labels)).collect();
        assert_eq!(named[0].top[0].label, "c");
        assert!(named[1].top.is_empty());
        assert_eq!(Columns::of_named(&named, &labels), columns);
        assert_eq!(columns.get(2).unwrap().top().next(), Some((1, 1.0)));
        assert!(columns.get(3).is_none());
        let written = serde_json::to_value(Named {
            columns: &columns,
            labels: &labels,
        })
        .unwrap();
        assert_eq!(written, serde_json::to_value(&named).unwrap());
    }
}
