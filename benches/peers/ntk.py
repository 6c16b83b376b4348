#!/usr/bin/env python3
"""Tangent kernels and kernel ridge regression of others beside ours, on the same arrays, in turns.

    python3 benches/peers/ntk.py [--rounds N] [--environment FOLDER] [--rows N] [--columns D] [--regression-rows N]

Makes a virtual environment in a temporary folder (or in FOLDER, which is kept), installs the peers there, builds our half
(benches/src/bin/ntk_kernels) in release mode and runs everybody on the arrays that this script makes. What is compared with is

* neural-tangents on jax, compiled before it is timed, in single and in double precision: Gram matrices of the NTK;
* scikit-learn's KernelRidge, from points to predictions: with the quadratic kernel, which is the same model as ours, and with its
  Gaussian kernel beside our ReLU NTK of depth 3, which costs more.

Values are compared first, in double precision; the script stops where they disagree. It wants Python 3.9 to 3.12 (as jax 0.4.30 does).
"""

import argparse
import pathlib
import tempfile

import shared
from shared import in_turns, stopped, threads

SEED = 7
DEPTH = 3
GOLDEN_ROWS, GOLDEN_COLUMNS = 300, 40
# of √(K(x, x)K(y, y)); ours and theirs both magnify the rounding of the dot product near equal points, and the arc cosine there
TOLERANCE = {"f64": 1e-6, "f32": 1e-4}
RIDGE, OUTPUTS, REGRESSION_COLUMNS, QUERIES = 0.5, 10, 128, 2000
GRAM_BAR, RIDGE_BAR = 3, 1


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared.add_arguments(arguments, rounds=3)
    arguments.add_argument("--rows", type=int, default=5000)
    arguments.add_argument("--columns", type=int, default=512)
    arguments.add_argument("--regression-rows", type=int, default=10_000)
    # what jax's dependencies say about graphics cards is beside the point
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    shared.enter(arguments.parse_args(), ["ntk"], measure, quiet)


class Ours(shared.Answers):
    def __init__(self):
        super().__init__(shared.build("ntk_kernels"), "answer")

    def ask(self, *words):
        return float(super().ask(*words))


def saved(folder, name, array):
    import numpy

    numpy.save(folder / f"{name}.npy", array)
    return folder / f"{name}.npy"


def normal(rows, columns, stream):
    import numpy

    return numpy.random.default_rng([SEED, stream]).standard_normal((rows, columns))


# ---- kernels


def tangent_kernel(activation):
    """The compiled NTK of neural-tangents: three hidden layers, weights of variance 2, biases of variance 0.05."""
    import jax
    from neural_tangents import stax

    nonlinearity = {
        "relu": stax.Relu(),
        "leaky": stax.LeakyRelu(0.1),
        "erf": stax.Erf(),
        "gelu": stax.Gelu(),
    }[activation]
    dense = stax.Dense(1, W_std=2**0.5, b_std=0.05**0.5)
    _, _, kernel = stax.serial(*[layer for _ in range(DEPTH) for layer in (dense, nonlinearity)], dense)
    return jax.jit(lambda x: kernel(x, None, "ntk"))


ACTIVATIONS = ("relu", "leaky", "erf", "gelu")


def compare_values(ours, folder):
    import jax
    import numpy

    jax.config.update("jax_enable_x64", True)
    points = normal(GOLDEN_ROWS, GOLDEN_COLUMNS, 1)
    path, out = saved(folder, "golden", points), folder / "golden_out.npy"
    print(f"\nLargest difference of {GOLDEN_ROWS}² values from theirs in double precision, over √(K(x, x)K(y, y)):", end="")
    for activation in ACTIVATIONS:
        theirs = numpy.asarray(tangent_kernel(activation)(points))
        size = numpy.sqrt(numpy.outer(numpy.diag(theirs), numpy.diag(theirs)))
        for precision, tolerance in TOLERANCE.items():
            ours.ask("gram", precision, activation, DEPTH, 1, path, out)
            difference = numpy.max(numpy.abs(numpy.load(out) - theirs) / size)
            assert difference < tolerance, (activation, precision, difference)
            print(f" {activation} in {precision} {difference:.1e}", end="")
    print()


