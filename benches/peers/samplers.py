#!/usr/bin/env python3
"""Samplers of noise of others beside ours, in turns, on one thread.

    python3 benches/peers/samplers.py [--rounds N] [--environment FOLDER]

What is compared with is

* OpenDP's exact samplers of the discrete Gaussian and Laplace laws, the same laws as ours with cryptographic randomness; the crate of its own
  in benches/peers/opendp, which takes many minutes to compile. Ours in blocks, and one draw at a time, as theirs;
* diffprivlib's discrete Gaussian and geometric mechanisms, in Python;
* rand_distr's ziggurat and exponential in floating point, on the same ChaCha20 as ours: not private, what exactness costs.
"""

import argparse
import functools
import subprocess
import time

import shared

SCALES = (1, 100, 12_346, 1_000_000)
LAWS = ("gaussian", "laplace")
# draws in a turn of diffprivlib: some tens of milliseconds
DRAWS = 500


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared.add_arguments(arguments, rounds=9)
    shared.enter(arguments.parse_args(), ["samplers"], measure)


class Samplers(shared.Answers):
    """Questions are a law and a scale; answers nanoseconds a draw."""

    def ask(self, *words):
        return float(super().ask(*words))


def opendp():
    """OpenDP's side and its version, or why it is not there."""
    manifest = shared.HERE / "opendp" / "Cargo.toml"
    try:
        path = shared.built(["--manifest-path", manifest], "provable-dp-peers-opendp")
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        return None, f"OpenDP does not build: {error}"
    lock = (manifest.parent / "Cargo.lock").read_text().split("[[package]]")
    (version,) = [part.split('version = "')[1].split('"')[0] for part in lock if '\nname = "opendp"\n' in part]
    return Samplers(path), version


def diffprivlib_mechanism(law, scale):
    """A mechanism, and its scale where that is for itself to choose."""
    from diffprivlib.mechanisms import GaussianDiscrete, Geometric

    if law == "laplace":
        return Geometric(epsilon=1 / scale, sensitivity=1), scale
    mechanism = GaussianDiscrete(epsilon=1 / scale, delta=1e-5, sensitivity=1)
    return mechanism, mechanism._scale


def nanoseconds(mechanism):
    start = time.perf_counter()
    for _ in range(DRAWS):
        mechanism.randomise(0)
    return (time.perf_counter() - start) / DRAWS * 1e9


def measure(options):
    found = shared.versions("samplers")
    ours = Samplers(shared.build("samplers"))
    theirs, version = opendp()
    tables = shared.Tables()
    found |= {"OpenDP": version, "rand_distr": rand_distr_version()} if theirs else {"rand_distr": rand_distr_version()}
    shared.print_versions(found)
    tables.begin("One draw of noise, one thread", "ns")
    for law in LAWS:
        for scale in SCALES:
            beside_opendp(ours, theirs, version, (law, scale), tables, options.rounds)
    for law in LAWS:
        for scale in SCALES[:2]:  # its discrete Gaussian takes time in proportion to the scale
            beside_diffprivlib(ours, (law, scale), tables, options.rounds)
    for law in LAWS:
        beside_rand_distr(ours, (law, SCALES[2]), tables, options.rounds)
    for row in tables.tables[-1]["rows"]:
        print(*(row.get(name, "") for name in ("case", "ours", "peer", "our_median", "their_median", "ratio", "not_run")), sep=" | ")
    tables.write(options.json, found)


def title(law, scale):
    return f"discrete {law.capitalize()}, scale {scale:.6g}"


def beside_opendp(ours, theirs, reason, question, tables, rounds):
    ways = ("in blocks", "one at a time")
    if theirs is None:
        tables.not_run(title(*question), ways[0], "OpenDP", reason)
        return
    jobs = {way: functools.partial(ours.ask, way.replace(" ", "_"), *question) for way in ways}
    medians = shared.in_turns(jobs | {"theirs": functools.partial(theirs.ask, *question)}, rounds)
    for way in ways:
        tables.add(title(*question), way, "OpenDP", medians[way], medians["theirs"], "the same exact law")


def beside_diffprivlib(ours, question, tables, rounds):
    law, scale = question
    mechanism, scale = diffprivlib_mechanism(law, scale)
    jobs = {"ours": functools.partial(ours.ask, "one_at_a_time", law, repr(float(scale))), "theirs": lambda: nanoseconds(mechanism)}
    medians = shared.in_turns(jobs, rounds)
    name = f"diffprivlib, {type(mechanism).__name__}"
    tables.add(title(law, scale), "one at a time", name, medians["ours"], medians["theirs"], "from Python")


def beside_rand_distr(ours, question, tables, rounds):
    """The generator is ours on both sides."""
    law, _ = question
    name = {"gaussian": "rand_distr, ziggurat in f64", "laplace": "rand_distr, exponential with a sign in f64"}[law]
    jobs = {"ours": functools.partial(ours.ask, "in_blocks", *question), "theirs": functools.partial(ours.ask, "float", *question)}
    medians = shared.in_turns(jobs, rounds)
    tables.add(title(*question), "in blocks", name, medians["ours"], medians["theirs"], "not private, same generator")


def rand_distr_version():
    lock = (shared.ROOT / "Cargo.lock").read_text().split("[[package]]")
    return [part.split('version = "')[1].split('"')[0] for part in lock if '\nname = "rand_distr"\n' in part][-1]


if __name__ == "__main__":
    main()
