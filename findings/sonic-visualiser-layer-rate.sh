#!/usr/bin/env bash
# Sonic Visualiser ignores the sample rate that an annotation layer (.svl) states.
#
# Version: Sonic Visualiser 4.5.1 (Debian 12 package 4.5.1-1+b1), Linux x86-64, 2026-11-30.
# Input:   12 s of a tone at 44.1 kHz, and a layer with one region from frame 88 200 to 176 400 (made below).
# Seen:    with sampleRate="88200" in the layer's model the region is drawn at the same place as with sampleRate="44100",
#          2 s to 4 s, though at 88.2 kHz these frames are 1 s to 2 s. Other frames are drawn elsewhere.
# Ours:    `exports` writes layers at the rate of the audio file (exports/src/format/svl.rs).
#
# Needs root for apt-get. Compares pictures of the window. Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
display=:93
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
apt-get install -qq -y --no-install-recommends sonic-visualiser=4.5.1-1+b1 xvfb xdotool ffmpeg >/dev/null
export HOME=$folder DISPLAY=$display QT_QPA_PLATFORM=xcb
cd "$folder"
ffmpeg -loglevel error -f lavfi -i sine=440:r=44100:d=12 tone.wav

layer() { # name, rate, frame
    cat >"$1.svl" <<XML
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE sonic-visualiser>
<sv><data>
<model id="1" name="layer" sampleRate="$2" start="0" end="529200" type="sparse" dimensions="3" resolution="1" notifyOnAdd="true" dataset="2" subtype="region" valueQuantization="0" minimum="0" maximum="2" units=""/>
<dataset id="2" dimensions="3"><point frame="$3" value="1" duration="88200" label="region"/></dataset>
</data><display><layer id="3" type="regions" name="layer" model="1" verticalScale="1" plotStyle="0"/></display></sv>
XML
}

picture() { # name: a checksum of the pane
    sonic-visualiser --no-osc tone.wav "$1.svl" >/dev/null 2>&1 &
    local program=$!
    sleep 8
    xdotool mousemove 329 528 click 1 && sleep 1 # the question about the network at the first start
    xdotool mousemove 897 559 click 1 && sleep 8
    ffmpeg -loglevel error -f x11grab -video_size 1280x800 -i $display -frames:v 1 \
        -vf crop=560:370:12:75 -f rawvideo -pix_fmt rgb24 - | sha256sum | cut -c1-16
    kill $program && wait $program 2>/dev/null || true
}

Xvfb $display -screen 0 1280x800x24 >/dev/null 2>&1 &
sleep 2
layer warm 44100 88200
layer same 44100 88200
layer stated 88200 88200
layer elsewhere 44100 132300
picture warm >/dev/null # answers the question
same=$(picture same)
stated=$(picture stated)
elsewhere=$(picture elsewhere)
echo "44.1 kHz: $same, 88.2 kHz: $stated, other frames: $elsewhere"
test "$same" != "$elsewhere" || { echo "the region does not show in the pictures"; exit 1; }
test "$same" = "$stated" || { echo "changed: the stated rate has an effect"; exit 1; }
