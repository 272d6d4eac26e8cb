import {
  type AuditQuestions,
  type ChainAudit,
  lineKey,
  type ProvedLine,
} from "#coordinator/records/safety/chain-audit.ts";
import { heldAtRaw } from "#test/simulation/desk/held.ts";
import { perpQuoteE18 } from "#test/simulation/desk/perp-market.ts";
import { venueReadings } from "#test/simulation/desk/venue-readings.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import type { NodeView } from "#test/simulation/world/rpc.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import { VENUE_NAMES } from "#test/simulation/world/site.ts";
import { capitalRaw, liabilitiesRaw, poolOut } from "#test/simulation/world/valuation.ts";

/** Fee of the simulated pool, as its site configures it. */
const FEE_FRACTION = 500 * 1e-6;

/** What a simulated shard's contracts answer at one block. */
export function auditOf(
  block: SimBlock,
  view: NodeView,
  o: { readonly chain: SimChain; readonly asked: AuditQuestions },
): ChainAudit {
  const { state, header } = block;
  const { site, rules } = o.chain;
  const { asked } = o;
  return {
    block: { number: header.number, timestampMs: header.timestampMs },
    baseFeeWei: header.baseFeeWei,
    epoch: state.epoch,
    leader: state.leader,
    paused: false,
    capitalRaw: capitalRaw(state),
    liabilitiesRaw: liabilitiesRaw(state),
    sharesRaw: 1n,
    balancesRaw: new Map([
      [site.settlementToken, state.settlementRaw],
      [site.hedgeToken, state.hedgeRaw],
    ]),
    series: state.series.map((one) => ({ ...one })),
    consumed: new Set(asked.jobIds.filter((jobId) => state.consumed.has(jobId))),
    credited: creditedIn(view, asked),
    ...feedsOf(state, o.chain),
    venues: {
      lines: [
        ...asked.pools.map((one) => ({
          list: "capacity" as const,
          key: lineKey(one.adapter, one.pool),
          fields: { feeFraction: FEE_FRACTION, acceptsTrades: true },
          isEmpty: true,
        })),
        ...accountLines(block, o.chain),
      ],
      heldRaw: new Map([
        [site.settlementToken, VENUE_NAMES.reduce((sum, one) => sum + heldAtRaw(state, one), 0n)],
      ]),
      knowsLongs: true,
      caps: null,
    },
    depthOutRaw: asked.depth.map(({ assetIn, amountInRaw }) => {
      return poolOut(state, rules, assetIn === site.settlementToken, BigInt(amountInRaw));
    }),
    perpQuotesE18: asked.perpDepth.map(({ side, sizeE18 }) =>
      perpQuoteE18(state, BigInt(sizeE18), side === "buy"),
    ),
    unseen: new Set(),
  };
}

/** What the vault's accounts have, as far as reports are held to it. */
function accountLines({ state, header }: SimBlock, { site }: SimChain): ProvedLine[] {
  const readings = venueReadings(state, site, header.timestampMs / 1000);
  return [
    ...readings
      .flatMap((one) => one.lending)
      .map((line): ProvedLine => {
        const { suppliedRaw, healthFactor, availableRaw, allowsWithdrawal } = line;
        const fields = { suppliedRaw, healthFactor, availableRaw, allowsWithdrawal };
        const key = lineKey(line.adapter, line.token);
        return { list: "lending", key, fields, isEmpty: suppliedRaw === "0" };
      }),
    ...readings
      .flatMap((one) => one.perps)
      .map((line): ProvedLine => {
        const { venue: _venue, adapter, market, buy: _buy, sell: _sell, ...fields } = line;
        const key = lineKey(adapter, market);
        return { list: "perps", key, fields, isEmpty: line.sizeE18 === "0" };
      }),
    ...readings
      .flatMap((one) => one.optionMarkets)
      .map(({ cashRaw, adapter, market }): ProvedLine => {
        const isEmpty = cashRaw === "0" && state.desk.options.longs.length === 0;
        return {
          list: "optionMarkets",
          key: lineKey(adapter, market),
          fields: { cashRaw },
          isEmpty,
        };
      }),
    ...readings
      .flatMap((one) => one.options)
      .map(({ seriesId, underlying, type, strikeUsd, expiryMs, quantity }): ProvedLine => {
        const fields = { underlying, type, strikeUsd, expiryMs, quantity };
        return { list: "longs", key: lineKey(seriesId), fields, isEmpty: quantity === 0 };
      }),
  ];
}

function feedsOf(state: ShardState, { site }: SimChain): Pick<ChainAudit, "prices" | "volatility"> {
  const round = state.rounds.at(-1);
  const settlement = { priceUsd: 1, updatedAtMs: state.settlementUpdatedAtMs };
  const hedge = {
    priceUsd: Number(round?.priceE8 ?? 1n) / 1e8,
    updatedAtMs: round?.updatedAtMs ?? 0,
  };
  return {
    prices: new Map([
      [site.settlementToken, settlement],
      [site.hedgeToken, hedge],
    ]),
    volatility: null,
  };
}

function creditedIn(view: NodeView, { credits }: AuditQuestions): Map<string, string> {
  return new Map(
    credits.flatMap(({ guid, blockNumber }): [string, string][] => {
      const events = view.at(blockNumber)?.events ?? [];
      return events.flatMap((event): [string, string][] => {
        const isIt = event.type === "received" && event.guid === guid;
        return isIt ? [[guid, event.amountRaw.toString()]] : [];
      });
    }),
  );
}
