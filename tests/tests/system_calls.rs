//! The system calls of the audio thread, by strace: none in real time; in a render it may sleep for its worker.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, HashMap};
use std::process::Command;
use std::time::Duration;

use hamiltone_test_support::skip;
use hamiltone_tests::{child, places};

/// Calls inside of `process` by part (`live`, `render`), and the number of blocks of each.
#[derive(Debug, Default)]
struct Traced {
    calls: BTreeMap<String, BTreeMap<String, usize>>,
    blocks: BTreeMap<String, usize>,
}

/// Reads `strace -f`: a line a call, with the thread's number first. A call that others interrupt has two lines.
fn read(trace: &str) -> Traced {
    let mut traced = Traced::default();
    let mut inside: HashMap<&str, String> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        let name = call.split('(').next().unwrap_or(call);
        if let Some((_, part)) = call.split_once("/hamiltone-trace/begin-") {
            let part = part.split('"').next().unwrap_or(part).to_owned();
            *traced.blocks.entry(part.clone()).or_default() += 1;
            inside.insert(thread, part);
        } else if call.contains("/hamiltone-trace/end") {
            inside.remove(thread);
        } else if let Some(part) = inside.get(thread)
            && !call.starts_with("<...")
            && !call.starts_with("---")
        {
            let calls = traced.calls.entry(part.clone()).or_default();
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    traced
}

#[test]
fn the_audio_thread_makes_no_system_call_in_real_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-s", "64", "-o"]).arg(&file);
    let usable = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .output();
    if !usable.is_ok_and(|output| output.status.success()) {
        return skip("strace, or the right to trace");
    }
    #[cfg(feature = "screen")]
    let display = hamiltone_tests::display::Display::start();
    #[cfg(feature = "screen")]
    strace
        .envs(display.environment())
        .env_remove("WAYLAND_DISPLAY");
    strace.arg(env!("CARGO_BIN_EXE_allocation-probe"));
    strace.arg(places::clap_bundle().unwrap()).arg("trace");
    let outcome = child::run(&mut strace, Duration::from_secs(240)).unwrap();
    assert!(outcome.status.success(), "{}", outcome.output);
    #[cfg(feature = "screen")]
    assert!(
        outcome.output.contains("panel opened"),
        "{}",
        outcome.output
    );
    let traced = read(&std::fs::read_to_string(&file).unwrap());
    println!("{traced:?}");
    assert!(
        traced.blocks["live"] > 1_000 && traced.blocks["render"] == 200,
        "{traced:?}"
    );
    assert_eq!(traced.calls.get("live"), None, "{traced:?}");
    let render = traced.calls.get("render");
    let others = render
        .into_iter()
        .flatten()
        .find(|(name, _)| *name != "clock_nanosleep");
    assert_eq!(others, None, "{traced:?}");
}

#[test]
fn a_call_between_the_marks_is_found() {
    let trace = "7 lstat(\"/hamiltone-trace/begin-live\", 0x7) = -1 ENOENT\n\
                 8 futex(0x7, FUTEX_WAIT) = 0\n\
                 7 futex(0x7, FUTEX_WAKE <unfinished ...>\n\
                 7 <... futex resumed>) = 0\n\
                 7 lstat(\"/hamiltone-trace/end\", 0x7) = -1 ENOENT\n\
                 7 mmap(NULL, 4096) = 0x7\n";
    let traced = read(trace);
    let found: Vec<_> = traced.calls["live"]
        .iter()
        .map(|(name, count)| (&name[..], *count))
        .collect();
    assert_eq!((found, traced.blocks["live"]), (vec![("futex", 1)], 1));
}
