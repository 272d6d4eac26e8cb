import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { Sight } from "#test/simulation/engine/faults.ts";
import type { SimBlock } from "#test/simulation/world/chain.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

/** Notes which states a run has reached. */
export function newSights({ faults }: SimulatedWorld) {
  const seenJobs = new Set<string>();
  const sightOfState: Partial<Record<JobRecord["state"], Sight>> = {
    expired: "job expired",
    "refused-expired": "job refused",
    superseded: "job superseded",
  };
  return {
    onLog: (message: string, fields: Record<string, unknown>): void => {
      if (message === "safety: quarantine")
        faults.saw(fields["isOver"] === true ? "quarantine over" : "shard quarantined");
      if (
        message === "safety: breaker" &&
        fields["kind"] === "tradeRefusals" &&
        fields["to"] !== "run"
      )
        faults.saw("trade paused");
      if (message !== "job refused") return;
      if (fields["reason"] === "already-consumed") faults.saw("second use of a job refused");
      if (fields["reason"] === "wrong-epoch") faults.saw("mandate of an old epoch refused");
    },
    onMode: (state: CoordinatorState): void => {
      const reasons = state.view?.mode.reasons ?? [];
      if (reasons.some((one) => one.startsWith("net-delta-limit"))) faults.saw("halt by limit");
      const isFlat = state.view?.orders.some((one) => one.state === "done");
      if (isFlat === true) faults.saw("shard flat by order");
    },
    onBlock: (block: SimBlock): void => {
      for (const { transaction, succeeded, reason } of block.mined) {
        const { call } = transaction;
        if (call.kind === "nothing") faults.saw("nonce cancelled");
        if (call.kind === "recover" && call.step === "receive" && succeeded)
          faults.saw("transfer recovered by an agent");
        if (call.kind === "settle" && succeeded) faults.saw("series settled");
        if (call.kind !== "mandate" || succeeded) continue;
        faults.saw("mandate reverted on chain");
        if (reason === "WrongEpoch") faults.saw("mandate of an old epoch refused");
        if (reason !== "AlreadyConsumed") continue;
        faults.saw("second use of a job refused");
        faults.saw("race lost on chain");
      }
      for (const event of block.events) {
        if (event.type === "swap") faults.saw("swap consumed");
        if (event.type === "venue") {
          const way = event.amountRaw > 0n ? "in" : "out";
          if (event.venue !== "lyra")
            faults.saw(event.venue === "aave" ? `loan ${way}` : `margin ${way}`);
        }
        if (event.type === "perp") faults.saw("perpetual traded");
        if (event.type === "option" && event.quantityE18 > 0n) faults.saw("option bought");
        if (event.type === "option-paid") faults.saw("option paid");
        if (event.type === "sent") faults.saw("transfer consumed");
        if (event.type === "received") faults.saw("transfer delivered");
      }
    },
    onJobs: (jobs: readonly JobRecord[]): void => {
      for (const job of jobs) {
        const sight = sightOfState[job.state];
        if (sight === undefined || seenJobs.has(job.jobId)) continue;
        seenJobs.add(job.jobId);
        faults.saw(sight);
      }
    },
  };
}
