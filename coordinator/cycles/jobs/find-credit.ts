import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { ChainBlock, Delivery, ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";

export type CreditPorts = {
  readonly chains: ReadonlyMap<string, ShardChain>;
  /** How many of the newest final blocks are searched in every look. */
  readonly lookbackBlocks: number;
  readonly log: Log;
};

/** Older blocks searched in one look: one question to a node that answers for as many. */
const PAGE_BLOCKS = 10_000;
/** How much the clocks of two chains may disagree. */
const CLOCKS_APART_MS = 3_600_000;

/**
 * The credit of a transfer at its target, however long ago: every look searches the newest final blocks and one page of
 * older ones, going on below the page of the look before. Nothing is credited before it was sent, so the search ends there,
 * and begins anew: a node may have kept a block back.
 *
 * @throws {RetryableError} If the target's chain does not answer; the next look begins where this one did.
 */
export async function findCredit(
  state: CoordinatorState,
  ports: CreditPorts,
  job: JobRecord,
  { chain, final }: { readonly chain: ShardChain; readonly final: ChainBlock },
): Promise<Delivery | undefined> {
  const { guid } = job;
  if (guid === null || job.target === null) return undefined;
  const newest = { fromBlock: final.number - ports.lookbackBlocks, toBlock: final.number };
  const [recent] = await chain.deliveries(newest, guid);
  if (recent !== undefined) {
    state.creditSearches.delete(guid);
    return recent;
  }
  const before = state.creditSearches.get(guid);
  const sentAtMs = before?.sentAtMs ?? (await sentTime(ports, job));
  const toBlock = before?.nextBlock ?? newest.fromBlock - 1;
  if (sentAtMs === undefined) return undefined;
  if (toBlock < 0 || (await chain.blockAt(toBlock)).timestampMs < sentAtMs - CLOCKS_APART_MS) {
    state.creditSearches.delete(guid);
    return undefined;
  }
  const page = { fromBlock: Math.max(0, toBlock - PAGE_BLOCKS + 1), toBlock };
  const [found] = await chain.deliveries(page, guid);
  // Once found it is remembered with the job.
  if (found !== undefined) state.creditSearches.delete(guid);
  else state.creditSearches.set(guid, { sentAtMs, nextBlock: page.fromBlock - 1 });
  ports.log.debug("older blocks are searched for a transfer's credit", { guid, ...page });
  return found;
}

/** When a transfer left its source: as its block says, for a record made from chain events is younger. Undefined when nobody says. */
async function sentTime(
  { chains }: CreditPorts,
  { shard, consumption, times }: JobRecord,
): Promise<number | undefined> {
  const told = times.includedBlockTimestampMs ?? consumption?.blockTimestampMs;
  if (told != null) return told;
  if (consumption === null) return times.recordedAtMs;
  try {
    return (await chains.get(shard)?.blockAt(consumption.blockNumber))?.timestampMs;
  } catch (error) {
    if (error instanceof RetryableError) return undefined;
    throw error;
  }
}
