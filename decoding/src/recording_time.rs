//! The time of a recording, from the metadata of WAV, RF64 and Wave64 files.

use std::fmt;
use std::io;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::{SignedDuration, Unit};

use crate::beginning::Beginning;
use crate::wave::{self, Chunk, Layout};

/// The longest metadata text that is read.
const MAX_TEXT_BYTES: u64 = 1 << 16;
/// The origination time of a `bext` chunk has whole seconds; its time reference is used if it agrees to this.
const MAX_DIFFERENCE_S: i64 = 2;

/// When a recording began, on the clock of the recorder. [`Display`](fmt::Display) gives RFC 3339, without an offset if the
/// recorder did not store one: `2019-02-20T19:17:30Z`, `2019-02-20T19:17:30.5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingTime {
    local: DateTime,
    /// `Z`, `+02:00` or empty.
    offset: String,
}

impl fmt::Display for RecordingTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.local, self.offset)
    }
}

/// Reads all metadata chunks. Prefers GUANO, then the comment of AudioMoth, `bext` (EBU Tech 3285) and iXML.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn read(file: &mut Beginning) -> io::Result<Option<RecordingTime>> {
    let layout = Layout::of(file)?;
    let mut at = layout.first_chunk();
    let mut found = Found::default();
    for _ in 0..wave::MAX_CHUNKS {
        let Some(mut chunk) = wave::read_chunk(file, at, layout)? else {
            break;
        };
        match &chunk.id {
            b"ds64" => found.data_bytes = wave::u64_at(&file.read(chunk.body, 16)?, 8),
            b"data" if chunk.size == u64::from(u32::MAX) => match found.data_bytes {
                Some(bytes) => chunk.size = bytes,
                None => break,
            },
            b"fmt " => found.rate = wave::u32_at(&file.read(chunk.body, 8)?, 4),
            b"bext" => found.bext = file.read(chunk.body, 346)?,
            b"guan" => found.guano = text(file, &chunk)?,
            b"iXML" => found.ixml = text(file, &chunk)?,
            b"LIST" => found.comment = comment(&bytes(file, &chunk)?),
            _ => {}
        }
        at = wave::next_chunk(file, &chunk, layout)?;
    }
    Ok(found.time())
}

/// The contents of the chunks.
#[derive(Default)]
struct Found {
    rate: Option<u32>,
    data_bytes: Option<u64>,
    bext: Vec<u8>,
    guano: String,
    ixml: String,
    comment: String,
}

impl Found {
    fn time(&self) -> Option<RecordingTime> {
        of_guano(&self.guano)
            .or_else(|| of_audio_moth(&self.comment))
            .or_else(|| of_bext(&self.bext, self.rate))
            .or_else(|| of_ixml(&self.ixml))
    }
}

fn bytes(file: &mut Beginning, chunk: &Chunk) -> io::Result<Vec<u8>> {
    file.read(chunk.body, chunk.size.min(MAX_TEXT_BYTES) as usize)
}

fn text(file: &mut Beginning, chunk: &Chunk) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&bytes(file, chunk)?).into_owned())
}

/// The comment of a `LIST` chunk of type `INFO`; empty if there is none.
fn comment(list: &[u8]) -> String {
    let mut rest = list.strip_prefix(b"INFO").unwrap_or(&[]);
    while let Some((header, body)) = rest.split_at_checked(8) {
        let size = wave::u32_at(header, 4).unwrap_or(0) as usize;
        if header.starts_with(b"ICMT") {
            let text = &body[..size.min(body.len())];
            let text = text.split(|byte| *byte == 0).next().unwrap_or(&[]);
            return String::from_utf8_lossy(text).into_owned();
        }
        rest = body.get(size.saturating_add(size % 2)..).unwrap_or(&[]);
    }
    String::new()
}

/// `Timestamp: 2016-12-10T01:02:03.123-07:00`, a line of GUANO 1.0.
fn of_guano(text: &str) -> Option<RecordingTime> {
    let mut lines = text.lines();
    let timestamp = lines
        .find_map(|line| line.strip_prefix("Timestamp:"))?
        .trim();
    let pieces = Pieces::parse(timestamp).ok()?;
    let local = pieces.date().to_datetime(pieces.time()?);
    let offset = match pieces.offset() {
        None => String::new(),
        Some(PiecesOffset::Zulu) => "Z".to_owned(),
        Some(offset) => {
            let seconds = offset.to_numeric_offset().seconds();
            offset_text(seconds / 60)
        }
    };
    Some(RecordingTime { local, offset })
}

