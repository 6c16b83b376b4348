"""What the comparisons share: environments of others, our half, turns, and the rows of their tables."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


# ---- environments


def add_arguments(arguments, rounds):
    """The options that every comparison has."""
    import argparse

    arguments.add_argument("--rounds", type=int, default=rounds)
    arguments.add_argument("--environment", type=pathlib.Path, help="a virtual environment to keep and use again")
    arguments.add_argument("--json", type=pathlib.Path, help="where medians and ratios go, for all.py")
    arguments.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)


def enter(options, names, measure, environment=None):
    """Calls `measure` where the peers are: makes a virtual environment, in a temporary folder unless one is named, and runs the script again there."""
    if options.inside:
        measure(options)
    elif options.environment:
        run_inside(options.environment, names, environment or {})
    else:
        with tempfile.TemporaryDirectory() as folder:
            run_inside(pathlib.Path(folder), names, environment or {})


def run_inside(folder, names, environment):
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    files = [part for name in names for part in ("--requirement", HERE / "requirements" / f"{name}.txt")]
    # nothing to do where they are already
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *files], check=True)
    subprocess.run([python, *sys.argv, "--inside"], check=True, env=os.environ | environment)


def requirements(name):
    """Packages and their pinned versions."""
    lines = (HERE / "requirements" / f"{name}.txt").read_text().split()
    return dict(line.split("==") for line in lines)


def versions(*names):
    """What is installed of the packages in these files."""
    from importlib.metadata import version

    found = {package: version(package) for name in names for package in requirements(name)}
    return found | {"Python": sys.version.split()[0]}


def print_versions(found):
    print(", ".join(f"{name} {version}" for name, version in found.items()))


def threads():
    return len(os.sched_getaffinity(0))


# ---- our half


def build(binary):
    """The path of a binary of the benches package, in release mode."""
    return built(["-p", "provable-dp-benches", "--bin", binary], binary)


def built(arguments, binary):
    command = ["cargo", "build", "--release", *arguments, "--message-format=json"]
    messages = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    executables = [json.loads(line).get("executable") for line in messages.splitlines()]
    (path,) = [path for path in executables if path and path.endswith(binary)]
    return path


class Answers:
    """A process that answers questions, a line each."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline()


# ---- turns


def stopped(job):
    """Seconds."""
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def in_turns(jobs, rounds):
    """Median of what each job returns, all jobs in turns, so that a machine that is busy is busy for everybody."""
    found = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            found[name].append(job())
    return {name: statistics.median(values) for name, values in found.items()}


# ---- tables


class Tables:
    """Rows of several tables: each has our median and theirs in one unit, less is better, or why there is none."""

    def __init__(self):
        self.tables, self.start = [], time.monotonic()

    def begin(self, title, unit):
        self.tables.append({"title": title, "unit": unit, "rows": []})

    def add(self, case, ours, peer, mine, theirs, note="", at_least=False):
        """`at_least`: they were stopped."""
        row = {"case": case, "ours": ours, "peer": peer, "our_median": mine, "their_median": theirs, "ratio": theirs / mine}
        self.tables[-1]["rows"].append(row | {"at_least": at_least, "note": note})

    def not_run(self, case, ours, peer, reason):
        self.tables[-1]["rows"].append({"case": case, "ours": ours, "peer": peer, "not_run": reason})

    def write(self, path, found):
        if path:
            path.write_text(json.dumps({"versions": found, "tables": self.tables, "seconds": time.monotonic() - self.start}, ensure_ascii=False))
