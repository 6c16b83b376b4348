#!/usr/bin/env python3
"""Linear attention of others beside ours: errors at one number of features, errors against features, and times.

    python3 benches/peers/attention.py [--rounds N] [--environment FOLDER] [--mnist FOLDER] [--only accuracy|times]

Makes a virtual environment in a temporary folder (or in FOLDER, which is kept), installs the peers there, builds our half
(benches/src/bin/kernel_accuracy and benches/src/bin/attention_times.rs) in release mode, has it write its data sets as npy files, and runs
everybody on these same arrays. Times are taken in turns, so that a machine that is busy is busy for everybody.

The installation takes 6 GB (`--only times --no-torch` does without): torch comes with libraries for accelerators, which are not used.
"""

import argparse
import json
import math
import pathlib
import statistics
import subprocess
import tempfile

import shared
from shared import ROOT, build, stopped, threads

PLOT = ROOT / "benches" / "plots" / "error_against_features.svg"
TIME_PLOT = ROOT / "benches" / "plots" / "seconds_against_keys.svg"

SEED = 1
SKETCH_DEGREES = (2, 4)  # of (1 + t/p)^p: the best of them counts
BLOCK = 2048  # points whose features are held at once
MEAN = "mean of the values"

PLOTTED = [
    ("uniform_4096_8", "uniform directions\nd = 8, degrees 1 to 6"),
    ("uniform_4096_16", "uniform directions\nd = 16, degrees 1 to 3"),
    ("uniform_4096_64", "uniform directions\nd = 64, degrees 1 and 2"),
    ("mnist", "MNIST test, 4×4 means\nd = 49, degrees 1 and 2"),
]
PLOTTED_LOGITS = (1.0, 4.0)
BETWEEN = (128, 256, 512, 1024)  # numbers of features that no polynomial has, where the dimension is large

DIM, COLUMNS, DEGREE, FEATURES = 64, 64, 2, 2145
PRECISIONS = ("f32", "f64")
TIME_CURVES = [
    ("torch f64", "#c00000", "--", "x"),
    ("torch f32", "#b45f06", "--", "v"),
    ("ours f64", "#4198dc", "-", "s"),
    ("ours f32", "#0b5394", "-", "o"),
]
SIZES = [1024, 2048, 4096, 8192, 16_384, 65_536]
SLOW = 16_384  # from here on three rounds, beyond it one and no warming up
LARGE = 65_536
FEATURE_SIZE = 16_384
NO_TORCH = "torch takes 6 GB to install; `cargo xtask peers attention --torch` runs it"
TORCH_BAR, ERROR_BAR, FEATURE_BAR = 10, 0.015, 5


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared.add_arguments(arguments, rounds=7)
    arguments.add_argument("--mnist", type=pathlib.Path, help="folder of the MNIST test files")
    arguments.add_argument("--only", choices=["accuracy", "times"])
    arguments.add_argument("--no-torch", action="store_true", help="times of scikit-learn alone: torch takes 6 GB")
    arguments.add_argument("--plot", type=pathlib.Path, default=PLOT, help="where the plot goes")
    options = arguments.parse_args()
    if options.no_torch and options.only != "times":
        arguments.error("--no-torch needs --only times")
    shared.enter(options, installed(options), measure)


def installed(options):
    return ["attention"] if options.no_torch else ["attention", "torch"]


def measure(options):
    import warnings

    warnings.filterwarnings("ignore")
    if not options.no_torch:
        import torch

        torch.set_num_threads(threads())
        torch.set_grad_enabled(False)
    found = shared.versions(*installed(options))
    print_versions(found)
    tables = shared.Tables()
    if options.only != "times":
        accuracy(options)
    if options.only != "accuracy":
        times(options, tables)
    tables.write(options.json, found)


def print_versions(found):
    from threadpoolctl import threadpool_info

    blas = {f"{pool['internal_api']} {pool.get('architecture', '')}".strip() for pool in threadpool_info()}
    shared.print_versions(found)
    print(f"{threads()} threads; libraries under numpy and torch: {', '.join(sorted(blas))}")


