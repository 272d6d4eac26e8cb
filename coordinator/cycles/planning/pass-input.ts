import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { HeldTransfer } from "#coordinator/records/jobs/transfer-record.ts";
import type { SpotHistory } from "#coordinator/records/planning/volatility-forecast.ts";
import type { ManualHalt } from "#coordinator/records/safety/manual-halt.ts";
import type { SafetyInput } from "#coordinator/records/safety/safety-input.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { TakeOverState } from "#coordinator/records/take-over-state.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";

/** All a pass depends on: the same input gives the same outcome. */
export type PassInput = {
  readonly nowMs: number;
  readonly trigger: "timer" | "report" | "operator";
  readonly sequence: number;
  readonly entries: readonly BookEntry[];
  readonly jobs: readonly JobRecord[];
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly takeOvers: ReadonlyMap<string, TakeOverState>;
  readonly policy: Policy;
  readonly leader: Address;
  readonly shadow: boolean;
  readonly manualHalt: ManualHalt | undefined;
  readonly brokenInvariant: string | undefined;
  /** Why nothing may be issued at all, such as Redis being away. */
  readonly standstill: readonly string[];
  readonly safety: SafetyInput;
  /** Messages whose money cannot be counted on, proved or by their target's word; none when left out. */
  readonly heldTransfers?: readonly HeldTransfer[];
  /** Ids of transfers that their target's book may show already, as far as is known; none when left out. */
  readonly creditsInDoubt?: ReadonlySet<string>;
  /** True once per `triggers.recentreEveryMs`; false when left out. */
  readonly isRecentreDue?: boolean;
  /** Of the passes before; none when left out. */
  readonly histories?: ReadonlyMap<string, SpotHistory>;
};
