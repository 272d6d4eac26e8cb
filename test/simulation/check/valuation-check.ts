import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { longKey } from "#test/simulation/check/desk-page.ts";
import type { Ledger, Violate } from "#test/simulation/check/ledger.ts";
import { venueSeriesId } from "#test/simulation/desk/option-reading.ts";
import { freeMarginRaw, heldMarginRaw, valueE18 } from "#test/simulation/desk/perp-market.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";

/** Rounding of figures that go over the wire as numbers. */
const USD = 1e-5;
const UNITS = 1e-9;

export type ValuationCheck = {
  readonly ledger: Ledger;
  readonly chains: ReadonlyMap<string, SimChain>;
  /** Blocks of which an agent, or its only endpoint, said what is not so. */
  readonly lies: ReadonlySet<string>;
  readonly violate: Violate;
};

/**
 * I3 as the coordinator values: a book that it plans on has the cash, the margin, the positions and the options that the
 * shard's events up to the book's block give, each once.
 */
export function checkValuations(state: CoordinatorState, o: ValuationCheck): void {
  for (const [shard, valuation] of state.view?.valuations ?? []) {
    const chain = o.chains.get(shard);
    const { hash } = valuation.entry.report.block;
    const block = chain?.byHash(hash);
    // What is carried in quarantine is what the chain proved, or put right of a lie.
    const isCarried = state.safety.trust[shard]?.quarantine?.trusted === valuation.entry;
    const isDoubted = !isCarried && o.lies.has(hash);
    if (chain === undefined || block === undefined || isDoubted) continue;
    for (const [what, valued, given] of figuresOf(valuation, block, { chain, ledger: o.ledger })) {
      const tolerance = what.endsWith("USD") ? USD : UNITS;
      if (!(Math.abs(valued - given) <= tolerance))
        o.violate(
          "I3",
          `${shard} block ${block.header.number} is valued with ${what} ${valued}, its events give ${given}`,
        );
    }
  }
}

type Figure = readonly [what: string, valued: number, given: number];

function figuresOf(
  valuation: ShardValuation,
  block: SimBlock,
  { chain, ledger }: { readonly chain: SimChain; readonly ledger: Ledger },
): Figure[] {
  const page = ledger.pageOf(block);
  const { desk } = page;
  const perp = { ...desk, ratePerDayE18: 0n, fundedAtSeconds: 0 };
  const market = { rounds: block.state.rounds, desk: { perp } };
  const { settlementUsd, entry, underlyings } = valuation;
  const heldRaw =
    page.settlementRaw + desk.suppliedRaw + desk.optionCashRaw + heldMarginRaw(market);
  const boundUsd = Number(valueE18(market)) / 1e18 - Number(freeMarginRaw(market)) / 1e6;
  const eth = underlyings.get("ETH");
  const strikes = block.state.desk.options.strikes;
  const longs = strikes.flatMap(({ strikeId }) =>
    [true, false].map((isCall): Figure => {
      const seriesId = venueSeriesId(chain.site, { strikeId, isCall });
      const lines = entry.report.book.filter((line) => line.seriesId === seriesId);
      const given = Number(desk.longs.get(longKey({ strikeId, isCall })) ?? 0n) / 1e18;
      return [`options of ${seriesId}`, lines.reduce((sum, one) => sum + one.quantity, 0), given];
    }),
  );
  return [
    ...(settlementUsd === 0
      ? []
      : ([
          ["cash in USD", valuation.cashUsd, (Number(heldRaw) / 1e6) * settlementUsd],
          ["bound margin in USD", valuation.boundMarginUsd, boundUsd * settlementUsd],
        ] as const)),
    ...(eth === undefined
      ? []
      : ([
          ["perpetual units", eth.perpUnits, Number(desk.sizeE18) / 1e18],
          ["hedge units", eth.hedgeUnits, Number(page.hedgeRaw) / 1e18],
        ] as const)),
    ...longs,
  ];
}
