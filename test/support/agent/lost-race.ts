import type { Journal } from "#shard-agent/ports/journal.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import type { Hex } from "#shared/units/ids.ts";
import { JOB_RECEIPT_VERSION } from "#shared/wire/job-receipt.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

/** Receipt of a job that another transaction did. */
export function aLostRace(change: Partial<UnnumberedReceipt> = {}): UnnumberedReceipt {
  return {
    version: JOB_RECEIPT_VERSION,
    shard: "base",
    agent: "base-1",
    jobId: hash32("01"),
    outcome: "reverted",
    reason: "already-consumed",
    detail: "",
    transactionHash: null,
    blockNumber: null,
    blockTimestampMs: null,
    amountInRaw: "0",
    amountOutRaw: "0",
    guid: null,
    gasCostWei: "0",
    nativeFeeWei: "0",
    atMs: 1,
    ...change,
  };
}

/** Writes a job into a journal, from its first state to a lost race. */
export function loseRace(
  journal: Journal,
  o: { readonly jobId: Hex; readonly gasCostWei: string; readonly atMs: number },
): void {
  const transaction = aSignedTransaction({ hash: o.jobId });
  const entry = aPendingEntry({ id: o.jobId, transaction });
  journal.insert(entry);
  journal.replace({ ...entry, state: "reverted" }, "broadcast", aLostRace(o));
}
