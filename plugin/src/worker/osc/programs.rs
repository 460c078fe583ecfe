//! Messages as other programs receive them. A program that is not installed is skipped.
//!
//! liblo-tools and puredata-core, supercollider-language (Debian); node-osc (npm), in the folder of modules that
//! `NODE_PATH` names.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Osc;
use crate::settings::OscSettings;

/// A program that prints what it receives.
struct Receiver {
    child: Child,
    printed: Arc<Mutex<String>>,
    port: u16,
}

impl Receiver {
    /// Starts it with a free port; `None` if it is not installed.
    fn start(command: impl FnOnce(u16) -> Command) -> Option<Self> {
        let port = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut child = command(port)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let printed = Arc::new(Mutex::new(String::new()));
        let out: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for stream in out {
            let printed = printed.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    *printed.lock().unwrap() += &format!("{line}\n");
                }
            });
        }
        Some(Self {
            child,
            printed,
            port,
        })
    }

    /// Sends the values of three labels until the program has printed all of `expected`.
    fn expect(&self, expected: &[&str]) -> String {
        let labels = ["C", "C#", "犬"].map(str::to_owned);
        let settings = OscSettings {
            port: self.port,
            ..OscSettings::default()
        };
        let mut osc = Osc::default();
        osc.configure(Some(&settings));
        let start = Instant::now();
        loop {
            osc.forget();
            let top = || Some(("C#".to_owned(), 0.5));
            osc.send(&labels, &[0.25, 0.5, 0.125], top, 0.0);
            std::thread::sleep(Duration::from_millis(250));
            let printed = self.printed.lock().unwrap().clone();
            if expected.iter().all(|line| printed.contains(line)) {
                return printed;
            }
            let waited = start.elapsed();
            assert!(
                waited < Duration::from_secs(40),
                "{expected:?} not in:\n{printed}"
            );
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn skip(program: &str) {
    hamiltone_test_support::skip(program);
}

#[test]
fn liblo_receives_every_label_at_its_own_address() {
    let command = |port: u16| {
        let mut command = Command::new("oscdump");
        command.args(["-L", &port.to_string()]);
        command
    };
    let Some(receiver) = Receiver::start(command) else {
        return skip("oscdump");
    };
    receiver.expect(&[
        "/hamiltone/label/c f 0.25",
        "/hamiltone/label/c_sharp f 0.5",
        "/hamiltone/label/quan f 0.125",
        "/hamiltone/top sf \"C#\" 0.5",
    ]);
}

#[test]
fn pure_data_receives_every_label_at_its_own_address() {
    let folder = tempfile::tempdir().unwrap();
    let command = |port: u16| {
        let patch = folder.path().join("receive.pd");
        let text = format!(
            "#N canvas 0 0 400 300 12;\n#X obj 20 20 netreceive -u -b {port};\n#X obj 20 60 oscparse;\n\
             #X obj 20 100 print osc;\n#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n"
        );
        std::fs::write(&patch, text).unwrap();
        let mut command = Command::new("pd");
        command
            .args(["-nogui", "-noaudio", "-nomidi", "-stderr", "-open"])
            .arg(patch);
        command
    };
    let Some(receiver) = Receiver::start(command) else {
        return skip("pd");
    };
    receiver.expect(&[
        "hamiltone label c 0.25",
        "hamiltone label c_sharp 0.5",
        "hamiltone label quan 0.125",
        "hamiltone top C# 0.5",
    ]);
}

#[test]
fn supercollider_receives_messages_with_the_present_time() {
    let folder = tempfile::tempdir().unwrap();
    let command = |port: u16| {
        let script = folder.path().join("receive.scd");
        let text = format!(
            "thisProcess.openUDPPort({port});\n\
             thisProcess.addOSCRecvFunc({{ |msg, time|\n\
             \tvar near = (time - Main.elapsedTime).abs < 10;\n\
             \t(\"got \" ++ msg[0] ++ \" \" ++ msg[1] ++ if(near, \" now\", \" at another time\")).postln;\n\
             }});\n"
        );
        std::fs::write(&script, text).unwrap();
        let mut command = Command::new("sclang");
        command.arg(script);
        // It starts a browser, whose sandbox refuses the root user.
        command
            .env("QT_QPA_PLATFORM", "offscreen")
            .env("QTWEBENGINE_DISABLE_SANDBOX", "1")
            .env("HOME", folder.path());
        command
    };
    let Some(receiver) = Receiver::start(command) else {
        return skip("sclang");
    };
    let printed = receiver.expect(&[
        "got /hamiltone/label/c 0.25 now",
        "got /hamiltone/label/c_sharp 0.5 now",
        "got /hamiltone/label/quan 0.125 now",
        "got /hamiltone/top C# now",
    ]);
    assert!(!printed.contains("another time"), "{printed}");
}

#[test]
fn listeners_of_node_osc_are_called_for_every_label() {
    let Ok(modules) = std::env::var("NODE_PATH") else {
        return skip("NODE_PATH with node-osc");
    };
    let command = |port: u16| {
        let script = format!(
            "const {{ Server }} = require('node-osc');\n\
             const server = new Server({port}, '127.0.0.1');\n\
             server.on('message', m => console.log('got ' + m.join(' ')));\n\
             server.on('/hamiltone/label/c_sharp', m => console.log('own ' + m[1]));\n"
        );
        let mut command = Command::new("node");
        command.args(["-e", &script]).env("NODE_PATH", modules);
        command
    };
    let Some(receiver) = Receiver::start(command) else {
        return skip("node");
    };
    receiver.expect(&[
        "got /hamiltone/label/c 0.25",
        "got /hamiltone/label/quan 0.125",
        "got /hamiltone/top C# 0.5",
        "own 0.5",
    ]);
}
