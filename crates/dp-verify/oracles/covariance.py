#!/usr/bin/env python3
"""Reference values for the checks of changed covariances, in at least 60 digits and independent of the code of dp-mechanisms.

    pip install mpmath
    python3 covariance.py > covariance.txt     # a quarter of an hour

Arguments are floats or integers, written so that they read back to the same bits, and are taken as exact numbers. One line
each:

    chi       k x                P(X > x) and P(X <= x) of the chi-square law with k degrees of freedom, 60 digits
    shared    k mu epsilon       δ(ε) of k draws, one changed eigenvalue, in the order as given: reference.json, 24 digits
    rank_one  k mu epsilon o     the same in the order as given (o = 0) or reversed (o = 1), 60 digits
    renyi     k mu alpha         Rényi divergence of order α in the order as given, 60 digits
    largest   k epsilon delta    largest Δ such that a change of one eigenvalue by Δ, in either order, has δ(ε) <= δ, 30 digits
    spectrum  epsilon parts      δ(ε) in the order as given of several eigenvalues, parts written mu:k,mu:k,…; 25 digits, by
                                 quadrature over all eigenvalues but one, whose conditional δ is a difference of two tails
    sketch    k                  smallest λ/B² for (1, 1e-6): Sheffet as coded, Rényi (Lev et al.), exact; 20 digits
"""
import random
import mpmath as mp

mp.mp.dps = 100
DIGITS = 60
POINTS = random.Random(7)

# copied from the project's shared reference values, which another script made
SHARED = [(100, 0.02, 1.0, "5.58478350856617574625172e-10"), (1000, 0.0095, 1.0, "3.556087491520607629341342e-7"),
          (1000, -0.0095, 1.0, "1.253575433173146587003108e-8"), (10000, 0.003, 0.5, "9.044810406921892359980334e-4"),
          (20, -0.2, 2.0, "9.391728995829437583179487e-9")]


def upper(a, x):
    """Q(a, x), by whichever of its two forms does not cancel"""
    if x <= 0:
        return mp.mpf(1)
    return mp.gammainc(a, x, mp.inf, regularized=True) if x > a else 1 - lower_series(a, x)


def lower_series(a, x):
    """P(a, x) from the confluent series: all terms positive"""
    term = total = 1 / a
    n = a
    while term > total * mp.mpf(10) ** (-mp.mp.dps - 5):
        n += 1
        term *= x / n
        total += term
    return total * mp.exp(a * mp.log(x) - x - mp.loggamma(a))


def lower(a, x):
    if x <= 0:
        return mp.mpf(0)
    return lower_series(a, x) if x < a else 1 - mp.gammainc(a, x, mp.inf, regularized=True)


def delta(epsilon, k, mu):
    """E (1 - e^(ε - L))₊ for any real ε, L the loss of k draws with one eigenvalue 1 + mu"""
    a = mp.mpf(k) / 2
    x = (epsilon + a * mp.log1p(mu)) / mu
    tail = upper if mu > 0 else lower
    return tail(a, x) - mp.exp(epsilon) * tail(a, x * (1 + mu))


def reverse(mu):
    return -mu / (1 + mu)


def renyi(k, mu, alpha):
    b = alpha - 1
    return -mp.mpf(k) / 2 * (mp.log1p(mu) + mp.log1p(-b * mu) / b)


def bisect(exceeds, low, high, steps):
    """the end of the region where a monotone condition holds"""
    low, high = mp.mpf(low), mp.mpf(high)
    assert exceeds(low) != exceeds(high)
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if exceeds(middle) == exceeds(low) else (low, middle)
    return high


def spectrum(epsilon, parts):
    """conditions on all parts but the last: δ(ε) = E δ_last(ε - L_others)"""
    (mu, k), rest = parts[0], parts[1:]
    if not rest:
        return delta(epsilon, k, mu)
    a = mp.mpf(k) / 2
    density = lambda v: mp.exp((a - 1) * mp.log(v) - v - mp.loggamma(a))
    # with v a gamma variable under the first law, the loss of this part is mu v - a ln(1 + mu)
    inside = lambda v: density(v) * spectrum(epsilon - mu * v + a * mp.log1p(mu), rest) if v > 0 else mp.mpf(0)
    # in pieces: what large ε asks for is far out; at the kink the last part's loss can just exceed what is left for it
    steps = (-14, -10, -6, -3, 0, 3, 6, 10, 15, 22, 32, 45, 60, 80, 100, 130, 160)
    kink = (epsilon + a * mp.log1p(mu) + sum(mp.mpf(n) / 2 * mp.log1p(m) for m, n in rest)) / mu
    ends = sorted({max(mp.mpf(0), a + j * mp.sqrt(a)) for j in steps} | ({kink} if kink > 0 else set()))
    return mp.quad(inside, ends, maxdegree=7)


def sketch(k):
    """regularised least eigenvalue over squared row norm: a row changes the eigenvalue 1 by 1/(r - 1)"""
    epsilon, target = mp.mpf(1), mp.mpf(10) ** -6
    sheffet = 4 / epsilon * (mp.sqrt(2 * k * mp.log(8 / target)) + mp.log(8 / target))
    exact = bisect(lambda r: delta(epsilon, k, 1 / (r - 1)) > target, 2, 1000, 90)
    return sheffet, bisect(lambda r: converted(k, 1 / (r - 1), epsilon) > target, 2, 1000, 90), exact


def converted(k, mu, epsilon):
    """min over orders of Proposition 12 of Canonne, Kamath, Steinke 2020: unimodal in b = α - 1; thirds"""
    log_bound = lambda b: b * (renyi(k, mu, 1 + b) - epsilon) + b * mp.log(b) - (1 + b) * mp.log1p(b)
    low, high = mp.mpf(10) ** -3, (1 - mp.mpf(10) ** -30) / mu
    for _ in range(220):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if log_bound(left) < log_bound(right) else (left, high)
    return min(mp.mpf(1), mp.exp(log_bound(low)))


