#!/usr/bin/env python3
"""Reference values for the checks of compositions in dp-mechanisms, independent of its code: no grid and no transform, but
closed forms, sums of binomials, and integrals over one or two of the losses with 30 digits.

    pip install mpmath
    python3 accounting.py > accounting.txt

Arguments are floats, written so that they read back to the same bits, and are taken as exact numbers. One line each:

    gaussian     μ T δ ε          the ε of T Gaussian mechanisms, with 30 digits
    shared       σ T δ ε          the same of noise σ, sensitivity one: the composition rows of reference.json, 25 digits
    response     e d T ε δ        the δ of T mechanisms that are (e, d)-differentially private, at worst, with 30 digits
    laplace      e T ε δ          the δ of T Laplace mechanisms
    poisson      q μ T ε δ δ'     of T Gaussian mechanisms on Poisson samples: the row first, and second
    fixed_size   q μ T ε δ        of T Gaussian mechanisms on samples of fixed size, by the bound for one that is the same in both orders

The last three have 15 digits or more.
"""
import mpmath as mp

mp.mp.dps = 30


def tail(z):
    return mp.erfc(z / mp.sqrt(2)) / 2


def gaussian_delta(mu, e):
    return tail(e / mu - mu / 2) - mp.exp(e) * tail(e / mu + mu / 2)


def gaussian(mu, steps, delta):
    whole = mp.mpf(mu) * mp.sqrt(steps)
    high = whole * whole / 2 + whole * mp.sqrt(-2 * mp.log(mp.mpf(delta)))
    target = mp.log(mp.mpf(delta))
    with mp.workdps(60):
        return mp.findroot(lambda e: mp.log(gaussian_delta(whole, e)) - target, (high * mp.mpf("0.7"), high), solver="anderson")


def response(e, d, steps, epsilon):
    e, d, epsilon = mp.mpf(e), mp.mpf(d), mp.mpf(epsilon)
    with mp.workdps(60):
        kept = (1 - d) ** steps
        p = 1 / (1 + mp.exp(-e))
        total = mp.mpf(0)
        for k in range(steps + 1):
            loss = (2 * k - steps) * e
            if loss > epsilon:
                total += mp.binomial(steps, k) * p**k * (1 - p) ** (steps - k) * (1 - mp.exp(epsilon - loss))
        return 1 - kept + kept * total


class Pair:
    """losses of one mechanism: atoms (mass, loss) under P, and a density of P on pieces of a line, with the loss there"""

    def atoms(self):
        return []

    def pieces(self):
        return []

    def composed(self, steps, t, how=None):
        """E_t of so many; where two integrals are nested, two dozen nodes on each short piece, analytic inside, are enough"""
        how = how if how is not None else {} if steps < 3 else {"method": "gauss-legendre", "maxdegree": 4}
        if steps == 1:
            return self.divergence(t)
        total = mp.fsum(mass * self.composed(steps - 1, t * mp.exp(-loss), how) for mass, loss in self.atoms())
        for ends, density, loss, place in self.pieces():
            corners = [x for x in self.corner_places(steps - 1, t, place) if ends[0] < x < ends[-1]]
            points = sorted(set(list(ends) + corners))
            total += mp.quad(lambda x: density(x) * self.composed(steps - 1, t * mp.exp(-loss(x)), how), points, **how)
        return total

    def corner_places(self, steps, t, place):
        """where the divergence of the others has a corner: their loss is a sum of corners"""
        sums = {mp.mpf(0)}
        for _ in range(steps):
            sums = {a + b for a in sums for b in self.corners()}
        return [x for s in sums for x in place(mp.log(t) - s)]


class Laplace(Pair):
    def __init__(self, e):
        self.e = mp.mpf(e)

    def atoms(self):
        return [(mp.mpf(1) / 2, self.e), (mp.exp(-self.e) / 2, -self.e)]

    def pieces(self):
        e = self.e
        return [((mp.mpf(0), e), lambda x: mp.exp(x - e) / 2, lambda x: 2 * x - e, lambda l: [(l + e) / 2])]

    def corners(self):
        return [-self.e, self.e]

    def divergence(self, t):
        e, l = self.e, mp.log(t)
        if l >= e:
            return mp.mpf(0)
        if l <= -e:
            return 1 - t
        return 1 - mp.exp((l - e) / 2) / 2 - t * mp.exp(-(e + l) / 2) / 2


REACH = 13


class Poisson(Pair):
    def __init__(self, q, mu):
        self.q, self.mu = mp.mpf(q), mp.mpf(mu)

    def loss(self, x):
        return mp.log(1 - self.q + self.q * mp.exp(self.mu * x - self.mu**2 / 2))

    def place(self, l):
        s = (mp.exp(l) - 1 + self.q) / self.q
        return [(mp.log(s) + self.mu**2 / 2) / self.mu] if s > 0 else []

    def cuts(self):
        return [mp.mpf(k) for k in range(-REACH, REACH + int(self.mu) + 2, 2)]

    def pieces(self):
        def density(x):
            other = mp.npdf(x)
            return other + self.q * (mp.npdf(x - self.mu) - other)

        return [(self.cuts(), density, self.loss, self.place)]

    def corners(self):
        return [mp.log(1 - self.q)]

    def divergence(self, t):
        if t <= 1 - self.q:
            return 1 - t
        x = self.place(mp.log(t))[0]
        return tail(x) + self.q * (tail(x - self.mu) - tail(x)) - t * tail(x)


