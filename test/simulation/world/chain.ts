import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { FatalError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { type Mempool, newMempool, type SubmitOutcome } from "#test/simulation/world/mempool.ts";
import type { ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import { digest, FINALITY_BLOCKS, type Site } from "#test/simulation/world/site.ts";
import type { ChainEvent, Transaction } from "#test/simulation/world/transaction.ts";
import { execute } from "#test/simulation/world/vault.ts";
import { applyOp, type WorldOp } from "#test/simulation/world/world-op.ts";

type Mined = {
  readonly transaction: Transaction;
  readonly succeeded: boolean;
  readonly reason: string;
  readonly gasCostWei: bigint;
  readonly events: readonly ChainEvent[];
};

export type SimBlock = {
  readonly header: BlockHeader;
  readonly state: ShardState;
  readonly ops: readonly WorldOp[];
  readonly mined: readonly Mined[];
  /** Of operations and transactions, in order. */
  readonly events: readonly ChainEvent[];
};

export type SimChain = {
  readonly site: Site;
  readonly rules: VaultRules;
  readonly mempool: Mempool;
  readonly head: () => SimBlock;
  /** Canonical block of a height; undefined above the head. */
  readonly at: (number: number) => SimBlock | undefined;
  /** Also of blocks that a reorganisation removed. */
  readonly byHash: (hash: Hex) => SimBlock | undefined;
  readonly finalizedNumber: () => number;
  readonly isCanonical: (block: SimBlock) => boolean;
  readonly minedIn: (transactionHash: Hex) => readonly SimBlock[];
  readonly submit: (transaction: Transaction) => SubmitOutcome;
  readonly produce: (nowMs: number, ops: readonly WorldOp[]) => SimBlock;
  /** One more block of the head's time, as fast chains make them. */
  readonly follow: () => SimBlock;
  /** Replaces the newest blocks; transactions go back to the mempool unless `keeps` says no. */
  readonly reorg: (depth: number, choose: ReorgChoices) => SimBlock[];
  readonly setBaseFeeWei: (feeWei: bigint) => void;
};

type ReorgChoices = {
  /** False drops the transaction from every mempool. */
  readonly keeps: (transaction: Transaction) => boolean;
  /** False leaves a transaction out of one new block. */
  readonly includes: () => boolean;
};

const GAS_USED = 320_000n;
const TRANSACTIONS_MAX = 20;

/** One chain: canonical blocks, a mempool, every block ever made by hash. */
export function newChain(
  site: Site,
  rules: VaultRules,
  genesis: ShardState,
  startMs: number,
): SimChain {
  const canonical: SimBlock[] = [];
  const byHash = new Map<Hex, SimBlock>();
  const minedIn = new Map<Hex, SimBlock[]>();
  const mempool = newMempool();
  let salt = 0;
  let baseFeeWei = 10n ** 9n;
  const head = (): SimBlock => {
    const block = canonical.at(-1);
    if (block === undefined) throw new FatalError("simulation", "the chain has no genesis");
    return block;
  };
  const add = (block: SimBlock): SimBlock => {
    canonical.push(block);
    byHash.set(block.header.hash, block);
    for (const { transaction } of block.mined) {
      minedIn.set(transaction.hash, [...(minedIn.get(transaction.hash) ?? []), block]);
    }
    mempool.dropUsed((sender) => nonceOf(block.state, sender));
    return block;
  };
  const build = (
    timestampMs: number,
    ops: readonly WorldOp[],
    includes: () => boolean,
  ): SimBlock => {
    salt += 1;
    const o = { site, rules, parent: head(), timestampMs, salt, baseFeeWei };
    return add(buildBlock(o, ops, (state) => candidates(mempool, state, { baseFeeWei, includes })));
  };
  add(genesisBlock(site, genesis, startMs));
  return {
    site,
    rules,
    mempool,
    head,
    at: (number) => canonical[number],
    byHash: (hash) => byHash.get(hash),
    finalizedNumber: () => Math.max(0, canonical.length - 1 - FINALITY_BLOCKS),
    isCanonical: (block) => canonical[block.header.number] === block,
    minedIn: (hash) => minedIn.get(hash) ?? [],
    submit: (transaction) => mempool.submit(transaction, nonceOf(head().state, transaction.from)),
    produce: (nowMs, ops) => {
      const seconds = Math.max(Math.floor(nowMs / 1000), head().header.timestampMs / 1000 + 1);
      return build(seconds * 1000, ops, () => true);
    },
    follow: () => build(head().header.timestampMs, [], () => true),
    reorg: (depth, choose) => {
      const removed = canonical.splice(canonical.length - depth, depth);
      const nonces = head().state;
      for (const { transaction } of removed.flatMap((block) => block.mined)) {
        if (choose.keeps(transaction))
          mempool.submit(transaction, nonceOf(nonces, transaction.from));
      }
      for (const old of removed) {
        const ops = old.ops.filter((op) => op.kind !== "receive");
        build(old.header.timestampMs, ops, choose.includes);
      }
      return removed;
    },
    setBaseFeeWei: (feeWei) => {
      baseFeeWei = feeWei;
    },
  };
}

export function nonceOf(state: ShardState, sender: Address): number {
  return state.nonces.get(sender) ?? 0;
}

function genesisBlock(site: Site, state: ShardState, startMs: number): SimBlock {
  const header = {
    number: 0,
    hash: digest("genesis", site.shard),
    parentHash: digest("nothing"),
    timestampMs: Math.floor(startMs / 1000) * 1000,
    baseFeeWei: 10n ** 9n,
  };
  return { header, state, ops: [], mined: [], events: [] };
}

function candidates(
  mempool: Mempool,
  state: ShardState,
  o: { readonly baseFeeWei: bigint; readonly includes: () => boolean },
): Transaction | undefined {
  return mempool
    .next((sender) => nonceOf(state, sender))
    .find((transaction) => transaction.maxFeeWei >= o.baseFeeWei && o.includes());
}

type BlockOptions = {
  readonly site: Site;
  readonly rules: VaultRules;
  readonly parent: SimBlock;
  readonly timestampMs: number;
  readonly salt: number;
  readonly baseFeeWei: bigint;
};

function buildBlock(
  o: BlockOptions,
  ops: readonly WorldOp[],
  nextOf: (state: ShardState) => Transaction | undefined,
): SimBlock {
  const events: ChainEvent[] = [];
  const mined: Mined[] = [];
  let { state } = o.parent;
  for (const op of ops) {
    const outcome = applyOp(state, op, o.timestampMs);
    state = outcome.state;
    events.push(...outcome.events);
  }
  for (let count = 0; count < TRANSACTIONS_MAX; count += 1) {
    const transaction = nextOf(state);
    if (transaction === undefined) break;
    const done = mine(state, transaction, o);
    state = done.state;
    mined.push(done.mined);
    events.push(...done.mined.events);
  }
  const number = o.parent.header.number + 1;
  const header: BlockHeader = {
    number,
    hash: digest(o.site.shard, number, o.salt),
    parentHash: o.parent.header.hash,
    timestampMs: o.timestampMs,
    baseFeeWei: o.baseFeeWei,
  };
  return { header, state, ops, mined, events };
}

function mine(
  before: ShardState,
  transaction: Transaction,
  o: BlockOptions,
): { readonly state: ShardState; readonly mined: Mined } {
  const { from, nonce } = transaction;
  const outcome = execute(before, transaction, o.rules, o.timestampMs / 1000);
  const gasCostWei = GAS_USED * (o.baseFeeWei + transaction.priorityWei);
  const feeWei = outcome.ok
    ? outcome.events.reduce((sum, one) => sum + (one.type === "sent" ? one.nativeFeeWei : 0n), 0n)
    : 0n;
  const after = outcome.ok ? outcome.state : before;
  const balanceWei = (after.gasWei.get(from) ?? 0n) - gasCostWei - feeWei;
  return {
    state: {
      ...after,
      nonces: new Map(after.nonces).set(from, nonce + 1),
      gasWei: new Map(after.gasWei).set(from, balanceWei),
    },
    mined: {
      transaction,
      succeeded: outcome.ok,
      reason: outcome.ok ? "" : outcome.reason,
      gasCostWei,
      events: outcome.ok ? outcome.events : [],
    },
  };
}
