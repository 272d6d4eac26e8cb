import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import { reportSetHash } from "#shared/wire/report-set.ts";
import { cashAtVenuesRaw } from "#test/simulation/check/desk-page.ts";
import type { Ledger, Violate } from "#test/simulation/check/ledger.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

export type ChainChecks = {
  readonly setups: ReadonlyMap<string, ShardSetup>;
  /** The job as some coordinator recorded it. */
  readonly recordOf: (jobId: string) => JobRecord | undefined;
  readonly violate: Violate;
};

/** I5, I9, I10: what a mandate in a block must agree with. */
export function checkConsumed(chain: SimChain, block: SimBlock, o: ChainChecks): void {
  for (const event of block.events) {
    if (event.type === "consumed") checkOne(chain, block, event, o);
  }
}

function checkOne(
  chain: SimChain,
  block: SimBlock,
  event: Extract<ChainEvent, { type: "consumed" }>,
  { setups, recordOf, violate }: ChainChecks,
): void {
  const { shard } = chain.site;
  const where = `${shard} block ${block.header.number}: job ${event.jobId}`;
  const job = recordOf(event.jobId);
  if (job === undefined || job.mandate === null) {
    violate("I9", `${where} took effect and no journal has it`);
    return;
  }
  if (job.shard !== shard || event.shard !== shardBytes32(shard))
    violate("I10", `${where} of ${job.shard} took effect on ${shard}`);
  if (job.mandate.paramsHash !== event.paramsHash)
    violate("I9", `${where} took effect with other parameters than were recorded`);
  const { params } = job;
  if (params?.kind === "swap" || params?.kind === "swap-exact-output") {
    const own = [chain.site.settlementToken, chain.site.hedgeToken];
    if (!own.includes(params.assetIn) || !own.includes(params.assetOut))
      violate("I10", `${where} moved an asset of another shard`);
  }
  if (job.mandate.reportSetHash !== reportSetHash(job.reportSet))
    violate("I5", `${where}: its reports do not hash to what was signed`);
  for (const ref of job.reportSet) {
    const staleAfterMs = setups.get(ref.shard)?.staleAfterMs ?? 0;
    const ageMs = block.header.timestampMs - ref.blockTimestampMs;
    if (ageMs > staleAfterMs)
      violate("I5", `${where} rests on a report of ${ref.shard} that was ${ageMs} ms old`);
  }
}

/** I3 across chains: what arrived had left, once, in the same amount, and nothing else was made or lost. */
export function checkConservation(
  chains: readonly SimChain[],
  ledger: Ledger,
  initialRaw: bigint,
  violate: Violate,
): void {
  const pages = chains.map((chain) => ledger.pageOf(chain.head()));
  const sent = new Map(pages.flatMap((page) => [...page.sent]));
  let inTransitRaw = 0n;
  for (const { amountRaw } of sent.values()) inTransitRaw += amountRaw;
  for (const [index, page] of pages.entries()) {
    for (const [guid, amountRaw] of page.received) {
      const origin = sent.get(guid);
      inTransitRaw -= amountRaw;
      if (origin?.amountRaw !== amountRaw || origin.dstEid !== chains[index]?.site.endpointId)
        violate(
          "I3",
          `${guid} arrived with ${amountRaw}, and left with ${origin?.amountRaw ?? "nothing"}`,
        );
    }
  }
  const total = pages.reduce((sum, page) => {
    const ownRaw = page.settlementRaw + cashAtVenuesRaw(page.desk);
    return sum + ownRaw - page.takersRaw - page.poolRaw;
  }, 0n);
  if (total + inTransitRaw !== initialRaw)
    violate(
      "I3",
      `vaults ${total} and in transit ${inTransitRaw} are not the ${initialRaw} of the start`,
    );
}
