import { hexToNumber, type PublicClient } from "viem";
import { auditFeeds } from "#coordinator/adapters/audit/audit-feeds.ts";
import { quoteDepth, quotePerp } from "#coordinator/adapters/audit/audit-pools.ts";
import { auditVenues, type VenueAuditOptions } from "#coordinator/adapters/audit/audit-venues.ts";
import { type AuditView, auditView } from "#coordinator/adapters/audit/audit-view.ts";
import { creditsIn } from "#coordinator/adapters/chain/vault-events.ts";
import {
  type AuditQuestions,
  type ChainAudit,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { namedSeries } from "#shared/evm/option-series.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

export type AuditTarget = VenueAuditOptions & {
  readonly setup: ShardSetup;
  readonly optionBook: Address;
  /** Null: the volatility of reports is not looked at. */
  readonly volatilityFeed: Address | null;
  /** Uniswap's quoter; null: the depth of pools is not looked at. */
  readonly quoter: Address | null;
};

/**
 * All that is asked of a shard's contracts at one block; undefined when the chain of this node does not have the block.
 * What rests on others' contracts is a part by itself, and only missing when it cannot be read.
 *
 * @throws If the node does not answer, or the vault or its option book do not.
 */
export async function auditAt(
  rpc: PublicClient,
  target: AuditTarget,
  blockHash: Hex,
  asked: AuditQuestions,
): Promise<ChainAudit | undefined> {
  const header = await rpc.request({ method: "eth_getBlockByHash", params: [blockHash, false] });
  if (header === null || header.number === null) return undefined;
  // Credits are found by number: of a block that was replaced since, they are another chain's, and prove nothing.
  const inChain = await rpc.request({
    method: "eth_getBlockByNumber",
    params: [header.number, false],
  });
  if (inChain?.hash !== header.hash) return undefined;
  const block = {
    number: hexToNumber(header.number),
    timestampMs: hexToNumber(header.timestamp) * 1000,
  };
  const { baseFeePerGas } = header;
  const baseFeeWei = baseFeePerGas == null ? null : BigInt(baseFeePerGas);
  const reads = auditView(rpc, blockHash);
  const { setup, quoter } = target;
  const [vault, feeds, venues, credited, depthOutRaw] = await Promise.all([
    auditVault(reads, target, asked.jobIds),
    auditFeeds(reads, target, block.timestampMs),
    auditVenues(reads, setup, { ...target, asked }),
    creditsIn(rpc, setup, asked.credits),
    Promise.all(
      asked.depth.map((point) =>
        reads.part(partKey("depth", point.pool), () => quoteDepth(reads, quoter, point)),
      ),
    ),
  ]);
  const { accounts } = venues;
  const quotes = asked.perpDepth.map((point) =>
    reads.part(partKey("depth", point.market), () => quotePerp(reads, accounts, point)),
  );
  const perpQuotesE18 = await Promise.all(quotes);
  const { unseen } = reads;
  const answers = { credited, depthOutRaw, perpQuotesE18, unseen };
  return { block, baseFeeWei, ...vault, ...feeds, venues, ...answers };
}

/** Vault, balances and option book. */
async function auditVault(
  { view, part }: AuditView,
  { setup, optionBook }: AuditTarget,
  jobIds: readonly Hex[],
) {
  const { vault } = setup;
  const ofVault = <T>(name: string, args: readonly unknown[] = []) =>
    view<T>({ abi: shardVaultAbi, to: vault, name, args });
  const tokens = [setup.settlement, ...setup.underlyings].map(({ token }) => token);
  const balanceOf = (to: Address) =>
    part(partKey("balance", to), () =>
      view<bigint>({ abi: erc20Abi, to, name: "balanceOf", args: [vault] }),
    );
  const figure = (name: "capital" | "liabilities") =>
    part(partKey(name), () => ofVault<bigint>(name));
  const [epoch, leader, paused, capitalRaw, liabilitiesRaw, sharesRaw, balances, series, consumed] =
    await Promise.all([
      ofVault<bigint>("epoch"),
      ofVault<Address>("leader"),
      ofVault<boolean>("paused"),
      figure("capital"),
      figure("liabilities"),
      ofVault<bigint>("totalSupply"),
      Promise.all(tokens.map(balanceOf)),
      view<Parameters<typeof namedSeries>[0]>({
        abi: optionBookAbi,
        to: optionBook,
        name: "liveSeries",
      }),
      Promise.all(jobIds.map((jobId) => ofVault<boolean>("consumed", [jobId]))),
    ]);
  return {
    epoch: Number(epoch),
    leader,
    paused,
    capitalRaw,
    liabilitiesRaw,
    sharesRaw,
    balancesRaw: new Map(
      tokens.flatMap((token, at): [string, bigint][] => {
        const balance = balances[at] ?? null;
        return balance === null ? [] : [[token.toLowerCase(), balance]];
      }),
    ),
    series: namedSeries(series),
    consumed: new Set(jobIds.filter((_, at) => consumed[at] === true)),
  };
}
