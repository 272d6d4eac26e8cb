import type { OptionExposure } from "#coordinator/records/jobs/job-record.ts";
import type { CostSegment, DepthPoint, Side } from "#coordinator/stages/trades/depth-cost.ts";
import type { Limits, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { OptionMarketLine, OptionSeries } from "#shared/wire/shard-report.ts";

/** One series of an option market that a shard may buy, or sell what it holds of, with what limits it. */
export type SeriesOption = {
  readonly input: ShardInput;
  readonly underlying: string;
  readonly market: OptionMarketLine;
  readonly series: OptionSeries;
  readonly side: Side;
  /** 1 to buy, -1 to sell. */
  readonly sign: 1 | -1;
  /** True when the account's cash has to be brought first: this pass moves it, a later one trades. */
  readonly isAwaitingCash: boolean;
  /** Options and USD in all, fees included, ascending. */
  readonly points: readonly DepthPoint[];
  /** What one more option costs beside its fair value. */
  readonly segments: readonly CostSegment[];
  /** Of one option on the snapshot's surface. */
  readonly fairUsd: number;
  /** Of one option held. */
  readonly deltaUnits: number;
  /** Of one option held. */
  readonly exposure: OptionExposure;
  readonly bucket: number;
  readonly limits: Limits;
  /** The smallest of the limits, in options. */
  readonly limitUnits: number;
  readonly gasUsd: number;
  /** Trades of fewer options the shard's agent would refuse for their gas. */
  readonly payableUnits: number;
  /** Most premium that the account's cash is for, or the vault's where it is brought first; infinite for a sale. */
  readonly cashUsd: number;
  /** Options the vault's window of trades still takes. */
  readonly windowUnits: number;
  /** Cash of the vault that may be brought, raw. */
  readonly freeRaw: bigint;
  /** Most that one option takes off the shard's collateral over its requirement and buffer, USD. */
  readonly slackUsdPerUnit: number;
};
