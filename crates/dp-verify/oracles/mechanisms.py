#!/usr/bin/env python3
"""Reference values for the checks of dp-mechanisms, from closed forms in 100 digits and independent of its code.

    pip install mpmath
    python3 mechanisms.py > mechanisms.txt

Arguments are floats, written so that they read back to the same bits, and are taken as exact numbers. One line each:

    delta    epsilon mu           δ(ε) of the Gaussian mechanism (Balle, Wang 2018, Theorem 8), 60 digits
    noise    epsilon delta        least σ at sensitivity 1 with δ(ε) ≤ δ, 60 digits
    epsilon  mu delta             least ε with δ(ε) ≤ δ, 60 digits
    quantile p                    Φ⁻¹(1 − p), 60 digits
    pure     epsilon0 epsilon     δ(ε) of randomised response at ε₀, 60 digits
    zcdp     rho epsilon          infimum over orders of Proposition 12 of Canonne, Kamath, Steinke 2020, 60 digits
    tail     sigma k w1 w2 w3     first three 64-bit words of Q((k + 1/2)/σ)
    cell     word far near        Q⁻¹ at both ends of a word of the sampler, (word + 1)·2⁻⁶⁴ being near, in units of 2⁻⁸⁰
"""
import random
import mpmath as mp

mp.mp.dps = 100
DIGITS = 60
POINTS = random.Random(20)


def upper_tail(x):
    return mp.erfc(x / mp.sqrt(2)) / 2


def quantile(u):
    """x with Q(x) = u: Newton's method on ln Q, which is concave, from the left"""
    x = mp.sqrt(2) * mp.erfinv(1 - 2 * u) if u > mp.mpf("1e-12") else mp.sqrt(-2 * mp.log(u)) * mp.mpf("0.9")
    for _ in range(200):
        q = upper_tail(x)
        step = mp.log(q / u) * q / mp.npdf(x)
        x += step
        if abs(step) < mp.mpf(10) ** -90:
            return x
    raise ArithmeticError("Newton's method did not settle")


def delta(epsilon, mu):
    """the two terms keep their relative accuracy; their difference loses about as many digits as 1/μ has"""
    with mp.workdps(130):
        epsilon, mu = mp.mpf(epsilon), mp.mpf(mu)
        return upper_tail(epsilon / mu - mu / 2) - mp.exp(epsilon) * upper_tail(epsilon / mu + mu / 2)


def bisect(exceeds, low, high):
    """the end of the region where a monotone condition holds"""
    low, high = mp.mpf(low), mp.mpf(high)
    assert exceeds(low) and not exceeds(high)
    for _ in range(260):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle) else (low, middle)
    return high


def noise(epsilon, target):
    return bisect(lambda s: delta(epsilon, 1 / s) > mp.mpf(target), mp.mpf(10) ** -3, mp.mpf(10) ** 9)


def epsilon_of(mu, target):
    return bisect(lambda e: delta(e, mu) > mp.mpf(target), 0, 1000)


def pure(epsilon0, epsilon):
    epsilon0, epsilon = mp.mpf(epsilon0), mp.mpf(epsilon)
    return max(mp.mpf(0), (mp.exp(epsilon0) - mp.exp(epsilon)) / (1 + mp.exp(epsilon0)))


def zcdp(rho, epsilon):
    """min over t = ln(α − 1); the logarithm of the bound is unimodal in t: its derivative in α is bisected"""
    rho, epsilon = mp.mpf(rho), mp.mpf(epsilon)
    log_bound = lambda a: (a - 1) * (a * rho - epsilon) + a * mp.log1p(-1 / a) - mp.log(a - 1)
    slope = lambda a: (2 * a - 1) * rho - epsilon + mp.log1p(-1 / a)
    t = bisect(lambda t: slope(1 + mp.exp(t)) < 0, -80, 80)
    return min(mp.mpf(1), mp.exp(log_bound(1 + mp.exp(t))))


def words(x, count):
    n = int(mp.floor(x * mp.mpf(2) ** (64 * count)))
    return [(n >> (64 * (count - 1 - i))) & (2**64 - 1) for i in range(count)]


def emit(kind, arguments, value):
    value = value if isinstance(value, str) else mp.nstr(value, DIGITS, min_fixed=0, max_fixed=0)
    print(kind, *[a if isinstance(a, int) else repr(float(a)) for a in arguments], value)