def emit(kind, arguments, *values, digits=DIGITS):
    text = [a if isinstance(a, str) else str(a) if isinstance(a, int) else repr(float(a)) for a in arguments]
    values = [v if isinstance(v, str) else mp.nstr(v, digits, min_fixed=0, max_fixed=0) for v in values]
    print(kind, *text, *values, flush=True)


def main():
    for k in (1, 2, 3, 10, 99, 1000, 10001):
        for ratio in (1e-6, 0.02, 0.3, 0.9, 1.0, 1.05, 1.5, 4.0, 30.0, 900.0):
            x = ratio * k
            if mp.mpf(x) / 2 - mp.mpf(k) / 2 * mp.log(max(ratio, 1)) - mp.mpf(k) / 2 < 690:
                p = lower(mp.mpf(k) / 2, mp.mpf(x) / 2)
                if p > mp.mpf(10) ** -305:
                    emit("chi", (k, x), upper(mp.mpf(k) / 2, mp.mpf(x) / 2), p)
    for k, x in [(1, 1e-300), (1, 1360.0), (2, 1e-290), (7, 1500.0), (100, 1800.0), (1000000, 960000.0), (1000000, 999000.0),
                 (1000000, 1000000.0), (1000000, 1050000.0)]:
        emit("chi", (k, x), upper(mp.mpf(k) / 2, mp.mpf(x) / 2), lower(mp.mpf(k) / 2, mp.mpf(x) / 2))
    for k, mu, epsilon, value in SHARED:
        emit("shared", (k, mu, epsilon), value)
    points = [(k, mu, epsilon) for k in (1, 2, 5, 20, 101, 1000) for mu in (-0.4, -0.05, -0.004, 0.003, 0.03, 0.5)
              for epsilon in (0.0, 0.3, 1.0, 4.0)]
    points += [(10000, 0.003, 0.5), (10000, -0.0025, 1.0), (10000, 0.001, 0.0), (1, 1e-9, 0.0), (3, 20.0, 0.1), (4, -0.99, 3.0)]
    points += [(1000000, 0.0004, 1.0), (50, 1e-5, 1e-6), (1, 0.01, 6.0), (2, 0.0015, 1.0), (400, 0.02, 8.0)]
    for k, mu, epsilon in points:
        for order, change in enumerate((mp.mpf(mu), reverse(mp.mpf(mu)))):
            value = delta(mp.mpf(epsilon), k, change)
            if mp.mpf(10) ** -300 < value:
                emit("rank_one", (k, mu, epsilon, order), value)
    for k, mu, alpha in [(1, 0.5, 1.5), (10, -0.3, 1.01), (100, 0.02, 2.0), (100, 0.02, 40.0), (1000, 0.0095, 17.5),
                         (1000, -0.0095, 300.0), (10000, 1e-4, 1.0000001), (3, 1e-12, 1e6), (7, 4.0, 1.2)]:
        emit("renyi", (k, mu, alpha), renyi(k, mp.mpf(mu), mp.mpf(alpha)))
    with mp.workdps(50):
        for k in (20, 100, 1000, 10000):
            for target in (1e-5, 1e-6, 1e-10):
                for epsilon in (0.1, 1.0, 4.0):
                    e, d = mp.mpf(epsilon), mp.mpf(target)
                    worst = lambda m: max(delta(e, k, m), delta(e, k, reverse(m)))
                    start = mp.sqrt(2 / mp.mpf(k)) * e
                    largest = bisect(lambda m: worst(m) > d, start / 100, 3 * start, 110)
                    emit("largest", (k, epsilon, target), largest, digits=30)
    with mp.workdps(40):
        for epsilon, parts in [
            (1.0, [(0.02, 100), (-0.01, 100)]), (0.3, [(0.02, 100), (0.01, 100)]), (0.0, [(0.05, 40), (-0.05, 40)]),
            (1.0, [(0.008, 1000), (0.004, 1000)]), (2.0, [(-0.1, 30), (-0.2, 30)]), (0.5, [(0.3, 8), (-0.2, 8)]),
            (3.0, [(0.1, 60), (0.02, 20)]), (0.5, [(0.002, 10000), (0.001, 10000)]), (1.0, [(0.4, 6), (0.1, 3)]),
        ]:
            text = ",".join(f"{mu!r}:{k}" for mu, k in parts)
            emit("spectrum", (epsilon, text), spectrum(mp.mpf(epsilon), [(mp.mpf(m), k) for m, k in parts]), digits=25)
    with mp.workdps(70):  # the quadrature's tolerance is absolute
        for epsilon, parts in [(2.5, [(0.01, 1000), (-0.005, 500)])]:
            text = ",".join(f"{mu!r}:{k}" for mu, k in parts)
            emit("spectrum", (epsilon, text), spectrum(mp.mpf(epsilon), [(mp.mpf(m), k) for m, k in parts]), digits=25)
    with mp.workdps(22):
        for epsilon, parts in [(1.0, [(0.05, 50), (-0.03, 50), (0.02, 50)]), (0.5, [(0.2, 12), (0.1, 12), (-0.15, 12)])]:
            text = ",".join(f"{mu!r}:{k}" for mu, k in parts)
            emit("spectrum", (epsilon, text), spectrum(mp.mpf(epsilon), [(mp.mpf(m), k) for m, k in parts]), digits=14)
    with mp.workdps(40):
        for k in (20, 100, 1000):
            emit("sketch", (k,), *sketch(k), digits=20)


main()
