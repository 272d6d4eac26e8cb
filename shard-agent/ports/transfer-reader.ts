import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { TransferEvidence } from "#shard-agent/records/transfer-evidence.ts";
import type { Address } from "#shared/units/ids.ts";
import type { ConsumedJob } from "#shared/wire/shard-report.ts";
import type { ExpectedTransfer, SentTransfer } from "#shared/wire/transfer-line.ts";

/** Messages between vaults, read from the shard's own chain. Throws RetryableError as every read of the chain does. */
export type TransferReader = {
  /** The executor whose word counts when a delivery failed; null when arrivals are not looked at. */
  readonly executor: Address | null;
  /** What the endpoint sent for those of these jobs that were transfers. */
  readonly sent: (jobs: readonly ConsumedJob[]) => Promise<readonly SentTransfer[]>;
  /** What the chain says of each expected message at a block; those on another path than ours are left out. */
  readonly evidence: (
    expected: readonly ExpectedTransfer[],
    at: BlockHeader,
  ) => Promise<readonly TransferEvidence[]>;
};

/** What the coordinator asks the agent to look for; what it said last when it cannot be reached. Never throws. */
export type ExpectedTransfers = { readonly read: () => Promise<readonly ExpectedTransfer[]> };
