"""Every format that can be read: is its length right, does it give the labels of the WAV, what does it cost?

usage: python benchmarks/formats.py PROGRAMS [--speed]   (from the root of the repository; needs ffmpeg, opusenc, fdkaac, wavpack)

PROGRAMS is the folder of the built programs, such as target/debug; it needs `hamiltone` and, for --speed, `examples/decode`:
`cargo build --workspace --features hamiltone-plugin/assert_process_allocs --bin hamiltone --example decode`.
Without --speed, the 14 stretches of assets/demo.ogg are encoded in each format, and docs/measured-formats.md is printed.
With --speed, the CPU time of `analyze` on folders of WAV, MP3 and Opus is printed, and that of decoding alone (the goal of the last column: 1.15 at
most). It takes about a minute; run it on a quiet machine.
"""

import csv
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

HEAD = """# Audio files, format by format

Made by `python benchmarks/formats.py target/debug > docs/measured-formats.md` on {day}: the {clips} stretches of the demo (44.1 kHz, stereo), encoded in each
format (ffmpeg 5.1, opus-tools 0.2, fdkaac 1.0, wavpack 5.6) and compared with the WAV of 16 bits. Lengths are in frames. Labels are those
of `hamiltone classify` with the default model. [Audio files](AUDIO_FILES.md) explains the notes.
"""
RATE = 44_100
FFMPEG = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y"]
# Format, ending, frames of the codec, command; IN and OUT stand for the files. `None` frames: lossless or PCM, exact.
FORMATS = [
    ("WAV, PCM of 24 bits", "wav", None, "FFMPEG -i IN -c:a pcm_s24le OUT"),
    ("WAV, float", "wav", None, "FFMPEG -i IN -c:a pcm_f32le OUT"),
    ("WAV, A-law", "wav", None, "FFMPEG -i IN -c:a pcm_alaw OUT"),
    ("WAV, µ-law", "wav", None, "FFMPEG -i IN -c:a pcm_mulaw OUT"),
    ("WAV, Microsoft ADPCM", "wav", 2036, "FFMPEG -i IN -c:a adpcm_ms OUT"),
    ("WAV, IMA ADPCM", "wav", 2041, "FFMPEG -i IN -c:a adpcm_ima_wav OUT"),
    ("WAV, MP3 at 128 kbit/s", "wav", 1152, "FFMPEG -i IN -c:a libmp3lame -b:a 128k OUT"),
    ("RF64", "rf64", None, "FFMPEG -i IN -c:a pcm_s16le -rf64 always -f wav OUT"),
    ("Wave64", "w64", None, "FFMPEG -i IN -c:a pcm_s16le OUT"),
    ("AIFF", "aiff", None, "FFMPEG -i IN OUT"),
    ("AIFF-C, float", "aifc", None, "FFMPEG -i IN -c:a pcm_f32be -f aiff OUT"),
    ("AU", "au", None, "FFMPEG -i IN OUT"),
    ("CAF, PCM", "caf", None, "FFMPEG -i IN -c:a pcm_s16be OUT"),
    ("CAF, ALAC", "caf", None, "FFMPEG -i IN -c:a alac OUT"),
    ("CAF, Opus", "caf", 960, "FFMPEG -i IN -ar 48000 -c:a libopus -b:a 96k OUT"),
    ("FLAC", "flac", None, "FFMPEG -i IN OUT"),
    ("Ogg FLAC", "oga", None, "FFMPEG -i IN -c:a flac OUT"),
    ("Ogg Vorbis", "ogg", None, "FFMPEG -i IN -c:a libvorbis -q:a 4 OUT"),
    ("Opus at 96 kbit/s (opusenc)", "opus", None, "opusenc --quiet --bitrate 96 IN OUT"),
    ("Opus at 32 kbit/s (opusenc)", "opus", None, "opusenc --quiet --bitrate 32 IN OUT"),
    ("MP3 at 128 kbit/s (LAME header)", "mp3", None, "FFMPEG -i IN -c:a libmp3lame -b:a 128k OUT"),
    ("MP3 without a LAME header", "mp3", 1152, "FFMPEG -i IN -c:a libmp3lame -b:a 128k -write_xing 0 OUT"),
    ("MP2", "mp2", 1152, "FFMPEG -i IN -c:a mp2 -b:a 192k OUT"),
    ("M4A, AAC at 128 kbit/s (ffmpeg)", "m4a", None, "FFMPEG -i IN -c:a aac -b:a 128k OUT"),
    ("M4A, AAC at 128 kbit/s (fdkaac)", "m4a", None, "fdkaac --silent -b 128000 -o OUT IN"),
    ("M4A, ALAC", "m4a", None, "FFMPEG -i IN -c:a alac OUT"),
    ("M4A, HE-AAC v1 (fdkaac)", "m4a", None, "fdkaac --silent -p 5 -b 64000 -o OUT IN"),
    ("M4A, HE-AAC v2 (fdkaac)", "m4a", None, "fdkaac --silent -p 29 -b 32000 -o OUT IN"),
    ("AAC in ADTS", "aac", 1024, "FFMPEG -i IN -c:a aac -b:a 128k OUT"),
    ("MP4, MP3", "mp4", None, "FFMPEG -i IN -c:a libmp3lame -b:a 128k OUT"),
    ("MP4, Opus", "mp4", None, "FFMPEG -i IN -ar 48000 -c:a libopus -b:a 96k OUT"),
    ("MP4, FLAC", "mp4", None, "FFMPEG -i IN -c:a flac -strict -2 OUT"),
    ("MOV, ALAC", "mov", None, "FFMPEG -i IN -c:a alac OUT"),
    ("MOV, PCM", "mov", None, "FFMPEG -i IN -c:a pcm_s16le OUT"),
    ("Matroska, FLAC", "mka", None, "FFMPEG -i IN -c:a flac OUT"),
    ("Matroska, AAC", "mka", 1024, "FFMPEG -i IN -c:a aac -b:a 128k OUT"),
    ("Matroska, MP3", "mka", 1152, "FFMPEG -i IN -c:a libmp3lame -b:a 128k OUT"),
    ("WebM, Opus", "webm", None, "FFMPEG -i IN -ar 48000 -c:a libopus -b:a 96k OUT"),
    ("WebM, Vorbis", "webm", 1024, "FFMPEG -i IN -c:a libvorbis -q:a 4 OUT"),
    ("WavPack", "wv", None, "wavpack -q -y IN -o OUT"),
    ("TTA", "tta", None, "FFMPEG -i IN OUT"),
    ("WMA", "wma", None, "FFMPEG -i IN -c:a wmav2 OUT"),
    ("AC-3", "ac3", None, "FFMPEG -i IN -c:a ac3 OUT"),
]
# Why a length is not that of the WAV, where the reason is in the file.
BLOCKS = "ffmpeg pads the last block and counts its frames in `fact`"
NO_DELAY = "the file states neither the delay of the encoder ({} frames) nor the padding behind the sound"
NOTES = {
    "WAV, Microsoft ADPCM": BLOCKS,
    "WAV, IMA ADPCM": BLOCKS,
    "WAV, MP3 at 128 kbit/s": NO_DELAY.format(1105),
    "Wave64": "ffmpeg counts padding bytes as sound (findings/ffmpeg-wave64-stated-length.sh)",
    "CAF, Opus": "ffmpeg states no delay of the encoder, 312 frames (findings/ffmpeg-encoder-delay-by-container.sh)",
    "MP3 without a LAME header": NO_DELAY.format(1105),
    "MP2": "MP2 has no field for delay (481 frames) and padding",
    "AAC in ADTS": NO_DELAY.format(1024),
    "Matroska, AAC": NO_DELAY.format(1024),
    "Matroska, MP3": "ffmpeg states no delay of the encoder (1105 frames)",
    "WebM, Vorbis": "the file does not state where the sound ends; ffmpeg reads the same length",
}


