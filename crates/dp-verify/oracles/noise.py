#!/usr/bin/env python3
"""Reference values for the checks of the lattice laws of dp-mechanisms, in 100 digits and independent of its code.

    pip install mpmath
    python3 noise.py > noise.txt

Arguments are floats, written so that they read back to the same bits, and are taken as exact numbers. Values have 60 digits.
K is discrete Laplace of scale b, P(k) ∝ exp(−|k|/b), or discrete Gaussian of parameter s, P(k) ∝ exp(−k²/2s²). One line each:

    laplace_pmf    b k            P(K = k)
    laplace_cdf    b k            P(K ≤ k)
    gaussian_pmf   s k            P(K = k)
    gaussian_cdf   s k            P(K ≤ k)
    truncated_pmf  b B k          P(K = k | |K| ≤ B) of the discrete Laplace
    truncated_cdf  b B k          P(K ≤ k | |K| ≤ B)
    infinity       b B d          P(K > B − d | |K| ≤ B)
    shift_laplace  b d ε          Σ max(0, P(K = k) − e^ε P(K = k − d)), where it is not zero
    shift_gaussian s d ε          the same of the discrete Gaussian
    shift_rounded  s d ε          the same of the rounded Gaussian ⌊sN⌉
    laplace_tail   b k w1 w2 w3   first three 64-bit words of P(K > k)
    gaussian_tail  s k w1 w2 w3   first three 64-bit words of P(K > k)
    accept         b k w1 w2 w3   first three 64-bit words of exp(−k/b)
    logarithm      word far near  −ln of both ends of a word of 63 bits, (word + 1)·2⁻⁶³ being near, in units of 2⁻⁸⁰
"""
import mpmath as mp

mp.mp.dps = 100
DIGITS = 60


def laplace(b):
    q = mp.exp(-1 / mp.mpf(b))
    return lambda k: q ** abs(k) * (1 - q) / (1 + q), lambda k: q ** (k + 1) / (1 + q)


def far(s, digits=110):
    """beyond this, terms of the Gaussian sums are below 10^−digits of the first"""
    return int(s * mp.sqrt(2 * digits * mp.log(10))) + 2


def partial(s, k):
    """Σ_{j > k} exp(−j²/2s²) for k ≥ 0: term by term, or by Euler and Maclaurin where that is long"""
    s = mp.mpf(s)
    if s < 3000:
        stop = int(mp.sqrt(mp.mpf(k) ** 2 + far(s) ** 2)) + 2
        return mp.fsum(mp.exp(-mp.mpf(j) ** 2 / (2 * s * s)) for j in range(k + 1, stop))
    return expansion(s, k)


def expansion(s, k):
    a = k + mp.mpf(1) / 2
    z = a / s
    hermite = [mp.mpf(1), z]
    while len(hermite) < 80:
        n = len(hermite) - 1
        hermite.append(z * hermite[n] - n * hermite[n - 1])
    total = s * mp.sqrt(mp.pi / 2) * mp.erfc(z / mp.sqrt(2))
    for i in range(1, 40):
        # −d_i f^(2i−1)(a), f^(n) = (−1)^n He_n(z) s^−n e^(−z²/2), d_i = B_2i(1/2)/(2i)!
        d = mp.bernpoly(2 * i, mp.mpf(1) / 2) / mp.factorial(2 * i)
        term = d * hermite[2 * i - 1] * s ** (1 - 2 * i) * mp.exp(-z * z / 2)
        total += term
        if abs(term) < abs(total) * mp.mpf(10) ** -95:
            return total
    raise ArithmeticError("the expansion did not settle")


def normaliser(s):
    s = mp.mpf(s)
    if s > 30:
        return s * mp.sqrt(2 * mp.pi)  # up to 10^−7700
    return 1 + 2 * partial(s, 0)


def gaussian(s):
    total = normaliser(s)
    s = mp.mpf(s)
    return lambda k: mp.exp(-mp.mpf(k) ** 2 / (2 * s * s)) / total, lambda k: partial(s, k) / total


def cdf(tail, k):
    return 1 - tail(k) if k >= 0 else tail(-k - 1)


def rounded(s):
    s = mp.mpf(s)
    upper = lambda k: mp.erfc((k + mp.mpf(1) / 2) / s / mp.sqrt(2)) / 2
    return lambda k: upper(abs(k) - 1) - upper(abs(k)) if k else 1 - 2 * upper(0)


def shift(pmf, reach, d, epsilon):
    factor = mp.exp(mp.mpf(epsilon))
    return mp.fsum(max(mp.mpf(0), pmf(k) - factor * pmf(k - d)) for k in range(-reach, reach + d + 1))


def words(x, count):
    n = int(mp.floor(x * mp.mpf(2) ** (64 * count)))
    return " ".join(str((n >> (64 * (count - 1 - i))) & (2**64 - 1)) for i in range(count))


def emit(kind, arguments, value):
    value = value if isinstance(value, str) else mp.nstr(value, DIGITS, min_fixed=0, max_fixed=0)
    print(kind, *[a if isinstance(a, int) else repr(float(a)) for a in arguments], value)


