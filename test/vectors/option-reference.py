#!/usr/bin/env python3
"""Writes option-reference.json: prices and Greeks of random options with 60 digits (Debian's python3-mpmath).

The inputs are doubles, taken as exact; the figures are rounded once, to the nearest double. Run it here to
reproduce the file: python3 test/vectors/option-reference.py
"""
import json
import math
import pathlib
import random

from mpmath import mp, mpf, erfc, exp, log, pi, sqrt

mp.dps = 60
random.seed(20260101)
ROWS = 1200
COLUMNS = [
    "isCall", "spotUsd", "strikeUsd", "years", "volatility", "rate", "carry",
    "priceUsd", "deltaUnits", "gammaUnitsPerUsd", "vegaUsdPerVolPoint", "thetaUsdPerDay",
    "rhoUsdPerRatePoint", "carryRhoUsdPerCarryPoint", "vannaUnitsPerVolPoint", "volgaUsdPerVolPointSquared",
]


def distribution(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def density(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def figures(is_call, spot, strike, years, volatility, rate, carry):
    """Textbook formulas; a carry of None equals the rate and moves with it."""
    sign = 1 if is_call else -1
    s, k, t, v, r = map(mpf, (spot, strike, years, volatility, rate))
    b = r if carry is None else mpf(carry)
    near, far, total = s * exp((b - r) * t), k * exp(-r * t), v * sqrt(t)
    d1 = (log(s / k) + b * t) / total + total / 2
    d2 = d1 - total
    near_leg, far_leg = sign * near * distribution(sign * d1), sign * far * distribution(sign * d2)
    price, vega = near_leg - far_leg, near * density(d1) * sqrt(t)
    theta = -(near * density(d1) * v / (2 * sqrt(t)) + (b - r) * near_leg + r * far_leg) / 365
    rho = t * far_leg / 100 if carry is None else -t * price / 100
    return [
        price, near_leg / s, near / s * density(d1) / (s * total), vega / 100, theta, rho, t * near_leg / 100,
        -near / s * density(d1) * d2 / v / 100, vega * d1 * d2 / v / 10000,
    ]


def random_inputs():
    """Total volatility from 1e-4 to 10, up to 35 deviations from the forward, at the forward one time in six."""
    total, years = 10 ** random.uniform(-4, 1), 10 ** random.uniform(-5, 1.5)
    spot, rate = 10 ** random.uniform(-2, 6), random.choice([0.0, random.uniform(-0.1, 0.3)])
    carry = random.choice([None, 0.0, random.uniform(-0.2, 0.3)])
    volatility = total / math.sqrt(years)
    spread = random.choice([0, random.gauss(0, 1), random.gauss(0, 1), random.gauss(0, 4), random.gauss(0, 4),
                            random.uniform(-35, 35)])
    strike = spot * math.exp((rate if carry is None else carry) * years + total * spread)
    return [random.randrange(2), spot, strike, years, volatility, rate, carry]


rows = []
while len(rows) < ROWS:
    inputs = random_inputs()
    if 1e-12 < inputs[2] < 1e14:
        rows.append(inputs + [float(x) for x in figures(*inputs)])
target = pathlib.Path(__file__).with_suffix(".json")
lines = ",\n".join("      " + json.dumps(row) for row in rows)
target.write_text(
    '{\n  "reference": {\n    "source": "test/vectors/option-reference.py, 60 digits",\n    "columns": '
    + json.dumps(COLUMNS) + ',\n    "rows": [\n' + lines + "\n    ]\n  }\n}\n"
)
