import type { PositionVenue } from "#shard-agent/ports/venue.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { aaveV3Venue } from "#shard-agent/venues/aave-v3.ts";
import { curieVenue } from "#shard-agent/venues/curie.ts";
import { lyraV1Venue } from "#shard-agent/venues/lyra-v1.ts";
import type { Address } from "#shared/units/ids.ts";

/** The venues of a configuration at which the vault keeps positions, and the desk that acts on them. */
export function positionVenues(
  scope: Pick<
    ShardScope,
    "chainId" | "contracts" | "positionVenues" | "settlement" | "underlyings"
  >,
): { readonly desk: Address; readonly venues: readonly PositionVenue[] } | null {
  if (scope.positionVenues === null) return null;
  const { desk, aaveV3, curie, lyraV1 } = scope.positionVenues;
  return {
    desk,
    venues: [
      ...(aaveV3 === null ? [] : [aaveV3Venue(scope, aaveV3)]),
      ...(curie === null ? [] : [curieVenue(curie, desk)]),
      ...(lyraV1 === null ? [] : [lyraV1Venue(scope, lyraV1, desk)]),
    ],
  };
}