/// `Recorded at 19:17:30 20/02/2019 (UTC-5:30) by AudioMoth …`.
fn of_audio_moth(comment: &str) -> Option<RecordingTime> {
    let mut words = comment.strip_prefix("Recorded at ")?.split(' ');
    let time: Time = words.next()?.parse().ok()?;
    let mut date = words.next()?.split('/').map(str::parse::<i16>);
    let mut number = || date.next()?.ok();
    let (day, month, year) = (number()?, number()?, number()?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let zone = words.next()?.strip_prefix("(UTC")?.strip_suffix(')')?;
    let offset = match zone.split_at_checked(1) {
        None => "Z".to_owned(),
        Some((sign, zone)) => {
            let (hours, minutes) = zone.split_once(':').unwrap_or((zone, "0"));
            let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
            offset_text(if sign == "-" { -minutes } else { minutes })
        }
    };
    let local = date.to_datetime(time);
    Some(RecordingTime { local, offset })
}

/// `bext`: date and time as text at 320 and 330, samples since midnight at 338. The samples are more precise, but in files
/// from workstations they are a position in the session, so they count only if they agree with the time.
fn of_bext(bext: &[u8], rate: Option<u32>) -> Option<RecordingTime> {
    let field = |from: usize, to: usize| std::str::from_utf8(bext.get(from..to)?).ok();
    let mut local = date_and_time(field(320, 330)?, field(330, 338)?)?;
    let reference = wave::u64_at(bext, 338).unwrap_or(0);
    if let (1.., Some(rate @ 1..)) = (reference, rate) {
        let nanoseconds = u128::from(reference) * 1_000_000_000 / u128::from(rate);
        let since_midnight =
            SignedDuration::from_nanos(i64::try_from(nanoseconds).unwrap_or(i64::MAX));
        let midnight = local.date().to_datetime(Time::midnight());
        let limit = SignedDuration::from_secs(MAX_DIFFERENCE_S);
        let precise = midnight.checked_add(since_midnight).ok();
        let agrees = |precise: &DateTime| precise.duration_since(local).abs() <= limit;
        let precise = precise.filter(agrees);
        // To the microsecond: a sample is no shorter.
        local = precise
            .and_then(|time| time.round(Unit::Microsecond).ok())
            .unwrap_or(local);
    }
    let offset = String::new();
    Some(RecordingTime { local, offset })
}

/// The copy of `bext` in iXML.
fn of_ixml(text: &str) -> Option<RecordingTime> {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.trim())
    };
    let date = element("BWF_ORIGINATION_DATE")?;
    let local = date_and_time(date, element("BWF_ORIGINATION_TIME")?)?;
    let offset = String::new();
    Some(RecordingTime { local, offset })
}

/// `2019-02-20` and `19:17:30`, with any separators, as EBU Tech 3285 allows.
fn date_and_time(date: &str, time: &str) -> Option<DateTime> {
    let numbers = |text: &str| -> Option<[i16; 3]> {
        let mut parts = text.split(|letter: char| !letter.is_ascii_digit());
        let mut number = || parts.next()?.parse().ok();
        Some([number()?, number()?, number()?])
    };
    let [year, month, day] = numbers(date)?;
    let [hour, minute, second] = numbers(time)?;
    let small = |number: i16| i8::try_from(number).ok();
    let date = Date::new(year, small(month)?, small(day)?).ok()?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    // Recorders without a clock write zeros or their first day.
    (year > 1970).then(|| date.to_datetime(time))
}

fn offset_text(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(time: Option<RecordingTime>) -> String {
        time.map_or_else(|| "none".to_owned(), |time| time.to_string())
    }

    #[test]
    fn comments_of_audio_moth() {
        for (comment, expected) in [
            (
                "Recorded at 19:17:30 20/02/2019 (UTC) by AudioMoth 0FE081F80FE081F0",
                "2019-02-20T19:17:30Z",
            ),
            (
                "Recorded at 05:00:00 01/07/2021 (UTC+2) by AudioMoth",
                "2021-07-01T05:00:00+02:00",
            ),
            (
                "Recorded at 05:00:00.500 01/07/2021 (UTC-5:30) by AudioMoth",
                "2021-07-01T05:00:00.5-05:30",
            ),
            ("Recorded at 25:00:00 01/07/2021 (UTC)", "none"),
            ("Recorded at home", "none"),
        ] {
            assert_eq!(shown(of_audio_moth(comment)), expected, "{comment}");
        }
    }

    #[test]
    fn timestamps_of_guano() {
        for (line, expected) in [
            (
                "GUANO|Version: 1.0\nTimestamp: 2016-12-10T01:02:03.123-07:00\n",
                "2016-12-10T01:02:03.123-07:00",
            ),
            ("Timestamp:2016-12-10T01:02:03Z", "2016-12-10T01:02:03Z"),
            ("Timestamp: 2016-12-10 01:02:03", "2016-12-10T01:02:03"),
            ("Timestamp: yesterday", "none"),
        ] {
            assert_eq!(shown(of_guano(line)), expected, "{line}");
        }
    }

    #[test]
    fn samples_since_midnight_count_if_they_agree_with_the_time() {
        let bext = |reference: u64| {
            let mut bext = vec![0; 320];
            bext.extend(b"2024-05-0604-30-15");
            bext.extend(reference.to_le_bytes());
            bext
        };
        let second = 4 * 3600 + 30 * 60 + 15;
        for (reference, expected) in [
            (0, "2024-05-06T04:30:15"),
            (second * 48_000 + 12_000, "2024-05-06T04:30:15.25"),
            (3_600 * 48_000, "2024-05-06T04:30:15"),
            (u64::MAX, "2024-05-06T04:30:15"),
        ] {
            let time = of_bext(&bext(reference), Some(48_000));
            assert_eq!(shown(time), expected, "{reference}");
        }
        assert_eq!(shown(of_bext(&[0; 346], Some(48_000))), "none");
    }
}
