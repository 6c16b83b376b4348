#!/usr/bin/env python3
"""Accountants of others beside ours: what they say, whether it is true, and how long it takes.

    python3 benches/peers/accountants.py [--rounds N] [--environment FOLDER]

Makes a virtual environment in a temporary folder (or in FOLDER, which is kept), installs the peers there, builds our half
(benches/src/bin/accountants.rs) in release mode, and asks all of them in turns, so that a machine that is busy is busy for
everybody. Times are of one call in a process that is warm, right after the same call: from the parameters of the mechanism to
epsilon.
"""

import argparse
import math
import resource
import signal
import statistics
import time

import shared

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
BAR = 20
GRID = 1e-4  # value_discretization_interval of dp-accounting, its default
PRV_EPSILON_ERROR = 0.01
PRV_FINER = 1e-3  # still far from our width, and 1e-4 takes a minute
PRV_DELTA_ERRORS = (1e-3, 1e-1)  # of delta: the second where it refuses the first
SLOW_ROUNDS = 2  # of what takes seconds
MEMORY = 12 << 30  # bytes


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared.add_arguments(arguments, rounds=7)
    arguments.add_argument("--patience", type=int, default=300, help="seconds for one answer in the table of small deltas")
    shared.enter(arguments.parse_args(), ["accountants"], measure)


# ---- ours: a process that answers questions


class Ours(shared.Answers):
    def __init__(self):
        super().__init__(shared.build("accountants"))

    def ask(self, asked, mechanism, count, point):
        """Lower bound, upper bound, seconds."""
        lower, upper, nanoseconds = super().ask(asked, mechanism, count, repr(point)).split()
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


def prv_accountant(mechanism, count, delta, epsilon_error=PRV_EPSILON_ERROR, delta_error=PRV_DELTA_ERRORS[0]):
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
        eps_error=epsilon_error,
        delta_error=delta * delta_error,
    )
    lower, _, upper = accountant.compute_epsilon(delta, [count])
    return float(lower), float(upper)


def prv_accountant_finer(mechanism, count, delta):
    return prv_accountant(mechanism, count, delta, epsilon_error=PRV_FINER)


def prv_accountant_somehow(mechanism, count, delta):
    """With the error of δ that the authors advise, or with a larger one if it says that floating point forbids that."""
    advised, larger = PRV_DELTA_ERRORS
    try:
        return prv_accountant(mechanism, count, delta, delta_error=advised)
    except ValueError:
        return prv_accountant(mechanism, count, delta, delta_error=larger)


def timed(peer, mechanism, count, delta):
    start = time.perf_counter()
    lower, upper = peer(mechanism, count, delta)
    return lower, upper, time.perf_counter() - start


# ---- tables


