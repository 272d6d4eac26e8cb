import {
  nextNonce,
  requireFunds,
  type SendPorts,
  sendCall,
} from "#shard-agent/cycles/send-call.ts";
import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { ChainReader, VaultReader } from "#shard-agent/ports/chain.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { ContractCall, Lane } from "#shard-agent/ports/sender.ts";
import { newEntry } from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { gasFeeCapWei, openingFees } from "#shard-agent/stages/price-gas.ts";

/** Housekeeping that is not mined in this time is cancelled and tried anew. */
const WITHIN_SECONDS = 120;

export type HousekeepingPorts = SendPorts & {
  readonly chain: Pick<ChainReader, "head">;
  readonly vault: Pick<VaultReader, "senderBalanceWei">;
  readonly memory: Pick<Memory, "shortage">;
  readonly lane: Lane;
  readonly scope: ShardScope;
};

/**
 * Sends a call that anyone may make, under a journal entry of its own. When somebody was faster the
 * simulation says so and nothing is sent.
 *
 * @throws {RetryableError} When the chain did not answer, or `sender-unfunded`: nothing is written down.
 */
export async function sendHousekeeping(
  ports: HousekeepingPorts,
  o: {
    readonly id: string;
    readonly call: ContractCall;
    /** What the signing guard holds the transaction to. */
    readonly payload: Readonly<Record<string, string>>;
    readonly what: string;
  },
): Promise<void> {
  await ports.lane.run(async () => {
    const prepared = await ports.sender.prepare(o.call);
    if (prepared.reverts) {
      ports.log.debug(`${o.what} would revert`, { ...o.payload, detail: prepared.detail });
      return;
    }
    const capWei = gasFeeCapWei(null, null, ports.scope);
    const fees = openingFees({ ...prepared, gasFeeCapWei: capWei, terms: ports.scope.gasFees });
    if (fees === null) {
      const { baseFeeWei, gasLimit } = prepared;
      const detail = { ...o.payload, baseFeeWei, gasLimit, capWei };
      ports.log.warn(`${o.what} waits: gas costs more than its cap`, detail);
      return;
    }
    const head = await ports.chain.head();
    const { address } = ports.sender;
    const funds = { address, balanceWei: await ports.vault.senderBalanceWei(head) };
    requireFunds(ports.memory, funds, { call: o.call, ...prepared, ...fees });
    const checked = newEntry({
      id: o.id,
      kind: "settlement",
      state: "checked",
      payload: JSON.stringify(o.payload),
      // By the clock that it is judged by: with this machine's an hour behind, each would be cancelled at the next head.
      deadlineSeconds: Math.floor(head.timestampMs / 1000) + WITHIN_SECONDS,
      gasFeeCapWei: capWei,
      updatedAtMs: ports.clock.nowMs(),
    });
    const nonce = await nextNonce(ports, head);
    ports.journal.insert(checked);
    await sendCall(ports, checked, o.call, { ...prepared, ...fees, nonce });
    ports.log.info(`${o.what}: sent`, o.payload);
  });
}

/**
 * Gives up housekeeping that a crash left unsigned, to be called at the start: nothing of it can be out there, and while its
 * entry is open nobody tries anew.
 */
export async function dropUnsent(
  ports: Pick<HousekeepingPorts, "journal" | "clock" | "lane" | "log">,
): Promise<void> {
  // In the lane, where it is written down and signed in one go: what is unsigned there was left by another life.
  await ports.lane.run(async () => {
    for (const entry of ports.journal.unfinished()) {
      if (entry.kind !== "settlement" || entry.state !== "checked") continue;
      stepEntry(ports, entry, "expire");
      ports.log.info("housekeeping that was never signed is done anew", { id: entry.id });
    }
  });
}
