#!/usr/bin/env bash
# The class-averaged F1 of sed_eval and of psds_eval is 1.0 for a detector that finds one class of three and is silent on the others.
#
# Version: sed_eval 0.2.1 (with dcase_util 0.2.20), psds_eval 0.5.3, numpy 2.3.5, pandas 2.3.3 (all PyPI), Linux x86-64, 2026-12-01.
# Input:   a minute with three events of 1 s, one each of dog, siren and rain, and two lists of detections (made below): both have dog at its place; the
#          second has siren and rain too, but elsewhere.
# Seen:    F1 averaged over the classes. By the usual rule, 2 TP / (2 TP + FP + FN), both are 1/3:
#                                                    sed_eval, events   sed_eval, segments of 1 s   psds_eval
#            silent on siren and rain                1.0                1.0                         1.0
#            siren and rain wrong                    .333               .333                        1.0
# Why:     sed_eval: the precision of a class without detections is NaN, and so is its F1; the average leaves out NaN. psds_eval derives the number of
#          events from the share that was found, 0 / 0, so a class of which nothing was found counts as absent, however many false alarms it has.
# Who:     those who compare systems, or choose a threshold, by a class-averaged F1: a high threshold silences the difficult classes, and the score rises.
#          sed_eval's overall F1, over all events, is .5 and .333, as it should be.
# Ours:    no such score: reports of `hamiltone-training` state accuracy, mean recall and mAP (training/src/evaluation.rs).
#          Before you compare class-averaged F1 of these two, see that no class is NaN, or count NaN as 0.
#
# Fails if any of this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sed_eval==0.2.1 dcase_util==0.2.20 psds_eval==0.5.3 numpy==2.3.5 pandas==2.3.3 \
    setuptools==79.0.1 # dcase_util needs its pkg_resources
cd "$folder"
venv/bin/python -W ignore - <<'PYTHON'
import sys

import pandas as pd
import psds_eval
import sed_eval
from dcase_util.containers import MetaDataContainer

CLASSES = ["dog", "rain", "siren"]
COLUMNS = ["filename", "onset", "offset", "event_label"]
events = [("a.wav", 1.0, 2.0, "dog"), ("a.wav", 11.0, 12.0, "siren"), ("a.wav", 21.0, 22.0, "rain")]
wrong = [("a.wav", 31.0, 32.0, "siren"), ("a.wav", 41.0, 42.0, "rain")]


def by_sed_eval(metric, detections):
    reference, estimated = (MetaDataContainer([dict(zip(COLUMNS, e)) for e in some]) for some in (events, detections))
    metric.evaluate(reference, estimated)
    average = metric.results_class_wise_average_metrics()["f_measure"]["f_measure"]
    return float(average), float(metric.results_overall_metrics()["f_measure"]["f_measure"])


def by_psds_eval(detections):
    tables = [pd.DataFrame(some, columns=COLUMNS) for some in (events, detections)]
    length = pd.DataFrame([("a.wav", 60.0)], columns=["filename", "duration"])
    scorer = psds_eval.PSDSEval(dtc_threshold=0.5, gtc_threshold=0.5, cttc_threshold=0.3, ground_truth=tables[0], metadata=length)
    average, _ = scorer.compute_macro_f_score(tables[1])
    return float(average)


same = True
third = 1 / 3
for name, detections, expected in (
    ("silent on two classes", events[:1], (1.0, 0.5, 1.0, 0.5, 1.0)),
    ("wrong on two classes", events[:1] + wrong, (third, third, third, third, 1.0)),
):
    by_events = sed_eval.sound_event.EventBasedMetrics(event_label_list=CLASSES, t_collar=0.2)
    by_segments = sed_eval.sound_event.SegmentBasedMetrics(event_label_list=CLASSES, time_resolution=1.0)
    seen = (*by_sed_eval(by_events, detections), *by_sed_eval(by_segments, detections), by_psds_eval(detections))
    shown = [round(value, 3) for value in seen]
    print(f"{name}: sed_eval, events {shown[0]} (overall {shown[1]}), segments {shown[2]} (overall {shown[3]}); psds_eval {shown[4]}")
    same &= all(abs(a - b) < 1e-9 for a, b in zip(seen, expected))
sys.exit(0 if same else "this behaviour has changed")
PYTHON
