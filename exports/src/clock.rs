//! The clock time of events.

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// The start of a recording, as RFC 3339 with or without an offset.
pub(crate) struct Clock<'a> {
    start: DateTime,
    offset: &'a str,
}

impl<'a> Clock<'a> {
    /// Reads the start; `None` if it is not a time.
    pub(crate) fn new(start: &'a str) -> Option<Self> {
        let time = start.find('T')?;
        let offset = start[time..].find(['Z', '+', '-']);
        let (start, offset) = start.split_at(offset.map_or(start.len(), |offset| time + offset));
        Some(Self {
            start: start.parse().ok()?,
            offset,
        })
    }

    /// The time `seconds` later, to the millisecond.
    pub(crate) fn at(&self, seconds: f64) -> String {
        let milliseconds = SignedDuration::from_millis((seconds * 1e3).round() as i64);
        let time = self.start.checked_add(milliseconds);
        time.map_or_else(
            |_| String::new(),
            |time| format!("{time:.3}{}", self.offset),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn times_go_past_midnight_and_keep_their_offset() {
        let at = |start: &str, seconds: f64| Clock::new(start).unwrap().at(seconds);
        assert_eq!(at("2019-02-28T23:59:58Z", 3.25), "2019-03-01T00:00:01.250Z");
        assert_eq!(
            at("2019-02-28T12:00:00.5-05:30", 60.0),
            "2019-02-28T12:01:00.500-05:30"
        );
        assert_eq!(at("2019-02-28T12:00:00", 0.0004), "2019-02-28T12:00:00.000");
        assert!(Clock::new("noon").is_none());
    }
}
