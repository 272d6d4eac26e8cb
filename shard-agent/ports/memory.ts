import type { ReplacedBlock } from "#shard-agent/records/replaced-block.ts";
import type { SenderShortage } from "#shard-agent/records/sender-funds.ts";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { Valuation } from "#shard-agent/records/valuation.ts";
import type { ChainValuer } from "#shared/risk/portfolio/option-chain.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/** What the agent saw last; lost with the process, rebuilt from the chain within one block. */
export type Memory = {
  /** Newest snapshot, reported or not; null before the first. */
  snapshot: ShardSnapshot | null;
  /** Block timestamp of the newest report that Redis confirmed; null before the first. */
  reportBlockTimestampMs: number | null;
  /** Health of the newest snapshot; null before the first. */
  health: ShardReport["health"] | null;
  /** What the sender could not pay for; left out until then, and null again when it can. */
  shortage?: SenderShortage | null;
  /** A final block of the journal that the chain has replaced; left out until one is found, and then for good. */
  replacedBlock?: ReplacedBlock | null;
  /** What the sender's key may still sign away today, in wei; left out, or null, without a limit. */
  spendLeftWei?: bigint | null;
  /** What expired series will settle at, 8 decimals, as their feeds prove it; left out before the first look. */
  settlementPrices?: ReadonlyMap<Hex, bigint>;
  /** Values options where the last report's were laid out; left out before the first. */
  valueChain?: ChainValuer;
  /** The newest valuation, of a snapshot that was read or is expected; left out before the first. */
  valuation?: Valuation;
};
