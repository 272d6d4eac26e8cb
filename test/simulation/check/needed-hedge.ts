import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import { strikeOf } from "#test/simulation/desk/option-market.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import { VOLATILITY } from "#test/simulation/world/market.ts";

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
  return chains.reduce((sum, chain) => {
    const { hedgeRaw, desk } = chain.head().state;
    return sum + Number(hedgeRaw + desk.perp.sizeE18) / 1e18;
  }, 0);
}

/** Of what takers hold, and of what the vault's account holds at the option market. */
function optionDelta(chain: SimChain, spotUsd: number, nowMs: number): number {
  const { state } = chain.head();
  const own = state.series.map((series) => {
    return { ...series, quantityE18: series.takersShortE18 - series.takersLongE18 };
  });
  const longs = state.desk.options.longs.flatMap((long) => {
    const strike = strikeOf(state, long.strikeId);
    return strike === undefined ? [] : [{ ...strike, ...long }];
  });
  return [...own, ...longs].reduce((sum, { isCall, strikeE8, expirySeconds, quantityE18 }) => {
    const years = (Number(expirySeconds) * 1000 - nowMs) / YEAR_MS;
    if (years <= 0) return sum;
    const { deltaUnits } = blackScholes({
      type: isCall ? "call" : "put",
      spotUsd,
      strikeUsd: Number(strikeE8) / 1e8,
      years,
      volatility: VOLATILITY,
      rate: 0,
    });
    return sum + (deltaUnits * Number(quantityE18)) / 1e18;
  }, 0);
}
