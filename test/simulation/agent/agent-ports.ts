import type {
  ChainReader,
  FeedReader,
  MinedTransaction,
  TransactionReader,
  VaultReader,
} from "#shard-agent/ports/chain.ts";
import type { BroadcastOutcome, Sender } from "#shard-agent/ports/sender.ts";
import type { BlockHeader, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";
import { eventFields, stateAt } from "#test/simulation/agent/snapshot.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";
import { nonceOf, type SimBlock, type SimChain } from "#test/simulation/world/chain.ts";
import type { Codec } from "#test/simulation/world/codec.ts";
import type { Market } from "#test/simulation/world/market.ts";
import type { BlockEvent, MoneyReads } from "#test/simulation/world/money-reads.ts";
import type { NodeView } from "#test/simulation/world/rpc.ts";
import { amountsOf, isEffect } from "#test/simulation/world/transaction.ts";
import { execute } from "#test/simulation/world/vault.ts";

export type AgentSite = {
  readonly agent: string;
  readonly chain: SimChain;
  readonly rpc: MoneyReads;
  readonly codec: Codec;
  readonly market: Market;
  readonly process: SimProcess;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  /** Told of every job before it is signed for. */
  readonly onSigning: (jobId: string) => void;
  /** Told of every transaction before it is broadcast. */
  readonly onBroadcast: (hash: Hex) => void;
};

export function chainReader({ rpc, market, chain, codec, agent }: AgentSite): ChainReader {
  const sender = codec.senderAddress(agent);
  const readEvents = async (block: BlockHeader) => {
    const finalized = await rpc.header("finalized");
    const finalizedNumber = Math.min(finalized?.number ?? 0, block.number);
    const first = Math.max(0, finalizedNumber - REPORT_WINDOW_BLOCKS);
    const last = Math.max(0, first - 1, block.number - PATH_MAX_BLOCKS);
    const older = await rpc.events({ from: first, to: last });
    const after = await rpc.header(last);
    const newest = await rpc.at(block.hash, "events", (view) => eventsAfter(view, last, block));
    const isOfOneChain = after !== null && newest.afterHash === after.hash;
    if (isOfOneChain)
      return eventFields([...older, ...namedEvents(chain, newest.named)], finalizedNumber);
    throw new RetryableError("block-not-canonical", `Block ${block.number}: replaced`);
  };
  return {
    head: async () => {
      const header = await rpc.header("latest");
      if (header === null) throw new RetryableError("rpc-failed", "no latest block");
      return header;
    },
    headerAt: rpc.header,
    finalized: () => rpc.header("finalized"),
    snapshot: async (block, depth): Promise<ShardSnapshot> => {
      const o = { chain, market, sender, depth: await depth };
      const [state, events] = await Promise.all([
        rpc.at(block.hash, "snapshot", (view) => stateAt(known(view.byHash(block.hash)), o)),
        readEvents(block),
      ]);
      return { ...state, ...events };
    },
  };
}

export function vaultReader({ rpc, codec, agent }: AgentSite): VaultReader {
  const sender = codec.senderAddress(agent);
  return {
    state: (jobId, at) =>
      rpc.at(at.hash, "vault", (view) => {
        const { epoch, leader, consumed } = known(view.byHash(at.hash)).state;
        return { epoch, leader, consumed: consumed.has(jobId) };
      }),
    senderBalanceWei: (at) =>
      rpc.at(
        at.hash,
        "balance",
        (view) => known(view.byHash(at.hash)).state.gasWei.get(sender) ?? 0n,
      ),
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

export function transactionReader({ rpc, codec, agent }: AgentSite): TransactionReader {
  const sender = codec.senderAddress(agent);
  return {
    mined: async (hash): Promise<MinedTransaction | null> => {
      const receipt = await rpc.receipt(hash);
      const header = receipt === null ? null : await rpc.header(receipt.blockNumber);
      if (receipt === null || header?.hash !== receipt.blockHash) return null;
      const { events, ...inclusion } = receipt;
      const effect = events.find(isEffect);
      return {
        inclusion: { ...inclusion, blockTimestampMs: header.timestampMs },
        ...amountsOf(effect),
        guid: effect?.type === "sent" ? effect.guid : null,
        nativeFeeWei: effect?.type === "sent" ? effect.nativeFeeWei : 0n,
      };
    },
    nonceAt: (at) =>
      rpc.at(at.hash, "nonce", (view) => nonceOf(known(view.byHash(at.hash)).state, sender)),
  };
}

/** Blocks whose events are asked for by hash: shard-agent/adapters/reads/recent-events.ts. */
const PATH_MAX_BLOCKS = 16;

/** Where an event is, so that the answers of several nodes compare. */
type NamedEvent = { readonly hash: Hex; readonly at: number };

/** Events of the blocks above `last` down from one block, by hash of each, and the hash below them. */
function eventsAfter(view: NodeView, last: number, { hash }: BlockHeader) {
  const path: SimBlock[] = [];
  let block = known(view.byHash(hash));
  while (block.header.number > last) {
    path.unshift(block);
    block = known(view.byHash(block.header.parentHash));
  }
  const named: NamedEvent[] = path.flatMap(({ header, events }) => {
    return events.map((_event, at) => ({ hash: header.hash, at }));
  });
  return { afterHash: block.header.hash, named };
}

function namedEvents(chain: SimChain, named: readonly NamedEvent[]): BlockEvent[] {
  return named.flatMap(({ hash, at }) => {
    const block = chain.byHash(hash);
    const event = block?.events[at];
    return block === undefined || event === undefined ? [] : [{ block, event }];
  });
}

function known(block: SimBlock | undefined): SimBlock {
  if (block === undefined) throw new RetryableError("rpc-failed", "unknown block");
  return block;
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
    sign: (call, fees) => {
      if (fees.intent.kind === "job") site.onSigning(fees.intent.payload);
      return sign(call, fees);
    },
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
    const outcome = await rpc.submit(transaction);
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
