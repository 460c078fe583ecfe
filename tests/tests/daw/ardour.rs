//! Ardour is driven by its own Lua (`in_ardour.lua` says what is tested). Only Ardour 7 was tried.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hamiltone_tests::{child, demo, places};

use crate::{assert_passed, skip, sound};

const LUA: &str = "/usr/bin/ardour7-lua";
const LIBRARIES: &str = "/usr/lib/ardour7";
/// Frames in a block; Ardour renders whole ones.
const BLOCK: u32 = 1024;
/// A preset for exports: stereo WAV of floats, so that every bit can be compared.
const EXPORT_PRESET: &str = "6c3d9a4e-6f0e-4d55-9d7e-3f2d5f0b7a11";
/// The format of that name that comes with Ardour.
const BWAV_32_FLOAT: &str = "20b4ab09-6452-4cb3-bd66-b921cdbd2942";

/// A program of Ardour's, away from the user's sessions and settings.
fn ardour(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env("LD_LIBRARY_PATH", LIBRARIES)
        .env("LC_ALL", "C.UTF-8") // without a locale, Ardour aborts
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env_remove("VST3_PATH");
    command
}

/// A home with the bundle where Ardour looks, and the presets.
fn make_home(home: &Path, bounces: &Path) {
    let presets = home.join(".vst3/presets/Hamiltone/Hamiltone");
    let exports = home.join("config/ardour7/export");
    fs::create_dir_all(&presets).unwrap();
    fs::create_dir_all(&exports).unwrap();
    fs::create_dir(home.join("cache")).unwrap();
    std::os::unix::fs::symlink(
        places::vst3_bundle().unwrap(),
        home.join(".vst3/Hamiltone.vst3"),
    )
    .unwrap();
    fs::write(presets.join("bounce.vstpreset"), sound::preset(bounces)).unwrap();
    let export = format!(
        r#"<ExportPreset id="{EXPORT_PRESET}" name="floats"><ExportFormat id="{BWAV_32_FLOAT}"/></ExportPreset>"#
    );
    fs::write(exports.join("floats.preset"), export).unwrap();
}

#[test]
fn the_vst3_works_in_ardour() {
    let scanner = Path::new(LIBRARIES).join("ardour-vst3-scanner");
    if !Path::new(LUA).exists() || !scanner.exists() {
        return skip("Ardour 7");
    }
    let audio = demo::audio().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [home, bounces, channel] =
        ["home", "bounces", "channel.wav"].map(|name| folder.path().join(name));
    fs::create_dir(&home).unwrap();
    fs::create_dir(&bounces).unwrap();
    make_home(&home, &bounces);
    fs::write(&channel, sound::wav(&audio)).unwrap();

    let mut scan = ardour(scanner.to_str().unwrap(), &home);
    scan.arg("-f").arg(home.join(".vst3/Hamiltone.vst3"));
    let outcome = child::run(&mut scan, Duration::from_secs(60)).unwrap();
    assert_passed(&outcome, "");

    let mut script = ardour(LUA, &home);
    script
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daw/in_ardour.lua"))
        .arg(folder.path())
        .arg(audio.sample_rate.to_string())
        .arg(audio.samples.len().to_string())
        .args([&channel, &channel])
        .arg(EXPORT_PRESET);
    let outcome = child::run(&mut script, Duration::from_secs(300)).unwrap();
    assert_passed(&outcome, "all passed");

    let exported = sound::read_wav(&folder.path().join("export.wav"));
    assert_eq!(exported.len(), 2 * audio.samples.len());
    for (frame, sample) in exported.chunks(2).zip(&audio.samples) {
        // Equal in every bit but the sign of zero, which the master bus adds to.
        assert!(frame.iter().all(|out| out == sample));
    }
    sound::assert_bounced(&bounces, &audio, BLOCK);
}