def time_kernels(ours, folder, options, tables):
    import jax
    import numpy

    n, d = options.rows, options.columns
    points = normal(n, d, 2)
    path = saved(folder, "points", points)
    print(f"\n**Gram matrix, n = {n}, d = {d}, depth {DEPTH}, {threads()} threads**: medians of {options.rounds} rounds in turns, s\n")
    tables.begin(f"Gram matrix of the NTK, n = {n}, d = {d}, depth {DEPTH}, {threads()} threads", "s")
    print("| | ours, f64 | neural-tangents, f64 | ratio | ours, f32 | neural-tangents, f32 | ratio |\n|---|---|---|---|---|---|---|")
    for activation in ACTIVATIONS:
        jobs = {}
        for name, double in (("f64", True), ("f32", False)):
            jobs["ours", name] = lambda name=name: ours.ask("gram", name, activation, DEPTH, threads(), path, "-")
            jax.config.update("jax_enable_x64", double)
            there = jax.numpy.asarray(points, dtype=numpy.float64 if double else numpy.float32)
            compiled = tangent_kernel(activation).lower(there).compile()
            compiled(there).block_until_ready()
            jobs["theirs", name] = lambda compiled=compiled, there=there: stopped(lambda: compiled(there).block_until_ready())
        found = in_turns(jobs, options.rounds)
        cells = []
        for name in ("f64", "f32"):
            ours_took, theirs_took = found["ours", name], found["theirs", name]
            ratio = theirs_took / ours_took
            tables.add(activation, f"Kernel::gram, {name}", f"neural-tangents, {name}", ours_took, theirs_took)
            cells += [f"{ours_took:.3f}", f"{theirs_took:.3f}", f"{ratio:.1f}{'' if ratio >= GRAM_BAR else f' MISSES {GRAM_BAR}'}"]
        print(f"| {activation} | {' | '.join(cells)} |", flush=True)


# ---- regression


def time_regression(ours, folder, options, tables):
    import numpy
    from sklearn.kernel_ridge import KernelRidge

    n = options.regression_rows
    points, queries = normal(n, REGRESSION_COLUMNS, 3), normal(QUERIES, REGRESSION_COLUMNS, 4)
    points, queries = (x / numpy.linalg.norm(x, axis=1, keepdims=True) for x in (points, queries))
    targets = normal(n, OUTPUTS, 5)
    files = [saved(folder, name, x) for name, x in (("points", points), ("targets", targets), ("queries", queries))]
    print(f"\n**Kernel ridge, n = {n}, d = {REGRESSION_COLUMNS}, {OUTPUTS} outputs, {QUERIES} predictions, {threads()} threads**: medians of "
          f"{options.rounds} rounds in turns, s\n")  # fmt: skip
    tables.begin(f"Kernel ridge from points to predictions, n = {n}, d = {REGRESSION_COLUMNS}, {OUTPUTS} outputs, {QUERIES} predictions, {threads()} threads", "s")
    print("| ours | scikit-learn | ours, s | scikit-learn, s | ratio | largest difference of predictions |\n|---|---|---|---|---|---|")
    peers = {
        "quadratic": ("the same kernel", KernelRidge(alpha=RIDGE, kernel="polynomial", degree=2, gamma=1, coef0=0)),
        "relu3": ("Gaussian kernel", KernelRidge(alpha=RIDGE, kernel="rbf", gamma=1)),
    }
    for kernel, (name, peer) in peers.items():
        out = folder / "predictions.npy"
        theirs = []
        jobs = {
            "ours": lambda: ours.ask("ridge", kernel, RIDGE, threads(), *files, out),
            "theirs": lambda: stopped(lambda: theirs.append(peer.fit(points, targets).predict(queries))),
        }
        found = in_turns(jobs, options.rounds)
        difference = ""
        if kernel == "quadratic":
            largest = numpy.max(numpy.abs(numpy.load(out) - theirs[-1]))
            assert largest < 1e-8, largest
            difference = f"{largest:.1e}"
        ratio = found["theirs"] / found["ours"]
        verdict = "" if ratio >= RIDGE_BAR else " MISSES"
        note = f"predictions differ by at most {difference}" if difference else ""
        tables.add(kernel, "KernelRidge", f"scikit-learn KernelRidge, {name}", found["ours"], found["theirs"], note)
        print(f"| {kernel} | {name} | {found['ours']:.2f} | {found['theirs']:.2f} | {ratio:.2f}{verdict} | {difference} |", flush=True)


def measure(options):
    shared.print_versions(found := shared.versions("ntk"))
    ours, tables = Ours(), shared.Tables()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        compare_values(ours, folder)
        time_kernels(ours, folder, options, tables)
        time_regression(ours, folder, options, tables)
    tables.write(options.json, found)


if __name__ == "__main__":
    main()
