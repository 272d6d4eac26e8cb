import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";

const VOLATILITY = 0.8;

/** How much the takers' trades and the market have moved the net delta so far, up and down added up. */
export function newNeededHedge(chains: readonly SimChain[]): {
  readonly sample: (spotUsd: number, nowMs: number) => void;
  readonly totalUnits: () => number;
} {
  let before = heldUnits(chains);
  // What is held at the start is there to be sold as well.
  let total = Math.abs(before);
  before = 0;
  return {
    sample: (spotUsd, nowMs) => {
      const delta = chains.reduce((sum, chain) => sum + optionDelta(chain, spotUsd, nowMs), 0);
      total += Math.abs(delta - before);
      before = delta;
    },
    totalUnits: () => total,
  };
}

function heldUnits(chains: readonly SimChain[]): number {
  return chains.reduce((sum, chain) => sum + Number(chain.head().state.hedgeRaw) / 1e18, 0);
}

function optionDelta(chain: SimChain, spotUsd: number, nowMs: number): number {
  return chain.head().state.series.reduce((sum, series) => {
    const years = (Number(series.expirySeconds) * 1000 - nowMs) / YEAR_MS;
    if (years <= 0) return sum;
    const { deltaUnits } = blackScholes({
      type: series.isCall ? "call" : "put",
      spotUsd,
      strikeUsd: Number(series.strikeE8) / 1e8,
      years,
      volatility: VOLATILITY,
      rate: 0,
    });
    return sum + (deltaUnits * Number(series.takersShortE18 - series.takersLongE18)) / 1e18;
  }, 0);
}
