use super::*;

fn settings(formats: &[&str]) -> Settings {
    Settings {
        model_hash: "model".to_owned(),
        window_s: 2.0,
        among: Vec::new(),
        threshold: 0.5,
        thresholds: Vec::new(),
        formats: formats.iter().map(|&format| format.to_owned()).collect(),
    }
}

fn entry(stem: &str, sha256: &str, formats: &[&str]) -> Entry {
    Entry {
        sha256: sha256.to_owned(),
        ..Entry::started(Path::new(stem), settings(formats))
    }
}

fn hash(digit: char) -> String {
    digit.to_string().repeat(64)
}

#[test]
fn stems_that_differ_in_case_share_their_history() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    journal
        .add(&entry("Song.wav", &hash('1'), &["json"]))
        .unwrap();
    journal
        .add(&entry("song.wav", &hash('2'), &["json"]))
        .unwrap();
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    let known = |stem: &str, sha256: &str| {
        journal
            .find(Path::new(stem), sha256, &settings(&["json"]))
            .is_some()
    };
    assert!(!known("Song.wav", &hash('1')), "overwritten by the other");
    assert!(known("song.wav", &hash('2')));
    assert!(journal.has_written(Path::new("SONG.wav"), "json"));
    assert!(!journal.has_written(Path::new("song.wav"), "csv"));
}

#[test]
fn journals_of_other_parts_are_read_and_have_to_agree() {
    let folder = tempfile::tempdir().unwrap();
    let name = |index| Shard { index, count: 2 }.file_name(JOURNAL);
    let open = |name: &str| Journal::open(folder.path(), name).unwrap();
    open(&name(1))
        .add(&entry("a.wav", &hash('1'), &["json"]))
        .unwrap();
    open(&name(2)).begin_run("feed").unwrap();
    let journal = open(JOURNAL);
    let known = |journal: &Journal, sha256: &str| {
        let settings = settings(&["json"]);
        journal
            .find(Path::new("a.wav"), sha256, &settings)
            .is_some()
    };
    assert!(known(&journal, &hash('1')) && !known(&journal, &hash('2')));
    assert!(journal.has_written(Path::new("a.wav"), "json"));
    assert!(journal.runs().contains("feed"));
    // Which of two contradicting entries is newer is unknown.
    journal.add(&entry("a.wav", &hash('2'), &["json"])).unwrap();
    let journal = open(&name(2));
    assert!(!known(&journal, &hash('1')) && !known(&journal, &hash('2')));
}

#[test]
fn the_newest_entry_of_each_format_counts() {
    let folder = tempfile::tempdir().unwrap();
    let stem = Path::new("a.wav");
    let add = |sha256: &str, formats: &[&str]| {
        let journal = Journal::open(folder.path(), JOURNAL).unwrap();
        journal.add(&entry("a.wav", "", formats)).unwrap();
        journal.add(&entry("a.wav", sha256, formats)).unwrap();
    };
    add(&hash('a'), &["json", "csv"]);
    add(&hash('b'), &["json"]);
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    let known =
        |sha256: &str, formats: &[&str]| journal.find(stem, sha256, &settings(formats)).is_some();
    assert!(known(&hash('b'), &["json"]) && known(&hash('a'), &["csv"]));
    assert!(!known(&hash('a'), &["json"]) && !known(&hash('b'), &["json", "csv"]));
    assert_eq!(
        journal.own.index.lines["a.wav"].len(),
        2,
        "only these two are kept"
    );
    add(&hash('a'), &["csv", "json"]);
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    assert_eq!(journal.own.index.lines["a.wav"].len(), 1);
    assert_eq!(journal.unfinished().count(), 0);
    journal.add(&entry("b/c.wav", "", &["json"])).unwrap();
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    let unfinished: Vec<PathBuf> = journal.unfinished().map(Result::unwrap).collect();
    assert_eq!(unfinished, [Path::new("b/c.wav")]);
}

#[test]
fn an_incomplete_line_does_not_damage_others() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    journal.begin_run("0123").unwrap();
    {
        // As after a full disk.
        let mut writer = lock(&journal.writer);
        writer
            .file
            .write_all(b"{\"format_version\":1,\"pla")
            .unwrap();
        writer.torn = true;
    }
    journal.add(&entry("a.wav", &hash('1'), &["json"])).unwrap();
    journal.add(&entry("b.wav", &hash('1'), &["json"])).unwrap();
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    for stem in ["a.wav", "b.wav"] {
        let found = journal.find(Path::new(stem), &hash('1'), &settings(&["json"]));
        assert_eq!(found.unwrap().stem, stem);
    }
    assert!(journal.runs().contains("0123"));
}

#[cfg(unix)]
#[test]
fn a_removed_journal_can_be_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(JOURNAL);
    let journal = Journal::open(folder.path(), JOURNAL).unwrap();
    journal.add(&entry("a.wav", &hash('1'), &["json"])).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(journal.is_there());
    std::fs::remove_file(&path).unwrap();
    assert!(!journal.is_there());
    journal.restore().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert!(journal.restore().is_err(), "an existing file is kept");
}
