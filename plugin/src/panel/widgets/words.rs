//! Numbers, names and states as texts for people.

use hamiltone_engine::tagging::NO_ANSWER_YET;

use crate::listen::Listen;
use crate::settings::Note;
use crate::snapshot::{Activity, ModelFacts, Snapshot};

/// A probability as a percentage: whole numbers, and "<1 %" for small values above zero.
pub(crate) fn percent(probability: f32) -> String {
    let percent = 100.0 * probability.clamp(0.0, 1.0);
    match percent {
        p if p.is_nan() || p < 0.05 => "0 %".to_owned(),
        p if p < 1.0 => "<1 %".to_owned(),
        p => format!("{p:.0} %"),
    }
}

/// A label of a data set as people read it: `crying_baby` as "Crying baby".
pub(crate) fn label_for_people(label: &str) -> String {
    let spaced = label.replace('_', " ");
    let mut letters = spaced.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().collect::<String>() + letters.as_str(),
        None => "(no name)".to_owned(),
    }
}

/// The line under the model's name.
pub(crate) fn model_in_short(model: &ModelFacts) -> String {
    let labels = model.labels.len();
    format!(
        "{} parameters  ·  {} multiply-adds / s  ·  {labels} label{}",
        count(model.parameters),
        count(model.multiply_adds_per_second),
        if labels == 1 { "" } else { "s" }
    )
}

/// 1234567 as "1.23 M".
fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..100_000 => format!("{:.1} k", number as f64 / 1e3),
        100_000_000.. => format!("{:.2} G", number as f64 / 1e9),
        _ => format!("{:.2} M", number as f64 / 1e6),
    }
}

/// The message that replaces the leading label, and its detail; `None` while tags show.
pub(crate) fn instead_of_tags(snapshot: &Snapshot, bypassed: bool) -> Option<(String, String)> {
    let message = |title: &str, line: &str| Some((title.to_owned(), line.to_owned()));
    if snapshot.model.is_none() {
        return match &snapshot.loading {
            Some(name) => Some(("Loading".to_owned(), name.clone())),
            None => message("No model yet", "Loads when the host starts processing"),
        };
    }
    if bypassed || snapshot.activity == Activity::Bypassed {
        return message("Bypassed", "The audio passes without analysis");
    }
    match snapshot.activity {
        Activity::Waiting => message("Waiting for audio", "The host is not playing"),
        Activity::NoSignal => message("No signal", "The input is silent"),
        Activity::Refused => message("Not analysing", "See the notice above"),
        _ if snapshot.probabilities.is_empty() => {
            message("Listening", "First results follow shortly")
        }
        _ => None,
    }
}

/// The message and its detail while no label is on, among labels that the user chose or at the beginning of a stream.
pub(crate) fn unclear(snapshot: &Snapshot) -> Option<(String, String)> {
    let unclear = snapshot.unclear.as_deref()?;
    let is_clear = snapshot.on.iter().any(|on| *on);
    (!is_clear).then(|| {
        let beside = match unclear == NO_ANSWER_YET {
            true => "The stream has just begun",
            false => "No label is clearly ahead of the others",
        };
        (label_for_people(unclear), beside.to_owned())
    })
}

/// A position as minutes and seconds: `61:05`.
pub(crate) fn clock(seconds: f64) -> String {
    let sign = if seconds < -0.5 { "-" } else { "" };
    let whole = seconds.abs().round() as u64;
    format!("{sign}{}:{:02}", whole / 60, whole % 60)
}

/// `C1` for 36, where 60 is C3; with the channel where it is not the first.
pub(crate) fn note((channel, key): (u8, u8)) -> String {
    const NAMES: [&str; 12] = [
        "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
    ];
    let octave = i32::from(key) / 12 - 2;
    let name = format!("{}{octave}", NAMES[usize::from(key) % 12]);
    match channel {
        0 => name,
        _ => format!("{name}, channel {}", channel + 1),
    }
}

/// The key that people call `C#1`, `c#1` or `37`; `None` for anything else.
pub(crate) fn key_named(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<u8>() {
        return (number < 128).then_some(f64::from(number));
    }
    (0..128u8)
        .find(|&key| note((0, key)).eq_ignore_ascii_case(text))
        .map(f64::from)
}

