"""Tags audio files: the answer for the whole file, then the events over time.

    python tag_file.py FILE... [--model NAME]
"""

import argparse

import hamiltone


def main() -> None:
    parser = argparse.ArgumentParser(description="Tag audio files.")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--model", help="a model's name or file; " + ", ".join(hamiltone.models()))
    arguments = parser.parse_args()
    model = hamiltone.load(arguments.model)
    for path in arguments.files:
        try:
            answer, timeline = model.classify_file(path), model.analyze_file(path)
        except (OSError, ValueError) as error:  # a missing file, or no audio
            print(f"error: {error}")
            continue
        print(f"{path} ({answer.duration_s:.1f} s)")
        for label, probability in answer.top(3):
            print(f"  {100 * probability:5.1f} %  {label}")
        for event in timeline.events.to_arrow().to_pylist():
            print(f"  {event['start_s']:8.2f} to {event['end_s']:8.2f} s  {event['label']}")


if __name__ == "__main__":
    main()