class Reversed(Poisson):
    """(Q, P)"""

    def pieces(self):
        return [(self.cuts(), mp.npdf, lambda x: -self.loss(x), lambda l: self.place(-l))]

    def corners(self):
        return [-mp.log(1 - self.q)]

    def divergence(self, t):
        return 1 - t + t * super().divergence(1 / t)


class FixedSize(Poisson):
    """h(t) of the Poisson pair for t ≥ 1, 1 − t + t·h(1/t) below: losses of both signs alike, and an atom at zero"""

    def __init__(self, q, mu):
        super().__init__(q, mu)
        self.middle = self.mu / 2

    def atoms(self):
        x = self.middle
        p, q = tail(x) + self.q * (tail(x - self.mu) - tail(x)), tail(x)
        return [(1 - p - q, mp.mpf(0))]

    def pieces(self):
        cuts = [self.middle + k for k in range(0, REACH + 1, 2)] + [mp.mpf(REACH + int(self.mu) + 2)]
        [(_, density, _, place)] = super().pieces()
        return [
            (cuts, density, self.loss, place),
            (cuts, mp.npdf, lambda x: -self.loss(x), lambda l: place(-l)),
        ]

    def corners(self):
        return [mp.mpf(0)]

    def divergence(self, t):
        return super().divergence(t) if t >= 1 else 1 - t + t * super().divergence(1 / t)


def show(kind, arguments, *values, digits=20):
    text = [mp.nstr(v, digits, min_fixed=1, max_fixed=0) if v > 1e-25 else "0.0" for v in values]
    fields = [repr(x) for x in arguments] + text
    print(kind, *fields, flush=True)


SHARED = [
    (20, 100, 1e-06, "2.254084650219740939895339"),
    (20, 1000, 1e-06, "8.306225049954728206034518"),
    (10, 1000, 1e-12, "26.71979956976202474490435"),
    (50, 10000, 1e-12, "15.64112577946098907783832"),
    (200, 100000, 1e-12, "11.99209105496782487777772"),
    (100, 100000, 1e-13, "27.72308590430141684995064"),
    (100, 100000, 1e-20, "33.82349315880910623069155"),
]


def main():
    for std, steps, delta, epsilon in SHARED:
        show("shared", (float(std), steps, delta), mp.mpf(epsilon), digits=25)
    rows = [(20, 100, 1e-6), (20, 1000, 1e-6), (5, 10, 1e-5), (1, 1, 1e-10), (2, 50, 1e-15), (0.7, 20, 1e-3)]
    small = [(10, 1000, 1e-12), (50, 10_000, 1e-12), (200, 100_000, 1e-12), (100, 100_000, 1e-12)]
    small += [(100, 100_000, 1e-13), (100, 100_000, 1e-16), (100, 100_000, 1e-20), (300, 1_000_000, 1e-20), (4, 30, 1e-20)]
    for std, steps, delta in rows + small:
        mu = 1.0 / std
        show("gaussian", (mu, steps, delta), gaussian(mu, steps, delta), digits=30)
    for e, d, steps in [(0.1, 0.0, 30), (0.01, 0.0, 1000), (1.0, 0.0, 5), (0.25, 1e-9, 12), (0.05, 1e-7, 200), (2.0, 1e-3, 3), (20.0, 0.0, 2), (6.06, 0.0, 8)]:
        for part in [0.0, 0.1, 0.3, 0.55, 0.8]:
            epsilon = float(part * e * steps * (1 if steps < 50 else 0.3))
            show("response", (e, d, steps, epsilon), response(e, d, steps, epsilon), digits=30)
    for e, steps in [(0.5, 2), (2.0, 2), (0.1, 3), (1.0, 3)]:
        for epsilon in [0.0, 0.3 * e, 1.1 * e, 1.9 * e]:
            show("laplace", (e, steps, epsilon), Laplace(e).composed(steps, mp.exp(mp.mpf(epsilon))))
    for q, mu, steps in [(0.1, 1.0, 2), (0.01, 2.0, 2), (0.5, 0.5, 2), (0.05, 1.5, 3)]:
        for epsilon in [0.0, 0.02, 0.3, 1.0]:
            t = mp.exp(mp.mpf(epsilon))
            if steps == 3 and epsilon not in (0.02, 0.3):
                continue
            show("poisson", (q, mu, steps, epsilon), Poisson(q, mu).composed(steps, t), Reversed(q, mu).composed(steps, t), digits=17)
    for q, mu, steps in [(0.1, 1.0, 2), (0.02, 2.0, 2), (0.3, 0.6, 2)]:
        for epsilon in [0.0, 0.05, 0.4]:
            show("fixed_size", (q, mu, steps, epsilon), FixedSize(q, mu).composed(steps, mp.exp(mp.mpf(epsilon))))


main()