LARGE = 2.0**50
LAPLACE = [(0.001, [0]), (0.3, [0, 1, 30]), (1.0, [0, 1, 7, 600]), (6.5, [0, 3, 100, 4000]), (1024.0, [0, 1, 1000, 500000]),
           (1e6, [0, 12345678]), (2.0**40 + 1, [1, 10**13]), (LARGE, [0, 10**15, 2**62])]
GAUSSIAN = [(0.05, [0]), (0.3, [0, 1, 9]), (0.999, [0, 1, 5, 30]), (1.0, [0, 2, 37]), (2.7, [0, 1, 9, 90]), (15.9, [0, 15, 70, 500]),
            (16.0, [0, 1, 15, 80, 127, 128, 600]), (40.5, [0, 41, 300, 900]), (1000.0, [0, 1, 1000, 9000, 36000]),
            (1e6, [0, 123456, 8 * 10**6]), (2.0**40 + 1, [1, 10**12]), (LARGE, [0, 10**15, 3 * 10**16])]


def main():
    for s in (3500.0,):
        for k in (0, 1, 3500, 30000):
            direct = mp.fsum(mp.exp(-mp.mpf(j) ** 2 / (2 * mp.mpf(s) ** 2)) for j in range(k + 1, k + 110000))
            assert abs(expansion(mp.mpf(s), k) / direct - 1) < mp.mpf(10) ** -80
    for family, law, points in (("laplace", laplace, LAPLACE), ("gaussian", gaussian, GAUSSIAN)):
        for parameter, ks in points:
            pmf, tail = law(parameter)
            for k in ks:
                if pmf(k) < mp.mpf(10) ** -307:
                    continue
                emit(family + "_pmf", (parameter, -k), pmf(k))
                emit(family + "_cdf", (parameter, k), cdf(tail, k))
                emit(family + "_cdf", (parameter, -k - 1), tail(k))
    for b, bound, ks in [(3.0, 7, [0, 1, 6, 7]), (1.0, 40, [0, 5, 39]), (0.2, 1, [0, 1]), (1e6, 9, [0, 4, 9]), (1e5, 2000000, [3, 10**6, 1999999]), (LARGE, 3, [0, 2])]:
        pmf, tail = laplace(b)
        kept = 1 - 2 * tail(bound)
        for k in ks:
            emit("truncated_pmf", (b, bound, k), pmf(k) / kept)
            if k < bound:
                emit("truncated_cdf", (b, bound, -k - 1), (tail(k) - tail(bound)) / kept)
                emit("truncated_cdf", (b, bound, k), 1 - (tail(k) - tail(bound)) / kept)
        for d in (1, 2, bound, 2 * bound):
            inside = bound - d
            beyond = tail(inside) if inside >= 0 else 1 - tail(-inside - 1)
            emit("infinity", (b, bound, d), (beyond - tail(bound)) / kept)
    for parameter, d in [(0.3, 1), (1.0, 1), (1.0, 3), (6.5, 2), (6.5, 30), (50.0, 7)]:
        for epsilon in (0.0, 0.01, 0.5, 2.0, 8.0):
            # beyond where the best event ends, too
            reach = far(parameter) + d + int(epsilon * parameter**2 / d)
            families = (("laplace", laplace(parameter)[0], int(300 * parameter) + 5), ("gaussian", gaussian(parameter)[0], reach), ("rounded", rounded(parameter), reach))
            for family, pmf, reach in families:
                if family == "laplace" and epsilon >= d / parameter:
                    continue
                emit("shift_" + family, (parameter, d, epsilon), shift(pmf, reach, d, epsilon))
    for b, ks in [(0.3, [0, 1, 9]), (1.0, [0, 1, 20]), (7.5, [0, 4, 200]), (1000.0, [0, 700, 4321]), (12346.7, [1, 12346, 300000]),
                  (2.0**40 + 1.0, [1, 10**12]), (LARGE, [7, 10**15, 2 * 10**16])]:
        for k in ks:
            emit("laplace_tail", (b, k), words(laplace(b)[1](k), 3))
    for s, ks in [(0.3, [0, 1]), (1.0, [0, 1, 3, 6]), (7.5, [0, 4, 30, 55]), (15.5, [0, 1, 40]), (16.0, [0, 1, 16, 60]), (20.25, [0, 3, 55, 90]), (100.0, [0, 150, 500]),
                  (1000.0, [0, 1, 700, 4321]), (12346.7, [1, 12346, 70000]), (2.0**40 + 1.0, [1, 10**12]), (LARGE, [0, 1, 10**15, 6 * 10**15])]:
        for k in ks:
            emit("gaussian_tail", (s, k), words(gaussian(s)[1](k), 3))
    for b, ks in [(1e5, [1, 4, 7]), (1e6, [1, 9]), (LARGE, [3])]:
        for k in ks:
            emit("accept", (b, k), words(mp.exp(-k / mp.mpf(b)), 3))
    unit = mp.mpf(2) ** 80
    for index in range(0, 44 * 6):
        octave, cell, place = index // 6, (index * 37) % 256, [0, 1, 2**53, 2**54 + 12345, 2**55 - 1, 2**52 + 1][index % 6]
        word = (((256 + cell) << 55 | place) >> octave) >> 1
        beyond, near = (-mp.log(mp.mpf(word + i) / mp.mpf(2) ** 63) * unit for i in (0, 1))
        emit("logarithm", (word,), f"{int(mp.ceil(beyond))} {int(mp.floor(near))}")


main()
