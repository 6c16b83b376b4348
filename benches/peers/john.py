#!/usr/bin/env python3
"""John ellipsoids of others beside ours, on the same arrays, in turns.

    python3 benches/peers/john.py [--rounds N] [--environment FOLDER] [--rows N] [--columns D] [--cap SECONDS] [--no-conic]

Makes a virtual environment in a temporary folder (or in FOLDER, which is kept), installs the peers there, builds our half
(benches/src/bin/john_ellipsoids) in release mode and runs everybody on the arrays that this script makes. What is compared with is

* CCLY averaging in numpy: w ← w∘g from uniform weights, the mean of all iterates (Cohen, Cousins, Lee, Yang 2019), to gap 1e-2;
* Wolfe and Atwood's method with away steps in numpy, from Kumar and Yıldırım's start, rank-one updates of M⁻¹ and of all g, to 1e-6;
  once as it is, and once with Harman and Pronzato's deletion of rows that cannot matter;
* cvxpy with Clarabel and with SCS, at fewer rows: maximise log det Σ wᵢaᵢaᵢᵀ with w ≥ 0 and Σ wᵢ = d (at small sizes, second-order
  cones for max log det Y, ‖Yaᵢ‖ ≤ 1, took three to five times as long; linear constraints on X = Y² failed in Clarabel);
* R's cluster::ellipsoidhull, if Rscript and the package are there: it has a centre, so ours beside it is `enclosing_ellipsoid`.

Gaps of all answers are computed here in the same way, by one numpy pass over the rows with the returned shape.
"""

import argparse
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import shared
from shared import THREAD_VARIABLES, threads

