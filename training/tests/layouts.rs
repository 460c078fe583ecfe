//! Data sets as their authors pack them, and folders of one's own.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{sound, succeeded, train, write_wav};
use hamiltone_engine::model::ModelFile;
use hamiltone_training::dataset::{Dataset, Task};

fn touch(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "").unwrap(); // the list is read, not the sound
}

/// Label, group and fold of each clip, by file name.
fn open(folder: &Path, task: Task) -> BTreeMap<String, (String, String, usize)> {
    let dataset = Dataset::open(folder, task).unwrap();
    let clip = |clip: &hamiltone_training::dataset::Clip| {
        let name = clip
            .path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let label = dataset.labels[clip.label()].clone();
        (name, (label, clip.group.clone(), clip.fold))
    };
    dataset.clips.iter().map(clip).collect()
}

#[test]
fn urbansound8k() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = folder.path().join("urbansound8k/metadata/UrbanSound8K.csv");
    touch(&metadata);
    let list = "slice_file_name,fsID,start,end,salience,fold,classID,class\n\
                100032-3-0-0.wav,100032,0.0,0.317551,1,5,3,dog_bark\n\
                100263-2-0-117.wav,100263,58.5,62.5,1,10,2,children_playing\n\
                100263-2-0-121.wav,100263,60.5,64.5,1,10,2,children_playing\n";
    std::fs::write(metadata, list).unwrap();
    let clips = open(folder.path(), Task::Urbansound8k);
    assert_eq!(
        clips["100032-3-0-0.wav"],
        ("dog_bark".into(), "100032".into(), 5)
    );
    assert_eq!(clips["100263-2-0-121.wav"].2, 10);
    assert_eq!(clips["100263-2-0-121.wav"].1, clips["100263-2-0-117.wav"].1);
}

#[test]
fn ravdess() {
    let folder = tempfile::tempdir().unwrap();
    for actor in 1..=10 {
        for emotion in 1..=8 {
            let name = format!("Actor_{actor:02}/03-01-{emotion:02}-01-02-01-{actor:02}.wav");
            touch(&folder.path().join(name));
        }
    }
    let clips = open(folder.path(), Task::Ravdess);
    assert_eq!(clips.len(), 80);
    let (label, actor, fold) = &clips["03-01-05-01-02-01-07.wav"];
    assert_eq!((label.as_str(), actor.as_str()), ("angry", "07"));
    assert!(
        clips
            .values()
            .all(|clip| (clip.1 == *actor) <= (clip.2 == *fold))
    );
    touch(&folder.path().join("Actor_01/song.wav"));
    let error = Dataset::open(folder.path(), Task::Ravdess).unwrap_err();
    assert!(format!("{error:#}").contains("song.wav"), "{error:#}");
}

#[test]
fn gtzan_random_and_artist_filtered() {
    let folder = tempfile::tempdir().unwrap();
    for genre in ["blues", "jazz"] {
        for track in 0..450 {
            let name = format!("genres/{genre}/{genre}.{track:05}.wav");
            touch(&folder.path().join(name));
        }
    }
    let clips = open(folder.path(), Task::Gtzan);
    assert_eq!(clips.values().map(|clip| clip.2).max(), Some(10));
    for (part, names) in [
        ("test", "blues/blues.00000.wav\njazz/jazz.00003.wav\n"),
        ("valid", "jazz/jazz.00001.wav\n"),
        ("train", "blues/blues.00007.wav\n\n"),
    ] {
        std::fs::write(folder.path().join(format!("{part}_filtered.txt")), names).unwrap();
    }
    let clips = open(folder.path(), Task::Gtzan);
    let folds: BTreeMap<&str, usize> = clips.iter().map(|(n, clip)| (n.as_str(), clip.2)).collect();
    let expected = [
        ("blues.00000.wav", 1),
        ("blues.00007.wav", 2),
        ("jazz.00001.wav", 2),
        ("jazz.00003.wav", 1),
    ];
    assert_eq!(folds, expected.into());
}

