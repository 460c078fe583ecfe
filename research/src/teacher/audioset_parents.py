"""Writes audioset_parents.csv: the nearest labelled ancestors of each of AudioSet's 527 labels.

    python audioset_parents.py ontology.json > audioset_parents.csv

ontology.json is AudioSet's (https://github.com/audioset/ontology, by Google, CC BY-SA 4.0). Of its
632 classes 527 are labels; a class that is no label ("Human voice", "Music genre") is passed over
to its own parents. A label with several parents ("Bleat": goat and sheep) has all of them, in the
order of the ontology, separated by semicolons. Needs Python 3 only.
"""

import csv
import json
import pathlib
import sys


def main(path):
    classes = json.load(open(path, encoding="utf-8"))
    names = {entry["id"]: entry["name"] for entry in classes}
    parents = {}
    for entry in classes:
        for child in entry["child_ids"]:
            parents.setdefault(child, []).append(entry["id"])
    folder = pathlib.Path(__file__).parent
    with open(folder / "audioset_labels.csv", encoding="utf-8") as lines:
        labels = list(csv.DictReader(lines))
    known = {label["mid"] for label in labels}

    def nearest(identifier):
        found = []
        for parent in parents.get(identifier, []):
            found += [parent] if parent in known else nearest(parent)
        return list(dict.fromkeys(found))

    out = sys.stdout
    out.write("# AudioSet's hierarchy over its 527 labels, by audioset_parents.py from ontology.json by Google\n")
    out.write("# (https://github.com/audioset/ontology). This table is under CC BY-SA 4.0, like its source.\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["label", "parents"])
    for label in labels:
        above = ";".join(names[parent] for parent in nearest(label["mid"]))
        writer.writerow([label["display_name"], above])


if __name__ == "__main__":
    main(sys.argv[1])
