import { requireNotNegative } from "#shared/risk/pricing/option-terms.ts";

/** Where collateral is. The farther from the vault, the less of it counts. */
type CollateralLocation = "vault" | "venue-margin" | "lending" | "in-transit";

/** One line of collateral. */
export type CollateralLine = {
  readonly asset: string;
  /** Units of the asset, >= 0. */
  readonly amount: number;
  readonly priceUsd: number;
  /** Share of the value that does not count, in [0, 1]. */
  readonly haircut: number;
  /** The vault when left out. */
  readonly location?: CollateralLocation;
  /** Price the asset is meant to have (1 for a dollar stablecoin); none when left out. */
  readonly pegUsd?: number;
  /** For collateral in transit: probability that it arrives within the horizon. */
  readonly arrivalProbability?: number;
};

/** Rules beside each asset's own haircut; every fraction in [0, 1]. */
export type CollateralRules = {
  readonly locationHaircuts: Readonly<Record<CollateralLocation, number>>;
  /** Share of all collateral one asset may make up; what exceeds it takes the extra haircut. */
  readonly concentrationLimit: number;
  readonly concentrationHaircut: number;
  /** A peg is whole down to this share of it; below, the haircut grows by `depegSlope` per unit of the gap. */
  readonly depegFloor: number;
  readonly depegSlope: number;
};

/** No rule beyond each line's own haircut. */
export const PLAIN_RULES: CollateralRules = {
  locationHaircuts: { vault: 0, "venue-margin": 0, lending: 0, "in-transit": 0 },
  concentrationLimit: 1,
  concentrationHaircut: 0,
  depegFloor: 0,
  depegSlope: 0,
};

/** Value of collateral before and after haircuts, in USD. */
export type CollateralValue = {
  readonly valueUsd: number;
  readonly haircutUsd: number;
  readonly afterHaircutUsd: number;
};

/**
 * Value in USD of collateral before and after all haircuts: the line's own, of the location, for a lost peg,
 * for what may not arrive, and for concentration in one asset. Haircuts of one line multiply
 * (1 - (1 - a)(1 - b)...), so none can take more than everything.
 *
 * @throws {RangeError} If an amount, price or fraction is out of its domain; the message names it.
 */
export function collateralValue(
  lines: readonly CollateralLine[],
  rules: CollateralRules = PLAIN_RULES,
): CollateralValue {
  const valueByAsset = new Map<string, number>();
  const afterByAsset = new Map<string, number>();
  let valueUsd = 0;
  for (const line of lines) {
    requireLine(line);
    const value = line.amount * line.priceUsd;
    const after = value * keptShare(line, rules);
    valueUsd += value;
    valueByAsset.set(line.asset, (valueByAsset.get(line.asset) ?? 0) + value);
    afterByAsset.set(line.asset, (afterByAsset.get(line.asset) ?? 0) + after);
  }
  let afterHaircutUsd = 0;
  for (const [asset, after] of afterByAsset) {
    const assetUsd = valueByAsset.get(asset) ?? 0;
    const excess = Math.max(0, assetUsd - rules.concentrationLimit * valueUsd);
    const excessShare = assetUsd > 0 ? excess / assetUsd : 0;
    afterHaircutUsd += after * (1 - excessShare * rules.concentrationHaircut);
  }
  return { valueUsd, afterHaircutUsd, haircutUsd: valueUsd - afterHaircutUsd };
}

/**
 * Probability that collateral sent `elapsedMs` ago, and not arrived yet, arrives within the next `horizonMs`: the
 * share of past delays up to elapsed + horizon among those longer than elapsed. 0 when every past delay was
 * shorter, because the transfer is then slower than anything seen.
 */
export function arrivalProbability(
  delaysMs: readonly number[],
  elapsedMs: number,
  horizonMs: number,
): number {
  const longer = delaysMs.filter((delay) => delay > elapsedMs);
  const inTime = longer.filter((delay) => delay <= elapsedMs + horizonMs);
  return longer.length === 0 ? 0 : inTime.length / longer.length;
}

/** Risk-weighted assets in USD: the sum of value x risk weight; a weight of 1 counts the whole value. */
export function riskWeightedAssetsUsd(
  exposures: readonly { readonly valueUsd: number; readonly riskWeight: number }[],
): number {
  return exposures.reduce((sum, { valueUsd, riskWeight }) => {
    requireNotNegative("riskWeight", riskWeight);
    return sum + Math.max(0, valueUsd) * riskWeight;
  }, 0);
}

function keptShare(line: CollateralLine, rules: CollateralRules): number {
  const location = line.location ?? "vault";
  const atLocation = 1 - rules.locationHaircuts[location];
  const arrival = location === "in-transit" ? (line.arrivalProbability ?? 1) : 1;
  return (1 - line.haircut) * atLocation * arrival * (1 - depegHaircut(line, rules));
}

/**
 * Share of the value that does not count because a peg is lost: min(1, slope x (floor - price / peg)) below the floor,
 * else 0; also 0 for what has no peg.
 */
export function depegHaircut(
  line: Pick<CollateralLine, "priceUsd" | "pegUsd">,
  rules: Pick<CollateralRules, "depegFloor" | "depegSlope">,
): number {
  if (line.pegUsd === undefined) {
    return 0;
  }
  const gap = rules.depegFloor - line.priceUsd / line.pegUsd;
  return Math.min(1, Math.max(0, gap * rules.depegSlope));
}

function requireLine(line: CollateralLine): void {
  requireNotNegative(`${line.asset} amount`, line.amount);
  requireNotNegative(`${line.asset} priceUsd`, line.priceUsd);
  for (const name of ["haircut", "arrivalProbability"] as const) {
    const value = line[name];
    if (value !== undefined && !(value >= 0 && value <= 1)) {
      throw new RangeError(`${line.asset} ${name}: ${value}; must be within [0, 1]`);
    }
  }
}
