import { encodeFunctionData } from "viem";
import type { ViewReader } from "#shard-agent/ports/venue.ts";
import type { VenueUpkeep } from "#shard-agent/records/shard-snapshot.ts";
import { lyraAbi as abi } from "#shard-agent/venues/lyra-abi.ts";
import type { Address } from "#shared/units/ids.ts";

type UpkeepName = "settleExpired" | "refreshGreeks" | "noteStrikes";

/**
 * What there is to do for the account, by asking the account itself: payouts of expired longs, caches of Lyra that are
 * too old for it to trade on, and strikes it has to know for a time before it trades them. An occasion is named by the
 * positions, by the age of the caches, or by the strikes.
 */
export async function readUpkeep(
  view: ViewReader,
  o: {
    readonly account: Address;
    readonly positionIds: readonly bigint[];
    /** Whether the account is in use and stale caches keep it from trading. */
    readonly isKeptOff: boolean;
    readonly cachedAt: () => Promise<readonly bigint[]>;
    readonly strikeIds: readonly bigint[];
  },
): Promise<VenueUpkeep[]> {
  const wouldDo = async (name: UpkeepName) => {
    const call = { abi, to: o.account, name, args: [], ifReverts: { value: 0n } };
    return ((await view(call)) as bigint) > 0n;
  };
  const upkeepOf = (name: UpkeepName, occasion: readonly bigint[]): VenueUpkeep => ({
    key: `${o.account.toLowerCase()}:${name}:${occasion.join(",")}`,
    account: o.account,
    data: encodeFunctionData({ abi, functionName: name }),
  });
  const isNew = await wouldDo("noteStrikes");
  const isDue = o.positionIds.length > 0 && (await wouldDo("settleExpired"));
  const isOld = o.isKeptOff && (await wouldDo("refreshGreeks"));
  return [
    ...(isDue ? [upkeepOf("settleExpired", o.positionIds)] : []),
    ...(isNew ? [upkeepOf("noteStrikes", o.strikeIds)] : []),
    ...(isOld ? [upkeepOf("refreshGreeks", await o.cachedAt())] : []),
  ];
}