def encode(command: str, source: Path, target: Path) -> None:
    files = {"IN": str(source), "OUT": str(target)}
    words = [files.get(word, word) for word in command.split()]
    words = FFMPEG + words[1:] if words[0] == "FFMPEG" else words
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def stretches(folder: Path) -> list[Path]:
    """The labelled parts of the demo as WAV files, stereo of 16 bits."""
    with open("assets/demo.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    paths = []
    for number, row in enumerate(rows):
        path = folder / f"{number:02}.wav"
        part = ["-ss", row["start_s"], "-to", row["end_s"], "-ar", str(RATE), "-ac", "2", "-c:a", "pcm_s16le"]
        subprocess.run([*FFMPEG, "-i", "assets/demo.ogg", *part, str(path)], check=True)
        paths.append(path)
    return paths


def classify(hamiltone: Path, files: list[Path]) -> dict[str, dict]:
    command = [hamiltone, "classify", "--json", "--top", "527", "--quiet", *files]
    ran = subprocess.run(command, capture_output=True, text=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    return {Path(answer["file"]).stem: answer for answer in answers} | {"error": ran.stderr}


def row(name: str, frames: int | None, truth: dict, answers: dict) -> str:
    read = [key for key in truth if key in answers]
    if not read:
        what = answers["error"].splitlines()[0].split(": ")[-2].split(";")[0] + "; the error has a command that converts"
        return f"| {name} | no | | | {what} |"
    rate = 48_000 if "Opus" in name else RATE
    longest = max(abs(answers[key]["duration_s"] - truth[key]["duration_s"]) * rate for key in read)
    allowed = frames or 1
    length = "exact" if longest < 1 else f"within {longest:.0f} frames"
    length += "" if longest <= allowed + 0.5 else " (**more than one frame of the codec**)"
    same, worst = 0, 0.0
    for key in read:
        before, after = ({tag["label"]: tag["probability"] for tag in x[key]["top"]} for x in (truth, answers))
        shown = [x[key]["leading"]["label"] for x in (truth, answers)]
        same += shown[0] == shown[1]
        worst = max([worst] + [abs(before[label] - after[label]) for label in before])
    warnings = {warning["code"] for key in read for warning in answers[key].get("warnings", [])}
    note = "; ".join([*sorted(warnings), *filter(None, [NOTES.get(name)])])
    return f"| {name} | {len(read)} of {len(truth)} | {length} | {same} of {len(read)}, {worst:.3f} | {note} |".replace("|  |", "| |")


def table(programs: Path) -> None:
    hamiltone = programs / "hamiltone"
    with tempfile.TemporaryDirectory() as folder:
        sources = stretches(Path(folder))
        truth = classify(hamiltone, sources)
        truth.pop("error")
        print(HEAD.format(day=date.today(), clips=len(sources)))
        print("| format | read | length | leading label as in WAV, largest difference of a probability | note |")
        print("|---|---|---|---|---|")
        for number, (name, ending, frames, command) in enumerate(FORMATS):
            encoded = Path(folder) / str(number)
            encoded.mkdir()
            files = [encoded / f"{source.stem}.{ending}" for source in sources]
            for source, target in zip(sources, files):
                encode(command, source, target)
            print(row(name, frames, truth, classify(hamiltone, files)), flush=True)


def cpu_seconds(command: list) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def speed(programs: Path) -> None:
    """Rounds in turn, so that other load on the machine meets all formats alike; the least of each counts."""
    formats = [
        ("WAV", "wav", "FFMPEG -i IN -c:a pcm_s16le OUT"),
        ("MP3", "mp3", "FFMPEG -i IN -c:a libmp3lame -b:a 128k OUT"),
        ("Opus", "opus", "opusenc --quiet --bitrate 96 IN OUT"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.wav"
        encode(f"FFMPEG -i IN -ar {RATE} -ac 2 OUT", Path("assets/demo.ogg"), whole)
        for name, ending, command in formats:
            (Path(folder) / name).mkdir()
            encode(command, whole, Path(folder) / name / f"0.{ending}")
            for copy in range(1, 4):
                shutil.copy(Path(folder) / name / f"0.{ending}", Path(folder) / name / f"{copy}.{ending}")
        least: dict[str, list[float]] = {name: [1e9, 1e9] for name, *_ in formats}
        for _ in range(5):
            for name, *_ in formats:
                files = sorted((Path(folder) / name).iterdir())
                analyze = [programs / "hamiltone", "analyze", "--quiet", "--format", "csv", "--jobs", "1", *files]
                decode = [programs / "examples" / "decode", *files]
                times = [cpu_seconds(analyze), cpu_seconds(decode)]
                least[name] = [min(pair) for pair in zip(least[name], times)]
        print("| format | analyze, CPU s | decoding alone, CPU s | rest against WAV |")
        print("|---|---|---|---|")
        rest_of_wav = least["WAV"][0] - least["WAV"][1]
        for name, (analyze, decode) in least.items():
            print(f"| {name} | {analyze:.2f} | {decode:.2f} | {(analyze - decode) / rest_of_wav:.2f} |")


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    speed(folder) if "--speed" in sys.argv else table(folder)
