import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { SenderShortage } from "#shard-agent/records/sender-funds.ts";
import { RACE_WINDOW_MS } from "#shard-agent/stages/judge-race.ts";
import type { Clock } from "#shared/ports/clock.ts";

type HealthPorts = {
  readonly memory: Memory;
  readonly watch: ReadWatch;
  readonly clock: Clock;
  readonly journal: Pick<Journal, "lostRaces">;
};

type RaceTerms = { readonly role: string; readonly lostRacesMaxWeiPerDay: string };

/**
 * What the agent tells an operator of itself: whether it takes jobs, why not, which endpoints are to
 * blame, and how it shares the work: one that competes stands by when lost races have cost too much.
 */
export function showHealth(ports: HealthPorts, terms: RaceTerms): object {
  const { memory, watch } = ports;
  const { health, snapshot, reportBlockTimestampMs } = memory;
  const disagreement = watch.disagreement();
  const reasons = new Set<string>(health?.reasons ?? ["not-ready"]);
  if (disagreement !== null) reasons.add("rpc-disagreement");
  if (memory.replacedBlock != null) reasons.add("finality-broken");
  return {
    acceptsJobs: reasons.size === 0,
    reasons: [...reasons],
    block: snapshot === null ? null : { number: snapshot.block.number, hash: snapshot.block.hash },
    reportAgeMs:
      reportBlockTimestampMs === null ? null : ports.clock.nowMs() - reportBlockTimestampMs,
    sender: showShortage(memory.shortage ?? null),
    replacedBlock: memory.replacedBlock ?? null,
    races: showRaces(ports, terms),
    rpc: { disagreement, laggingEndpoints: watch.lagging() },
  };
}

/** Null while the sender pays for what it sends. */
function showShortage(shortage: SenderShortage | null): object | null {
  if (shortage === null) return null;
  const { address, heldWei, neededWei } = shortage;
  return { address, balanceWei: heldWei.toString(), neededWei: neededWei.toString() };
}

function showRaces({ journal, clock }: HealthPorts, terms: RaceTerms): object {
  const { role, lostRacesMaxWeiPerDay: maxWei } = terms;
  const { count, gasCostWei } = journal.lostRaces(clock.nowMs() - RACE_WINDOW_MS);
  const isSpent = role === "compete" && gasCostWei >= BigInt(maxWei);
  return { role: isSpent ? "standby" : role, lost: count, lostWei: gasCostWei.toString(), maxWei };
}
