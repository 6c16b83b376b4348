#!/usr/bin/env python3
"""Every comparison in turn, and one page of tables from what they found.

    python3 benches/peers/all.py [NAMES] [--rounds N] [--environment FOLDER] [--torch] [--render]

The same as `cargo xtask peers`. Names are samplers, accountants, attention, john and ntk; without any, all run, which takes some 15 minutes on two quiet cores
beside installations (and OpenDP, which compiles for as long). What was found replaces what benches/peers/results.json has under that name; the page
benches/peers/RESULTS.md is made from that file, with `--render` without any measurement. A comparison that cannot run leaves its reason there.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

from shared import HERE, ROOT, threads

RESULTS = HERE / "results.json"
# title, and what keeps a run short
COMPARISONS = {
    "samplers": ("Samplers of noise", []),
    "accountants": ("Accountants", ["--patience", "60"]),
    "attention": ("Attention", ["--only", "times", "--no-torch"]),
    "john": ("Ellipsoids", ["--peers-only", "--conic-rows", "2000", "--cap", "40"]),
    "ntk": ("Tangent kernels", []),
}
LIMIT = 3600  # seconds of one comparison, installation included


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("names", nargs="*", metavar="NAMES", help=", ".join(COMPARISONS))
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--environment", type=pathlib.Path, help="a folder for virtual environments, to keep and use again")
    arguments.add_argument("--torch", action="store_true", help="compare with torch as well, which takes 6 GB to install")
    arguments.add_argument("--render", action="store_true", help="make the page alone")
    options = arguments.parse_args()
    if unknown := set(options.names) - set(COMPARISONS):
        arguments.error(f"no comparison: {', '.join(sorted(unknown))}")
    failed = [] if options.render else [name for name in options.names or COMPARISONS if not update(name, options)]
    render()
    if failed:
        sys.exit(f"not run: {', '.join(failed)}")


def update(name, options):
    """Measures one comparison and writes it at its place in the file, so that what comes later can fail."""
    print(f"\n# {name}", flush=True)
    mine = compare(name, options)
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    rest = [one for one in found if one["name"] != name]
    ordered = sorted([*rest, mine], key=lambda one: list(COMPARISONS).index(one["name"]))
    RESULTS.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")
    return mine["not_run"] is None


def compare(name, options):
    title, arguments = COMPARISONS[name]
    if options.torch:
        arguments = [argument for argument in arguments if argument != "--no-torch"]
    script = [f"benches/peers/{name}.py", "--rounds", str(options.rounds), *arguments]
    about = machine()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "found.json"
        kept = ["--environment", options.environment.resolve() / name] if options.environment else []
        start = time.monotonic()
        reason = run([sys.executable, *script, *kept, "--json", out])
        seconds = time.monotonic() - start
        found = json.loads(out.read_text()) if reason is None else {"versions": {}, "tables": []}
    about["load"].append(os.getloadavg()[0])
    command = "python3 " + " ".join(script)
    return {"name": name, "title": title, "command": command, "machine": about, "seconds": found.pop("seconds", seconds), "not_run": reason, **found}


def run(command):
    """Why it failed, or nothing. What it says is shown; the reason names no place of this machine."""
    try:
        subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return f"stopped after {LIMIT} s"
    except subprocess.CalledProcessError as error:
        sys.stderr.write(error.stderr)
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        return "an installation failed" if "pip" in last else re.sub(r"\S*/\S*", "…", last)[:200]
    return None


# ---- where


def machine():
    processor = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", processor)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": model.group(1) if model else platform.machine(),
        "cores": threads(),
        "vectors": next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in processor), "no AVX"),
        "memory": memory,
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "rustc": said("rustc", "--version").split(" (")[0],
        "commit": said("git", "rev-parse", "--short", "HEAD") + (" with changes" if said("git", "status", "--porcelain", "--", ":!benches/peers") else ""),
        "load": [os.getloadavg()[0]],
    }


def said(*command):
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def render():
    subprocess.run(["cargo", "run", "--quiet", "--release", "-p", "provable-dp-benches", "--bin", "peer_tables"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
