import type {
  DepthRequest,
  ShardSnapshot,
  VenueReading,
} from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** A place where hedges are traded: what to ask the lens of its depth, and what the answers mean. */
export type Venue = {
  /** Questions for the next snapshot, sized at the prices of the last one. */
  readonly depthRequests: (previous: ShardSnapshot) => DepthRequest[];
  readonly capacity: (snapshot: ShardSnapshot) => CapacityLine[];
};

/**
 * Result of one contract view at one block, decoded.
 *
 * @throws {RetryableError} `rpc-failed` if the node does not answer, or the call reverts and `ifReverts`
 * does not say what that means.
 */
export type ViewReader = (call: {
  /** In viem's shape. */
  readonly abi: readonly unknown[];
  readonly to: Address;
  readonly name: string;
  readonly args: readonly unknown[];
  /** In whose name; nobody's when left out. */
  readonly from?: Address;
  /** Answer where the contract refuses the call. */
  readonly ifReverts?: { readonly value: unknown };
}) => Promise<unknown>;

/** A place where the vault keeps positions in an account of its own. */
export type PositionVenue = {
  /** Everything the venue says at the block of `view`. */
  readonly read: (view: ViewReader) => Promise<VenueReading>;
};