/// A label's note as [`note`] writes it, "off" if it is not sent, and "none" beyond the last channel.
pub(crate) fn note_of(of: Option<Note>) -> String {
    match of {
        None => "none".to_owned(),
        Some(Note { on: false, .. }) => "off".to_owned(),
        Some(Note { channel, key, .. }) => note((channel, key)),
    }
}

/// How long ago, in words: "now", "3 s ago", "2 min ago".
pub(crate) fn ago(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "now".to_owned(),
        s if s < 60.0 => format!("{s:.0} s ago"),
        s if s < 3600.0 => format!("{:.0} min ago", s / 60.0),
        s => format!("{:.0} h ago", s / 3600.0),
    }
}

/// The figures of the footer: caption, value, and whether it is a warning.
pub(crate) fn health(snapshot: &Snapshot, listen: Listen) -> [(&'static str, String, bool); 5] {
    let dash = || "–".to_owned();
    let load = match snapshot.stream {
        Some(_) => percent_of_time(snapshot.load),
        None => dash(),
    };
    let refresh = match snapshot.refresh_s {
        s if s > 0.0 => format!("{:.1} / s", s.recip()),
        _ => dash(),
    };
    let latency = match snapshot.latency_s {
        s if s > 0.0 => format!("{:.0} ms", 1e3 * s),
        _ => dash(),
    };
    let input = snapshot
        .stream
        .map_or_else(dash, |(rate, channels)| input(rate, channels, listen));
    [
        ("Load", load, snapshot.load > 0.7),
        ("Refresh", refresh, false),
        ("Latency", latency, false),
        (
            "Dropped",
            dropped(snapshot.dropped_frames),
            snapshot.dropped_frames > 0,
        ),
        ("Input", input, false),
    ]
}

fn percent_of_time(load: f32) -> String {
    let percent = 100.0 * load.max(0.0);
    if percent < 9.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

fn dropped(frames: u64) -> String {
    match frames {
        0 => "0".to_owned(),
        1..10_000 => format!("{frames} frames"),
        _ => format!("{} frames", count(frames)),
    }
}

fn input(rate: f64, channels: u32, listen: Listen) -> String {
    let layout = match channels {
        1 => "mono".to_owned(),
        2 => "stereo".to_owned(),
        6 => "5.1".to_owned(),
        other => format!("{other} ch"),
    };
    let part = match listen.within(channels as usize) {
        Listen::Mix => String::new(),
        some => format!(", {}", some.name().to_lowercase()),
    };
    let kilohertz = rate / 1e3;
    if (kilohertz - kilohertz.round()).abs() < 0.05 {
        format!("{kilohertz:.0} kHz {layout}{part}")
    } else {
        format!("{kilohertz:.1} kHz {layout}{part}")
    }
}

/// A name for the labels that compete, from the settings.
pub(crate) fn among(chosen: &[String]) -> String {
    match chosen {
        [] => "All labels".to_owned(),
        [one] => label_for_people(one),
        several => format!("{} labels", several.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn with_model() -> Snapshot {
        let model = ModelFacts {
            name: "esc10".to_owned(),
            hash: String::new(),
            labels: vec!["dog".to_owned()],
            one_of: true,
            groups: Vec::new(),
            parents: Vec::new(),
            likely: Vec::new(),
            label_sets: Vec::new(),
            parameters: 132_000,
            multiply_adds_per_second: 1_000_000,
            size_bytes: 540_000,
        };
        Snapshot {
            model: Some(Arc::new(model)),
            ..Snapshot::default()
        }
    }

    #[test]
    fn percentages_are_whole_and_small_values_are_not_zero() {
        for (probability, words) in [
            (0.0, "0 %"),
            (0.004, "<1 %"),
            (0.5, "50 %"),
            (0.999, "100 %"),
            (7.0, "100 %"),
            (-1.0, "0 %"),
            (f32::NAN, "0 %"),
        ] {
            assert_eq!(percent(probability), words, "{probability}");
        }
    }

    #[test]
    fn positions_and_notes() {
        assert_eq!(clock(3665.4), "61:05");
        assert_eq!(clock(-2.0), "-0:02");
        assert_eq!(clock(-0.2), "0:00");
        assert_eq!(note((0, 36)), "C1");
        assert_eq!(note((2, 61)), "C#3, channel 3");
    }

    #[test]
    fn keys_are_read_as_people_write_them() {
        for (text, key) in [
            ("C1", Some(36.0)),
            (" c#1", Some(37.0)),
            ("37", Some(37.0)),
            ("C-2", Some(0.0)),
            ("G8", Some(127.0)),
            ("128", None),
            ("H1", None),
            ("", None),
        ] {
            assert_eq!(key_named(text), key, "{text:?}");
        }
        assert_eq!(note_of(None), "none");
        assert_eq!(
            [0.4, 59.0, 90.0, 7200.0].map(ago),
            ["now", "59 s ago", "2 min ago", "2 h ago"]
        );
    }

    #[test]
    fn labels_are_readable() {
        assert_eq!(label_for_people("crying_baby"), "Crying baby");
        assert_eq!(label_for_people("ÿ"), "Ÿ");
        assert_eq!(label_for_people(""), "(no name)");
    }

    #[test]
    fn a_model_in_short() {
        let model = with_model().model.unwrap();
        assert_eq!(
            model_in_short(&model),
            "0.13 M parameters  ·  1.00 M multiply-adds / s  ·  1 label"
        );
        assert_eq!(count(999), "999");
        assert_eq!(count(21_010), "21.0 k");
        assert_eq!(count(21_010_000), "21.01 M");
    }

    #[test]
    fn every_state_has_its_message() {
        let mut snapshot = Snapshot::default();
        assert_eq!(instead_of_tags(&snapshot, false).unwrap().0, "No model yet");
        snapshot.loading = Some("birds".to_owned());
        assert_eq!(instead_of_tags(&snapshot, false).unwrap().1, "birds");
        let mut snapshot = with_model();
        assert_eq!(
            instead_of_tags(&snapshot, false).unwrap().0,
            "Waiting for audio"
        );
        assert_eq!(instead_of_tags(&snapshot, true).unwrap().0, "Bypassed");
        snapshot.activity = Activity::NoSignal;
        assert_eq!(instead_of_tags(&snapshot, false).unwrap().0, "No signal");
        snapshot.activity = Activity::Listening;
        assert_eq!(instead_of_tags(&snapshot, false).unwrap().0, "Listening");
        snapshot.probabilities = vec![1.0];
        assert_eq!(instead_of_tags(&snapshot, false), None);
        snapshot.activity = Activity::Refused;
        let (title, line) = instead_of_tags(&snapshot, false).unwrap();
        assert_eq!((&*title, &*line), ("Not analysing", "See the notice above"));
    }

    #[test]
    fn a_choice_without_a_clear_label_says_so() {
        let mut snapshot = with_model();
        snapshot.on = vec![false, false];
        assert_eq!(unclear(&snapshot), None, "nothing was chosen");
        snapshot.unclear = Some(NO_ANSWER_YET.to_owned());
        let just_begun = unclear(&snapshot).unwrap();
        assert_eq!(just_begun.0, "No answer yet");
        assert_eq!(just_begun.1, "The stream has just begun");
        snapshot.unclear = Some("no clear genre".to_owned());
        let (title, beside) = unclear(&snapshot).unwrap();
        assert_eq!(title, "No clear genre");
        assert!(beside.contains("clearly ahead"));
        snapshot.on[1] = true;
        assert_eq!(unclear(&snapshot), None);
    }

    #[test]
    fn health_shows_dashes_before_there_is_a_stream_and_warns_of_losses() {
        let health_of_nothing = health(&Snapshot::default(), Listen::Mix);
        assert_eq!(health_of_nothing[0].1, "–");
        assert_eq!(health_of_nothing[3], ("Dropped", "0".to_owned(), false));
        let snapshot = Snapshot {
            load: 0.034,
            refresh_s: 0.16,
            latency_s: 0.2314,
            dropped_frames: 12_345,
            stream: Some((44_100.0, 2)),
            ..Snapshot::default()
        };
        let values = health(&snapshot, Listen::Side).map(|(_, value, warn)| (value, warn));
        assert_eq!(values[0].0, "3.4 %");
        assert_eq!(values[1].0, "6.2 / s");
        assert_eq!(values[2].0, "231 ms");
        assert_eq!(values[3], ("12.3 k frames".to_owned(), true));
        assert_eq!(values[4].0, "44.1 kHz stereo, side");
    }
}
