//! A set of notes in a CSV file: which labels send which notes, and from which probability.

use std::io::{self, Read};
use std::path::Path;

use hamiltone_exports::Thresholds;

use super::notes::{LabelNote, NoteMap, Velocity};

const HEADER: [&str; 6] = ["label", "note", "channel", "velocity", "on", "threshold"];
const MAX_BYTES: u64 = 1 << 20;
const MAX_ROWS: usize = 10_000;

/// Notes and thresholds of some labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoteSet {
    /// Labels and what is special about their notes.
    pub notes: Vec<(String, LabelNote)>,
    /// The thresholds of these labels.
    pub thresholds: Thresholds,
}

impl NoteSet {
    /// The notes that `labels` send now, as a set that gives the same notes in any session. Labels without a note are
    /// left out.
    pub fn of(labels: &[String], map: &NoteMap, thresholds: &Thresholds) -> Self {
        let mut own = Thresholds::default();
        let mut notes = Vec::new();
        for (index, label) in labels.iter().enumerate() {
            if let Some(note) = map.get(index) {
                let changed = LabelNote {
                    note: Some(note.key),
                    channel: Some(note.channel + 1),
                    velocity: note.velocity,
                    on: note.on,
                };
                notes.push((label.clone(), changed));
                own.set(label, thresholds.get(label));
            }
        }
        Self {
            notes,
            thresholds: own,
        }
    }

    /// Reads a file. Blocks.
    ///
    /// # Errors
    /// In words for people, with the line: if it cannot be read, is larger than 1 MiB, has no header, or a row has a
    /// value out of range.
    pub fn read(path: &Path) -> Result<Self, String> {
        let in_file = |problem: String| format!("{}: {problem}", path.display());
        let mut text = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text))
            .map_err(|error| in_file(error.to_string()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(in_file("larger than 1 MiB".to_owned()));
        }
        Self::parse(&text).map_err(in_file)
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text);
        let header = reader.headers().map_err(|error| error.to_string())?;
        if header != HEADER.as_slice() {
            return Err(format!("the first line is not {}", HEADER.join(",")));
        }
        let mut set = Self::default();
        for row in reader.records() {
            let row = row.map_err(|error| error.to_string())?;
            let line = row.position().map_or(0, csv::Position::line);
            let (note, threshold) = parse_row(&row).map_err(|why| format!("line {line}: {why}"))?;
            let label = row[0].to_owned();
            set.thresholds.set(&label, threshold);
            set.notes.push((label, note));
            if set.notes.len() > MAX_ROWS {
                return Err(format!("more than {MAX_ROWS} rows"));
            }
        }
        Ok(set)
    }

    /// Writes a file, over an older one. Blocks.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(HEADER)?;
        let number = |value: Option<u8>| value.map_or(String::new(), |value| value.to_string());
        for (label, note) in &self.notes {
            let threshold = self.thresholds.get(label);
            writer.write_record([
                label.clone(),
                number(note.note),
                number(note.channel),
                note.velocity.name().to_owned(),
                if note.on { "yes" } else { "no" }.to_owned(),
                threshold.map_or(String::new(), |threshold| threshold.to_string()),
            ])?;
        }
        let text = writer.into_inner().map_err(|error| error.into_error())?;
        hamiltone_exports::replace(path, |file| file.write_all(&text))
    }
}

fn parse_row(row: &csv::StringRecord) -> Result<(LabelNote, Option<f32>), String> {
    let number = |column: usize, range: std::ops::RangeInclusive<u8>| match row[column].trim() {
        "" => Ok(None),
        text => text
            .parse()
            .ok()
            .filter(|value| range.contains(value))
            .map(Some)
            .ok_or_else(|| {
                let (name, least, most) = (HEADER[column], range.start(), range.end());
                format!("{name} {text:?} is not {least} to {most}")
            }),
    };
    let velocity = row[3].trim();
    let velocity = Velocity::ALL
        .into_iter()
        .find(|curve| curve.name() == velocity)
        .ok_or_else(|| format!("velocity {velocity:?} is not linear, soft, hard or fixed"))?;
    let on = match row[4].trim() {
        "yes" => true,
        "no" => false,
        other => return Err(format!("on {other:?} is not yes or no")),
    };
    let threshold = match row[5].trim() {
        "" => None,
        text => {
            let valid = text
                .parse()
                .ok()
                .filter(|value| (0.01..=1.0).contains(value));
            Some(valid.ok_or_else(|| format!("threshold {text:?} is not 0.01 to 1"))?)
        }
    };
    let note = LabelNote {
        note: number(1, 0..=127)?,
        channel: number(2, 1..=16)?,
        velocity,
        on,
    };
    Ok((note, threshold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::NoteSettings;

    #[test]
    fn a_set_survives_its_file_and_gives_the_same_notes_in_another_session() {
        let labels = ["Music", "Male speech, man speaking", "\"C#\""].map(str::to_owned);
        let mut settings = NoteSettings::default();
        let own = LabelNote {
            note: Some(60),
            channel: Some(10),
            velocity: Velocity::Hard,
            on: false,
        };
        settings.labels.insert(labels[1].clone(), own);
        let mut thresholds = Thresholds::default();
        thresholds.set(&labels[1], Some(0.42));
        thresholds.set("of another model", Some(0.1));
        let map = NoteMap::new(&settings, &labels, &[]);
        let set = NoteSet::of(&labels, &map, &thresholds);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.csv");
        set.write(&path).unwrap();
        set.write(&path).unwrap();
        assert_eq!(NoteSet::read(&path).unwrap(), set);
        assert_eq!(
            set.thresholds.iter().collect::<Vec<_>>(),
            [(&*labels[1], 0.42)]
        );
        let other = NoteSettings {
            first_note: 99,
            channel: 5,
            labels: set.notes.into_iter().collect(),
            ..NoteSettings::default()
        };
        assert_eq!(NoteMap::new(&other, &labels, &[2, 1, 0]), map);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_line() {
        let header = "label,note,channel,velocity,on,threshold\n";
        for (rows, problem) in [
            ("", None),
            ("Dog,36,1,linear,yes,\n", None),
            ("Dog,,,soft,no,0.5\r\n", None),
            (
                "Dog,128,1,linear,yes,\n",
                Some("line 2: note \"128\" is not 0 to 127"),
            ),
            (
                "Dog,36,0,linear,yes,\n",
                Some("line 2: channel \"0\" is not 1 to 16"),
            ),
            ("Dog,36,1,loud,yes,\n", Some("velocity \"loud\"")),
            ("Dog,36,1,hard,on,\n", Some("on \"on\" is not yes or no")),
            (
                "Dog,36,1,hard,yes,0\n",
                Some("threshold \"0\" is not 0.01 to 1"),
            ),
            ("Dog,36,1,hard,yes,NaN\n", Some("threshold")),
            ("Dog,36\n", Some("")),
        ] {
            let read = NoteSet::parse(format!("\u{feff}{header}{rows}").as_bytes());
            match (read, problem) {
                (Ok(_), None) => {}
                (Err(message), Some(problem)) => assert!(message.contains(problem), "{message}"),
                (read, _) => panic!("{rows:?}: {read:?}"),
            }
        }
        assert!(
            NoteSet::parse(b"label,threshold\nDog,0.5\n")
                .unwrap_err()
                .contains("first line")
        );
        assert!(
            NoteSet::read(Path::new("/does/not/exist"))
                .unwrap_err()
                .contains("/does/not/exist")
        );
    }
}