def main():
    points = [(0.0, 1e-6), (0.0, 0.3), (0.0, 8.0), (1e-6, 1e-3), (1e-3, 1e-4), (0.01, 0.002), (0.1, 0.05), (0.5, 4.0)]
    points += [(1.0, 0.0273), (1.0, 0.2367), (1.0, 0.5), (1.0, 3.0), (8.0, 0.9), (8.0, 4.0), (30.0, 6.0), (100.0, 2.9)]
    points += [(100.0, 14.0), (100.0, 5.0), (100.0, 2.75), (50.0, 1.4), (26.71980, 10**0.5), (2.2540846, 0.5), (3.0, 0.08)]
    points += [(0.3, 0.00822), (5.0, 100.0)]
    while len(points) < 44:
        mu = 10 ** POINTS.uniform(-2.5, 1)
        epsilon = mu * POINTS.uniform(0, 36)
        if epsilon <= 100:
            points.append((epsilon, mu))
    for epsilon, mu in points:
        emit("delta", (epsilon, mu), delta(epsilon, mu))
    targets = [(0.1, 1e-6), (1.0, 1e-6), (1.0, 1e-10), (8.0, 1e-5), (0.01, 1e-12), (1.0, 1e-300), (50.0, 1e-5), (1e-6, 1e-6)]
    targets += [(100.0, 1e-300), (100.0, 0.5), (0.3, 0.9), (1e-6, 1e-300), (3.0, 1e-15), (1.0, 1e-15), (0.5, 0.01), (2.0, 1e-40)]
    for epsilon, target in targets:
        emit("noise", (epsilon, target), noise(epsilon, target))
    for sigma, steps, target in [(20, 100, 1e-6), (20, 1000, 1e-6), (10, 1000, 1e-12), (50, 10000, 1e-12), (200, 100000, 1e-12),
                                 (100, 100000, 1e-13), (100, 100000, 1e-20), (1, 1, 1e-9), (30, 1, 0.001)]:
        mu = float(mp.sqrt(steps) / sigma)
        emit("epsilon", (mu, target), epsilon_of(mu, target))
    for p in [5e-324, 1e-300, 1e-100, 1e-20, 1e-9, 1e-6, 1e-3, 0.025, 0.1, 0.25, 0.45, 0.499999, 0.51, 0.75, 0.99, 0.999999]:
        emit("quantile", (p,), quantile(mp.mpf(p)))
    for epsilon0, epsilon in [(0.01, 0.0), (0.01, 0.009), (0.5, 0.1), (1.0, 0.0), (1.0, 0.5), (1.0, 0.9999), (3.0, 1.0), (30.0, 2.0), (1e-9, 1e-10)]:
        emit("pure", (epsilon0, epsilon), pure(epsilon0, epsilon))
    for rho, epsilon in [(1e-6, 0.01), (0.005, 0.3), (0.005, 2.0), (0.05, 0.5), (0.05, 2.0), (0.5, 1.0), (0.5, 4.0), (0.5, 20.0), (3.0, 10.0), (8.0, 60.0)]:
        emit("zcdp", (rho, epsilon), zcdp(rho, epsilon))
    for sigma, ks in [(0.3, [0, 1]), (1.0, [0, 1, 3, 6]), (7.5, [0, 4, 30, 55]), (1000.0, [0, 1, 700, 4321]), (12346.7, [1, 12346, 70000]),
                      (2.0**40 + 1.0, [1, 10**12]), (2.0**50, [0, 1, 10**15, 6 * 10**15])]:
        for k in ks:
            w1, w2, w3 = words(upper_tail((k + mp.mpf(1) / 2) / mp.mpf(sigma)), 3)
            emit("tail", (sigma, k), f"{w1} {w2} {w3}")
    unit = mp.mpf(2) ** 80
    for cell in range(0, 768, 8):
        octave, sub = cell // 32 + 1, (cell * 5) % 32
        shift = 63 - 5 - octave
        first = (32 + sub) << shift
        for word in (first, first + (1 << shift) // 3, first + (1 << shift) - 1):
            far, near = (quantile(mp.mpf(word + i) / mp.mpf(2) ** 64) * unit for i in (0, 1))
            emit("cell", (word,), f"{int(mp.ceil(far))} {int(mp.floor(near))}")


main()
