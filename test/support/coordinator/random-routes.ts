import type { RouteLine } from "#shared/wire/route-line.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";
import { seededRandom } from "#test/support/maths/seeded-random.ts";

/** Routes of any price to so many shards; some without a quote, too dear or closed. */
export function randomRoutes(seed: number, shards: number): RouteLine[] {
  const random = seededRandom(seed);
  return Array.from({ length: shards }, (_, at) => {
    const feeWei = BigInt(Math.round(10 ** (12 + 5 * random())));
    const draw = random();
    return aRouteLine({
      dstEid: 30_000 + at,
      feeNativeWei: draw < 0.2 ? null : feeWei.toString(),
      acceptsTransfers: draw > 0.1,
      reason: draw < 0.2 ? "quoteSend reverts" : null,
    });
  });
}