def measure(options):
    import warnings

    warnings.filterwarnings("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, give_up)
    ours, tables = Ours(), shared.Tables()
    shared.print_versions(found := shared.versions("accountants"))
    print("One row added or removed, sensitivity 1.")
    side_by_side(ours, options.rounds, tables)
    small_deltas(ours, options.patience, tables)
    tables.write(options.json, found)


def give_up(*_):
    raise TimeoutError


def side_by_side(ours, rounds, tables):
    tables.begin("From the parameters of a composition to ε, one call in a warm process, one row added or removed", "ms")
    print(f"\nTimes in milliseconds: median (least) of {rounds} rounds in turns; each call comes right after the same call, uncounted.")
    print("ε(δ): what a user calls for an upper bound. Interval: both bounds. Coarse: to 1e-4. Loss distribution: not the closed form of Gaussian noise.")
    print("Excess: upper bound less our lower bound. Ratio: their time over ours, of medians (of the least).\n")
    for name, mechanism, count, delta in ROWS:
        case = (mechanism, count, delta)
        gaussian = mechanism.startswith("gaussian")
        jobs = {
            "ours, ε(δ)": lambda: ours.ask("best", *case),
            "ours, loss distribution": lambda: ours.ask("upper", *case),
            "ours, interval": lambda: ours.ask("closed" if gaussian else "interval", *case),
            "ours, coarse interval": lambda: ours.ask("coarse", *case),
            "dp-accounting": lambda: timed(dp_accounting, *case),
            "prv-accountant": lambda: timed(prv_accountant, *case),
            f"prv-accountant, {PRV_FINER:g}": lambda: timed(prv_accountant_finer, *case),
        }
        # ε(δ) is the loss distribution's, or the intervals are the closed form's
        del jobs["ours, coarse interval" if gaussian else "ours, loss distribution"]
        answers, times = in_turns(jobs, rounds)
        title = f"{name}, {count} times, δ = {delta:g}"
        print_row(title, answers, times)
        record(tables, title, answers, times)


def in_turns(jobs, rounds):
    times, answers = {name: [] for name in jobs}, {}
    for turn in range(rounds):
        for name, job in jobs.items():
            if str(PRV_FINER) in name and turn >= SLOW_ROUNDS:
                continue
            job()
            answers[name], seconds = split(job())
            times[name].append(seconds)
    return answers, times


def split(answer):
    lower, upper, seconds = answer
    return (lower, upper), seconds


def print_row(title, answers, times):
    least = answers["ours, interval"][0]
    print(f"{title}: ε ≥ {least:.12f}")
    for name, (lower, upper) in answers.items():
        below = f"BELOW a lower bound by {least - upper:.1e}" if upper < least else f"{upper - least:.1e}"
        width = f"{upper - lower:.1e}" if upper > lower else ""
        cells = f"  {name:<25}ε ≤ {upper:<16.12f}excess {below:<10}{'width ' + width if width else '':<15}"
        print(f"{cells}{statistics.median(times[name]) * 1e3:>11.3f} ({min(times[name]) * 1e3:.3f})")
    for peer in answers:
        for mine in answers:
            if mine.startswith("ours") and not peer.startswith("ours") and comparable(mine, peer):
                print_ratio(mine, peer, answers, times, least)
    print()


def record(tables, title, answers, times):
    """The excess of a claim is over our lower bound."""
    least = answers["ours, interval"][0]
    excess = {name: max(upper - least, math.ulp(least)) for name, (_, upper) in answers.items()}
    for peer in answers:
        for mine in answers:
            if mine.startswith("ours") and not peer.startswith("ours") and comparable(mine, peer):
                mean = [1e3 * statistics.median(times[name]) for name in (mine, peer)]
                below = answers[peer][1] < least
                note = "their claim is below a lower bound" if below else f"excess: ours {excess[mine]:.1e}, theirs {excess[peer]:.1e}"
                tables.add(title, mine.removeprefix("ours, "), peer, *mean, note)


def comparable(mine, peer):
    """Both bounds with both, one with one; and one of ours with both of theirs, which they compute at once."""
    return not mine.endswith("interval") or peer.startswith("prv")


def print_ratio(mine, peer, answers, times, least):
    ratio = statistics.median(times[peer]) / statistics.median(times[mine])
    best = min(times[peer]) / min(times[mine])
    looser = (answers[peer][1] - least) / max(answers[mine][1] - least, math.ulp(least))
    verdict = "ok" if ratio >= BAR and looser >= 1 else f"MISSES {BAR}" if looser >= 1 else "THEY ARE TIGHTER"
    print(f"    {peer + ' / ' + mine:<48}{ratio:>9.1f} ({best:.1f})  their excess / ours {looser:.2g}  {verdict}")


def small_deltas(ours, patience, tables):
    tables.begin("ε of Gaussian noise at small δ, where a closed form is exact: what is claimed, over what is true (below one is false)", "ε")
    print("Small δ: Gaussian noise, where a closed form tells what is true. δ/claim: the true δ at the ε that is claimed.")
    header = f"{'σ':>5}{'times':>9}{'δ':>8}{'exact ε':>16}{'ours, upper':>15}{'excess':>9}"
    print(header + f"{'dp-accounting':>16}{'δ/claim':>10}{'prv upper':>14}{'δ/claim':>10}")
    for sigma, count, delta in SMALL_DELTAS:
        mechanism = f"gaussian:{sigma}"
        exact = ours.ask("closed", mechanism, count, delta)[1]
        upper = ours.ask("upper", mechanism, count, delta)[1]
        cells = f"{sigma:>5}{count:>9}{delta:>8.0e}{exact:>16.10f}{upper:>15.9f}{upper / exact - 1:>9.1e}"
        for peer, width in ((dp_accounting, 16), (prv_accountant_somehow, 14)):
            epsilon, cell = claim(ours, peer, (mechanism, count, delta), width, patience)
            cells += cell
            case = (f"σ={sigma}, {count} times, δ = {delta:g}", f"exact; by loss distributions {upper / exact - 1:.1e} of it above")
            name = peer.__name__.removesuffix("_somehow").replace("_", "-")
            if math.isfinite(epsilon):
                tables.add(*case, name, exact, epsilon, f"the true δ is {cell.split()[-1]} times what they ask")
            else:
                tables.not_run(*case, name, f"no answer: {cell.strip().rstrip('–').strip()}")
        print(cells + ("" if exact <= upper else "  OURS IS WRONG"))


def claim(ours, peer, case, width, patience):
    """ε, or what is not finite, and the cells of the printed table."""
    mechanism, count, delta = case
    signal.alarm(patience)
    try:
        epsilon = peer(*case)[1]
    except Exception as error:  # whatever they raise is their answer
        return math.nan, f"{type(error).__name__[: width - 2]:>{width}}{'–':>10}"
    finally:
        signal.alarm(0)
    if not (math.isfinite(epsilon) and epsilon >= 0):
        return math.inf, f"{epsilon:>{width}.5f}{'–':>10}"
    true_delta = ours.ask("delta", mechanism, count, epsilon)[0]
    return epsilon, f"{epsilon:>{width}.6f}{true_delta / delta:>10.4g}"


if __name__ == "__main__":
    main()
