#!/usr/bin/env bash
# Hugging Face's `audiofolder` silently leaves out all classes but "train" (one of ESC-50), and all files but one if that has "test" in its name.
#
# Version: datasets 5.2.0 (PyPI), Linux x86-64, 2026-12-01.
# Input:   folders of classes, one WAV file or more in each (made below), read with `load_dataset_builder("audiofolder", data_dir=...)`, which
#          `load_dataset` uses. No metadata file, no folders of splits.
# Seen:    the files that are left
#            dog, rain, siren                       all, as the split train
#            dog, rain, train                       those of the folder train alone
#            dog, rain, "train horn"                those of the folder "train horn" alone
#            dog with 1.wav and mic_test_2.wav, rain   mic_test_2.wav alone, as the split test
#            dog with 1.wav and mictest-2.wav, rain    all
#            dog with 1.wav and val-mela-2.wav, rain   val-mela-2.wav alone, as the split validation
#            dog, rain, Train                       all: only lower case counts
#          There is no error or warning. With data_files={"train": "**"} no file is left out.
# Why:     if one of the words train, training, test, testing, eval, evaluation, val, valid, validation or dev stands in the name of a folder or file,
#          between its ends, spaces, points, hyphens, underscores or digits, that is taken for a split. Files of no split are then left out.
# Who:     those who sort ESC-50 into folders of classes, or have recordings with names such as "mic test 2" among others.
# Ours:    `--task folders` takes each folder for a label, whatever its name (training/src/dataset/layouts.rs). For `audiofolder`, give
#          data_files={"train": "**"}.
#
# Fails if any of this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0
cd "$folder"
HF_HUB_OFFLINE=1 HF_HOME="$folder/home" venv/bin/python -W error::UserWarning - <<'PYTHON'
import os
import sys
import wave

import datasets

cases = [
    (["dog/1", "rain/1", "siren/1"], {}, {"train": ["dog/1", "rain/1", "siren/1"]}),
    (["dog/1", "rain/1", "train/1", "train/2"], {}, {"train": ["train/1", "train/2"]}),
    (["dog/1", "rain/1", "train horn/1"], {}, {"train": ["train horn/1"]}),
    (["dog/1", "dog/mic_test_2", "rain/1"], {}, {"test": ["dog/mic_test_2"]}),
    (["dog/1", "dog/mictest-2", "rain/1"], {}, {"train": ["dog/1", "dog/mictest-2", "rain/1"]}),
    (["dog/1", "dog/val-mela-2", "rain/1"], {}, {"validation": ["dog/val-mela-2"]}),
    (["dog/1", "rain/1", "Train/1"], {}, {"train": ["Train/1", "dog/1", "rain/1"]}),
    (["dog/1", "rain/1", "train/1"], {"data_files": {"train": "**"}}, {"train": ["dog/1", "rain/1", "train/1"]}),
]
same = True
for number, (names, options, expected) in enumerate(cases):
    root = os.path.abspath(f"sounds{number}")
    for name in names:
        path = f"{root}/{name}.wav"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with wave.open(path, "wb") as file:
            file.setparams((1, 2, 8_000, 0, "NONE", ""))
            file.writeframes(bytes(1_600))
    builder = datasets.load_dataset_builder("audiofolder", data_dir=root, cache_dir="cache", **options)
    files = builder.config.data_files
    seen = {str(split): sorted(os.path.relpath(path, root)[:-4] for path in paths) for split, paths in files.items()}
    print(f"{names} {options or ''}: {seen}")
    same &= seen == expected
sys.exit(0 if same else "this behaviour has changed")
PYTHON
