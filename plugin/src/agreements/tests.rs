use super::*;

fn folder(path: &str) -> Item {
    Item::Folder(full(path))
}

/// A full path on every platform.
fn full(path: &str) -> PathBuf {
    Path::new(if cfg!(windows) { r"C:\" } else { "/" }).join(path)
}

#[test]
fn a_folder_covers_what_is_below_it_and_nothing_else() {
    let mut agreements = Agreements::default();
    assert!(!agreements.cover(&folder("music")));
    agreements.add(&folder("music/tags"));
    assert!(agreements.cover(&folder("music/tags")));
    assert!(agreements.cover(&folder("music/tags/today")));
    for other in [
        "music",
        "music/tags2",
        "music/tags/../..",
        "music/./tags/../x",
    ] {
        assert!(!agreements.cover(&folder(other)), "{other}");
    }
    let model = Item::Model(full("music/tags/a.safetensors"));
    assert!(!agreements.cover(&model), "writing is not reading");
    agreements.add(&model);
    assert!(agreements.cover(&model));
}

#[test]
fn relative_paths_are_never_agreed_to() {
    let mut agreements = Agreements {
        folders: vec!["".into(), "out".into(), ".".into()],
        models: vec!["".into()],
        ..Agreements::default()
    };
    let before = agreements.clone();
    // On Unix the second is a file name in the working folder, on Windows a path of no drive.
    for path in ["out", "/x/../y", "", "../out", "~/out"] {
        let item = Item::Folder(path.into());
        assert!(!item.is_definite(), "{path}");
        agreements.add(&item);
        assert!(!agreements.cover(&item), "{path}");
    }
    assert_eq!(agreements, before);
    assert!(!agreements.cover(&folder("out")));
    assert!(!agreements.cover(&Item::Model(full("a.safetensors"))));
}

#[cfg(unix)]
#[test]
fn network_paths_of_windows_are_relative_elsewhere() {
    for path in [r"\\server\share\a.safetensors", r"C:\models\a.safetensors"] {
        assert!(!Item::Model(path.into()).is_definite(), "{path}");
    }
}

#[cfg(windows)]
#[test]
fn a_network_path_has_to_be_agreed_to() {
    let item = Item::Model(r"\\server\share\a.safetensors".into());
    let mut agreements = Agreements {
        models: vec![r"C:\".into(), r"\".into()],
        ..Agreements::default()
    };
    assert!(!agreements.cover(&item));
    agreements.add(&item);
    assert!(agreements.cover(&item));
    assert!(!agreements.cover(&Item::Model(r"\\server2\share\a.safetensors".into())));
}

#[test]
fn only_other_machines_have_to_be_agreed_to() {
    let to = |host: &str| {
        let host = host.to_owned();
        Item::of_osc(&OscSettings {
            host,
            ..OscSettings::default()
        })
    };
    for own in ["127.0.0.1", "127.9.9.9", "::1", "not an address", ""] {
        assert_eq!(to(own), None, "{own}");
    }
    let mut agreements = Agreements::default();
    for foreign in [
        "10.0.0.7",
        "0.0.0.0",
        "255.255.255.255",
        "::",
        "fe80::1",
        "::ffff:10.0.0.7",
    ] {
        let item = to(foreign).unwrap();
        assert!(!agreements.cover(&item), "{foreign}");
        agreements.add(&item);
        assert!(agreements.cover(&item), "{foreign}");
    }
}

#[test]
fn agreements_are_remembered_and_those_of_others_kept() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("new/allowed.json");
    let (mut ours, mut theirs) = (
        Store::new(Some(path.clone())),
        Store::new(Some(path.clone())),
    );
    ours.agree(&folder("a"));
    theirs.agree(&folder("b"));
    assert!(!ours.covers(&folder("b")));
    assert!(ours.refresh() && ours.covers(&folder("b")));
    let mut text: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    text["of_a_newer_program"] = 7.into();
    std::fs::write(&path, text.to_string()).unwrap();
    ours.agree(&Item::Osc([10, 0, 0, 7].into()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.contains("of_a_newer_program") && text.contains("10.0.0.7"),
        "{text}"
    );
    assert_eq!(file::read(&path).unwrap().folders.len(), 2);
}

#[test]
fn many_instances_at_once_lose_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("allowed.json");
    std::thread::scope(|scope| {
        for number in 0..8 {
            let path = &path;
            scope.spawn(move || {
                for round in 0..5 {
                    file::add(path, &folder(&format!("{number}-{round}"))).unwrap();
                    file::read(path).unwrap(); // never half a file
                }
            });
        }
    });
    assert_eq!(file::read(&path).unwrap().folders.len(), 40);
}

#[test]
fn a_damaged_file_is_kept_and_reported() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("allowed.json");
    std::fs::write(&path, "{\"folders\": [\"/mus").unwrap();
    let mut store = Store::new(Some(path.clone()));
    store.refresh();
    assert!(store.problem().unwrap().contains("cannot be read"));
    store.agree(&folder("a"));
    assert!(store.covers(&folder("a")), "for now");
    assert!(store.problem().unwrap().contains("cannot be written"));
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "{\"folders\": [\"/mus"
    );
}
