import type { JobReceipt } from "#shared/wire/job-receipt.ts";

/** A receipt that only lacks its place in the stream. */
export type UnnumberedReceipt = Omit<JobReceipt, "seq">;
