import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { breakInvariant } from "#coordinator/cycles/jobs/change-jobs.ts";
import { keepSafety, type SafetyPorts } from "#coordinator/cycles/safety/keep-safety.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import { type FinalMemory, NO_FINALS } from "#coordinator/records/safety/final-memory.ts";
import { mustStillHave, rememberFinal } from "#coordinator/stages/audit/remember-final.ts";
import { FatalError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";

export type FinalityPorts = SafetyPorts & { readonly clock: Clock };

/**
 * Takes note of a chain's newest final block. A final block stays: where another one is found in its place, twice, all that was
 * proved up to it may be untrue, and nothing more is issued until people have looked, in this run or any later one. Blocks of
 * former runs count as well. A node that is behind, as another of several may be, proves nothing.
 *
 * @throws {RetryableError} If the chain cannot be read; nothing is concluded then.
 */
export async function followFinality(
  state: CoordinatorState,
  ports: FinalityPorts,
  shard: string,
  chain: Pick<ShardChain, "finalBlock" | "blockAt">,
): Promise<void> {
  const final = await chain.finalBlock();
  const known = state.safety.finality[shard] ?? NO_FINALS;
  const before = mustStillHave(known.blocks, final.number);
  if (before !== undefined) {
    const found = await chain.blockAt(before.number);
    const again = found.hash === before.hash ? found : await chain.blockAt(before.number);
    // A chain that is being replaced just now says one thing and then another: it is looked at again, and nothing is noted.
    if (again.hash !== before.hash && again.hash !== found.hash) return;
    if (again.hash !== before.hash) {
      const atMs = ports.clock.nowMs();
      const broken = { number: before.number, was: before.hash, found: found.hash, atMs };
      state.finals.set(shard, final);
      keep(state, ports, shard, { blocks: rememberFinal([], final), broken });
      breakInvariant(state, ports.log, finalityBroken(shard, broken));
      return;
    }
  }
  const newest = known.blocks.at(-1)?.number ?? 0;
  if (final.number < Math.max(newest, state.finals.get(shard)?.number ?? 0)) return;
  state.finals.set(shard, final);
  keep(state, ports, shard, { ...known, blocks: rememberFinal(known.blocks, final) });
}

/** What a former run has found broken stays so until a person resumes. */
export function recallFinality(state: CoordinatorState, { log }: Pick<SafetyPorts, "log">): void {
  for (const [shard, { broken }] of Object.entries(state.safety.finality)) {
    if (broken !== null) breakInvariant(state, log, finalityBroken(shard, broken));
  }
}

function finalityBroken(shard: string, { number, was, found }: NonNullable<FinalMemory["broken"]>) {
  const what = `${shard}: block ${number} was final with hash ${was}; now ${found} is in its place`;
  return new FatalError("finality-broken", what);
}

/** A broken finality is on disk before anything follows from it; a newer final block is some time. */
function keep(
  state: CoordinatorState,
  ports: FinalityPorts,
  shard: string,
  memory: FinalMemory,
): void {
  const { broken } = memory;
  const isNew = broken !== null && state.safety.finality[shard]?.broken?.atMs !== broken.atMs;
  keepSafety(state, ports, {
    change: { finality: { ...state.safety.finality, [shard]: memory } },
    events: isNew ? [{ type: "finality", shard, isOver: false, reason: null, ...broken }] : [],
    nowMs: ports.clock.nowMs(),
  });
}
