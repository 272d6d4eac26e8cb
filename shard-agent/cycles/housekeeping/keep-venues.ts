import {
  type HousekeepingPorts,
  sendHousekeeping,
} from "#shard-agent/cycles/housekeeping/send-housekeeping.ts";
import { isTerminal, nextAttemptId, signedAttempts } from "#shard-agent/records/journal-entry.ts";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";

/** Attempts per occasion while the journal keeps them; further ones need a person to look at the venue. */
const ATTEMPTS_MAX = 20;

/**
 * Does the upkeep that the venues of a snapshot ask for, each occasion once. Anyone may do it, and none of
 * it moves anything out of an account.
 *
 * @throws {RetryableError} When the chain did not answer; the next head tries again.
 */
export async function keepVenues(ports: HousekeepingPorts, snapshot: ShardSnapshot): Promise<void> {
  for (const { key, account, data } of snapshot.venues.flatMap(({ upkeep }) => upkeep)) {
    const prefix = `upkeep:${key}:`;
    const attempts = ports.journal.withPrefix(prefix);
    const isUnderWay = attempts.some((one) => !isTerminal(one.state) || one.state === "final");
    if (isUnderWay || signedAttempts(attempts) >= ATTEMPTS_MAX) continue;
    await sendHousekeeping(ports, {
      id: nextAttemptId(prefix, attempts),
      call: { to: account, data, valueWei: 0n },
      payload: { account, upkeep: data },
      what: "upkeep of an account at a venue",
    });
  }
}
