"""Rates of the command line, the package and Ray on the same files, and the memory of workers.

    python clusters.py --command target/release/hamiltone [--short 10000] [--long 20] [--model NAME]

Makes its files (short ones of 2 s, long ones of an hour) in a temporary folder: 16-bit mono WAV at 32 kHz. Needs the release wheel
with ray. Prints one line of JSON per measurement; run it on a quiet machine.
"""

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

import hamiltone

RATE = 32_000


def write(path: Path, seconds: float, seed: int) -> None:
    second = np.random.default_rng(seed).normal(0, 3_000, RATE).astype("<i2")
    tone = (8_000 * np.sin(np.arange(RATE) * (0.02 + 0.001 * (seed % 50)))).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for at in range(int(seconds)):
            file.writeframes((second if at // 3 % 2 else tone).tobytes())


def cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def show(**figures: object) -> None:
    print(json.dumps(figures), flush=True)


def resident(process: int) -> int:
    """Resident memory in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def compare(files: list[Path], seconds: float, command: str, model: str | None, rounds: int) -> None:
    """Command line and package in turn, one thread each, by CPU time."""
    loaded = hamiltone.load(model)
    name = ["--model", model] if model else []
    rates: dict[str, list[float]] = {"command": [], "package": []}
    for _ in range(rounds):
        before = cpu(resource.RUSAGE_CHILDREN)
        arguments = [command, "analyze", *map(str, files), *name, "--jobs", "1", "--format", "json", "--quiet"]
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
        rates["command"].append(seconds / (cpu(resource.RUSAGE_CHILDREN) - before))
        before = cpu(resource.RUSAGE_SELF)
        for path in files:
            loaded.analyze_file(path).to_json()
        rates["package"].append(seconds / (cpu(resource.RUSAGE_SELF) - before))
    by = {name: float(np.median(values)) for name, values in rates.items()}
    show(
        what="times real time per CPU-second",
        files=len(files),
        rounds=rounds,
        **by,
        package_to_command=by["package"] / by["command"],
        spread={name: [min(values), max(values)] for name, values in rates.items()},
    )


def flat(files: list[Path], model: str | None) -> None:
    """Memory of one process over many files."""
    loaded, seen = hamiltone.load(model), []
    for index, path in enumerate(files):
        loaded.analyze_file(path)
        if index % (len(files) // 10 or 1) == 0:
            seen.append(resident(os.getpid()) // 1_000_000)
    show(what="resident memory of one process, MB", files=len(files), over_time=seen)


def on_ray(files: list[Path], seconds: float, folder: Path, model: str | None) -> None:
    import ray

    import hamiltone.ray

    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    rates = {}
    for workers in (1, 2, 1, 2):
        # The first call also starts the processes.
        start = time.perf_counter()
        out = folder / f"ray-{workers}-{start}"
        hamiltone.ray.analyze(files, out=out, model=model, workers=workers, files_per_part=100)
        rates.setdefault(workers, []).append(seconds / (time.perf_counter() - start))
    best = {workers: max(values) for workers, values in rates.items()}
    show(what="times real time on Ray", files=len(files), one=best[1], two=best[2], two_to_one=best[2] / best[1])
    ray.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True)
    parser.add_argument("--model")
    parser.add_argument("--short", type=int, default=10_000)
    parser.add_argument("--long", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    show(what="machine", cores=os.cpu_count(), model=hamiltone.load(arguments.model).name, version=hamiltone.__version__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = [folder / f"{n}.wav" for n in range(arguments.short)]
        long = [folder / f"long-{n}.wav" for n in range(arguments.long)]
        for n, path in enumerate(short):
            write(path, 2, n)
        for n, path in enumerate(long):
            write(path, 3_600, n)
        compare(short[:500], 2.0 * len(short[:500]), arguments.command, arguments.model, arguments.rounds)
        if long:
            compare(long[:1], 3_600.0, arguments.command, arguments.model, arguments.rounds)
        flat(short, arguments.model)
        on_ray(short, 2.0 * len(short), folder, arguments.model)
        if long:
            on_ray(long, 3_600.0 * len(long), folder, arguments.model)


if __name__ == "__main__":
    main()