# ---- peers: features, or outputs, of queries and keys whose dot products are the logits


def features_of(sampler):
    """Softmax features from those of the Gaussian kernel: e^{x·y} = e^{|x|²/2} e^{−|x−y|²/2} e^{|y|²/2}."""
    import numpy

    def features(points):
        return sampler.transform(points) * numpy.exp(0.5 * (points**2).sum(axis=1, keepdims=True))

    return features


def normalised(features, queries, keys, values):
    """D⁻¹AV, or nothing where a query has no mass."""
    mass, sums = 0.0, 0.0
    for start in range(0, len(keys), BLOCK):
        of_keys = features(keys[start : start + BLOCK])
        mass, sums = mass + of_keys.sum(axis=0), sums + of_keys.T @ values[start : start + BLOCK]
    outputs = []
    for start in range(0, len(queries), BLOCK):
        of_queries = features(queries[start : start + BLOCK])
        masses = of_queries @ mass
        if not (masses > 0).all():
            return None
        outputs.append(of_queries @ sums / masses[:, None])
    return concatenated(outputs)


def concatenated(arrays):
    import numpy

    return numpy.concatenate(arrays)


def rbf_sampler(queries, keys, values, count):
    from sklearn.kernel_approximation import RBFSampler

    sampler = RBFSampler(gamma=0.5, n_components=count, random_state=SEED).fit(keys)
    return normalised(features_of(sampler), queries, keys, values)


def nystroem(queries, keys, values, count):
    from sklearn.kernel_approximation import Nystroem

    sampler = Nystroem(kernel="rbf", gamma=0.5, n_components=min(count, len(keys)), random_state=SEED).fit(keys)
    return normalised(features_of(sampler), queries, keys, values)


def polynomial_count_sketch(degree):
    """Sketches (1 + t/p)^p, which is near e^t: scikit-learn has no other polynomial near it."""

    def output(queries, keys, values, count):
        from sklearn.kernel_approximation import PolynomialCountSketch

        sketch = PolynomialCountSketch(gamma=1 / degree, degree=degree, coef0=1, n_components=count, random_state=SEED)
        return normalised(sketch.fit(keys).transform, queries, keys, values)

    return output


def performer(queries, keys, values, count):
    import torch
    from performer_pytorch.performer_pytorch import FastAttention

    dim = keys.shape[1]
    torch.manual_seed(SEED)
    attention = FastAttention(dim_heads=dim, nb_features=count).double()
    # it divides logits by √d
    tensors = [torch.from_numpy(array)[None, None] for array in (queries * dim**0.25, keys * dim**0.25, values)]
    return attention(*tensors)[0, 0].numpy()


ACCURACY_PEERS = {
    "performer-pytorch, FastAttention": [performer],
    "scikit-learn, RBFSampler": [rbf_sampler],
    "scikit-learn, PolynomialCountSketch": [polynomial_count_sketch(degree) for degree in SKETCH_DEGREES],
    "scikit-learn, Nystroem": [nystroem],
}


# ---- accuracy


class Case:
    """One data set at one largest logit."""

    def __init__(self, folder, max_logit):
        import numpy

        names = ("queries", "keys", "values")
        queries, keys, self.values = (numpy.load(folder / f"{name}.npy") for name in names)
        # of unit length
        self.queries, self.keys = math.sqrt(max_logit) * queries, math.sqrt(max_logit) * keys
        weights = numpy.exp(self.queries @ self.keys.T)
        self.exact = weights @ self.values / weights.sum(axis=1, keepdims=True)

    def error(self, ways, count):
        """The smallest of several ways; infinite where none has an answer."""
        outputs = [way(self.queries, self.keys, self.values, count) for way in ways]
        return min((self.error_of(output) for output in outputs if output is not None), default=math.inf)

    def error_of(self, output):
        from numpy.linalg import norm

        error = norm(output - self.exact) / norm(self.exact)
        return error if math.isfinite(error) else math.inf


