//! Rules for choosing among labels, fitted to labelled clips and written into a card.

use std::path::Path;

use hamiltone_engine::model::{ANY_LABELS, Model, ModelFile};
use hamiltone_research::choices::{ChoicesArguments, choices};

use super::gathered::{told, wav};

/// Fits rules to ten genres' worth of tones, and to two classes of ESC-50.
pub(crate) fn choices_are_fitted(folder: &Path, model: &str) {
    let data = folder.join("labelled");
    let head = "file,label,fold_or_speaker,source_name,duration_s,license\n";
    let (mut genres, mut sounds) = (head.to_owned(), head.to_owned());
    for number in 1..=10 {
        let (genre, sound) = (["jazz", "metal"][number % 2], ["dog", "rain"][number % 2]);
        let tone = move |t: f32| (number as f32 * 700.0 * t).sin();
        let name = format!("audio/{genre}.{number:05}.wav");
        genres += &format!("{name},{genre},{number:05},none,3.0,none\n");
        wav(&data.join("gtzan").join(name), tone);
        let name = format!("audio/4-{number}-A-0.wav");
        sounds += &format!("{name},{sound},4,none,3.0,CC0\n");
        wav(&data.join("esc50").join(name), tone);
    }
    std::fs::write(data.join("gtzan/metadata.csv"), genres).unwrap();
    std::fs::write(data.join("esc50/metadata.csv"), sounds).unwrap();
    std::fs::create_dir(data.join("maps")).unwrap();
    let map = |name: &str, lines: &str| {
        let head = "class,audioset_label,mid,audioset527_index,yamnet521_index\n";
        let path = data.join(format!("maps/{name}_to_audioset.csv"));
        std::fs::write(path, format!("{head}{lines}")).unwrap();
    };
    map(
        "gtzan",
        "jazz,Jazz,/m/03_d0,235,230\nmetal,Heavy metal,/m/03lty,220,215\n",
    );
    map(
        "esc50",
        "dog,Dog,/m/0bt9lr,74,69\nrain,Rain,/m/06mb1,289,283\n",
    );

    let before = ModelFile::read(Path::new(model)).unwrap();
    let (report, cache) = (folder.join("choices"), folder.join("decoded"));
    let words = [
        ["--model", model],
        ["--data", data.to_str().unwrap()],
        ["--report", report.to_str().unwrap()],
        ["--cache", cache.to_str().unwrap()],
    ];
    let words = [&words.concat()[..], &["--into-cards", "--quiet"]].concat();
    choices(&told::<ChoicesArguments>(&words)).unwrap();

    let after = ModelFile::read(Path::new(model)).unwrap();
    assert_eq!(after.weights, before.weights, "only the card is another");
    let sets: Vec<&str> = after
        .card
        .choices
        .iter()
        .map(|rule| rule.set.as_str())
        .collect();
    assert_eq!(sets, ["genres", ANY_LABELS]);
    let figures = after.card.choices[0].measured.as_ref().unwrap();
    assert_eq!((figures.clips, figures.labels), (10, 45));
    assert!((0.0..=1.0).contains(&figures.right) && figures.protocol.contains("GTZAN"));
    assert!(after.card.choices[1].measured.is_none());
    let guitar = after
        .card
        .labels
        .iter()
        .position(|label| label == "Guitar")
        .unwrap();
    let above = after.card.ancestors(guitar);
    assert!(
        above
            .iter()
            .any(|label| after.card.labels[*label] == "Music")
    );
    Model::read(Path::new(model)).expect("its probe still holds");
    let table = std::fs::read_to_string(report.join("choices.md")).unwrap();
    for part in [
        "| genres | GTZAN cuts (10, 45) | fitted |",
        "| logits |",
        "| standard scores |",
    ] {
        assert!(table.contains(part), "{table}");
    }
    // Fitted again it is the same.
    choices(&told::<ChoicesArguments>(&words)).unwrap();
    assert_eq!(ModelFile::read(Path::new(model)).unwrap(), after);
}
