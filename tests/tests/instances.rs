//! Many instances in one process.
#![cfg(target_os = "linux")] // memory is read from /proc

use std::time::{Duration, Instant};

use hamiltone_tests::demo;
use hamiltone_tests::host::{Layout, Plugin, load_entry};
use hamiltone_tests::places;

const INSTANCES: usize = 32;
/// Seconds of audio for each instance.
const HEARD_S: usize = 3;
const RATE: u32 = 48_000;
const BLOCK: usize = 480;

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// All instances get the same audio at the same time, like tracks of a project.
fn render(streams: &mut [hamiltone_tests::host::Stream], samples: &[f32]) -> Duration {
    let start = Instant::now();
    for block in samples.chunks_exact(BLOCK) {
        for stream in &mut *streams {
            stream
                .input_mut()
                .iter_mut()
                .for_each(|c| c.copy_from_slice(block));
            stream.process(BLOCK).unwrap();
        }
    }
    start.elapsed()
}

#[test]
fn thirty_two_instances_share_their_weights_and_keep_up() {
    let scan = Instant::now();
    let entry = load_entry(&places::clap_bundle().unwrap()).unwrap();
    let scanned = scan.elapsed();
    assert!(
        scanned < Duration::from_millis(100),
        "a scan took {scanned:?}"
    );
    let samples = demo::audio().unwrap().samples[..HEARD_S * RATE as usize].to_vec();

    let (mut plugins, mut streams, mut created) = (Vec::new(), Vec::new(), Vec::new());
    let mut alone = 0;
    for index in 0..INSTANCES {
        let start = Instant::now();
        let mut plugin = Plugin::from_entry(&entry).unwrap();
        plugin.set_offline(true).unwrap();
        let stream = plugin.start(Layout::Stereo, RATE, BLOCK).unwrap();
        created.push(start.elapsed());
        plugins.push(plugin);
        streams.push(stream);
        if index == 0 {
            render(&mut streams, &samples); // the model is loaded, everything is warm
            alone = resident_bytes();
        }
    }
    let slowest = created[1..].iter().max().unwrap();
    assert!(*slowest < Duration::from_millis(50), "made in {created:?}");

    let took = render(&mut streams, &samples);
    let each = (resident_bytes() - alone) / (INSTANCES - 1);
    println!(
        "{INSTANCES} instances: {:.2} MB each, made in at most {slowest:?}, {HEARD_S} s of sound \
         in {took:?}",
        each as f64 / 1e6
    );
    assert!(each < 12_000_000, "{each} bytes an instance");
    assert!(
        took < Duration::from_secs(HEARD_S as u64),
        "{took:?} for {HEARD_S} s"
    );

    // Removed from the middle outwards, while the others play on.
    while !plugins.is_empty() {
        let middle = plugins.len() / 2;
        let (mut plugin, stream) = (plugins.remove(middle), streams.remove(middle));
        plugin.stop(stream);
        drop(plugin);
        render(&mut streams, &samples[..4 * BLOCK]);
    }
}