INSTANCES = ("normal", "cube", "t3")
SEED = 6
COARSE, FINE = 1e-2, 1e-6
CONIC_COLUMNS = 30
# ours to 1e-6 must be faster by these
BARS = {"numpy CCLY average, 1e-2": 200, "ours CCLY average, 1e-2": 20, "numpy Wolfe-Atwood, 1e-6": 5}
CONIC_BAR = 50
# below this, a twentieth of an answer's accuracy is worth a refresh: steps between two computations of everything
REFRESH = 200


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared.add_arguments(arguments, rounds=3)
    arguments.add_argument("--rows", type=int, default=30_000)
    arguments.add_argument("--columns", type=int, default=30)
    arguments.add_argument("--cap", type=float, default=500, help="seconds after which a conic solver is stopped")
    arguments.add_argument("--conic-rows", type=int, default=10_000)
    arguments.add_argument("--no-conic", action="store_true")
    arguments.add_argument("--peers-only", action="store_true", help="without our own slower methods")
    arguments.add_argument("--conic", nargs=2, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.conic:
        conic_child(*options.conic)
    else:
        shared.enter(options, ["john"], measure)


# ---- data


def instance(name, n, d):
    import numpy

    random = numpy.random.default_rng(SEED)
    if name == "cube":
        return random.uniform(-1, 1, (n, d))
    rows = random.standard_normal((n, d))
    return rows if name == "normal" else rows / numpy.sqrt(random.chisquare(3, (n, 1)) / 3)


# ---- peers in numpy


def forms(a, w):
    """All g, and M⁻¹, of weights with sum d."""
    import numpy

    moment = (a.T * w) @ a
    inverse = numpy.linalg.inv(moment)
    return numpy.einsum("ij,ij->i", a @ inverse, a), inverse


def ccly_average(a, gap):
    import numpy

    n, d = a.shape
    w, total, look, iterates = numpy.full(n, d / n), numpy.zeros(n), 8, 0
    while True:
        total += w
        iterates += 1
        if iterates == look:  # of the average, whenever there are an eighth more
            look += max(iterates // 8, 1)
            mean = total / iterates
            if forms(a, mean)[0].max() <= 1 + gap:
                return mean, iterates
        w = w * forms(a, w)[0]


def spanning_weights(a):
    """Kumar and Yıldırım's start: d rows, each the farthest from the span of those before."""
    import numpy

    rest, w = a.copy(), numpy.zeros(len(a))
    for _ in range(a.shape[1]):
        chosen = numpy.argmax(numpy.einsum("ij,ij->i", rest, rest))
        w[chosen] = 1
        direction = rest[chosen] / numpy.linalg.norm(rest[chosen])
        rest -= numpy.outer(rest @ direction, direction)
    return w


def wolfe_atwood(a, gap, delete=False):
    import numpy

    n, d = a.shape
    w, kept, steps = spanning_weights(a), numpy.arange(n), 0
    g, inverse = forms(a, w)
    while True:
        high = int(numpy.argmax(g))
        if g[high] <= 1 + gap:
            # once more without updates
            g, inverse = forms(a, w)
            high = int(numpy.argmax(g))
            if g[high] <= 1 + gap:
                weights = numpy.zeros(n)
                weights[kept] = w
                return weights, steps
        support = numpy.flatnonzero(w)
        low = int(support[numpy.argmin(g[support])])
        j = high if g[high] - 1 >= 1 - g[low] else low
        tau = (g[j] - 1) / (d * g[j] - 1) if d * g[j] > 1 else -numpy.inf
        if j == low:
            tau = max(tau, -w[j] / (d - w[j]))
        # M ← (1 − τ)M + τd·aaᵀ
        image = inverse @ a[j]
        z = a @ image
        factor = tau * d / (1 - tau + tau * d * g[j])
        g = (g - factor * z * z) / (1 - tau)
        inverse = (inverse - factor * numpy.outer(image, image)) / (1 - tau)
        w *= 1 - tau
        w[j] = max(w[j] + tau * d, 0) if tau * d > -w[j] * (1 - 1e-12) else 0
        steps += 1
        if steps % REFRESH == 0:
            w *= d / w.sum()
            g, inverse = forms(a, w)
            if delete:
                x = d * (g.max() - 1)
                stays = g >= 1 + x / 2 - numpy.sqrt(x * (4 + x - 4 / d)) / 2 - 1e-9
                if stays.mean() < 0.8:
                    a, w, g, kept = a[stays], w[stays], g[stays], kept[stays]


# ---- conic routes, each in a process that can be stopped


def conic_child(path, solver):
    import cvxpy
    import numpy

    a = numpy.load(path)
    n, d = a.shape
    squares = numpy.einsum("ij,ik->jki", a, a).reshape(d * d, n)
    w = cvxpy.Variable(n, nonneg=True)
    moment = cvxpy.reshape(squares @ w, (d, d), order="C")
    problem = cvxpy.Problem(cvxpy.Maximize(cvxpy.log_det(moment)), [cvxpy.sum(w) == d])
    settings = {"CLARABEL": {}, "SCS": {"max_iters": 100_000}}[solver]
    start = time.perf_counter()
    problem.solve(solver=solver, **settings)
    seconds = time.perf_counter() - start
    weights = numpy.maximum(w.value, 0)
    weights *= d / weights.sum()
    print(json.dumps({"seconds": seconds, "solver": problem.solver_stats.solve_time, "status": problem.status,
                      "largest": forms(a, weights)[0].max(),
                      "log_det": numpy.linalg.slogdet((a.T * weights) @ a)[1]}))  # fmt: skip


def conic(path, solver, cap):
    """What the solver found; nothing if it was stopped, or its last words if it failed."""
    environment = os.environ | {name: "1" for name in THREAD_VARIABLES} | {"RAYON_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--conic", path, solver]
    try:
        done = subprocess.run(command, env=environment, timeout=cap, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


# ---- R

R_SCRIPT = """
suppressMessages(library(cluster))
arguments <- commandArgs(TRUE)
n <- as.integer(arguments[2]); d <- as.integer(arguments[3])
rows <- matrix(readBin(arguments[1], "double", n * d), n, d, byrow = TRUE)
start <- proc.time()[["elapsed"]]
hull <- ellipsoidhull(rows, tol = 0.01, maxit = 100000, ret.wt = FALSE)
seconds <- proc.time()[["elapsed"]] - start
centred <- sweep(rows, 2, hull$loc)
largest <- max(rowSums((centred %*% solve(hull$cov)) * centred)) / hull$d2
cat(seconds, hull$it, hull$conv, largest, as.numeric(determinant(hull$cov * hull$d2)$modulus), "\\n")
"""


def ellipsoidhull(folder, rows):
    """Seconds, iterations, whether it says that it converged, largest form, and log det of its shape; or nothing."""
    if not shutil.which("Rscript"):
        return None
    path = folder / "rows.bin"
    rows.tofile(path)
    command = ["Rscript", "-e", R_SCRIPT, str(path), *map(str, rows.shape)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        return None
    seconds, iterations, converged, largest, log_det = done.stdout.split()
    return float(seconds), int(iterations), converged, float(largest), float(log_det)


# ---- ours


class Ours(shared.Answers):
    """Questions are a method, an array, a gap, threads."""

    def __init__(self):
        super().__init__(shared.build("john_ellipsoids"), "answer")

    def ask(self, method, path, gap, count):
        return json.loads(super().ask(method, gap, count, path))


# ---- tables


def measure(options):
    from threadpoolctl import threadpool_limits

    shared.print_versions(found := shared.versions("john"))
    ours, tables = Ours(), shared.Tables()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for count in (1, threads()):
            with threadpool_limits(count):
                many_rows(ours, folder, options, count, tables)
        with threadpool_limits(1):
            with_centre(ours, folder, options, tables)
            if not options.no_conic:
                fewer_rows(ours, folder, options, tables)
    tables.write(options.json, found)


def saved(folder, name, n, d):
    import numpy

    path = folder / f"{name}_{n}_{d}.npy"
    rows = instance(name, n, d)
    numpy.save(path, rows)
    return path, rows


def stopped(job):
    start = time.perf_counter()
    answer = job()
    return time.perf_counter() - start, answer


def many_rows(ours, folder, options, count, tables):
    n, d = options.rows, options.columns
    tables.begin(f"John ellipsoids, n = {n}, d = {d}, {count} thread{'s' if count > 1 else ''}", "s")
    print(f"\n**n = {n}, d = {d}, {count} thread{'s' if count > 1 else ''}**: medians of {options.rounds} rounds in turns,")
    print("seconds (iterations or passes), and how often ours to 1e-6 would be done in that time.\n")
    print("| | " + " | ".join(f"{name}, s | ratio" for name in INSTANCES) + " |")
    print("|---|" + "---|---|" * len(INSTANCES))
    cells = {}
    for name in INSTANCES:
        path, rows = saved(folder, name, n, d)
        jobs = {
            "ours, default, 1e-6": lambda: timed_answer(ours.ask("default", path, FINE, count)),
            "ours CCLY average, 1e-2": lambda: timed_answer(ours.ask("average", path, COARSE, count)),
            "ours Wolfe-Atwood, 1e-6": lambda: timed_answer(ours.ask("wolfe_atwood", path, FINE, count)),
            "numpy CCLY average, 1e-2": lambda: timed_peer(rows, COARSE, ccly_average),
            "numpy Wolfe-Atwood, 1e-6": lambda: timed_peer(rows, FINE, wolfe_atwood),
            "numpy Wolfe-Atwood with deletion, 1e-6": lambda: timed_peer(rows, FINE, lambda a, gap: wolfe_atwood(a, gap, True)),
        }
        if options.peers_only:
            del jobs["ours CCLY average, 1e-2"], jobs["ours Wolfe-Atwood, 1e-6"]
        found = in_turns(jobs, options.rounds)
        reference = found["ours, default, 1e-6"][0]
        for job, (seconds, iterations) in found.items():
            ratio = seconds / reference
            verdict = f" MISSES {BARS[job]}" if job in BARS and ratio < BARS[job] else ""
            if job.startswith("numpy"):
                tables.add(name, "john_ellipsoid, gap 1e-6", job, reference, seconds, f"{iterations} iterations")
            cells.setdefault(job, []).append(f"{seconds:.3g} ({iterations}) | {ratio:.3g}{verdict}")
    for job, row in cells.items():
        print(f"| {job} | {' | '.join(row)} |", flush=True)


def timed_answer(answer):
    assert answer["gap"] <= 2.01 * answer["asked"], answer
    return answer["seconds"], answer["iterations"]


def timed_peer(rows, gap, solver):
    seconds, (w, iterations) = stopped(lambda: solver(rows, gap))
    largest = forms(rows, w * rows.shape[1] / w.sum())[0].max()
    assert largest <= 1 + 1.01 * gap, largest
    return seconds, iterations


def in_turns(jobs, rounds):
    """Median seconds and the iterations of each job; ours is asked three times a turn, as it is over so soon."""
    results = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            for _ in range(3 if name.startswith("ours, default") else 1):
                results[name].append(job())
    return {name: (statistics.median(s for s, _ in runs), runs[0][1]) for name, runs in results.items()}


def with_centre(ours, folder, options, tables):
    n, d = options.rows, options.columns
    tables.begin(f"Enclosing ellipsoids with a centre, n = {n}, d = {d}, one thread", "s")
    ours_name, peer = "enclosing_ellipsoid, gap 1e-6", "R's cluster::ellipsoidhull, tolerance 0.01"
    print(f"\n**With a centre, n = {n}, d = {d}, one thread**: R's ellipsoidhull with its tolerance 0.01, ours to 1e-6.\n")
    print("| | R, s (iterations) | it says converged | its largest form | its log-volume over ours | ours, s (passes) | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name in INSTANCES:
        path, rows = saved(folder, name, n, d)
        found = ellipsoidhull(folder, rows)
        if found is None:
            print("R or its package is not there.")
            tables.not_run("all", ours_name, peer, "R with its package cluster is not installed")
            return
        seconds, iterations, converged, largest, log_det = found
        mine = [ours.ask("enclosing", path, FINE, 1) for _ in range(3)]
        median = statistics.median(answer["seconds"] for answer in mine)
        # volumes of ellipsoids that are scaled to cover all rows
        excess = 0.5 * (log_det + d * math.log(largest)) - mine[0]["log_volume"]
        tables.add(name, ours_name, peer, median, seconds, f"their log-volume is {excess:.1e} above ours; converged: {converged}")
        print(f"| {name} | {seconds:.3g} ({iterations}) | {converged} | {largest:.4f} | {excess:.2e} "
              f"| {median:.3g} ({mine[0]['iterations']}) | {seconds / median:.3g} |", flush=True)  # fmt: skip


def fewer_rows(ours, folder, options, tables):
    n, d = options.conic_rows, CONIC_COLUMNS
    tables.begin(f"Conic programs for the same ellipsoid by cvxpy, n = {n}, d = {d}, one thread, one run", "s")
    print(f"\n**Conic routes, n = {n}, d = {d}, one thread**: cvxpy, one run each, stopped after {options.cap:.0f} s; seconds of")
    print("`solve` (of the solver alone), largest g, and how far log det M is below ours; all weights are scaled to the sum d.\n")
    print("| | solver | status | s (solver alone) | largest g − 1 | log det lost | ours, s | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for name in INSTANCES:
        path, _ = saved(folder, name, n, d)
        answers = [ours.ask("default", path, FINE, 1) for _ in range(5)]
        median = statistics.median(answer["seconds"] for answer in answers)
        for solver in ("CLARABEL", "SCS"):
            found = conic(path, solver, options.cap)
            route = (name, "john_ellipsoid, gap 1e-6", f"cvxpy with {solver}", median)
            if isinstance(found, str):
                print(f"| {name} | {solver} | failed: {found} |", flush=True)
                tables.not_run(*route[:3], f"failed: {found}")
                continue
            if found is None:
                tables.add(*route, options.cap, "stopped", at_least=True)
                print(f"| {name} | {solver} | stopped | > {options.cap:.0f} | | | {median:.3g} | > {options.cap / median:.0f} |", flush=True)
                continue
            lost = answers[0]["log_det"] - found["log_det"]
            ratio = found["seconds"] / median
            tables.add(*route, found["seconds"], f"{found['status']}, largest g − 1 {found['largest'] - 1:.1e}")
            verdict = "" if ratio >= CONIC_BAR else f" MISSES {CONIC_BAR}"
            print(f"| {name} | {solver} | {found['status']} | {found['seconds']:.3g} ({found['solver']:.3g}) "
                  f"| {found['largest'] - 1:.1e} | {lost:.1e} | {median:.3g} | {ratio:.0f}{verdict} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
