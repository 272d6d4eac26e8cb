import type { Hex } from "#shared/units/ids.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";

/** A block a second, or none. */
export function mining({ chain }: AgentSite, isOn: boolean): Promise<unknown> {
  return rpc(chain.rpcUrl, "evm_setIntervalMining", [isOn ? 1 : 0]);
}

/** The block of a transaction, and those after it, give way to others. */
export async function reorganiseAway(site: AgentSite, hash: Hex): Promise<void> {
  const { client, market, chain } = site;
  const { blockNumber } = await client.getTransactionReceipt({ hash });
  // A block more between the question and the reorganisation would leave the transaction's own in place.
  await mining(site, false);
  const head = await client.getBlockNumber();
  await rpc(chain.rpcUrl, "anvil_reorg", [Number(head - blockNumber) + 1, []]);
  await mining(site, true);
  // A feed's refresh may have gone with the blocks: its lane would wait behind the gap for ever.
  market.forgetNonce();
  // anvil's clock lags by what the new blocks squeezed together.
  await rpc(chain.rpcUrl, "anvil_setTime", [Math.floor(Date.now() / 1000)]);
}
