import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { ChainValue } from "#shared/risk/portfolio/option-chain.ts";
import type { Hex } from "#shared/units/ids.ts";
import type {
  CollateralLine,
  GreeksLine,
  MarketLine,
  OptionLine,
  PerpLine,
} from "#shared/wire/shard-report.ts";

/** A shard's book in risk numbers, valued at the market of its own chain at the snapshot's block. */
export type ValuedBook = {
  readonly asOfMs: number;
  readonly market: readonly MarketLine[];
  /** Live options of each line of the market, in its order. */
  readonly options: readonly ChainValue[];
  readonly collateral: readonly CollateralLine[];
  readonly book: readonly OptionLine[];
  readonly perps: readonly PerpLine[];
};

/** The agent's own view of its risk: Greeks per underlying and expiry, P&L on the standard grid. */
export type MeasuredRisk = {
  readonly greeks: readonly GreeksLine[];
  /** USD, one entry per scenario of STANDARD_GRID, summed over underlyings; losses negative. */
  readonly scenarioPnlUsd: readonly number[];
};

/** A snapshot valued and measured. */
export type Valuation = {
  readonly snapshot: ShardSnapshot;
  /** Those it was valued with; undefined where none were known. */
  readonly settlementPrices: ReadonlyMap<Hex, bigint> | undefined;
  readonly valued: ValuedBook;
  readonly risk: MeasuredRisk;
};
