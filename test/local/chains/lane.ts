import { setTimeout as sleep } from "node:timers/promises";
import { getContractAddress, type PublicClient, type TransactionReceipt } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

type LaneTransaction = {
  /** What the transaction does, for error messages. */
  readonly label: string;
  /** Null creates a contract. */
  readonly to: Address | null;
  readonly data: Hex;
  readonly valueWei?: bigint;
  readonly gas: bigint;
};

/**
 * The only way to send from one account on one chain: transactions leave one at a time, in the order of
 * the calls, with nonces counted here. Two lanes of one account on one chain would collide.
 */
export type Lane = {
  readonly address: Address;
  /** Broadcasts and returns the hash; the transaction may still fail. */
  readonly submit: (transaction: LaneTransaction) => Promise<Hex>;
  /** As `submit`; `flush` tells whether it worked. */
  readonly stage: (transaction: LaneTransaction) => Promise<void>;
  /** Broadcasts and waits for a block. @throws {RetryableError} If it reverts or is not included in time. */
  readonly send: (transaction: LaneTransaction) => Promise<TransactionReceipt>;
  /** Waits for a submitted transaction. Same errors as `send`. */
  readonly receipt: (hash: Hex, label: string) => Promise<TransactionReceipt>;
  /** As `stage`, for a creation; returns the address the contract will have. */
  readonly create: (transaction: Omit<LaneTransaction, "to">) => Promise<Address>;
  /** Waits for all staged since the last call. @throws {FatalError} Naming the first that reverted. */
  readonly flush: () => Promise<void>;
  /** Counts nonces from the chain anew: after a reorganisation that may have taken transactions out. */
  readonly forgetNonce: () => void;
};

const PRIORITY_FEE_WEI = 1_000_000n;
const FEE_CAP_FLOOR_WEI = 20_000_000_000n;
const FEE_REFRESH_MS = 2_000;
const RECEIPT_TIMEOUT_MS = 30_000;

/** Lane of one account; `pollMs` is the time between looks for a receipt. */
export function openLane(client: PublicClient, account: PrivateKeyAccount, pollMs: number): Lane {
  const sender = createSender(client, account);
  let tail: Promise<unknown> = Promise.resolve();
  let staged: { hash: Hex; label: string }[] = [];

  const inTurn = (transaction: LaneTransaction): Promise<Sent> => {
    const broadcast = () => sender.broadcast(transaction);
    const result = tail.then(broadcast, broadcast);
    tail = result.catch(() => undefined);
    return result;
  };
  const receipt = async (hash: Hex, label: string): Promise<TransactionReceipt> => {
    const found = await waitForReceipt(client, hash, pollMs);
    if (found === null) {
      sender.forgetNonce();
      const text = `${label}: not included within ${RECEIPT_TIMEOUT_MS} ms (${hash})`;
      throw new RetryableError("world-not-included", text);
    }
    if (found.status === "success") return found;
    throw new RetryableError("world-reverted", `${label}: reverted (${hash})`);
  };
  return {
    address: account.address,
    submit: async (transaction) => (await inTurn(transaction)).hash,
    stage: async (transaction) => {
      staged.push({ hash: (await inTurn(transaction)).hash, label: transaction.label });
    },
    send: async (transaction) => receipt((await inTurn(transaction)).hash, transaction.label),
    receipt,
    create: async (transaction) => {
      const { hash, nonce } = await inTurn({ ...transaction, to: null });
      staged.push({ hash, label: transaction.label });
      return getContractAddress({ from: account.address, nonce: BigInt(nonce) });
    },
    flush: async () => {
      const waiting = staged;
      staged = [];
      for (const { hash, label } of waiting) await receipt(hash, label);
    },
    forgetNonce: sender.forgetNonce,
  };
}

type Sent = { readonly hash: Hex; readonly nonce: number };
type Sender = {
  readonly broadcast: (transaction: LaneTransaction) => Promise<Sent>;
  readonly forgetNonce: () => void;
};

/** Signs and broadcasts with a nonce counted here; not safe to call twice at once. */
function createSender(client: PublicClient, account: PrivateKeyAccount): Sender {
  const chainId = client.chain?.id;
  if (chainId === undefined)
    throw new FatalError("world-lane", "the client of a lane needs a chain");
  const feeCapWei = createFeeCap(client);
  let nextNonce: number | undefined;
  return {
    forgetNonce: () => {
      nextNonce = undefined;
    },
    broadcast: async (transaction) => {
      nextNonce ??= await client.getTransactionCount({
        address: account.address,
        blockTag: "pending",
      });
      const nonce = nextNonce;
      const raw = await account.signTransaction({
        type: "eip1559",
        chainId,
        nonce,
        gas: transaction.gas,
        maxFeePerGas: await feeCapWei(),
        maxPriorityFeePerGas: PRIORITY_FEE_WEI,
        value: transaction.valueWei ?? 0n,
        to: transaction.to,
        data: transaction.data,
      });
      try {
        const hash = await client.request({ method: "eth_sendRawTransaction", params: [raw] });
        nextNonce = nonce + 1;
        return { hash, nonce };
      } catch (cause) {
        // Whether it arrived is unknown: ask the chain for the nonce before the next one.
        nextNonce = undefined;
        const text = `${transaction.label}: not accepted with nonce ${nonce}`;
        throw new RetryableError("world-broadcast", text, { cause });
      }
    },
  };
}

/** Most wei per gas to offer: far above the base fee, which is read again now and then. */
function createFeeCap(client: PublicClient): () => Promise<bigint> {
  let capWei = 0n;
  let readAtMs = 0;
  return async () => {
    if (Date.now() - readAtMs < FEE_REFRESH_MS) return capWei;
    const baseFeeWei = (await client.getBlock()).baseFeePerGas ?? 0n;
    capWei = 4n * baseFeeWei > FEE_CAP_FLOOR_WEI ? 4n * baseFeeWei : FEE_CAP_FLOOR_WEI;
    readAtMs = Date.now();
    return capWei;
  };
}

/**
 * Null when it is not in a block in time. viem's own waiting is not used: it may miss a receipt that is
 * already there and then waits for a block that does not come.
 */
async function waitForReceipt(
  client: PublicClient,
  hash: Hex,
  pollMs: number,
): Promise<TransactionReceipt | null> {
  const deadlineMs = Date.now() + RECEIPT_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    const found = await client.getTransactionReceipt({ hash }).catch(() => null);
    if (found !== null) return found;
    await sleep(pollMs);
  }
  return null;
}
