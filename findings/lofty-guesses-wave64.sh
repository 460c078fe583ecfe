#!/usr/bin/env bash
# lofty takes a Wave64 file for AAC when it guesses the format by the contents: a program that trusts the guess writes an ID3v2 tag into it.
#
# Version: lofty 0.25.5 (crates.io), ffmpeg 5.1 (Debian 12), Linux x86-64, 2026-11-30.
# Input:   one second of a tone as Wave64, made by ffmpeg (below), which ffprobe calls w64.
# Seen:    the guess is Some(Aac). Where a file begins with no known mark, lofty searches for a frame of MPEG audio, and finds one in the samples.
# Ours:    `analyze --write-tags` also checks how the file begins (cli/src/metadata.rs), and refuses Wave64 (cli/tests/write_tags.rs).
#
# Needs cargo, ffmpeg and ffprobe. Fails if this changes.
set -euo pipefail
for program in cargo ffmpeg ffprobe; do command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 2; }; done
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
ffmpeg -v error -f lavfi -i sine=f=440:d=1:r=44100 -c:a pcm_s16le tone.w64
mkdir -p guess/src
cat > guess/Cargo.toml <<'T'
[package]
name = "guess"
version = "0.0.0"
edition = "2024"
[dependencies]
lofty = "=0.25.5"
[workspace]
T
cat > guess/src/main.rs <<'T'
fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("the file"));
    let probe = lofty::probe::Probe::new(file).guess_file_type().expect("a guess");
    println!("{:?}", probe.file_type());
}
T
cargo build -q --manifest-path guess/Cargo.toml --target-dir target
guess=$(target/debug/guess tone.w64)
echo "lofty 0.25.5: $guess; ffprobe: $(ffprobe -v error -show_entries format=format_name -of csv=p=0 tone.w64)"
[ "$(ffprobe -v error -show_entries format=format_name -of csv=p=0 tone.w64)" = w64 ]
[ "$guess" = "Some(Aac)" ]
