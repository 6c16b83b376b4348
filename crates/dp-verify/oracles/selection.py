#!/usr/bin/env python3
"""Reference values for the checks of selection by score in dp-mechanisms, in 100 digits and independent of its code.

    pip install mpmath
    python3 selection.py > selection.txt

Numbers ε and q are floats, written so that they read back to the same bits, and are taken as exact. One line each, w1 w2 w3 being the
first three 64-bit words of a probability after the binary point:

    coin      ε s k w1 w2 w3                   exp(−εk/s)
    index     ε s gaps i w1 w2 w3              the sum of weights exp(−εg/s) up to the i-th over the sum of all
    quantile  ε q low high values x w1 w2 w3   the probability of an integer of at most x, rows added or removed
"""
import mpmath as mp

mp.mp.dps = 100


def words(p):
    n = int(mp.floor(p * mp.mpf(2) ** 192))
    return " ".join(str((n >> shift) % 2**64) for shift in (128, 64, 0))


def emit(kind, fields, p):
    print(kind, *(",".join(map(str, f)) if isinstance(f, (list, tuple)) else repr(f) for f in fields), words(p))


def main():
    for epsilon, spread, k in [(1.0, 1, 1), (1.0, 2, 3), (0.3, 7, 50), (2.5, 1, 9), (0.1, 4611686018427387904, 18446744073709551615), (40.0, 1, 1)]:
        emit("coin", (epsilon, spread, k), mp.exp(-mp.mpf(epsilon) * k / spread))
    lists = [
        (1.0, 1, [0, 0, 1]),
        (0.7, 3, [4, 0, 2, 9, 0, 1]),
        (3.0, 2, [17, 0, 5]),
        (1e-3, 10, [1000, 0, 123456, 77]),
        (1.0, 1, [0, 40, 80]),
    ]
    for epsilon, spread, gaps in lists:
        weights = [mp.exp(-mp.mpf(epsilon) * gap / spread) for gap in gaps]
        for i in range(len(gaps) - 1):
            emit("index", (epsilon, spread, gaps, i), mp.fsum(weights[: i + 1]) / mp.fsum(weights))
    quantiles = [
        (1.0, 0.5, 0, 99, [3, 3, 40, 41, 77]),
        (0.4, 0.1, -20, 20, [-100, -3, 0, 0, 0, 7, 9, 100]),
        (2.0, 0.9, 0, 1000, [10, 500, 900, 901]),
    ]
    for epsilon, q, low, high, values in quantiles:
        clamped = [min(max(v, low), high) for v in values]
        level = mp.mpf(q)
        target, spread = level * len(values), 2 * max(level, 1 - level)

        def weight(x):
            below, upto = sum(v < x for v in clamped), sum(v <= x for v in clamped)
            return mp.exp(-mp.mpf(epsilon) * max(0, below - target, target - upto) / spread)

        weights = {x: weight(x) for x in range(low, high + 1)}
        total = mp.fsum(weights.values())
        # the last integer of each stretch of equal rank
        ends = sorted({v for v in clamped} | {v - 1 for v in clamped})
        for end in [x for x in ends if low <= x < high]:
            emit("quantile", (epsilon, q, low, high, values, end), mp.fsum(weights[x] for x in range(low, end + 1)) / total)


main()