#[test]
fn a_folder_of_folders_keeps_speakers_together_and_trains() {
    let folder = tempfile::tempdir().unwrap();
    for (label, is_tone) in [("hum", true), ("hiss", false)] {
        for speaker in 0..10 {
            let name = format!("{label}/speaker{speaker}/take.wav");
            write_wav(&folder.path().join(name), &sound(is_tone, speaker));
        }
        for single in 0..10 {
            let name = format!("{label}/{single}.wav");
            write_wav(&folder.path().join(name), &sound(is_tone, 100 + single));
        }
    }
    touch(&folder.path().join("hum/.hidden.wav"));
    touch(&folder.path().join("hum/notes.txt"));
    let dataset = Dataset::open(folder.path(), Task::Folders).unwrap();
    assert_eq!((dataset.clips.len(), dataset.labels.len()), (40, 2));
    assert_eq!(dataset.folds(), (1..=5).collect());
    let mut fold_of = BTreeMap::new();
    for clip in &dataset.clips {
        // A speaker is one, whatever is heard of him.
        assert_eq!(*fold_of.entry(&clip.group).or_insert(clip.fold), clip.fold);
    }
    assert_eq!(fold_of.len(), 30);
    let out = folder.path().join("../out-of-folders");
    let run = train(
        folder.path(),
        "folders",
        &out,
        &["--folds", "1", "--restart"],
    );
    succeeded(&{ run }.output().unwrap());
    let model = ModelFile::read(&out.join("fold1/model.safetensors")).unwrap();
    assert_eq!(
        model.card.name, "out-of-folders",
        "the folder's name by default"
    );
    std::fs::remove_dir_all(out).unwrap();
}

#[cfg(unix)]
#[test]
fn folders_behind_links_are_folders() {
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (path, other) = (
        |name: &str| folder.path().join(name),
        |name: &str| elsewhere.path().join(name),
    );
    touch(&path("kick/1.wav"));
    touch(&other("snares/2.wav"));
    touch(&other("snares/.trash/3.wav"));
    touch(&other("room/4.wav"));
    symlink(other("snares"), path("snare")).unwrap();
    symlink(other("room"), path("kick/room")).unwrap();
    symlink(other("room/4.wav"), path("kick/room-4.wav")).unwrap(); // the same sound again
    symlink(folder.path(), path("kick/up")).unwrap(); // would be walked for ever
    let clips = open(folder.path(), Task::Folders);
    let labels: Vec<(&str, &str)> = clips
        .iter()
        .map(|(name, clip)| (name.as_str(), clip.0.as_str()))
        .collect();
    assert_eq!(
        labels,
        [("1.wav", "kick"), ("2.wav", "snare"), ("4.wav", "kick")]
    );
    let refused = |words: &[&str]| {
        let error = format!(
            "{:#}",
            Dataset::open(folder.path(), Task::Folders).unwrap_err()
        );
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    };
    symlink(other("snares"), path("tom")).unwrap();
    refused(&["snare/2.wav", "tom/2.wav", "are one file"]);
    std::fs::remove_file(path("tom")).unwrap();
    symlink(other("nowhere"), path("tom")).unwrap();
    refused(&["tom"]);
}

#[test]
fn labels_that_would_have_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for label in ["kick_a", "kick a", "Hat", "hat", "snare", "snare2"] {
        touch(&folder.path().join(label).join("1.wav"));
    }
    let error = Dataset::open(folder.path(), Task::Folders).unwrap_err();
    let error = format!("{error:#}");
    // A file system that does not tell cases apart has one folder of the two.
    for words in [
        "[\"kick a\", \"kick_a\"] would all be called \"kick a\"",
        "Rename them",
    ] {
        assert!(error.contains(words), "{error}");
    }
    assert!(
        cfg!(not(target_os = "linux")) || error.contains("[\"Hat\", \"hat\"]"),
        "{error}"
    );
    assert!(!error.contains("snare"), "{error}");
}

#[test]
fn labels_of_one_sound_are_not_all_tested_in_one_fold() {
    let folder = tempfile::tempdir().unwrap();
    for label in 0..10 {
        touch(&folder.path().join(format!("rare{label}/only.wav")));
    }
    for sound in 0..7 {
        touch(&folder.path().join(format!("usual/{sound}.wav")));
    }
    let dataset = Dataset::open(folder.path(), Task::Folders).unwrap();
    let mut rare = BTreeMap::new();
    let mut all = BTreeMap::new();
    for clip in &dataset.clips {
        *all.entry(clip.fold).or_insert(0) += 1;
        if dataset.labels[clip.labels[0]].starts_with("rare") {
            *rare.entry(clip.fold).or_insert(0) += 1;
        }
    }
    assert_eq!(rare.into_values().collect::<Vec<_>>(), [2; 5]);
    assert_eq!(all.into_values().collect::<Vec<_>>(), [4, 4, 3, 3, 3]);
}