def accuracy(options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        mnist = ["--mnist", options.mnist.resolve()] if options.mnist else []
        ours = build("kernel_accuracy")
        command = [ours, "--seed", str(SEED), "--export", folder, *mnist]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in (folder / "ours.jsonl").read_text().splitlines()]
        tables = {name: whole_table(folder, name, lines) for name in dict.fromkeys(line["set"] for line in lines)}
        print_summary(tables)
        draw(folder, lines, options.plot)


def whole_table(folder, name, lines):
    """Prints and returns the errors of everybody: a row for each map, a column for each largest logit."""
    own = [line for line in lines if line["set"] == name and line["in_table"]]
    logits = list(dict.fromkeys(line["max_logit"] for line in own))
    title, count = own[0]["title"], own[0]["features"]
    rows = {}
    for line in own:
        rows.setdefault(line["map"], {})[line["max_logit"]] = math.inf if line["error"] is None else line["error"]
    for max_logit in logits:
        case = Case(folder / name, max_logit)
        for peer, ways in ACCURACY_PEERS.items():
            rows.setdefault(peer, {})[max_logit] = case.error(ways, count)
    print(f"\n**{title}: {count} features, degree {own[0]['degree']}**\n")
    print(f"| map | {' | '.join(f'max logit {b:g}' for b in logits)} |")
    print(f"|---|{'---|' * len(logits)}")
    for row, errors in rows.items():
        cells = [cell(errors[b], math.inf if row == MEAN else rows[MEAN][b]) for b in logits]
        print(f"| {row} | {' | '.join(cells)} |", flush=True)
    return title, logits, rows


def cell(error, of_mean):
    if math.isinf(error):
        return "fails"
    mantissa, exponent = f"{error:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}{'*' if error >= of_mean else ''}"


def print_summary(tables):
    print("\nError of the best peer over that of our best explicit map (monomials), and over that of our best map of all.")
    print("Bold: the peer is better. A column where nobody is better than the mean says so.\n")
    logits = next(iter(tables.values()))[1]
    print(f"| set | against | {' | '.join(f'max logit {b:g}' for b in logits)} |")
    print(f"|---|---|{'---|' * len(logits)}")
    for title, _, rows in tables.values():
        for against, mine, theirs in contests(rows):
            cells = [ratio_cell(rows, mine, theirs, b) for b in logits]
            print(f"| {title} | {against} | {' | '.join(cells)} |")


def contests(rows):
    explicit = [row for row in rows if row.startswith("monomials")]
    ours = [row for row in rows if row not in ACCURACY_PEERS and row != MEAN]
    fitted = "scikit-learn, Nystroem"
    random = [row for row in ACCURACY_PEERS if row != fitted]
    return [
        ("monomials, random peers", explicit, random),
        ("monomials, Nystroem", explicit, [fitted]),
        ("best of ours, best peer", ours, [*random, fitted]),
    ]


def ratio_cell(rows, mine, theirs, max_logit):
    best = min(rows[row][max_logit] for row in mine)
    peer = min(rows[row][max_logit] for row in theirs)
    if min(best, peer) >= rows[MEAN][max_logit]:
        return "nobody"
    ratio = f"{peer / best:.2g}" if peer < 100 * best else f"{peer / best:,.0f}".replace(",", " ")
    return ratio if peer > best else f"**{ratio}**"


# ---- the plot


# name in the legend, rows of ours or ways of a peer, colour, line, marker
CURVES = [
    ("ours: monomials, least squares", "monomials, least squares of 2 000 logits", "#0b5394", "-", "o"),
    ("ours: monomials, best relative", "monomials, best relative", "#3d9be0", "-", "s"),
    ("scikit-learn Nystroem", [nystroem], "#38761d", "--", "^"),
    ("scikit-learn RBFSampler", [rbf_sampler], "#b45f06", "--", "v"),
    ("scikit-learn PolynomialCountSketch", ACCURACY_PEERS["scikit-learn, PolynomialCountSketch"], "#741b47", "--", "D"),
    ("performer-pytorch", [performer], "#cc0000", "--", "x"),
]


