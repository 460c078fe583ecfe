//! A session from somebody else, loaded into a host with the panel closed.

use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use hamiltone_tests::host::{Layout, Plugin, set_parameter};
use hamiltone_tests::permission;
use hamiltone_tests::report::wait_for;
use serde_json::json;

use super::open;
use super::outputs::{set, sound};

/// Not an address of the loopback interface, but packets to it reach this machine.
const FOREIGN: &str = "0.0.0.0";

/// Renders three seconds with OSC on.
fn render(plugin: &mut Plugin) {
    let parameters = plugin.parameters().unwrap();
    let osc = parameters.iter().find(|p| p.name == "Send OSC").unwrap().id;
    plugin.set_offline(true).unwrap();
    let mut stream = plugin.start(Layout::Stereo, 48_000, 512).unwrap();
    let events = set_parameter(osc, 1.0);
    stream.process_with(1, &events.as_input()).unwrap();
    let mut audio = sound();
    audio.samples.truncate(3 * 48_000);
    let both = vec![audio.samples; 2];
    assert_eq!(stream.render(&both, 512).unwrap(), both);
    plugin.stop(stream);
}

fn receives(socket: &UdpSocket) -> bool {
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    socket.recv(&mut [0; 2048]).is_ok()
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_session_acts_on_nothing_before_this_machine_has_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let (reports, bounces) = (folder.path().join("a/b/c"), folder.path().join("bounces"));
    let mut plugin = open();
    set(&mut plugin, |state| {
        for (name, value) in [
            ("report_folder", json!(reports)),
            ("bounce_folder", json!(bounces)),
            (
                "model",
                json!({ "path": folder.path().join("a.safetensors") }),
            ),
            ("osc", json!({ "host": FOREIGN, "port": port })),
        ] {
            state.set_setting(name, value).unwrap();
        }
    });
    render(&mut plugin);
    assert!(is_empty(folder.path()));
    assert!(!receives(&socket));
    // The user of this machine agrees to the folders, with an editor: the render that waited is written.
    permission::allow(folder.path()).unwrap();
    let start = Instant::now();
    while !bounces.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "nothing was written"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    render(&mut plugin);
    wait_for(&reports.join("timeline.json"), Duration::from_secs(10)).unwrap();
    assert!(!receives(&socket), "the address was not agreed to");
}

#[test]
fn relative_folders_mean_none() {
    let mut plugin = open();
    let name = "hamiltone-bounce-that-must-not-be";
    let _ = std::fs::remove_dir_all(name); // of a run with an older plugin
    set(&mut plugin, |state| {
        state.set_setting("bounce_folder", json!(name)).unwrap();
        state.set_setting("report_folder", json!(name)).unwrap();
    });
    render(&mut plugin);
    assert!(!Path::new(name).exists());
}
