#!/usr/bin/env python3
"""Accountants of others beside ours: what they say, whether it is true, and how long it takes.

    python3 benches/peers/accountants.py [--rounds N] [--environment FOLDER]

Makes a virtual environment in a temporary folder (or in FOLDER, which is kept), installs the peers there, builds our half
(benches/src/bin/accountants.rs) in release mode, and asks all of them in turns, so that a machine that is busy is busy for
everybody. Times are of one call in a process that is warm: from the parameters of the mechanism to epsilon.
"""

import argparse
import json
import math
import pathlib
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PEERS = ["dp-accounting==0.6.0", "prv-accountant==0.2.0"]
ROOT = pathlib.Path(__file__).resolve().parents[2]

# name, mechanism, how often, delta
ROWS = [
    ("Gaussian σ=20", "gaussian:20", 100, 1e-6),
    ("Gaussian σ=20", "gaussian:20", 1000, 1e-6),
    ("Laplace b=50", "laplace:50", 100, 1e-6),
    ("Laplace b=50", "laplace:50", 1000, 1e-6),
    ("Poisson q=.01 σ=1", "poisson:0.01:1", 1000, 1e-5),
]
SMALL_DELTAS = [
    (10, 1_000, 1e-12),
    (50, 10_000, 1e-12),
    (200, 100_000, 1e-12),
    (100, 100_000, 1e-12),
    (100, 100_000, 1e-13),
    (100, 100_000, 1e-20),
]
GRID = 1e-4  # value_discretization_interval of dp-accounting
PRV_EPSILON_ERROR = 0.01
PRV_DELTA_ERROR = 1e-3  # of delta
PATIENCE = 300  # seconds, in the table of small deltas
MEMORY = 12 << 30  # bytes


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=11)
    arguments.add_argument("--environment", type=pathlib.Path, help="a virtual environment to keep and use again")
    arguments.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.inside:
        measure(options.rounds)
    elif options.environment:
        run_inside(options.environment, options.rounds)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run_inside(pathlib.Path(folder), options.rounds)


