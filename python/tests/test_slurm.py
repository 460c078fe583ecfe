"""The recipe for Slurm, with a real controller and node on this machine (Debian: slurmctld slurmd slurm-client munge)."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, sound, write_wav

SETTINGS = """
ClusterName=one
SlurmctldHost={host}
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/ctld.pid
SlurmdPidFile={folder}/d.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmctldLogFile={folder}/ctld.log
SlurmdLogFile={folder}/d.log
NodeName={host} CPUs={cores} RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def cluster(tmp_path):
    missing = [program for program in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        pytest.skip("a node of Slurm has to be started by root")
    if subprocess.run(["munge", "-n"], capture_output=True).returncode != 0:
        pytest.skip("munged does not run (service munge start)")
    for name in ("state", "spool"):
        (tmp_path / name).mkdir()
    settings = tmp_path / "slurm.conf"
    host = socket.gethostname().split(".")[0]
    ports = {"port": free_port(), "node_port": free_port()}
    settings.write_text(SETTINGS.format(host=host, folder=tmp_path, cores=os.cpu_count(), **ports))
    environment = {**os.environ, "SLURM_CONF": str(settings)}
    for program in ("slurmctld", "slurmd"):
        subprocess.run([program, "-f", settings], check=True, env=environment)
    for _ in range(100):
        ready = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, env=environment).stdout
        if ready.strip() == b"idle":
            break
        time.sleep(0.1)
    yield environment
    for name in ("d", "ctld"):
        os.kill(int((tmp_path / f"{name}.pid").read_text()), signal.SIGTERM)


def test_an_array_job_gives_what_one_run_gives(cluster, tmp_path, command):
    library, out, one = tmp_path / "library", tmp_path / "out", tmp_path / "one"
    for n in range(12):
        write_wav(library / str(n % 3) / f"{n}.wav", sound(1 + n % 3, seed=n))
    program = Path(os.environ["HAMILTONE_COMMAND"]).parent
    environment = {**cluster, "PATH": f"{program}:{cluster['PATH']}"}
    recipe = [ROOT / "docs" / "analyze.sbatch", library, out, "--model", "esc10"]
    submit = ["sbatch", "--array=1-3", "--wait", f"--output={tmp_path}/task-%a.log", "--mem-per-cpu=500M", *recipe]
    subprocess.run(submit, check=True, env=environment, timeout=120)
    command("analyze", "--out", out, "--merge-summary")
    command("analyze", library, "--out", one, "--model", "esc10")
    for name in ["summary.csv", "summary.jsonl", "events.csv"]:
        assert (out / name).read_bytes() == (one / name).read_bytes(), name
