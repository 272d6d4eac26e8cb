import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { isInFlight } from "#coordinator/records/jobs/job-record.ts";
import { isOpen } from "#shard-agent/records/journal-entry.ts";
import type { AgentSlot } from "#test/simulation/agent/agent-slot.ts";
import type { Violate } from "#test/simulation/check/ledger.ts";
import { nonceOf, type SimChain } from "#test/simulation/world/chain.ts";
import type { Codec } from "#test/simulation/world/codec.ts";

/** Longest a job may stay undecided after its deadline, outages of half a minute included. */
const JOB_BOUND_MS = 240_000;
/**
 * Longest a transfer may be in transit after its deadline. Its target refuses to help while its endpoints contradict each
 * other: in the 95 s of faults, and in the minute for which a contradiction is remembered, so until 155 s. Each recovery in
 * vain doubles the wait, so the first that helps comes no later after those 155 s than they are after the message's last
 * progress. Of none that was sent is that before 15 s, nor its deadline, which leaves 155 + 140 - 15 = 280 s; the commit,
 * the delivery after another 3 s, and the target's report of it take no more than 20 s.
 */
const TRANSIT_BOUND_MS = 300_000;
/** Longest a sender's lowest open nonce may wait, fee spikes and outages included. */
const NONCE_BOUND_MS = 150_000;

/** I2 (bounded): a job is not forgotten. */
export function checkJobsMove(jobs: readonly JobRecord[], nowMs: number, violate: Violate): void {
  for (const job of jobs) {
    if (!isInFlight(job)) continue;
    const sinceMs = (job.mandate?.deadlineSeconds ?? job.times.recordedAtMs / 1000) * 1000;
    const boundMs = job.state === "in-transit" ? TRANSIT_BOUND_MS : JOB_BOUND_MS;
    if (nowMs - sinceMs > boundMs)
      violate(
        "I2",
        `${job.kind} ${job.jobId} of ${job.shard} is ${job.state} since ${nowMs - sinceMs} ms`,
      );
  }
}

/** I8: the lowest nonce an agent has signed and not seen mined is mined, or freed, within a bound. */
export function newNonceCheck(o: {
  readonly chains: ReadonlyMap<string, SimChain>;
  readonly codec: Codec;
  readonly violate: Violate;
}): (agents: readonly AgentSlot[], nowMs: number) => void {
  const waiting = new Map<string, { readonly nonce: number; readonly sinceMs: number }>();
  return (agents, nowMs) => {
    for (const { agent, shard, disk } of agents) {
      const chain = o.chains.get(shard);
      if (chain === undefined) continue;
      const next = nonceOf(chain.head().state, o.codec.senderAddress(agent));
      const open = disk.all().filter((entry) => isOpen(entry.state) && entry.state !== "included");
      const nonces = open.map((entry) => entry.transaction?.nonce ?? next);
      const known = waiting.get(agent);
      if (nonces.every((nonce) => nonce < next)) waiting.delete(agent);
      else if (known?.nonce !== next) waiting.set(agent, { nonce: next, sinceMs: nowMs });
      else if (nowMs - known.sinceMs > NONCE_BOUND_MS)
        o.violate(
          "I8",
          `${agent}: nonce ${next} is free since ${nowMs - known.sinceMs} ms while ${nonces.join(", ")} wait`,
        );
    }
  };
}
