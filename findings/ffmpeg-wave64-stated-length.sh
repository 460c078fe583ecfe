#!/usr/bin/env bash
# ffmpeg states the padded length in the data chunk of a Wave64 file, so that it has up to seven bytes more than the sound.
#
# Version: ffmpeg 5.1 (Debian 12), sox 14.4.2, Linux x86-64, 2026-11-30.
# Input:   132 303 frames of 16-bit stereo at 44.1 kHz: 529 212 bytes, which is no multiple of eight (made below).
# Seen:    ffmpeg's size field is 24 + 529 216, and ffprobe reads 132 304 frames from its own file. Sony's specification counts the
#          chunk without its padding, as sox writes it: 24 + 529 212.
# Ours:    `decoding` follows the size field, so the file is a frame longer (docs/measured-formats.md).
#
# Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ffmpeg -loglevel error -f lavfi -i sine=440:sample_rate=44100:duration=4 -af atrim=end_sample=132303 -ac 2 -c:a pcm_s16le tone.wav
ffmpeg -loglevel error -i tone.wav ffmpeg.w64
sox tone.wav sox.w64
size() { # of the data chunk, which both write at byte 80
    od -A n -t u8 -j 96 -N 8 "$1" | tr -d ' '
}
samples() { ffmpeg -loglevel error -i "$1" -f s16le - | wc -c; }
echo "ffmpeg: $(size ffmpeg.w64), sox: $(size sox.w64); read by ffmpeg: $(samples ffmpeg.w64) and $(samples sox.w64) bytes"
[ "$(size sox.w64)" = $((24 + 529212)) ]
[ "$(size ffmpeg.w64)" = $((24 + 529216)) ]
[ "$(samples ffmpeg.w64)" = 529216 ]
