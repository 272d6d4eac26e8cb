import {
  requireFinite,
  requireNotNegative,
  requirePositive,
} from "#shared/risk/pricing/option-terms.ts";

/** A two-sided quote round a reservation price, all in USD. */
export type Quote = {
  /** Price at which one more unit either way is worth the same to the quoter. */
  readonly reservationPriceUsd: number;
  readonly bidUsd: number;
  readonly askUsd: number;
  readonly spreadUsd: number;
};

/** What the inventory models share. The time unit of volatility, horizon and A is the user's, one for all. */
export type QuoteInputs = {
  readonly midUsd: number;
  /** Inventory in lots, signed. */
  readonly inventoryUnits: number;
  /** Absolute risk aversion gamma, in 1/USD; 0 returns the limit. */
  readonly riskAversion: number;
  /** Standard deviation of the mid in USD per square root of the time unit. */
  readonly volatility: number;
  /** Decay of the fill intensity A e^(-k distance), in 1/USD. */
  readonly k: number;
};

/**
 * Avellaneda and Stoikov's quote: reservation price mid - q gamma sigma² T, spread gamma sigma² T + (2/gamma) ln(1 + gamma/k),
 * centred on it.
 *
 * @throws {RangeError} If an input is out of its domain; the message names it.
 * @see Avellaneda and Stoikov, "High-frequency trading in a limit order book", Quantitative Finance 8 (2008), eqs. 29, 30.
 */
export function avellanedaStoikovQuote(inputs: QuoteInputs & { readonly horizon: number }): Quote {
  requireQuoteInputs(inputs);
  requireNotNegative("horizon", inputs.horizon);
  const { midUsd, inventoryUnits, riskAversion, volatility, horizon } = inputs;
  const inventoryCostUsd = riskAversion * volatility * volatility * horizon;
  const half = 0.5 * inventoryCostUsd + fillMarginUsd(inputs);
  return quoteAround(midUsd - inventoryUnits * inventoryCostUsd, half, half);
}

/**
 * The long-horizon quote of Guéant, Lehalle and Fernandez-Tapia in closed form: distances from mid
 * (1/gamma) ln(1 + gamma/k) + ((1 ± 2q)/2) sqrt(sigma² gamma / (2 k A) (1 + gamma/k)^(1 + k/gamma)).
 *
 * @throws {RangeError} If an input is out of its domain; the message names it.
 * @see Guéant, Lehalle and Fernandez-Tapia, "Dealing with the inventory risk", Mathematics and Financial Economics 7 (2013).
 */
export function glftQuote(inputs: QuoteInputs & { readonly A: number }): Quote {
  requireQuoteInputs(inputs);
  requirePositive("A", inputs.A);
  const { midUsd, inventoryUnits, riskAversion, volatility, k } = inputs;
  const ratio = riskAversion / k;
  const power = ratio === 0 ? 0 : Math.exp((1 + 1 / ratio) * Math.log1p(ratio));
  const slopeUsd = Math.sqrt(
    ((volatility * volatility * riskAversion) / (2 * k * inputs.A)) * power,
  );
  const half = fillMarginUsd(inputs) + 0.5 * slopeUsd;
  return quoteAround(midUsd - inventoryUnits * slopeUsd, half, half);
}

/**
 * Ho and Stoll's quote for linear demand: with fill rate alpha - beta distance, each side adds half of what one more
 * lot costs in risk to half of the monopoly margin, distance = alpha/(2 beta) + (1 ± 2q) gamma sigma² T / 4; the
 * spread is alpha/beta + gamma sigma² T / 2 whatever the inventory.
 *
 * @throws {RangeError} If an input is out of its domain; the message names it.
 * @see Ho and Stoll, "Optimal dealer pricing under transactions and return uncertainty", J. Financial Economics 9 (1981).
 */
export function hoStollQuote(
  inputs: Omit<QuoteInputs, "k"> & {
    readonly horizon: number;
    readonly alpha: number;
    readonly beta: number;
  },
): Quote {
  requireQuoteInputs({ ...inputs, k: 1 });
  requireNotNegative("horizon", inputs.horizon);
  requirePositive("alpha", inputs.alpha);
  requirePositive("beta", inputs.beta);
  const { midUsd, inventoryUnits, riskAversion, volatility, horizon, alpha, beta } = inputs;
  const lotCostUsd = riskAversion * volatility * volatility * horizon;
  const half = alpha / (2 * beta) + lotCostUsd / 4;
  const skewUsd = 0.5 * inventoryUnits * lotCostUsd;
  return {
    ...quoteAround(midUsd - skewUsd, half, half),
    reservationPriceUsd: midUsd - inventoryUnits * lotCostUsd,
  };
}

/** (1/gamma) ln(1 + gamma/k), 1/k at gamma 0. */
function fillMarginUsd(inputs: QuoteInputs): number {
  const { riskAversion, k } = inputs;
  return riskAversion === 0 ? 1 / k : Math.log1p(riskAversion / k) / riskAversion;
}

function quoteAround(centreUsd: number, below: number, above: number): Quote {
  const bidUsd = centreUsd - below;
  const askUsd = centreUsd + above;
  return { reservationPriceUsd: centreUsd, bidUsd, askUsd, spreadUsd: below + above };
}

function requireQuoteInputs(inputs: QuoteInputs): void {
  requirePositive("midUsd", inputs.midUsd);
  requireFinite("inventoryUnits", inputs.inventoryUnits);
  requireNotNegative("riskAversion", inputs.riskAversion);
  requireNotNegative("volatility", inputs.volatility);
  requirePositive("k", inputs.k);
}
