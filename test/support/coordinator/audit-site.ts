import { privateKeyToAccount } from "viem/accounts";
import { viemShardChain } from "#coordinator/adapters/chain/viem-shard-chain.ts";
import { type ShardSetup, staleAfterMs } from "#coordinator/records/shard-setup.ts";
import { askChain } from "#coordinator/stages/audit/ask-chain.ts";
import { compareWithChain } from "#coordinator/stages/audit/compare-chain.ts";
import type { Mismatch } from "#coordinator/stages/audit/differ.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";

const TRIES_MAX = 5;
/** Pays for nothing: an audit only reads. */
const NOBODY = privateKeyToAccount(`0x${"77".repeat(32)}`);

/** What the coordinator's own reading of a real chain says of a report of it, at the block it names. */
export async function mismatchOf(
  site: AgentSite,
  report: ShardReport,
  turn = 0,
): Promise<Mismatch | undefined> {
  const setup = setupOf(site.chain);
  const guids = new Set(report.deliveredTransfers.map(({ guid }) => guid));
  const jobIds = report.consumedJobs.map(({ jobId }) => jobId);
  const asked = askChain(report, setup, { jobIds, guids, turn });
  const { volatilityFeed, quoterV2: quoter, optionBook } = site.chain.contracts;
  const lyraViewer = site.chain.positionVenues.lyraV1?.viewer ?? null;
  const chain = viemShardChain({
    setup,
    optionBook,
    audit: { volatilityFeed, quoter, lyraViewer },
    rpcUrls: [site.chain.rpcUrl],
    feePayer: NOBODY,
  });
  const audit = await chain.auditAt(report.block.hash, asked);
  if (audit === undefined) throw new Error(`block ${report.block.hash} is unknown`);
  return compareWithChain(report, { audit, setup, asked, guids, depthToleranceFraction: 0.001 });
}

/**
 * What the chain says of the newest honest report; read again where it differs, since a local node may answer for its
 * newest block out of the next one's state.
 */
export async function mismatchOfNewest(site: AgentSite): Promise<Mismatch | undefined> {
  let found: Mismatch | undefined;
  for (let count = 0; count < TRIES_MAX; count += 1) {
    found = await mismatchOf(site, await site.newestReport(), count);
    if (found === undefined) return undefined;
  }
  return found;
}

function setupOf(chain: WorldChain): ShardSetup {
  return {
    shard: chain.shard,
    chainId: chain.chainId,
    endpointId: chain.endpointId,
    nativeTicker: "ETH",
    blockTimeMs: chain.blockTimeMs,
    staleAfterMs: staleAfterMs(5_000, chain.blockTimeMs),
    vault: chain.contracts.vault,
    settlement: { ...chain.settlement },
    underlyings: chain.underlyings.map(({ ticker, token, decimals }) => {
      return { ticker, token, decimals };
    }),
    agents: [],
  };
}