def plotting():
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "error", "font.size": 10})
    from matplotlib import pyplot

    return pyplot


def saved(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    print(f"\nplot: {path.name}")


def draw(folder, lines, path):
    pyplot = plotting()
    sets = [(name, title) for name, title in PLOTTED if (folder / name).exists()]
    shape = (len(PLOTTED_LOGITS), len(sets))
    figure, axes = pyplot.subplots(*shape, figsize=(3.2 * shape[1], 6.8), squeeze=False)
    for row, max_logit in zip(axes, PLOTTED_LOGITS):
        for axis, (name, title) in zip(row, sets):
            panel(axis, Case(folder / name, max_logit), curve_lines(lines, name, max_logit))
            axis.set_title(f"{title}\nlargest logit {max_logit:g}", fontsize=9.5)
        row[0].set_ylabel("relative error of the output")
    for axis in axes[-1]:
        axis.set_xlabel("number of features r")
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncol=4, frameon=False, fontsize=9.5)
    figure.tight_layout(rect=(0, 0.09, 1, 1))
    saved(figure, path)


def curve_lines(lines, name, max_logit):
    return [line for line in lines if line["set"] == name and line["max_logit"] == max_logit]


def panel(axis, case, own):
    # more features than keys save nothing, and make landmarks exact
    own = [line for line in own if line["features"] < len(case.keys)]
    counts = sorted({line["features"] for line in own})
    if case.keys.shape[1] > 32:
        counts = sorted({*counts, *(count for count in BETWEEN if counts[0] < count < counts[-1])})
    for name, way, colour, style, marker in CURVES:
        if isinstance(way, str):
            points = sorted((line["features"], line["error"]) for line in own if line["map"] == way and line["error"])
        else:
            points = [(count, case.error(way, count)) for count in counts]
        points = [(count, error) for count, error in points if math.isfinite(error)]
        axis.plot(*zip(*points), color=colour, linestyle=style, marker=marker, markersize=5, linewidth=1.5, label=name)
    mean = next(line["error"] for line in own if line["map"] == MEAN)
    axis.axhline(mean, color="#666666", linestyle=":", linewidth=1.5, label="mean of the values")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)


# ---- times


class Ours(shared.Answers):
    def __init__(self):
        super().__init__(build("attention_times"))

    def ask(self, asked, what, n):
        return tuple(map(float, super().ask(asked, what, n, DIM, COLUMNS, DEGREE).split()))

    def seconds(self, precision, n):
        return self.ask("seconds", precision, n)[0]


def times(options, tables):
    ours = Ours()
    large_error(ours)
    tables.begin(f"Exact attention beside linear attention, d = {DIM}, {COLUMNS} columns, degree {DEGREE}, {threads()} threads", "s")
    if options.no_torch:
        tables.not_run("all n", "LinearAttention::forward", "torch scaled_dot_product_attention", NO_TORCH)
    else:
        crossing(ours, options.rounds, tables)
    beside_features(ours, options, tables)
    if options.no_torch:
        tables.not_run("both", "monomials", "performer-pytorch, FastAttention", NO_TORCH)


def large_error(ours):
    print(f"\nOutput error at n = {LARGE}, d = {DIM}, normal entries, first 512 queries:")
    for name in ("mean", "taylor", "best", "fitted"):
        error, largest = ours.ask("error", name, LARGE)
        verdict = "" if name == "mean" else "ok" if error < ERROR_BAR else f"MISSES {ERROR_BAR:.1%}"
        print(f"  {name:<8}{error:>8.2%}  largest logit {largest:.2f}  {verdict}")


