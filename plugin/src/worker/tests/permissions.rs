//! A session from somebody else: nothing happens outside of the plugin before this machine has agreed.

use std::io::ErrorKind;
use std::net::UdpSocket;

use hamiltone_engine::model::ModelChoice;

use super::models::write_model;
use super::*;
use crate::settings::{Edit, Purpose};
use crate::snapshot::Request;

/// An address that is not of the loopback interface by its number, and reaches this machine where the system takes it
/// for "any".
const FOREIGN: &str = "0.0.0.0";

/// A socket to which OSC messages go in the sessions below.
fn listener() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    socket
}

fn is_silent(socket: &UdpSocket) -> bool {
    let received = socket.recv(&mut [0; 2048]);
    received.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Waits for a packet.
fn receives(socket: &UdpSocket) -> bool {
    (0..60).any(|_| !is_silent(socket))
}

/// A session that asks for everything.
fn load_session(bench: &Bench, socket: &UdpSocket) {
    bench.set(|settings| {
        settings.report_folder = Some(bench.path("a/deep/reports"));
        settings.bounce_folder = Some(bench.path("bounces"));
        settings.model.path = Some(bench.path("elsewhere.safetensors"));
        settings.osc.host = FOREIGN.to_owned();
        settings.osc.port = socket.local_addr().unwrap().port();
    });
    put(&bench.params.osc, true);
}

fn purposes(snapshot: &Snapshot) -> Vec<Purpose> {
    let requests = snapshot.requests.iter();
    requests.map(|request| request.purpose).collect()
}

#[test]
fn nothing_is_done_before_this_machine_agreed_once() {
    let mut bench = Bench::of_a_stranger();
    write_model(
        &bench.path("elsewhere.safetensors"),
        "owls",
        &["tawny", "barn"],
    );
    let socket = listener();
    load_session(&bench, &socket);
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let asked = bench.wait("tags", |s| s.time_s > 1.5);
    let everything = [
        Purpose::Reports,
        Purpose::Timelines,
        Purpose::Model,
        Purpose::Osc,
    ];
    assert_eq!(purposes(&asked), everything);
    assert_ne!(asked.model.unwrap().name, "owls");
    bench.worker.stop(true);
    assert!(is_silent(&socket));
    let entries = std::fs::read_dir(bench.folder.path()).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}"); // the models and the model elsewhere
    for Request { item, .. } in asked.requests {
        bench.worker.requests().agree(item);
    }
    let agreed = bench.wait("agreement", |s| s.requests.is_empty());
    assert_eq!(agreed.troubles, []);
    // The render that waited is written now.
    bench.wait("written", |s| !s.bounce.written.is_empty());
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    bench.wait("the model", |s| {
        s.model.as_ref().is_some_and(|model| model.name == "owls")
    });
    bench.worker.stop(true);
    assert!(receives(&socket));
    assert!(bench.path("a/deep/reports/timeline.json").exists());
    // In another instance, for another session, nothing is asked.
    let mut bench = bench.again();
    load_session(&bench, &socket);
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let tags = bench.wait("tags", |s| s.time_s > 1.5);
    assert_eq!((tags.requests, tags.troubles), (vec![], vec![]));
}

#[test]
fn relative_paths_and_those_that_lead_up_are_refused() {
    for path in ["here", "../here", "/tmp/../here", r"\\server\share\here"] {
        let mut bench = Bench::new();
        bench.set(|settings| {
            settings.report_folder = Some(path.into());
            settings.bounce_folder = Some(path.into());
            settings.model.path = Some(path.into());
            settings.compare = Some(settings.model.clone());
        });
        let mut tap = bench.start(true);
        play(&mut tap, &rooster());
        let tags = bench.wait("tags", |s| s.time_s > 1.5);
        if cfg!(windows) && path.starts_with('\\') {
            assert_eq!(tags.requests.len(), 4); // a full path there, of another machine
            continue;
        }
        assert_eq!(tags.requests, [], "{path}");
        assert_eq!(tags.troubles.len(), 4, "{path}: {:?}", tags.troubles);
        let advice = &tags.troubles[0].advice;
        assert!(advice.contains("not a full path"), "{advice}");
        bench.worker.stop(true);
        let ended = bench.wait("the end", |s| s.stream.is_none());
        assert_eq!(ended.bounce.waiting, 1, "{path}");
        assert!(!Path::new(path).exists(), "{path}");
    }
}

#[test]
fn a_model_that_is_found_in_a_known_folder_is_not_asked_for() {
    let mut bench = Bench::of_a_stranger();
    let path = bench.path("models/owls.safetensors");
    write_model(&path, "owls", &["tawny", "barn"]);
    let model = Library::with_folders(vec![bench.path("models")]);
    let entry = model.entries().pop().unwrap();
    let has_owls = |s: &Snapshot| s.model.as_ref().is_some_and(|model| model.name == "owls");
    // By a path of the machine where the session was made.
    bench.set(|settings| {
        *settings.model = entry.choice();
        settings.model.path = Some("/home/somebody/owls.safetensors".into());
    });
    let _tap = bench.start(true);
    let found = bench.wait("the model", has_owls);
    assert_eq!((found.requests, found.troubles), (vec![], vec![]));
    // By a path in the folder.
    bench.set(|settings| *settings.model = ModelChoice::default());
    bench.wait("the default", |s| !has_owls(s));
    bench.set(|settings| settings.model.path = Some(path));
    let found = bench.wait("the model", has_owls);
    assert_eq!(found.requests, []);
}

#[test]
fn osc_is_asked_for_only_while_it_is_on_and_never_on_this_machine() {
    let mut bench = Bench::of_a_stranger();
    let socket = listener();
    load_session(&bench, &socket);
    bench.set(|settings| {
        (settings.report_folder, settings.bounce_folder) = (None, None);
        settings.model.path = None;
    });
    put(&bench.params.osc, false);
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    let off = bench.wait("tags", |s| s.time_s > 1.5);
    assert_eq!(off.requests, []);
    put(&bench.params.osc, true);
    bench.wait("a request", |s| purposes(s) == [Purpose::Osc]);
    bench
        .params
        .settings
        .write()
        .apply(Edit::Withdraw(Purpose::Osc));
    bench.wait("no request", |s| s.requests.is_empty());
    assert!(is_silent(&socket));
    play(&mut tap, &rooster());
    assert!(receives(&socket), "loopback needs no agreement");
}

#[test]
fn an_entry_in_the_file_is_noticed_while_it_plays() {
    let mut bench = Bench::of_a_stranger();
    bench.set(|settings| settings.report_folder = Some(bench.path("reports")));
    let mut tap = bench.start(true);
    play(&mut tap, &rooster());
    bench.wait("a request", |s| purposes(s) == [Purpose::Reports]);
    let item = Item::Folder(bench.folder.path().to_owned());
    crate::agreements::file::add(&bench.path("allowed.json"), &item).unwrap();
    bench.wait("no request", |s| s.requests.is_empty());
    play(&mut tap, &rooster());
    bench.worker.stop(true);
    assert!(bench.path("reports/timeline.json").exists());
}
