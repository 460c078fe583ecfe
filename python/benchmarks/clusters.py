"""The package and Ray in figures: rates against the command line, memory of workers, time of `import`.

    python clusters.py --command target/debug/hamiltone [--short 10000] [--long 20] [--model NAME]

Makes its files (short ones of 2 s, long ones of an hour) in a temporary folder: 16-bit mono WAV at 32 kHz, 4.6 GB for the long ones and
1.3 GB for the short ones. Needs Linux and the package with ray: target/venv-wheel after `cargo xtask test`, where the package and
target/debug/hamiltone come from the same build, or the release wheel with target/release/hamiltone. 
Prints one line of JSON per measurement; messages of Ray go to stderr. Run it on a quiet machine: with the default sizes it takes about ten
minutes of two cores at 140 x real time per core.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
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


def import_time(rounds: int) -> None:
    """`import hamiltone` against `import numpy` in fresh processes, in turn; the least of each counts."""
    least: dict[str, float] = {}
    for _ in range(rounds):
        for module in ("numpy", "hamiltone"):
            code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
            printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
            least[module] = min(least.get(module, 1e9), float(printed))
    more = least["hamiltone"] - least["numpy"]
    show(what="seconds of import", rounds=rounds, **least, hamiltone_more=more)


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


class Memory:
    """Resident memory of the processes of Ray with a part of a name, in MB, sampled while the block runs."""

    def __init__(self, name: str, period_s: float) -> None:
        self.name, self.period_s = name, period_s
        self.samples: list[int] = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.sample)

    def __enter__(self) -> "Memory":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    def sample(self) -> None:
        while not self.done.wait(self.period_s):
            largest = max((self.resident(path) for path in Path("/proc").glob("[0-9]*")), default=0)
            if largest:
                self.samples.append(largest // 1_000_000)

    def resident(self, process: Path) -> int:
        try:
            title = (process / "cmdline").read_bytes()
            if not title.startswith(b"ray::") or self.name.encode() not in title:
                return 0
            return int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:  # it ended
            return 0

    def over_time(self) -> list[int]:
        """The largest of each tenth of the time."""
        count = len(self.samples)
        tenths = (self.samples[count * n // 10 : count * (n + 1) // 10] for n in range(10))
        return [max(tenth) for tenth in tenths if tenth]


class Idle:
    """What a worker of Ray costs by itself."""

    def __call__(self, batch: object) -> object:
        time.sleep(1)
        return batch


def ray_alone() -> int:
    import ray.data

    with Memory("Idle", 0.2) as memory:
        rows = ray.data.range(4, override_num_blocks=4)
        strategy = ray.data.ActorPoolStrategy(size=1)
        rows.map_batches(Idle, batch_format="pyarrow", compute=strategy).materialize()
    return max(memory.samples, default=0)


def on_ray(files: list[Path], seconds: float, folder: Path, model: str | None, all_workers: list[int], alone: int) -> None:
    """One run for each number of workers. The first part of a run also starts its processes."""
    import hamiltone.ray

    rates: dict[int, float] = {}
    for workers in all_workers:
        out = folder / f"ray-{len(files)}-{workers}"
        parts = min(100, max(1, len(files) // 20))
        with Memory("_Worker", 1.0) as memory:
            start = time.perf_counter()
            done = hamiltone.ray.analyze(files, out=out, model=model, workers=workers, files_per_part=parts)
            rates[workers] = seconds / (time.perf_counter() - start)
        assert (done.files, done.failed, done.known) == (len(files), 0, 0), done
        show(
            what="times real time on Ray, memory of the largest worker in MB",
            files=len(files),
            workers=workers,
            rate=rates[workers],
            above_ray_itself=max(memory.samples, default=0) - alone,
            over_time=memory.over_time(),
        )
    if len(rates) > 1:
        show(what="two workers against one", files=len(files), two_to_one=rates[2] / rates[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--command", required=True)
    parser.add_argument("--model")
    parser.add_argument("--short", type=int, default=10_000)
    parser.add_argument("--long", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    show(what="machine", cores=os.cpu_count(), model=hamiltone.load(arguments.model).name, version=hamiltone.__version__)
    import_time(2 * arguments.rounds)
    with tempfile.TemporaryDirectory() as name:
        folder, model = Path(name), arguments.model
        short = [folder / f"{n}.wav" for n in range(arguments.short)]
        for n, path in enumerate(short):
            write(path, 2, n)
        compare(short[:500], 2.0 * len(short[:500]), arguments.command, model, arguments.rounds)
        ten_minutes = folder / "ten-minutes.wav"
        write(ten_minutes, 600, 0)
        compare([ten_minutes], 600.0, arguments.command, model, arguments.rounds)

        import ray

        ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
        alone = ray_alone()
        show(what="memory of an idle worker of Ray, MB", alone=alone)
        on_ray(short, 2.0 * len(short), folder, model, [1, 2], alone)
        long = [folder / f"long-{n}.wav" for n in range(arguments.long)]
        for n, path in enumerate(long):
            write(path, 3_600, n)
        if long:
            on_ray(long, 3_600.0 * len(long), folder, model, [2], alone)
        ray.shutdown()


if __name__ == "__main__":
    main()
