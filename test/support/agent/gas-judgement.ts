import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { gasLimitFor } from "#shard-agent/records/gas-fees.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { gasFeeCapWei, gasTermsOf, openingFees } from "#shard-agent/stages/price-gas.ts";
import { rawFromUnitsUp } from "#shared/units/token-amount.ts";
import type { GasTerms } from "#shared/wire/gas-terms.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { anEthAsset, aScope, aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

/** What the agent of a report knows of prices and markets, so that it can be asked what it thinks of a job's gas. */
export type JudgingAgent = {
  readonly terms: GasTerms;
  /** True when the agent would refuse the job as `fee-too-high` at the report's base fee. */
  readonly refuses: (params: JobParams) => boolean;
};

/** The real agent's judgement of gas, on the prices, markets and base fee of a report. */
export function judgingAgent(
  report: ShardReport,
  setup: ShardSetup,
  gasFees: Partial<ShardScope["gasFees"]> = {},
): JudgingAgent {
  const scope = scopeOf(report, setup, gasFees);
  const snapshot = snapshotOf(report, setup);
  return {
    terms: gasTermsOf(snapshot, scope),
    refuses: (params) => {
      const gasLimit = gasLimitFor(BigInt(gasOf(params, report)));
      const { baseFeeWei } = snapshot.block;
      const cap = gasFeeCapWei(params, snapshot, scope);
      return (
        openingFees({ baseFeeWei, gasLimit, gasFeeCapWei: cap, terms: scope.gasFees }) === null
      );
    },
  };
}

function scopeOf(
  report: ShardReport,
  setup: ShardSetup,
  gasFees: Partial<ShardScope["gasFees"]>,
): ShardScope {
  const base = aScope();
  const account = report.perps[0]?.adapter ?? address20("c1");
  const options = report.optionMarkets[0];
  const none = { adapter: account, clearingHouse: account, quoteFrom: account };
  const markets = report.perps.map(({ market, underlying }) => ({
    market,
    underlying,
    depthUsd: [1],
  }));
  const lyraV1 =
    options === undefined
      ? null
      : {
          adapter: options.adapter,
          market: options.market,
          viewer: account,
          underlying: options.underlying,
          swapPool: account,
          quoteFrom: account,
          depthOptions: [1],
        };
  const [one] = base.underlyings;
  if (one === undefined) throw new Error("the scope lacks an underlying");
  return {
    ...base,
    settlement: setup.settlement,
    underlyings: setup.underlyings.map((token) => ({ ...one, ...token })),
    positionVenues: { desk: account, aaveV3: null, curie: { ...none, markets }, lyraV1 },
    gasFees: { ...base.gasFees, ...gasFees },
  };
}

function snapshotOf(report: ShardReport, setup: ShardSetup): ShardSnapshot {
  const base = aSnapshot();
  const price = (usd: number) => ({ priceE8: rawFromUnitsUp(usd, 8), roundId: 1n, updatedAtMs: 0 });
  const settlement = report.collateral.find(({ token }) => token === setup.settlement.token);
  return {
    ...base,
    block: { ...base.block, baseFeeWei: BigInt(report.chain.baseFeeWei) },
    settlement: {
      token: setup.settlement.token,
      balanceRaw: 0n,
      price: price(settlement?.priceUsd ?? 1),
    },
    hedgeAssets: setup.underlyings.map(({ ticker, token }) => {
      const line = report.market.find(({ underlying }) => underlying === ticker);
      return anEthAsset({ token, price: price(line?.spotUsd ?? 0) });
    }),
  };
}

/** Gas of a job as its report tells it. */
function gasOf(params: JobParams, report: ShardReport): number {
  switch (params.kind) {
    case "swap":
    case "swap-exact-output":
      return report.capacity.find(({ pool }) => pool === params.pool)?.gasUnits ?? 0;
    case "perp-change":
      return report.perps.find(({ market }) => market === params.market)?.gasUnits ?? 0;
    case "option-trade":
      return report.optionMarkets.find(({ market }) => market === params.market)?.gasUnits ?? 0;
    case "margin-move":
      return (
        report.perps.find(({ adapter }) => adapter === params.venue)?.marginGasUnits ?? 450_000
      );
    case "lend-move":
      return report.lending.find(({ adapter }) => adapter === params.venue)?.gasUnits ?? 0;
    case "transfer":
      return report.routes.find(({ dstEid }) => dstEid === params.dstEid)?.gasUnits ?? 0;
  }
}
