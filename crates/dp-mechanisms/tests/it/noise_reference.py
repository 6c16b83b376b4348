#!/usr/bin/env python3
"""Writes noise_reference.txt: values of the normal law and of the Gaussian mechanism by mpmath (400 digits, erfc): python3 noise_reference.py > noise_reference.txt

Arguments are the exact values of the printed floats. Columns: what, arguments, value (30 digits).
"""
import mpmath as mp

mp.mp.dps = 400


def tail(z):
    return mp.erfc(z / mp.sqrt(2)) / 2


def delta(epsilon, mu):
    epsilon, mu = mp.mpf(epsilon), mp.mpf(mu)
    return tail(epsilon / mu - mu / 2) - mp.exp(epsilon) * tail(epsilon / mu + mu / 2)


def quantile(p):
    p = mp.mpf(p)
    if p > 0.5:
        return -quantile(1 - p)
    x = mp.sqrt(-2 * mp.log(p))
    for _ in range(30):  # Newton's method for ln tail
        t = tail(x)
        x += mp.log(t / p) * t * mp.sqrt(2 * mp.pi) * mp.exp(x * x / 2)
    return x


def noise_std(epsilon, target):
    """bisection in ln sigma; delta decreases in sigma"""
    lo, hi = mp.mpf(10) ** -4, mp.mpf(10) ** 13
    for _ in range(200):
        mid = mp.sqrt(lo * hi)
        lo, hi = (mid, hi) if delta(epsilon, 1 / mid) > mp.mpf(target) else (lo, mid)
    return hi


def show(*columns):
    *names, value = columns
    print(*[n if isinstance(n, str) else repr(n) for n in names], mp.nstr(value, 30, min_fixed=1, max_fixed=0))


for z in (1e-300, 1e-9, 0.25, 0.9, 1.0, 2.5, 4.9, 5.1, 8.0, 20.0, 37.5):
    show("tail", z, tail(mp.mpf(z)))
    show("tail", -z, tail(mp.mpf(-z)))
for p in (1e-300, 1e-100, 2.5e-17, 1e-6, 0.025, 0.3, 0.49999, 0.6, 0.999):
    show("quantile", p, quantile(p))
for epsilon in (0.0, 1e-12, 1e-6, 0.01, 0.5, 1.0, 8.0, 100.0):
    for mu in (1e-9, 1e-4, 0.02, 0.3, 1.0, 3.0, 14.0):
        value = delta(epsilon, mu)
        if 1e-306 < value < 1:
            show("delta", epsilon, mu, value)
for epsilon in (1e-6, 0.1, 1.0, 8.0, 100.0):
    for target in (1e-300, 1e-100, 1e-12, 1e-5, 0.01, 0.5, 0.99):
        show("noise_std", epsilon, target, noise_std(epsilon, target))
for sigma, k in ((0.3, 0), (0.3, 3), (2.0, 1), (2.0, 60), (12346.0, 5000), (1099511627776.0, 10**12)):
    s = mp.mpf(sigma)
    show("pmf", sigma, float(k), tail((k - mp.mpf(1) / 2) / s) - tail((k + mp.mpf(1) / 2) / s))
