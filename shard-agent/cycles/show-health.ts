import type { Memory } from "#shard-agent/ports/memory.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { Clock } from "#shared/ports/clock.ts";

/** What the agent tells an operator of itself: whether it takes jobs, why not, and which endpoints are to blame. */
export function showHealth(ports: {
  readonly memory: Memory;
  readonly watch: ReadWatch;
  readonly clock: Clock;
}): object {
  const { memory, watch } = ports;
  const { health, snapshot, reportBlockTimestampMs } = memory;
  const disagreement = watch.disagreement();
  const reasons = new Set<string>(health?.reasons ?? ["not-ready"]);
  if (disagreement !== null) reasons.add("rpc-disagreement");
  return {
    acceptsJobs: reasons.size === 0,
    reasons: [...reasons],
    block: snapshot === null ? null : { number: snapshot.block.number, hash: snapshot.block.hash },
    reportAgeMs:
      reportBlockTimestampMs === null ? null : ports.clock.nowMs() - reportBlockTimestampMs,
    rpc: { disagreement, laggingEndpoints: watch.lagging() },
  };
}
