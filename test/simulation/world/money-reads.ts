import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import type { SubmitOutcome } from "#test/simulation/world/mempool.ts";
import { isOn, type NodeView, type Rpc } from "#test/simulation/world/rpc.ts";
import type { ChainEvent, Transaction } from "#test/simulation/world/transaction.ts";

/** What a read at a block is about: a node may lie of each in another way. */
export type ReadSubject = "snapshot" | "vault" | "balance" | "nonce" | "transfers" | "events";

/** What a node says of a mined transaction. */
export type SimReceipt = {
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly succeeded: boolean;
  readonly gasCostWei: bigint;
  readonly events: readonly ChainEvent[];
};

export type BlockEvent = { readonly block: SimBlock; readonly event: ChainEvent };

/** An agent's way to its chain: `read` takes the word of one node, the rest decides about money. */
export type MoneyReads = Rpc &
  ReadWatch & {
    readonly header: (at: number | "latest" | "finalized") => Promise<BlockHeader | null>;
    /** State of one block, canonical or not. */
    readonly at: <T>(hash: Hex, subject: ReadSubject, perform: (view: NodeView) => T) => Promise<T>;
    readonly events: (range: {
      readonly from: number;
      readonly to: number;
    }) => Promise<readonly BlockEvent[]>;
    readonly receipt: (transactionHash: Hex) => Promise<SimReceipt | null>;
    readonly submit: (transaction: Transaction) => Promise<SubmitOutcome>;
  };

/** One endpoint, which is believed. */
export function oneEndpoint(rpc: Rpc, chain: SimChain): MoneyReads {
  return {
    ...rpc,
    disagreement: () => null,
    lagging: () => [],
    header: (at) => rpc.read((view) => headerIn(view, at)),
    at: (_hash, _subject, perform) => rpc.read(perform),
    events: (range) => rpc.read((view) => eventsIn(view, range)),
    receipt: (hash) => rpc.read((view) => receiptIn(view, chain, hash)),
    submit: (transaction) => rpc.read(() => chain.submit(transaction)),
  };
}

export function headerIn(view: NodeView, at: number | "latest" | "finalized"): BlockHeader | null {
  if (at === "latest") return view.head.header;
  return view.at(at === "finalized" ? view.finalizedNumber : at)?.header ?? null;
}

export function eventsIn(
  view: NodeView,
  { from, to }: { readonly from: number; readonly to: number },
): BlockEvent[] {
  const found: BlockEvent[] = [];
  for (let number = Math.max(0, from); number <= to; number += 1) {
    const block = view.at(number);
    for (const event of block?.events ?? []) {
      if (block !== undefined) found.push({ block, event });
    }
  }
  return found;
}

export function receiptIn(view: NodeView, chain: SimChain, hash: Hex): SimReceipt | null {
  const block = chain.minedIn(hash).find((one) => isOn(one, view));
  const mined = block?.mined.find((one) => one.transaction.hash === hash);
  if (block === undefined || mined === undefined) return null;
  const { number: blockNumber, hash: blockHash } = block.header;
  const { succeeded, gasCostWei, events } = mined;
  return { transactionHash: hash, blockNumber, blockHash, succeeded, gasCostWei, events };
}
