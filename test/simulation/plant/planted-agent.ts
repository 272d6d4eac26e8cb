import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { JobVerifier } from "#shard-agent/ports/job-desk.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { ShardSnapshot, VenueReading } from "#shard-agent/records/shard-snapshot.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";
import type { Plants } from "#test/simulation/plant/plants.ts";

/** The chain as an agent sees it that takes every block for final, or misreads its accounts at venues. */
export function plantedChain(chain: ChainReader, plants: Plants): ChainReader {
  const isHeadFinal = plants.has("agent-takes-head-for-final");
  const misread = newMisreading(plants);
  return {
    ...chain,
    ...(isHeadFinal ? { finalized: chain.head } : {}),
    snapshot: async (block, depth) => {
      const snapshot = misread(await chain.snapshot(block, depth));
      return isHeadFinal ? { ...snapshot, finalizedNumber: block.number } : snapshot;
    },
  };
}

/** Readings of venues that say what is not so. */
function newMisreading(plants: Plants): (snapshot: ShardSnapshot) => ShardSnapshot {
  const kept = new Map<string, PerpLine>();
  const perpOf = (line: PerpLine): PerpLine => {
    const before = kept.get(line.adapter);
    const isSmaller =
      before !== undefined && Math.abs(Number(line.sizeE18)) < Math.abs(Number(before.sizeE18));
    const shown = isSmaller ? { ...line, sizeE18: before.sizeE18 } : line;
    if (!isSmaller) kept.set(line.adapter, line);
    const read = plants.has("liquidated-position-kept") ? shown : line;
    if (!plants.has("funding-sign-wrong")) return read;
    return { ...read, accountValueUsd: read.accountValueUsd + 2 * read.pendingFundingUsd };
  };
  return (snapshot) => ({
    ...snapshot,
    caps: plants.has("caps-not-reported") ? null : snapshot.caps,
    venues: snapshot.venues.map((venue) => ({
      ...venue,
      perps: venue.perps.map(perpOf),
      collateral: plants.has("premium-counted-twice") ? withPremiums(venue) : venue.collateral,
    })),
  });
}

function withPremiums({ collateral, optionMarkets }: VenueReading): VenueReading["collateral"] {
  const premiumUsd = optionMarkets
    .flatMap(({ series }) => series)
    .reduce((sum, one) => sum + (Number(one.heldE18) / 1e18) * one.premiumUsd, 0);
  const premiumRaw = BigInt(Math.round(premiumUsd * 1e6));
  return collateral.map((line) => ({ ...line, amountRaw: line.amountRaw + premiumRaw }));
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
