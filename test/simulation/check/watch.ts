import type { AgentSlot } from "#test/simulation/agent/agent-slot.ts";
import { checkConservation, checkConsumed } from "#test/simulation/check/chain-checks.ts";
import { checkCountedOnce, newSequenceCheck } from "#test/simulation/check/coordinator-checks.ts";
import { cashAtVenuesRaw, deskPageOf } from "#test/simulation/check/desk-page.ts";
import { type Ledger, newLedger, type Violate } from "#test/simulation/check/ledger.ts";
import { checkJobsMove, newNonceCheck } from "#test/simulation/check/liveness-checks.ts";
import { newNeededHedge } from "#test/simulation/check/needed-hedge.ts";
import type { newSights } from "#test/simulation/check/sights.ts";
import { checkValuations } from "#test/simulation/check/valuation-check.ts";
import type { CoordinatorSlot } from "#test/simulation/coordinator/coordinator-slot.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

export type Watched = {
  readonly world: SimulatedWorld;
  readonly coordinator: CoordinatorSlot;
  readonly agents: readonly AgentSlot[];
  readonly sights: ReturnType<typeof newSights>;
  readonly violate: Violate;
};

/** Looks at everything after every step, and at every block as it comes. */
export function newWatch(o: Watched): {
  readonly ledger: Ledger;
  readonly check: () => void;
  readonly neededUnits: () => number;
} {
  const { world, coordinator, violate } = o;
  const chains = new Map(world.chains.map((chain) => [chain.site.shard, chain]));
  const ledger = newLedger(world.chains);
  const initialRaw = world.chains.reduce((sum, one) => {
    const { settlementRaw, desk } = one.head().state;
    return sum + settlementRaw + cashAtVenuesRaw(deskPageOf(desk));
  }, 0n);
  const recordOf = (jobId: string) =>
    coordinator.disks().flatMap((disk) => disk.jobs.find(jobId) ?? [])[0];
  let isConservationDue = true;
  world.onBlock((chain, block) => {
    ledger.add(chain, block, violate);
    checkConsumed(chain, block, { setups: coordinator.setups, recordOf, violate });
    o.sights.onBlock(block);
    isConservationDue = true;
  });
  const checkSequences = newSequenceCheck(violate);
  const checkSecond = newSecondCheck(o);
  let lastView: unknown;
  return {
    ledger,
    neededUnits: checkSecond.neededUnits,
    check: () => {
      const life = coordinator.current();
      const { state, process } = life;
      if (isConservationDue) checkConservation(world.chains, ledger, initialRaw, violate);
      isConservationDue = false;
      // Between two passes nothing is decided: what proofs have changed is put in order by the next.
      const isPassDone = state.view !== undefined && state.view !== lastView;
      if (process.isAlive() && isPassDone) {
        checkCountedOnce(life, chains, violate);
        checkValuations(state, { ledger, chains, lies: world.lies, violate });
      }
      lastView = state.view;
      checkSequences(state);
      if (state.brokenInvariant !== undefined)
        violate("I2", `the coordinator halted itself: ${state.brokenInvariant}`);
      checkSecond.check();
    },
  };
}

/** The checks of what lasts too long need no more than one look a second. */
function newSecondCheck({ world, coordinator, agents, sights, violate }: Watched) {
  const chains = new Map(world.chains.map((chain) => [chain.site.shard, chain]));
  const checkNonces = newNonceCheck({ chains, codec: world.codec, violate });
  const needed = newNeededHedge(world.chains);
  let lookedAtMs = 0;
  return {
    neededUnits: needed.totalUnits,
    check: (): void => {
      const nowMs = world.scheduler.nowMs();
      if (nowMs - lookedAtMs < 1_000) return;
      lookedAtMs = nowMs;
      const jobs = coordinator.current().disk.allJobs();
      checkJobsMove(jobs, nowMs, violate);
      checkNonces(agents, nowMs);
      needed.sample(world.market.spotUsd(), nowMs);
      sights.onJobs(jobs);
    },
  };
}
