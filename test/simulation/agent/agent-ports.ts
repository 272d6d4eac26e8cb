import type {
  ChainReader,
  FeedReader,
  MinedTransaction,
  TransactionReader,
  VaultReader,
} from "#shard-agent/ports/chain.ts";
import type { BroadcastOutcome, Sender } from "#shard-agent/ports/sender.ts";
import type { DepthRequest, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { isSeen, snapshotAt } from "#test/simulation/agent/snapshot.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";
import { nonceOf, type SimBlock, type SimChain } from "#test/simulation/world/chain.ts";
import type { Codec } from "#test/simulation/world/codec.ts";
import type { Market } from "#test/simulation/world/market.ts";
import type { Rpc } from "#test/simulation/world/rpc.ts";
import { execute } from "#test/simulation/world/vault.ts";

export type AgentSite = {
  readonly agent: string;
  readonly chain: SimChain;
  readonly rpc: Rpc;
  readonly codec: Codec;
  readonly market: Market;
  readonly process: SimProcess;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  /** Told of every transaction before it is broadcast. */
  readonly onBroadcast: (hash: Hex) => void;
};

export function chainReader({ rpc, market, chain, codec, agent }: AgentSite): ChainReader {
  const sender = codec.senderAddress(agent);
  return {
    head: () => rpc.read((view) => view.head.header),
    headerAt: (number) => rpc.read((view) => view.at(number)?.header ?? null),
    finalized: () => rpc.read((view) => view.at(view.finalizedNumber)?.header ?? null),
    snapshot: async (block, depth): Promise<ShardSnapshot> => {
      const finalized = await rpc.read((view) => Math.min(view.finalizedNumber, block.number));
      const snapshot = await rpc.read((view) => {
        const found = known(view.byHash(block.hash));
        const o = { chain, market, sender, depth: depth as DepthRequest[], finalized };
        return snapshotAt(found, view, o);
      });
      const canonical = await rpc.read((view) => view.at(block.number)?.header.hash);
      if (canonical === block.hash) return snapshot;
      throw new RetryableError("block-not-canonical", `Block ${block.number}: replaced`);
    },
  };
}

export function vaultReader({ rpc, codec, agent }: AgentSite): VaultReader {
  const sender = codec.senderAddress(agent);
  return {
    state: (jobId, at) =>
      rpc.read((view) => {
        const { epoch, leader, consumed } = known(view.byHash(at.hash)).state;
        return { epoch, leader, consumed: consumed.has(jobId) };
      }),
    senderBalanceWei: (at) =>
      rpc.read((view) => known(view.byHash(at.hash)).state.gasWei.get(sender) ?? 0n),
  };
}

export function feedReader({ rpc }: AgentSite): FeedReader {
  return {
    latest: () =>
      rpc.read(({ head }) => {
        const latest = head.state.rounds.at(-1);
        if (latest === undefined) throw new RetryableError("rpc-failed", "the feed has no round");
        return latest;
      }),
    round: (_feed, roundId) =>
      rpc.read(({ head }) => head.state.rounds[Number(roundId) - 1] ?? null),
  };
}

export function transactionReader({ rpc, chain, codec, agent }: AgentSite): TransactionReader {
  const sender = codec.senderAddress(agent);
  return {
    mined: (hash) =>
      rpc.read((view): MinedTransaction | null => {
        const block = chain.minedIn(hash).find((one) => isSeen(one, view));
        const mined = block?.mined.find((one) => one.transaction.hash === hash);
        if (block === undefined || mined === undefined) return null;
        const { number, hash: blockHash, timestampMs } = block.header;
        const effect = mined.events.find((event) => event.type === "swap" || event.type === "sent");
        return {
          inclusion: {
            transactionHash: hash,
            blockNumber: number,
            blockHash,
            blockTimestampMs: timestampMs,
            succeeded: mined.succeeded,
            gasCostWei: mined.gasCostWei,
          },
          amountInRaw: amountOf(effect, "in"),
          amountOutRaw: amountOf(effect, "out"),
          guid: effect?.type === "sent" ? effect.guid : null,
          nativeFeeWei: effect?.type === "sent" ? effect.nativeFeeWei : 0n,
        };
      }),
    nonceAt: (at) => rpc.read((view) => nonceOf(known(view.byHash(at.hash)).state, sender)),
  };
}

function known(block: SimBlock | undefined): SimBlock {
  if (block === undefined) throw new RetryableError("rpc-failed", "unknown block");
  return block;
}

type Effect = SimChain["head"] extends () => { readonly events: readonly (infer One)[] }
  ? One
  : never;

function amountOf(effect: Effect | undefined, side: "in" | "out"): bigint {
  if (effect?.type === "swap") return side === "in" ? effect.amountInRaw : effect.amountOutRaw;
  return effect?.type === "sent" ? effect.amountRaw : 0n;
}

const GAS = 480_000n;

export function sender(site: AgentSite): Sender {
  const { codec, chain, agent, rpc, scheduler } = site;
  const address: Address = codec.senderAddress(agent);
  const sign: Sender["sign"] = (call, fees) =>
    scheduler.track(codec.signTransaction(call, { agent, site: chain.site, fees }));
  return {
    address,
    prepare: async (call) => {
      const decoded = await scheduler.track(codec.callOf(call, chain.site));
      return rpc.read(({ head }) => {
        const transaction = {
          hash: "0x",
          from: address,
          nonce: 0,
          maxFeeWei: 0n,
          priorityWei: 0n,
          valueWei: call.valueWei,
          call: decoded,
        } as const;
        const { timestampMs, baseFeeWei } = head.header;
        const nextSeconds = timestampMs / 1000 + 1;
        const outcome = execute(head.state, transaction, chain.rules, nextSeconds);
        if (!outcome.ok) return { reverts: true, detail: outcome.reason };
        return { reverts: false, gasLimit: GAS, baseFeeWei, headTimestampMs: timestampMs };
      });
    },
    sign,
    signAgain: (raw, fees, intent) => {
      const { nonce, gasLimit, ...call } = codec.contractCall(raw);
      return sign(call, { ...fees, nonce, gasLimit, intent });
    },
    broadcast: (raw) => broadcast(site, raw),
  };
}

async function broadcast(site: AgentSite, raw: Hex): Promise<BroadcastOutcome> {
  const { codec, chain, faults, rpc, scheduler } = site;
  const transaction = await scheduler.track(codec.decode(raw, chain.site));
  site.onBroadcast(transaction.hash);
  const isReplyLost = faults.roll("rpc-lost-broadcast-reply", 0.08);
  try {
    const outcome = await rpc.read(() => chain.submit(transaction));
    if (isReplyLost) {
      faults.bit("rpc-lost-broadcast-reply");
      return { outcome: "unknown", isNew: false, detail: "fetch failed" };
    }
    if (outcome === "taken" || outcome === "already known")
      return { outcome: "submitted", isNew: outcome === "taken", detail: outcome };
    const unknown = outcome === "nonce too low";
    return { outcome: unknown ? "unknown" : "not_submitted", isNew: false, detail: outcome };
  } catch (error) {
    return { outcome: "unknown", isNew: false, detail: String(error) };
  }
}
