import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { isInFlight, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { Violate } from "#test/simulation/check/ledger.ts";
import { capsLeftOf } from "#test/simulation/desk/desk-caps.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import { absOf, priceE8 } from "#test/simulation/world/price.ts";

/**
 * I4 for the caps: whatever part of a plan and of what is in flight happens, it fits into what the vault's windows and its
 * desk's caps had left at the block of the book that was planned on, and nothing grows at a venue that is being left.
 */
export function checkCaps(
  state: CoordinatorState,
  jobs: readonly JobRecord[],
  o: { readonly chains: readonly SimChain[]; readonly violate: Violate },
): void {
  for (const chain of o.chains) {
    const { shard } = chain.site;
    const own = jobs.filter((job) => job.shard === shard);
    const block = chain.byHash(state.books.get(shard)?.report.block.hash ?? "0x");
    if (own.length === 0 || block === undefined) continue;
    const pending = [...state.jobs.values()].filter((job) => {
      const isNew = own.some(({ jobId }) => jobId === job.jobId);
      return job.shard === shard && !isNew && isPending(job, block);
    });
    for (const breach of breachesOf(chain, block, { own, pending }))
      o.violate("I4", `${shard}: ${breach}`);
  }
}

function isPending(job: JobRecord, { state }: SimBlock): boolean {
  return isInFlight(job) && job.state !== "in-transit" && !state.consumed.has(job.jobId);
}

type Jobs = { readonly own: readonly JobRecord[]; readonly pending: readonly JobRecord[] };

function breachesOf({ site }: SimChain, block: SimBlock, { own, pending }: Jobs): string[] {
  const left = capsLeftOf(block.state, site, block.header.timestampMs / 1000);
  const beyond = (what: string, leftRaw: string, of: (job: JobRecord) => bigint): string[] => {
    const newRaw = own.reduce((sum, job) => sum + of(job), 0n);
    const allRaw = pending.reduce((sum, job) => sum + of(job), newRaw);
    return newRaw > 0n && allRaw > BigInt(leftRaw)
      ? [`${what} of ${allRaw} are planned or in flight where caps leave ${leftRaw}`]
      : [];
  };
  return [
    ...beyond("trades", left.tradesLeftRaw, (job) => notionalRaw(job, block)),
    ...beyond("transfers", left.transfersLeftRaw, ({ params }) => {
      return params?.kind === "transfer" ? BigInt(params.amountRaw) : 0n;
    }),
    ...left.venues.flatMap(({ adapter, leftRaw, mayGrow }) => [
      ...beyond(`moves to ${adapter}`, leftRaw, (job) => putRaw(job, adapter)),
      ...(mayGrow ? [] : growing(own, adapter, block)),
    ]),
  ];
}

/** What a trade counts in the vault's window at the block's price, settlement asset. */
function notionalRaw({ params, expectedDeltaUnits }: JobRecord, { state }: SimBlock): bigint {
  const worthOf = (unitsE18: bigint): bigint => (absOf(unitsE18) * priceE8(state)) / 10n ** 20n;
  switch (params?.kind) {
    case "swap":
      return expectedDeltaUnits > 0
        ? BigInt(params.amountInRaw)
        : worthOf(BigInt(params.amountInRaw));
    case "perp-change":
      return worthOf(BigInt(params.sizeE18));
    case "option-trade":
      return worthOf(BigInt(params.quantityE18));
    default:
      return 0n;
  }
}

function putRaw({ params }: JobRecord, adapter: string): bigint {
  if (params?.kind !== "lend-move" && params?.kind !== "margin-move") return 0n;
  const amountRaw = BigInt(params.amountRaw);
  return params.venue === adapter && amountRaw > 0n ? amountRaw : 0n;
}

function growing(jobs: readonly JobRecord[], adapter: string, { state }: SimBlock): string[] {
  return jobs.flatMap(({ params }) => {
    const isPerp = params?.kind === "perp-change" && params.venue === adapter;
    const { sizeE18 } = state.desk.perp;
    const isLarger = isPerp && absOf(sizeE18 + BigInt(params.sizeE18)) > absOf(sizeE18);
    const isBought = params?.kind === "option-trade" && BigInt(params.quantityE18) > 0n;
    return isLarger || (isBought && params.venue === adapter)
      ? [`${params?.kind} at ${adapter}, where nothing may grow`]
      : [];
  });
}
