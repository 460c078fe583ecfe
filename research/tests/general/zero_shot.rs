//! General taggers on sets that they have not learned.

use std::path::Path;

use hamiltone_research::zero_shot::{ZeroShotArguments, zero_shot};

use super::gathered::{told, wav};

/// A set of two classes, measured with the teacher beside the model.
pub(crate) fn zero_shot_measures(folder: &Path, model: &str, teacher: &str) {
    let data = folder.join("data");
    let mut list = String::from("file,label,fold_or_speaker,source_name,duration_s,license\n");
    for number in 1..=6 {
        let label = ["dog", "rain"][number % 2];
        let name = format!("audio/{number}-{number}-A-0.wav");
        list += &format!("{name},{label},{number},none,3.0,CC0\n");
        wav(&data.join("esc50").join(name), |t| {
            (number as f32 * 900.0 * t).sin()
        });
    }
    std::fs::write(data.join("esc50/metadata.csv"), list).unwrap();
    std::fs::create_dir(data.join("maps")).unwrap();
    let map = "class,audioset_label,mid,audioset527_index,yamnet521_index\n\
               dog,Dog,/m/0bt9lr,74,69\nrain,Rain,/m/06mb1,289,283\nrain,Water,/m/0838f,288,282\n";
    std::fs::write(data.join("maps/esc50_to_audioset.csv"), map).unwrap();
    let (report, cache) = (folder.join("report"), folder.join("answers"));
    let words = [
        ["--model", model],
        ["--data", data.to_str().unwrap()],
        ["--teacher", teacher],
        ["--material", folder.to_str().unwrap()],
        ["--segments", "6"],
        ["--cache", cache.to_str().unwrap()],
        ["--report", report.to_str().unwrap()],
    ];
    let words = [&words.concat()[..], &["--quiet"]].concat();
    zero_shot(&told::<ZeroShotArguments>(&words)).unwrap();
    let json = std::fs::read_to_string(report.join("zero-shot.json")).unwrap();
    let outcome: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(outcome["networks"], serde_json::json!(["half", "mn04"]));
    let sets: Vec<_> = outcome["rows"].as_array().unwrap().iter().collect();
    assert_eq!(sets.len(), 2); // one clip in fold 4, and all as ESC-10
    assert_eq!(
        (&sets[0]["clips"], &sets[1]["clips"]),
        (&1.into(), &6.into())
    );
    assert_eq!(sets[1]["classes"], 2);
    for figure in outcome["means"].as_array().unwrap() {
        assert!((0.0..=1.0).contains(&figure["plain"].as_f64().unwrap()));
        assert!(figure["scaled"].is_f64());
    }
    let picture = std::fs::read_to_string(report.join("zero-shot.svg")).unwrap();
    let picture = roxmltree::Document::parse(&picture).unwrap();
    assert!(
        picture
            .descendants()
            .any(|node| node.text().is_some_and(|text| text.trim() == "ESC-10 (6)"))
    );
    // The teacher's answers are kept, and give the same again.
    let kept = std::fs::read_dir(cache.join("zero-shot")).unwrap();
    assert_eq!(kept.count(), 3); // statistics and two sets
    zero_shot(&told::<ZeroShotArguments>(&words)).unwrap();
    assert_eq!(
        std::fs::read_to_string(report.join("zero-shot.json")).unwrap(),
        json
    );
}
