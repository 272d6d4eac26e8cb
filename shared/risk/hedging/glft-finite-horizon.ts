import type { QuoteInputs } from "#shared/risk/hedging/quoting.ts";
import { requirePositive } from "#shared/risk/pricing/option-terms.ts";

/** Distances in USD of bid and ask from mid; null where the inventory limit forbids the side. */
export type GlftOffsets = { readonly bidUsd: number | null; readonly askUsd: number | null };

/** Uniformised time of one step of the series, and its terms. */
const STEP = 16;
const TERMS = 80;

/**
 * Exact distances of Guéant, Lehalle and Fernandez-Tapia's optimal quotes with inventory limited to ±Q lots and
 * `remaining` time: bid (1/k) ln(v_q / v_(q+1)) + (1/gamma) ln(1 + gamma/k), with v = e^(-M remaining) 1, M = diag(alpha
 * q²) with -eta beside the diagonal, alpha = k gamma sigma² / 2, eta = A (1 + gamma/k)^-(1 + k/gamma). The exponential is
 * summed in positive terms only, so each v_q keeps its relative accuracy.
 *
 * @param inputs Inventory must be a whole number of lots within ±Q; risk aversion above 0.
 * @throws {RangeError} If an input is out of its domain.
 * @see Guéant, Lehalle and Fernandez-Tapia (2013), proposition 3.
 */
export function glftFiniteHorizonOffsets(
  inputs: QuoteInputs & {
    readonly A: number;
    readonly lotsMax: number;
    readonly remaining: number;
  },
): GlftOffsets {
  const { inventoryUnits, riskAversion, volatility, k, A, lotsMax, remaining } = inputs;
  requirePositive("riskAversion", riskAversion);
  requirePositive("k", k);
  requirePositive("A", A);
  if (!Number.isInteger(inventoryUnits) || Math.abs(inventoryUnits) > lotsMax) {
    throw new RangeError(
      `inventoryUnits: ${inventoryUnits}; must be a whole number within ±${lotsMax}`,
    );
  }
  const ratio = riskAversion / k;
  const alpha = 0.5 * k * riskAversion * volatility * volatility;
  const eta = A * Math.exp(-(1 + 1 / ratio) * Math.log1p(ratio));
  const values = survival({ alpha, eta, lotsMax, remaining });
  const at = (lots: number) => values[lots + lotsMax] ?? Number.NaN;
  const margin = Math.log1p(ratio) / riskAversion;
  const offset = (towards: number) =>
    Math.abs(towards) > lotsMax ? null : Math.log(at(inventoryUnits) / at(towards)) / k + margin;
  return { bidUsd: offset(inventoryUnits + 1), askUsd: offset(inventoryUnits - 1) };
}

/** e^(-M t) 1 up to a common factor, by uniformisation: e^(-ct) sum (cI - M)^n t^n / n! with no negative term. */
function survival(of: {
  alpha: number;
  eta: number;
  lotsMax: number;
  remaining: number;
}): Float64Array {
  const size = 2 * of.lotsMax + 1;
  const cost = Float64Array.from(
    { length: size },
    (_value, index) => of.alpha * (index - of.lotsMax) ** 2,
  );
  const rate = of.alpha * of.lotsMax ** 2 + 2 * of.eta;
  const steps = Math.max(1, Math.ceil((rate * of.remaining) / STEP));
  const time = of.remaining / steps;
  let values = new Float64Array(size).fill(1);
  for (let step = 0; step < steps; step += 1) {
    let term = values;
    const sum = Float64Array.from(values);
    for (let n = 1; n <= TERMS; n += 1) {
      term = applied(term, cost, { rate, eta: of.eta, factor: time / n });
      term.forEach((value, index) => {
        sum[index] = (sum[index] ?? 0) + value;
      });
    }
    const largest = Math.max(...sum);
    values = sum.map((value) => value / largest);
  }
  return values;
}

function applied(
  from: Float64Array,
  cost: Float64Array,
  by: { readonly rate: number; readonly eta: number; readonly factor: number },
): Float64Array<ArrayBuffer> {
  return Float64Array.from(from, (value, index) => {
    const neighbours = (from[index - 1] ?? 0) + (from[index + 1] ?? 0);
    return by.factor * ((by.rate - (cost[index] ?? 0)) * value + by.eta * neighbours);
  });
}
