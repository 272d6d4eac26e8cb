import type { ShardReport } from "#shared/wire/shard-report.ts";

/** A report that only lacks its place in the stream. */
export type UnnumberedReport = Omit<ShardReport, "seq">;
