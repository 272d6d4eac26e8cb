import type { Address, Hex } from "#shared/units/ids.ts";
import type { Transaction } from "#test/simulation/world/transaction.ts";

export type SubmitOutcome = "taken" | "already known" | "nonce too low" | "underpriced";

/** Transactions that wait for a block, one per sender and nonce. */
export type Mempool = {
  readonly submit: (transaction: Transaction, senderNonce: number) => SubmitOutcome;
  /** The transaction that could be next of each sender, dearest first. */
  readonly next: (nonceOf: (sender: Address) => number) => Transaction[];
  readonly all: () => Transaction[];
  readonly drop: (hash: Hex) => void;
  readonly dropUsed: (nonceOf: (sender: Address) => number) => void;
};

/** As geth: a replacement must pay at least 10 % more of both fees. */
const BUMP_PERCENT = 110n;

export function newMempool(): Mempool {
  const waiting = new Map<string, Transaction>();
  const keyOf = (transaction: Transaction): string => `${transaction.from} ${transaction.nonce}`;
  return {
    submit: (transaction, senderNonce) => {
      if (transaction.nonce < senderNonce) return "nonce too low";
      const rival = waiting.get(keyOf(transaction));
      if (rival?.hash === transaction.hash) return "already known";
      if (rival !== undefined && !isBumped(transaction, rival)) return "underpriced";
      waiting.set(keyOf(transaction), transaction);
      return "taken";
    },
    next: (nonceOf) =>
      [...waiting.values()]
        .filter((transaction) => transaction.nonce === nonceOf(transaction.from))
        .sort((one, other) => Number(other.priorityWei - one.priorityWei)),
    all: () => [...waiting.values()],
    drop: (hash) => {
      for (const [key, transaction] of waiting) if (transaction.hash === hash) waiting.delete(key);
    },
    dropUsed: (nonceOf) => {
      for (const [key, transaction] of waiting) {
        if (transaction.nonce < nonceOf(transaction.from)) waiting.delete(key);
      }
    },
  };
}

function isBumped(transaction: Transaction, rival: Transaction): boolean {
  return (
    transaction.maxFeeWei * 100n >= rival.maxFeeWei * BUMP_PERCENT &&
    transaction.priorityWei * 100n >= rival.priorityWei * BUMP_PERCENT
  );
}
