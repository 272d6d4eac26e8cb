import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { JobVerifier } from "#shard-agent/ports/job-desk.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { Plants } from "#test/simulation/plant/plants.ts";

/** The chain as an agent sees it that takes every block for final. */
export function plantedChain(chain: ChainReader, plants: Plants): ChainReader {
  if (!plants.has("agent-takes-head-for-final")) return chain;
  return {
    ...chain,
    finalized: chain.head,
    snapshot: async (block, depth) => {
      const snapshot = await chain.snapshot(block, depth);
      return { ...snapshot, finalizedNumber: block.number };
    },
  };
}

/** Endpoints that never contradict each other. */
export function plantedWatch(watch: ReadWatch, plants: Plants): ReadWatch {
  if (!plants.has("contradiction-is-ignored")) return watch;
  return { ...watch, disagreement: () => null };
}

/** A verifier that believes the id a job brings. */
export function plantedVerifier(verifier: JobVerifier, plants: Plants): JobVerifier {
  if (!plants.has("job-id-reused")) return verifier;
  return {
    prove: async (job) => ({ ...(await verifier.prove(job)), jobId: job.mandate.jobId }),
  };
}

/** A journal that is not asked for nonces. */
export function plantedJournal(journal: Journal, plants: Plants): Journal {
  return plants.has("nonce-from-chain") ? { ...journal, nextNonce: () => 0 } : journal;
}
