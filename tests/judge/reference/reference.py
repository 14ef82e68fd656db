#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An independent reference for the judge's formulas: exact fractions and 60 digits, from their definitions.

    tests/judge/reference/reference.py            compare with tests/unit/judge/reference.inc
    tests/judge/reference/reference.py --write    write it anew

Nothing here looks at the C code, shares an algorithm with it, or uses floating point: sums are over all terms, binomials and
factorials are integers, tails of beta and gamma laws with whole parameters are finite sums, and where a parameter is not
whole the integral is taken numerically by Gauss-Legendre panels in 60 digits. What is written are natural logarithms.
"""
import os
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from math import comb

getcontext().prec = 60
HERE = os.path.dirname(os.path.abspath(__file__))
INC = os.path.join(HERE, "..", "..", "unit", "judge", "reference.inc")
TABLES = [(12, 9, 5), (100, 120, 30), (83, 83, 1), (83, 83, 25), (7, 900, 300), (1000, 1000, 155), (1, 1, 1), (5000, 4000, 700),
          (200, 200, 399), (3, 2000, 1990), (20000, 20000, 1200)]
PSIS = ["0.026", "0.5", "1.1", "2", "4.3", "40", "151"]


def dec(value):
    """Fraction or integer to Decimal."""
    value = Fraction(value)
    return Decimal(value.numerator) / Decimal(value.denominator)


def frac(text):
    return Fraction(text)


def law(n0, n1, failed):
    """All (j, C(n1,j) C(n0,F-j)), as integers."""
    return [(j, comb(n1, j) * comb(n0, failed - j)) for j in range(max(0, failed - n0), min(failed, n1) + 1)]


def log_mass(n0, n1, failed, psi):
    p, q = frac(psi).numerator, frac(psi).denominator
    rows = law(n0, n1, failed)
    top = rows[-1][0]
    total = sum(weight * p**j * q ** (top - j) for j, weight in rows)
    return dec(Fraction(total, comb(n0 + n1, failed))).ln() - top * Decimal(q).ln()


def nearest(n0, n1, q, d):
    """The p minimising n0 KL(q|p) + n1 KL(q|p+d): root of a cubic, by bisection in 60 digits."""
    low, high = max(q - d, Decimal(0)), min(q, 1 - d)
    for _ in range(250):
        p = (low + high) / 2
        if n0 * (p - q) * (p + d) * (1 - p - d) + n1 * (p + d - q) * p * (1 - p) < 0:
            low = p
        else:
            high = p
    return (low + high) / 2


def equal(n0, k0, n1, k1, q, d):
    q, d = Decimal(q), Decimal(d)
    p0 = nearest(n0, n1, q, d)
    p1 = p0 + d
    return (k0 + k1) * q.ln() + (n0 - k0 + n1 - k1) * (1 - q).ln() - k0 * p0.ln() - (n0 - k0) * (1 - p0).ln() \
        - k1 * p1.ln() - (n1 - k1) * (1 - p1).ln()


NODES = None


def gauss(count=40):
    """Nodes and weights of Gauss-Legendre on [-1, 1] by Newton on the Legendre polynomial."""
    global NODES
    if NODES is None:
        import math
        NODES = []
        for i in range(count):
            x = Decimal(math.cos(math.pi * (i + 0.75) / (count + 0.5)))
            for _ in range(8):
                a, b = Decimal(1), x
                for n in range(2, count + 1):
                    a, b = b, ((2 * n - 1) * x * b - (n - 1) * a) / n
                slope = count * (x * b - a) / (x * x - 1)
                x -= b / slope
            NODES.append((x, 2 / ((1 - x * x) * slope * slope)))
    return NODES


def integral(function, low, high, panels):
    width = (high - low) / panels
    total = Decimal(0)
    for i in range(panels):
        middle = low + width * (i + Decimal("0.5"))
        total += sum(weight * function(middle + x * width / 2) for x, weight in gauss()) * width / 2
    return total


def floor(n, k, f0):
    """The mean over the prior Beta(1, b), cut to p > f0, of the likelihood ratio; b = max(1, 0.25/f0)."""
    f0 = Decimal(f0)
    b = max(Decimal(1), Decimal("0.25") / f0)
    peak = max(f0, (Decimal(k) / n) if n else f0)
    spread = (peak * (1 - peak) / max(n, 1)).sqrt() * 60
    high = min(Decimal(1), peak + spread)

    def log_ratio(p):
        return k * (p / f0).ln() + (n - k) * ((1 - p) / (1 - f0)).ln()

    top = log_ratio(peak) if peak > f0 else Decimal(0)

    def ratio(p):
        return (log_ratio(p) - top + (b - 1) * (1 - p).ln()).exp() * b if p < 1 else Decimal(0)

    mass = ((1 - f0).ln() * b).exp()
    return top + (integral(ratio, f0, high, 120) / mass).ln()


def rate(n, exposure, allowed, soon):
    """The mean over the prior Exponential(b) of the rate, cut to what lies above the allowed one, of the likelihood ratio."""
    exposure, r, soon = Decimal(exposure), Decimal(allowed), Decimal(soon)
    b = max(Decimal("0.5") / r, Decimal("0.05") * soon)
    # with a = 1: E = e^(rL) r^-n b n!/(b+L)^(n+1) Q(n+1, (b+L) r) / e^(-b r); Q of a whole first argument is a finite sum
    x = (b + exposure) * r
    term, total = Decimal(1), Decimal(1)
    for i in range(1, n + 1):
        term = term * x / i
        total += term
    log_factorial = sum((Decimal(i).ln() for i in range(1, n + 1)), Decimal(0))
    return r * exposure - n * r.ln() + b.ln() + log_factorial - (n + 1) * (b + exposure).ln() + total.ln() - x + b * r


def ratio(n, n1, w):
    """c = 2000: B(n1+cw, n0+c(1-w)) / [B(cw, c(1-w)) w^n1 (1-w)^n0] with products instead of gamma functions."""
    w = frac(w)
    a, b = 2000 * w, 2000 * (1 - w)
    total = Decimal(0)
    for i in range(n1):
        total += (dec(a + i)).ln()
    for i in range(n - n1):
        total += (dec(b + i)).ln()
    for i in range(n):
        total -= Decimal(2000 + i).ln()
    return total - n1 * dec(w).ln() - (n - n1) * dec(1 - w).ln()


def exact(tables):
    """log P(K >= k), K the sum over tables: the convolution in integers."""
    total, whole, seen = {0: 1}, 1, 0
    for n0, k0, n1, k1 in tables:
        new = {}
        for have, weight in total.items():
            for j, more in law(n0, n1, k0 + k1):
                new[have + j] = new.get(have + j, 0) + weight * more
        total, whole, seen = new, whole * comb(n0 + n1, k0 + k1), seen + k1
    tail = sum(weight for have, weight in total.items() if have >= seen)
    return dec(Fraction(tail, whole)).ln()


def rows():
    for n0, n1, failed in TABLES:
        for psi in PSIS:
            yield f"MASS({n0}, {n1}, {failed}, {psi}, {{}})", log_mass(n0, n1, failed, psi)
    for args in [(83, 0, 83, 1, "0.003", "0.003"), (83, 5, 80, 0, "0.05", "0.01"), (1000, 0, 1000, 0, "0.00001", "0.003"),
                 (1, 0, 1, 1, "0.3", "0.5"), (20, 3, 7000, 2, "0.002", "0.01"), (1000000, 3000, 1000000, 3100, "0.003", "0.001")]:
        n0, k0, n1, k1, q, d = args
        yield f"EQUAL({n0}, {k0}, {n1}, {k1}, {q}, {d}, {{}})", equal(*args)
    for n, k, f0 in [(60, 0, "0.01"), (60, 9, "0.01"), (20000, 230, "0.01"), (20000, 120, "0.01"), (300, 299, "0.5"),
                     (1000000, 9000, "0.01"), (5000, 40, "0.003")]:
        yield f"FLOOR({n}, {k}, {f0}, {{}})", floor(n, k, f0)
    for n, exposure, allowed, soon in [(0, "900", "0.01", "900"), (30, "900", "0.01", "900"), (3, "10", "0.5", "100"),
                                       (200, "100", "3", "900")]:
        yield f"RATE({n}, {exposure}, {allowed}, {soon}, {{}})", rate(n, exposure, allowed, soon)
    for n, n1, w in [(27817, 13961, "0.5"), (3304, 1608, "0.5"), (31121, 15569, "0.5"), (10, 0, "0.5"), (20000, 1400, "0.05")]:
        yield f"RATIO({n}, {n1}, {w}, {{}})", ratio(n, n1, w)
    for tables in [[(83, 0, 83, 2)] * 4, [(83, 3, 83, 9), (90, 1, 80, 4), (7, 0, 9, 3)], [(500, 30, 480, 45)] * 8, [(9, 9, 9, 9)]]:
        inside = ", ".join("{%d, %d, %d, %d}" % t for t in tables)
        yield f"EXACT({{}}, {len(tables)}, {inside})", exact(tables)


def text():
    lines = ["/* SPDX-License-Identifier: Apache-2.0 */", "/* Written by tests/judge/reference/reference.py --write. */"]
    lines += [form.replace("{}", f"{value:.20g}", 1) for form, value in rows()]
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1:] == ["--write"]:
        with open(INC, "w", encoding="utf-8") as out:
            out.write(text())
        return 0
    with open(INC, encoding="utf-8") as have:
        same = have.read() == text()
    print("reference.inc is what the reference says" if same else "reference.inc differs: --write")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