def scaled_dot_product_attention(precision, n):
    import torch

    kind = {"f32": torch.float32, "f64": torch.float64}[precision]
    torch.manual_seed(SEED)
    arrays = [torch.randn(1, 1, n, DIM, dtype=kind) for _ in range(2)] + [torch.randn(1, 1, n, COLUMNS, dtype=kind)]
    return lambda: stopped(lambda: torch.nn.functional.scaled_dot_product_attention(*arrays))


def in_turns(jobs, rounds, warm=True):
    """Median seconds; each call comes right after the same call, uncounted."""
    seconds = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            if warm:
                job()
            seconds[name].append(job())
    return {name: statistics.median(times) for name, times in seconds.items()}


def crossing(ours, rounds, tables):
    print(f"\nExact attention of torch over our linear attention, d = {DIM}, {COLUMNS} columns, degree {DEGREE} ({FEATURES} features).")
    print("Medians in turns, milliseconds and ratios (theirs over ours).\n")
    names = [f"{whose} {precision}" for precision in PRECISIONS for whose in ("torch", "ours")]
    print(f"| n | {' | '.join(names)} | {' | '.join(f'ratio {precision}' for precision in PRECISIONS)} |")
    print(f"|---|{'---|' * (len(names) + len(PRECISIONS))}")
    found = {}
    for n in SIZES:
        jobs = {f"torch {p}": scaled_dot_product_attention(p, n) for p in PRECISIONS}
        jobs |= {f"ours {p}": lambda p=p: ours.seconds(p, n) for p in PRECISIONS}
        count = rounds if n < SLOW else min(rounds, 3) if n == SLOW else 1
        seconds = in_turns(jobs, count, warm=n <= SLOW)
        ratios = [seconds[f"torch {p}"] / seconds[f"ours {p}"] for p in PRECISIONS]
        for p in PRECISIONS:
            tables.add(f"n = {n}, {p}", "LinearAttention::forward", "torch scaled_dot_product_attention", seconds[f"ours {p}"], seconds[f"torch {p}"])
        cells = [f"{seconds[name] * 1e3:.3g}" if seconds[name] < 1 else f"{seconds[name] * 1e3:.0f}" for name in names]
        verdict = "" if n < LARGE or min(ratios) >= TORCH_BAR else f"MISSES {TORCH_BAR}"
        print(f"| {n} | {' | '.join(cells)} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} | {verdict}", flush=True)
        found[n] = seconds
    draw_times(found, TIME_PLOT)


