import type { DepthRequest, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** A place where hedges are traded: what to ask the lens of its depth, and what the answers mean. */
export type Venue = {
  /** Questions for the next snapshot, sized at the prices of the last one. */
  readonly depthRequests: (previous: ShardSnapshot) => DepthRequest[];
  readonly capacity: (snapshot: ShardSnapshot) => CapacityLine[];
};
