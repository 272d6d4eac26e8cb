import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import type { UnnumberedReport } from "#shard-agent/records/unnumbered-report.ts";

/**
 * Numbers, signs and appends to the agent's report stream. Returns the sequence number; throws
 * RetryableError when Redis did not confirm: the report may have arrived all the same.
 */
export type ReportPublisher = { readonly publish: (report: UnnumberedReport) => Promise<number> };

/** As {@link ReportPublisher}, for receipts. */
export type ReceiptPublisher = {
  readonly publish: (receipt: UnnumberedReceipt) => Promise<number>;
};
