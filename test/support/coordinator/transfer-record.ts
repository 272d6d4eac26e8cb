import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { Arrival, SentTransfer } from "#shared/wire/transfer-line.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const MESSAGE = {
  guid: hash32("9d"),
  payloadHash: hash32("aa"),
  srcEid: 30_184,
  sender: hash32("5e"),
  nonce: "7",
} as const;

/** The seventh message from Base to Ethereum, as Base's agent tells of it. */
export function aSentLine(change: Partial<SentTransfer> = {}): SentTransfer {
  return {
    ...MESSAGE,
    side: "source",
    jobId: hash32("1b"),
    dstEid: 30_101,
    receiver: address20("c0"),
    message: "0x00ff",
    amountRaw: "5000",
    blockNumber: 117,
    blockHash: hash32("b7"),
    blockTimestampMs: 1_790_000_000_000,
    ...change,
  };
}

/** The same message as Ethereum's agent sees it. */
export function anArrivalLine(change: Partial<Arrival> = {}): Arrival {
  return {
    ...MESSAGE,
    side: "target",
    state: "sent",
    attestations: null,
    committedHash: null,
    alert: null,
    endedInBlock: null,
    ...change,
  };
}

/** What the coordinator knows of it. */
export function aTransferRecord(change: Partial<TransferRecord> = {}): TransferRecord {
  return {
    ...MESSAGE,
    jobId: hash32("1b"),
    shard: "base",
    target: "ethereum",
    dstEid: 30_101,
    receiver: address20("c0"),
    message: "0x00ff",
    amountRaw: "5000",
    sentBlock: { number: 117, timestampMs: 1_790_000_000_000, isFinal: false },
    state: "sent",
    attestations: null,
    committedHash: null,
    alert: null,
    endedInBlock: null,
    isEndFinal: false,
    progressAtMs: 1_790_000_000_000,
    observedBlock: null,
    recoveries: [],
    heldProof: null,
    acknowledged: null,
    isClosed: false,
    ...change,
  };
}