def draw_times(found, path):
    """Seconds against n, with what slopes of one and two look like."""
    figure, axis = plotting().subplots(figsize=(6.4, 4.6))
    for name, colour, style, marker in TIME_CURVES:
        points = [(n, seconds[name]) for n, seconds in found.items()]
        axis.plot(*zip(*points), color=colour, linestyle=style, marker=marker, markersize=5, linewidth=1.5, label=name)
    sizes = sorted(found)
    for slope, name in ((1, "ours f32"), (2, "torch f32")):
        last = found[sizes[-1]][name] / 1.6
        line = [last * (n / sizes[-1]) ** slope for n in sizes]
        axis.plot(sizes, line, color="#999999", linestyle=[":", "-."][slope - 1], linewidth=1.2, label=f"slope {slope}")
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.set_xticks(sizes, [str(n) for n in sizes])
    axis.set_xlabel("queries and keys n")
    axis.set_ylabel("seconds, two threads")
    axis.set_title(f"attention, d = {DIM}, {COLUMNS} value columns; ours with monomials of degree {DEGREE}", fontsize=10)
    axis.grid(True, which="major", color="#dddddd", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.legend(frameon=False, fontsize=9)
    figure.tight_layout()
    saved(figure, path)


def beside_features(ours, options, tables):
    """Features of keys alone, and those of queries and keys with the products; what is fitted is fitted before."""
    print(f"\nFeatures alone, of others over ours (on one thread), n = {FEATURE_SIZE}, d = {DIM}, {FEATURES} features, medians in turns.\n")
    tables.begin(f"Features alone, n = {FEATURE_SIZE}, d = {DIM}, {FEATURES} features, ours on one thread", "s")
    table(options.rounds, tables, lambda p: transforms(p, FEATURE_SIZE) | {"ours": lambda: ours.ask("features", p, FEATURE_SIZE)[0]})
    print("\nFeatures and products of others over ours, medians in turns.\n")
    tables.begin(f"Features and products, n = {FEATURE_SIZE}, d = {DIM}, {COLUMNS} columns, {FEATURES} features, {threads()} threads", "s")
    table(options.rounds, tables, lambda p: feature_jobs(p, FEATURE_SIZE, options.no_torch) | {"ours": lambda: ours.seconds(p, FEATURE_SIZE)})


def table(rounds, tables, jobs_of):
    print("| | " + " | ".join(f"{p}, s | over ours {p}" for p in PRECISIONS) + " |")
    print("|---|---|---|---|---|")
    cells = {}
    for precision in PRECISIONS:
        seconds = in_turns(jobs_of(precision), min(rounds, 3))
        for name, time_of in seconds.items():
            ratio = time_of / seconds["ours"]
            if name != "ours":
                tables.add(precision, "monomials", name, seconds["ours"], time_of)
            verdict = "" if name == "ours" or ratio >= FEATURE_BAR else f" MISSES {FEATURE_BAR}"
            cells.setdefault(name, []).append(f"{time_of:.3g} | {ratio:.1f}{verdict}")
    for name, row in cells.items():
        print(f"| {name} | {' | '.join(row)} |")


def transforms(precision, n):
    """Features of scikit-learn, in blocks of points."""
    (_, keys, _), features = fitted(precision, n)
    blocks = [keys[start : start + BLOCK] for start in range(0, n, BLOCK)]
    job = lambda f: stopped(lambda: [f(block) is None for block in blocks])
    return {f"scikit-learn, {name}": lambda f=f: job(f) for name, f in features.items()}


def fitted(precision, n):
    import numpy
    from sklearn.kernel_approximation import Nystroem, PolynomialCountSketch, RBFSampler
    from sklearn.preprocessing import PolynomialFeatures

    kind = {"f32": numpy.float32, "f64": numpy.float64}[precision]
    random = numpy.random.default_rng(SEED)
    queries, keys, values = (random.uniform(-1, 1, (n, columns)).astype(kind) for columns in (DIM, DIM, COLUMNS))
    queries, keys = queries / kind(DIM**0.25), keys / kind(DIM**0.25)
    plain = {
        "PolynomialFeatures": PolynomialFeatures(DEGREE),
        "PolynomialCountSketch": PolynomialCountSketch(degree=DEGREE, coef0=1, n_components=FEATURES, random_state=SEED),
    }
    gaussian = {
        "RBFSampler": RBFSampler(gamma=0.5, n_components=FEATURES, random_state=SEED),
        "Nystroem": Nystroem(kernel="rbf", gamma=0.5, n_components=FEATURES, random_state=SEED),
    }
    features = {name: sampler.fit(keys).transform for name, sampler in plain.items()}
    features |= {name: features_of(sampler.fit(keys)) for name, sampler in gaussian.items()}
    return (queries, keys, values), features


def feature_jobs(precision, n, no_torch):

    (queries, keys, values), features = fitted(precision, n)
    jobs = {
        f"scikit-learn, {name}": lambda f=f: stopped(lambda: normalised(f, queries, keys, values))
        for name, f in features.items()
    }
    if no_torch:
        return jobs
    import torch
    from performer_pytorch.performer_pytorch import FastAttention

    tensors = [torch.from_numpy(array)[None, None] for array in (queries, keys, values)]
    fast = FastAttention(dim_heads=DIM, nb_features=FEATURES).to(tensors[0].dtype)
    jobs["performer-pytorch, FastAttention"] = lambda: stopped(lambda: fast(*tensors))
    return jobs


if __name__ == "__main__":
    main()
