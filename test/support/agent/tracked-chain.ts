import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { serialLane } from "#shard-agent/adapters/sending/serial-lane.ts";
import type { TrackPorts } from "#shard-agent/cycles/track-transactions.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { BroadcastOutcome, ContractCall } from "#shard-agent/ports/sender.ts";
import type { GasFees } from "#shard-agent/records/gas-fees.ts";
import type { Inclusion, SignedTransaction } from "#shard-agent/records/journal-entry.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Hex } from "#shared/units/ids.ts";
import { aScope, aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

/** What the chain, the node and the signer of a tracked agent do; change it while the test runs. */
export type TrackedChain = {
  readonly mined: Map<Hex, Inclusion>;
  /** Transactions of the sender up to the head, and up to the final block. */
  nonceAtHead: number;
  nonceAtFinal: number;
  hasFinalBlock: boolean;
  isTaken: boolean;
  senderBalanceWei: bigint;
  /** What the signer throws instead of signing. */
  signerFails: Error | null;
  node: BroadcastOutcome;
  readonly signed: (SignedTransaction & { readonly call: ContractCall | "the same" })[];
  readonly broadcast: Hex[];
};

const FINAL_BLOCK = 100;
/** Head of a world that begins. */
export const TRACKED_HEAD: BlockHeader = aSnapshot().block;

/** An inclusion that is final from the start when `blockNumber` is 100 or less. */
export function anInclusion(transactionHash: Hex, change: Partial<Inclusion> = {}): Inclusion {
  return {
    transactionHash,
    blockNumber: FINAL_BLOCK + 1,
    blockHash: hash32("b7"),
    blockTimestampMs: TRACKED_HEAD.timestampMs,
    succeeded: true,
    gasCostWei: 5n,
    ...change,
  };
}

/** Ports of the tracker over a real journal; chain, node and signer answer as told. */
export function trackedChain(dataDir: string): {
  readonly chain: TrackedChain;
  readonly journal: Journal;
  readonly ports: TrackPorts;
} {
  const chain: TrackedChain = {
    mined: new Map(),
    nonceAtHead: 7,
    nonceAtFinal: 7,
    hasFinalBlock: true,
    isTaken: false,
    senderBalanceWei: 10n ** 20n,
    signerFails: null,
    node: { outcome: "submitted", isNew: false, detail: "" },
    signed: [],
    broadcast: [],
  };
  const journal = sqliteJournal({ dataDir, agent: "base-1" });
  const finalized = { ...TRACKED_HEAD, number: FINAL_BLOCK, hash: hash32("f1") };
  const ports: TrackPorts = {
    journal,
    clock: { nowMs: () => TRACKED_HEAD.timestampMs },
    log: memoryLog(),
    lane: serialLane(),
    memory: {},
    scope: aScope(),
    chain: { finalized: async () => (chain.hasFinalBlock ? finalized : null) },
    vault: {
      state: async () => ({ epoch: 3, leader: address20("1e"), consumed: chain.isTaken }),
      senderBalanceWei: async () => chain.senderBalanceWei,
    },
    transactions: {
      nonceAt: async ({ hash }) =>
        hash === finalized.hash ? chain.nonceAtFinal : chain.nonceAtHead,
      mined: async (hash) => {
        const inclusion = chain.mined.get(hash);
        const nothing = { amountInRaw: 0n, amountOutRaw: 0n, guid: null, nativeFeeWei: 0n };
        return inclusion === undefined ? null : { inclusion, ...nothing };
      },
    },
    sender: {
      address: address20("5a"),
      prepare: async () => ({ reverts: true, detail: "nothing is prepared here" }),
      sign: async (call, { nonce, gasLimit, ...fees }) => {
        const hash = hash32(`c${chain.signed.length}`);
        const callHash = hash32(call.data === "0x" ? "ce" : "ca");
        return signedBy(chain, { call, fees, nonce, gasLimit, hash, callHash });
      },
      signAgain: async (raw, fees) => {
        const known = chain.signed.find((one) => one.raw === raw) ?? aSignedTransaction();
        const { nonce, gasLimit, callHash } = known;
        const hash = hash32(`a${chain.signed.length}`);
        return signedBy(chain, { call: "the same", fees, nonce, gasLimit, hash, callHash });
      },
      broadcast: async (raw) => {
        chain.broadcast.push(raw);
        return chain.node;
      },
    },
  };
  return { chain, journal, ports };
}

function signedBy(
  chain: TrackedChain,
  {
    call,
    fees,
    ...rest
  }: Pick<SignedTransaction, "nonce" | "gasLimit" | "hash" | "callHash"> & {
    readonly call: ContractCall | "the same";
    readonly fees: GasFees;
  },
): SignedTransaction {
  if (chain.signerFails !== null) throw chain.signerFails;
  const { maxFeePerGasWei, maxPriorityFeePerGasWei } = fees;
  const signed = { ...rest, raw: rest.hash, maxFeePerGasWei, maxPriorityFeePerGasWei };
  chain.signed.push({ ...signed, call });
  return signed;
}