def run_inside(folder, rounds):
    """Runs this script again where the peers are."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    subprocess.run([python, __file__, "--inside", "--rounds", str(rounds)], check=True)


# ---- ours: a process that answers questions


class Ours:
    def __init__(self):
        build = ["cargo", "build", "--release", "-p", "provable-dp-benches", "--bin", "accountants"]
        messages = subprocess.run(
            build + ["--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        ).stdout
        executables = [json.loads(line).get("executable") for line in messages.splitlines()]
        (path,) = [path for path in executables if path and path.endswith("accountants")]
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, asked, mechanism, count, point):
        """Lower bound, upper bound, seconds."""
        print(asked, mechanism, count, repr(point), file=self.process.stdin, flush=True)
        lower, upper, nanoseconds = self.process.stdout.readline().split()
        return float(lower), float(upper), float(nanoseconds) * 1e-9


# ---- theirs


def dp_accounting(mechanism, count, delta):
    """An upper bound ("pessimistic estimate") of epsilon."""
    from dp_accounting.pld import privacy_loss_distribution as pld

    kind, *numbers = mechanism.split(":")
    if kind == "gaussian":
        once = pld.from_gaussian_mechanism(float(numbers[0]), value_discretization_interval=GRID)
    elif kind == "laplace":
        once = pld.from_laplace_mechanism(float(numbers[0]), value_discretization_interval=GRID)
    else:
        rate, sigma = map(float, numbers)
        once = pld.from_gaussian_mechanism(sigma, sampling_prob=rate, value_discretization_interval=GRID)
    epsilon = once.self_compose(count).get_epsilon_for_delta(delta)
    return epsilon, epsilon


def prv_accountant(mechanism, count, delta):
    """Lower and upper bound of epsilon."""
    from prv_accountant import PRVAccountant
    from prv_accountant import privacy_random_variables as variables

    kind, *numbers = mechanism.split(":")
    makers = {
        "gaussian": variables.GaussianMechanism,
        "laplace": lambda scale: variables.LaplaceMechanism(1 / scale),
        "poisson": variables.PoissonSubsampledGaussianMechanism,
    }
    accountant = PRVAccountant(
        prvs=[makers[kind](*map(float, numbers))],
        max_self_compositions=[count],
        eps_error=PRV_EPSILON_ERROR,
        delta_error=delta * PRV_DELTA_ERROR,
    )
    lower, _, upper = accountant.compute_epsilon(delta, [count])
    return float(lower), float(upper)


def timed(peer, mechanism, count, delta):
    start = time.perf_counter()
    lower, upper = peer(mechanism, count, delta)
    return lower, upper, time.perf_counter() - start


# ---- tables


def measure(rounds):
    import warnings

    warnings.filterwarnings("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, give_up)
    ours = Ours()
    print_versions()
    side_by_side(ours, rounds)
    small_deltas(ours)


def give_up(*_):
    raise TimeoutError


def print_versions():
    from importlib.metadata import version

    peers = ", ".join(f"{name} {version(name)}" for name in ("dp-accounting", "prv-accountant", "numpy", "scipy"))
    print(f"{peers}; one row added or removed, sensitivity 1")


def side_by_side(ours, rounds):
    print(f"\nTimes in milliseconds: median (minimum) of {rounds} rounds in turns, one call each, after one that is not counted.")
    print("Ratio: theirs over ours, of medians (of minima). Slack: upper bound less our lower bound; width: of the interval.\n")
    for name, mechanism, count, delta in ROWS:
        jobs = {
            "ours, upper": lambda: ours.ask("upper", mechanism, count, delta),
            "dp-accounting": lambda: timed(dp_accounting, mechanism, count, delta),
            "ours, interval": lambda: ours.ask("interval", mechanism, count, delta),
            "prv-accountant": lambda: timed(prv_accountant, mechanism, count, delta),
            "ours, best": lambda: ours.ask("best", mechanism, count, delta),
        }
        answers, times = in_turns(jobs, rounds)
        print_row(f"{name}, {count} times, δ = {delta:g}", answers, times)


def in_turns(jobs, rounds):
    times = {name: [] for name in jobs}
    answers = {name: job()[:2] for name, job in jobs.items()}
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(job()[2])
    return answers, times


def print_row(title, answers, times):
    least = answers["ours, interval"][0]
    print(f"{title}: ε ≥ {least:.12f}")
    for name, (lower, upper) in answers.items():
        middle, best = statistics.median(times[name]), min(times[name])
        bound = f"ε ≤ {upper:.12f}" if name != "prv-accountant" else f"ε in {lower:.6f} … {upper:.6f}"
        print(f"  {name:<16}{bound:<28}{tightness(name, lower, upper, least):<34}{cost(middle, best)}")
    for our_name, their_name, our_slack, their_slack in [
        ("ours, upper", "dp-accounting", answers["ours, upper"][1] - least, answers["dp-accounting"][1] - least),
        ("ours, interval", "prv-accountant", spread(answers["ours, interval"]), spread(answers["prv-accountant"])),
    ]:
        ratio = statistics.median(times[their_name]) / statistics.median(times[our_name])
        best = min(times[their_name]) / min(times[our_name])
        tighter = "we are tighter" if our_slack <= their_slack else "THEY ARE TIGHTER"
        print(f"  {their_name} / {our_name}: {ratio:.1f} ({best:.1f}), {tighter}: {our_slack:.2e} against {their_slack:.2e}")
    print()


def spread(bounds):
    return bounds[1] - bounds[0]


def tightness(name, lower, upper, least):
    if name in ("ours, interval", "prv-accountant"):
        return f"width {upper - lower:.2e} ({(upper - lower) / least:.1e})"
    if upper < least:
        return f"BELOW a lower bound, by {least - upper:.2e}"
    return f"slack {upper - least:.2e} ({(upper - least) / least:.1e})"


def cost(middle, best):
    return f"{middle * 1e3:9.3f} ({best * 1e3:.3f})"


def small_deltas(ours):
    print("Small δ: Gaussian noise, where a closed form tells what is true. δ/claim: the true δ at the ε that is claimed.")
    header = f"{'σ':>5}{'times':>9}{'δ':>8}{'exact ε':>16}{'ours, upper':>15}{'excess':>9}"
    print(header + f"{'dp-accounting':>16}{'δ/claim':>10}{'prv upper':>14}{'δ/claim':>10}")
    for sigma, count, delta in SMALL_DELTAS:
        mechanism = f"gaussian:{sigma}"
        exact = ours.ask("closed", mechanism, count, delta)[1]
        upper = ours.ask("upper", mechanism, count, delta)[1]
        cells = f"{sigma:>5}{count:>9}{delta:>8.0e}{exact:>16.10f}{upper:>15.9f}{upper / exact - 1:>9.1e}"
        for peer, width in ((dp_accounting, 16), (prv_accountant, 14)):
            cells += claim(ours, peer, (mechanism, count, delta), width)
        print(cells + ("" if exact <= upper else "  OURS IS WRONG"))


def claim(ours, peer, case, width):
    mechanism, count, delta = case
    signal.alarm(PATIENCE)
    try:
        epsilon = peer(*case)[1]
    except Exception as error:  # whatever they raise is their answer
        return f"{type(error).__name__[: width - 2]:>{width}}{'–':>10}"
    finally:
        signal.alarm(0)
    if not (math.isfinite(epsilon) and epsilon >= 0):
        return f"{epsilon:>{width}.5f}{'–':>10}"
    true_delta = ours.ask("delta", mechanism, count, epsilon)[0]
    return f"{epsilon:>{width}.6f}{true_delta / delta:>10.4g}"


if __name__ == "__main__":
    main()