/// AudioSet's lists, for tones, noise, and both at a time.
fn write_audioset(folder: &Path) {
    let labels =
        "index,mid,display_name\n0,/m/09x0r,Speech\n1,/t/dd01,\"Tone, high\"\n2,/m/noise,Noise\n";
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("class_labels_indices.csv"), labels).unwrap();
    for (list, first) in [
        ("eval_segments.csv", 0),
        ("balanced_train_segments.csv", 30),
    ] {
        let mut text = "# Segments csv created for a test\n# num_ytids=30\n                        # YTID, start_seconds, end_seconds, positive_labels\n".to_owned();
        for video in first..first + 30 {
            let (tone, noise) = (video % 3 != 0, video % 3 != 1);
            let ids = match (tone, noise) {
                (true, true) => "/t/dd01,/m/noise",
                (true, false) => "/t/dd01",
                _ => "/m/noise",
            };
            text += &format!("--video-{video:03}, 30.000, 40.000, \"{ids}\"\n");
            let mut samples = vec![0.0; 9_600];
            for (is_tone, there) in [(true, tone), (false, noise)] {
                if there {
                    let part = sound(is_tone, video);
                    samples.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
                }
            }
            let name = format!("audio/Y--video-{video:03}_30.wav");
            write_wav(&folder.join(name), &samples);
        }
        std::fs::write(folder.join(list), text).unwrap();
    }
    write_wav(&folder.join("audio/not-in-any-list.wav"), &[0.1; 100]);
}

#[test]
fn audioset_with_any_number_of_labels_trains_and_reports_map() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("audioset");
    write_audioset(&data);
    let dataset = Dataset::open(folder.path(), Task::Audioset).unwrap();
    assert_eq!(dataset.labels, ["Speech", "Tone, high", "Noise"]);
    assert_eq!(dataset.clips.len(), 60);
    let both = dataset
        .clips
        .iter()
        .filter(|clip| clip.labels == [1, 2])
        .count();
    assert_eq!(both, 20);
    assert!(
        dataset
            .clips
            .iter()
            .all(|clip| clip.group.starts_with("--video-"))
    );
    let out = folder.path().join("run");
    let mut more = vec!["--folds", "1", "--epochs", "12", "--batch", "4"];
    more.extend(["--channels", "8", "--learning-rate", "0.01"]);
    let mut command = train(folder.path(), "audioset", &out, &more);
    let said = succeeded(&command.output().unwrap());
    assert!(said.contains("mAP"), "{said}");
    let results = common::json(&out.join("results.json"));
    let test = &results["folds"][0]["test"];
    assert!(
        test["mean_average_precision"].as_f64().unwrap() > 0.9,
        "{test}"
    );
    let model = hamiltone_engine::model::Model::read(&out.join("fold1/model.safetensors")).unwrap();
    assert_eq!(model.card().accuracy[0].measure, "mAP");
    let kind = model.card().task;
    assert_eq!(kind, hamiltone_engine::model::TaskKind::MultiLabel);
    check_that_map_is_called_so(&out);
}

/// Both lists as folds: mAP stays mAP in the results, the picture and on the shipped card.
fn check_that_map_is_called_so(out: &Path) {
    let picture = std::fs::read_to_string(out.join("fold1/curves.svg")).unwrap();
    assert!(picture.contains("mAP, %") && !picture.contains("accuracy"));
    let mut results = common::json(&out.join("results.json"));
    let mean = |results: &serde_json::Value, of: &str| results[of]["mean"].as_f64().unwrap();
    let test = results["folds"][0]["test"].clone();
    for measure in ["accuracy", "mean_average_precision"] {
        assert_eq!(mean(&results, measure), test[measure].as_f64().unwrap());
    }
    let mut other = results["folds"][0].clone();
    other["fold"] = 2.into();
    results["folds"].as_array_mut().unwrap().push(other);
    std::fs::write(out.join("results.json"), results.to_string()).unwrap();
    let mut ship = common::program();
    ship.args(["ship", "--fold", "1", "--name", "any"]);
    ship.arg("--run").arg(out).arg("--models").arg(out);
    succeeded(&ship.output().unwrap());
    let model = hamiltone_engine::model::Model::read(&out.join("any.safetensors")).unwrap();
    let figures = &model.card().accuracy;
    let measures: Vec<&str> = figures.iter().map(|figure| &figure.measure[..]).collect();
    assert_eq!(measures, ["mAP", "mean recall", "mAP"]);
    let protocol = &figures[0].protocol;
    assert!(protocol.contains("2 folds of videos") && protocol.contains("(60 clips"));
}
