import { type Abi, decodeFunctionResult, encodeFunctionData, type PublicClient } from "viem";
import type { AuditedSeries, ChainAudit } from "#coordinator/records/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

export type AuditTarget = { readonly setup: ShardSetup; readonly optionBook: Address };

type RawSeries = {
  readonly id: Hex;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly expiry: bigint;
  readonly strike: bigint;
  readonly takersLong: bigint;
  readonly takersShort: bigint;
};

/** Vault, balances and option book at one block; undefined when this node does not have the block. */
export async function auditAt(
  rpc: PublicClient,
  { setup, optionBook }: AuditTarget,
  blockHash: Hex,
  jobIds: readonly Hex[],
): Promise<ChainAudit | undefined> {
  const block = await rpc.request({ method: "eth_getBlockByHash", params: [blockHash, false] });
  if (block === null) return undefined;
  const { vault } = setup;
  const view = async <T>(abi: Abi, to: Address, functionName: string, args: unknown[] = []) => {
    const data = encodeFunctionData({ abi, functionName, args });
    const answer = await rpc.request({
      method: "eth_call",
      params: [{ to, data }, { blockHash }],
    });
    return decodeFunctionResult({ abi, functionName, data: answer }) as T;
  };
  const ofVault = <T>(name: string, args: unknown[] = []) =>
    view<T>(shardVaultAbi as Abi, vault, name, args);
  const tokens = [setup.settlement, ...setup.underlyings].map(({ token }) => token);
  const [epoch, leader, paused, capitalRaw, liabilitiesRaw, sharesRaw, balances, series, consumed] =
    await Promise.all([
      ofVault<bigint>("epoch"),
      ofVault<Address>("leader"),
      ofVault<boolean>("paused"),
      ofVault<bigint>("capital"),
      ofVault<bigint>("liabilities"),
      ofVault<bigint>("totalSupply"),
      Promise.all(
        tokens.map((token) => view<bigint>(erc20Abi as Abi, token, "balanceOf", [vault])),
      ),
      view<readonly RawSeries[]>(optionBookAbi as Abi, optionBook, "liveSeries"),
      Promise.all(jobIds.map((jobId) => ofVault<boolean>("consumed", [jobId]))),
    ]);
  return {
    epoch: Number(epoch),
    leader,
    paused,
    capitalRaw,
    liabilitiesRaw,
    sharesRaw,
    balancesRaw: new Map(tokens.map((token, at) => [token.toLowerCase(), balances[at] ?? 0n])),
    series: series.map(auditedSeries),
    consumed: new Set(jobIds.filter((_, at) => consumed[at] === true)),
  };
}

function auditedSeries(one: RawSeries): AuditedSeries {
  return {
    seriesId: one.id,
    underlying: one.underlying,
    isCall: one.isCall,
    expirySeconds: one.expiry,
    strikeE8: one.strike,
    takersLongE18: one.takersLong,
    takersShortE18: one.takersShort,
  };
}
