import type { CoordinatorState, CreditSearch } from "#coordinator/cycles/coordinator-state.ts";
import type { ChainBlock, Delivery, ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Hex } from "#shared/units/ids.ts";

export type CreditPorts = {
  /** How many of the newest final blocks are searched in every look. */
  readonly lookbackBlocks: number;
  readonly log: Log;
};

/**
 * What the target's chain says of a transfer, as far as its newest final block: credited; absent, for it waits or was
 * nowhere credited since it was sent; gone, for the endpoint has done with it and it was nowhere credited; or unknown,
 * while older blocks are still to be searched.
 */
export type CreditLook =
  | { readonly is: "credited"; readonly delivery: Delivery }
  | { readonly is: "absent" | "gone" | "unknown" };

/** Older blocks searched in one look: one question to a node that answers for as many. */
const PAGE_BLOCKS = 10_000;
/** How much the clocks of two chains may disagree. */
const CLOCKS_APART_MS = 3_600_000;

/** A chain, and its newest final block. */
type At = {
  readonly chain: Pick<ShardChain, "blockAt" | "deliveries" | "messageFate">;
  readonly final: ChainBlock;
};

/** A message, and when it left its source; undefined when nobody says now. */
export type SoughtCredit = {
  readonly guid: Hex;
  readonly sentAtMs: () => Promise<number | undefined>;
};

/**
 * Looks for the credit of a transfer at its target, however long ago. The endpoint knows without any search whether a
 * message still waits. Else every look searches the newest final blocks and one page of older ones, going on below the page
 * of the look before. Nothing is credited before it was sent, so the search ends there, and begins anew: a node may have
 * kept a block back.
 *
 * @throws {RetryableError} If the target's chain does not answer; the next look begins where this one did.
 */
export async function findCredit(
  state: CoordinatorState,
  ports: CreditPorts,
  sought: SoughtCredit,
  at: At,
): Promise<CreditLook> {
  const { guid } = sought;
  const fate = await fateOf(state, guid, at);
  if (fate === "waiting") return { is: "absent" };
  const delivery = await search(state, ports, sought, at);
  if (delivery !== undefined) {
    // Once found it is remembered with the job.
    state.creditSearches.delete(guid);
    return { is: "credited", delivery };
  }
  const isWhole = state.creditSearches.get(guid)?.isWhole === true;
  if (!isWhole || fate === "not-told") return { is: "unknown" };
  return { is: fate === "done" ? "gone" : "absent" };
}

/** Whether the target's endpoint has done with a message at the final block; undefined where its path is not known. */
async function fateOf(
  { transfers }: CoordinatorState,
  guid: string,
  { chain, final: { number: blockNumber } }: At,
): Promise<"waiting" | "done" | "not-told" | undefined> {
  const record = transfers.get(guid);
  if (record === undefined) return undefined;
  const fate = await chain.messageFate(record, { blockNumber, fromBlock: blockNumber });
  if (fate === undefined) return "not-told";
  return fate.isPast && fate.committedHash === null ? "done" : "waiting";
}

async function search(
  state: CoordinatorState,
  ports: CreditPorts,
  { guid, sentAtMs: askSentAtMs }: SoughtCredit,
  { chain, final }: At,
): Promise<Delivery | undefined> {
  const newest = { fromBlock: final.number - ports.lookbackBlocks, toBlock: final.number };
  const [recent] = await chain.deliveries(newest, guid);
  if (recent !== undefined) return recent;
  const before = contiguous(state.creditSearches.get(guid), newest.fromBlock);
  const sentAtMs = before?.sentAtMs ?? (await askSentAtMs());
  if (sentAtMs === undefined) return undefined;
  const throughBlock = final.number;
  const toBlock = before?.nextBlock ?? newest.fromBlock - 1;
  if (toBlock < 0 || (await chain.blockAt(toBlock)).timestampMs < sentAtMs - CLOCKS_APART_MS) {
    const anew = { nextBlock: newest.fromBlock - 1, isWhole: true };
    state.creditSearches.set(guid, { sentAtMs, throughBlock, ...anew });
    return undefined;
  }
  const page = { fromBlock: Math.max(0, toBlock - PAGE_BLOCKS + 1), toBlock };
  const [found] = await chain.deliveries(page, guid);
  const isWhole = before?.isWhole === true || page.fromBlock === 0;
  state.creditSearches.set(guid, {
    sentAtMs,
    throughBlock,
    nextBlock: page.fromBlock - 1,
    isWhole,
  });
  ports.log.debug("older blocks are searched for a transfer's credit", { guid, ...page });
  return found;
}

/** What was searched before, unless blocks lie between it and the newest ones: then the search begins anew. */
function contiguous(before: CreditSearch | undefined, fromBlock: number): CreditSearch | undefined {
  return before !== undefined && fromBlock <= before.throughBlock + 1 ? before : undefined;
}

/** When a transfer left its source: as its block says, for a record made from chain events is younger. Undefined when nobody says. */
export async function leftAtMs(
  chains: ReadonlyMap<string, Pick<ShardChain, "blockAt">>,
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
