import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { breakInvariant } from "#coordinator/cycles/jobs/change-jobs.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import { FatalError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";

/**
 * Takes note of a chain's newest final block. A final block stays: where another one is found in its place, twice, all that was
 * proved up to it may be untrue, and nothing more is issued until people have looked. A node that is behind, as another
 * of several may be, proves nothing.
 *
 * @throws {RetryableError} If the chain cannot be read; nothing is concluded then.
 */
export async function followFinality(
  state: CoordinatorState,
  { log }: { readonly log: Log },
  shard: string,
  chain: Pick<ShardChain, "finalBlock" | "blockAt">,
): Promise<void> {
  const before = state.finals.get(shard);
  const final = await chain.finalBlock();
  if (before !== undefined) {
    if (final.number < before.number) return;
    const found = await chain.blockAt(before.number);
    const isUndone = found.hash !== before.hash;
    if (isUndone && (await chain.blockAt(before.number)).hash === found.hash) {
      const what = `${shard}: block ${before.number} was final with hash ${before.hash}; now ${found.hash} is in its place`;
      breakInvariant(state, log, new FatalError("finality-broken", what));
    }
  }
  state.finals.set(shard, final);
}
