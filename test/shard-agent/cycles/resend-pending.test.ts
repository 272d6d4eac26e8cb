import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type TrackPorts, trackTransactions } from "#shard-agent/cycles/track-transactions.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import {
  TRACKED_HEAD as HEAD,
  type TrackedChain,
  trackedChain,
} from "#test/support/agent/tracked-chain.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const JOB = aPendingEntry({
  deadlineSeconds: HEAD.timestampMs / 1000 + 10,
  pendingSinceMs: HEAD.timestampMs,
});

const GONE = new RetryableError("signer-unreachable", "no answer in 3 s");

let chain: TrackedChain;
let journal: Journal;
let ports: TrackPorts;

beforeEach(() => {
  ({ chain, journal, ports } = trackedChain(temporaryFolder()));
  onTestFinished(journal.close);
  journal.insert(JOB);
});

/** A head so many seconds later. */
function at(seconds: number, baseFeeWei = HEAD.baseFeeWei) {
  return { ...HEAD, timestampMs: HEAD.timestampMs + seconds * 1000, baseFeeWei };
}

/** As the agent does: what failed is tried again at the next head. */
async function track(head: typeof HEAD): Promise<void> {
  await trackTransactions(ports, head).catch((error: unknown) => {
    if (!(error instanceof RetryableError)) throw error;
  });
}

const cancels = () => journal.withPrefix(`cancel:${JOB.transaction.nonce}:`);

test("a nonce is freed as soon as the signer answers again, however many blocks it was gone", async () => {
  chain.signerFails = GONE;
  for (let block = 0; block < 100; block += 1) await track(at(20 + block));
  expect(cancels()).toHaveLength(1);
  chain.signerFails = null;
  await track(at(130));
  expect(cancels()).toMatchObject([{ state: "broadcast", transaction: { nonce: 7 } }]);
});

test.each([
  ["is gone", GONE],
  ["answers nonsense", new FatalError("signer-answer", "no signature")],
  ["refuses", new FatalError("signing-refused", "not of allowed signers")],
])(
  "while the signer %s, the old bytes go on, and so does what comes after them",
  async (_, fails) => {
    const later = aSignedTransaction({ hash: "0x0b", raw: "0x0b", nonce: 8 });
    journal.insert({ ...JOB, id: "0x02", transaction: later });
    chain.signerFails = fails;
    await track(at(3));
    await track(at(3, JOB.transaction.maxFeePerGasWei + 1n));
    expect(chain.broadcast.filter((raw) => raw === JOB.transaction.raw)).toHaveLength(2);
    expect(chain.broadcast.filter((raw) => raw === later.raw)).toHaveLength(2);
  },
);

test("of a stuck transaction the same call goes out at both fees higher by an eighth, no more than its cap", async () => {
  await track(at(2));
  const replacement = chain.signed[0];
  expect(replacement).toMatchObject({ call: "the same", nonce: 7, gasLimit: 150_000n });
  const { maxFeePerGasWei, maxPriorityFeePerGasWei } = JOB.transaction;
  expect(replacement?.maxFeePerGasWei).toBeGreaterThanOrEqual((maxFeePerGasWei * 9n) / 8n);
  expect(replacement?.maxPriorityFeePerGasWei).toBe((maxPriorityFeePerGasWei * 9n) / 8n);
  expect(journal.get(JOB.id)).toMatchObject({
    transaction: { hash: replacement?.hash },
    replaced: [JOB.transaction],
    pendingSinceMs: at(2).timestampMs,
  });
  for (let seconds = 3; seconds < 10; seconds += 1) await track(at(seconds, 10n ** 12n));
  for (const { maxFeePerGasWei: fee, gasLimit } of chain.signed)
    expect(fee * gasLimit).toBeLessThanOrEqual(JOB.gasFeeCapWei);
});

test.each([
  ["a replacement", 2],
  ["a cancel", 20],
])(
  "%s that the sender cannot pay is not signed: the old bytes go on until it is topped up",
  async (_, seconds) => {
    chain.senderBalanceWei = 10n ** 9n;
    await track(at(seconds));
    expect(chain.signed).toEqual([]);
    expect(ports.memory.shortage).toMatchObject({
      address: ports.sender.address,
      heldWei: 10n ** 9n,
    });
    chain.senderBalanceWei = 10n ** 18n;
    await track(at(seconds + 1));
    expect(chain.signed).toMatchObject([{ nonce: 7 }]);
  },
);

test("nothing is replaced that the node did not have, or has only since now", async () => {
  chain.node = { outcome: "not_submitted", isNew: false, detail: "full" };
  await track(at(2));
  chain.node = { outcome: "submitted", isNew: true, detail: "" };
  await track(at(3));
  expect(journal.get(JOB.id)?.pendingSinceMs).toBe(at(3).timestampMs);
  chain.node = { outcome: "submitted", isNew: false, detail: "" };
  await track(at(4));
  expect(chain.signed).toEqual([]);
  await track(at(5));
  expect(chain.signed).toHaveLength(1);
});

test("what the next block would hold too late is cancelled, once, at fees that replace it", async () => {
  for (const seconds of [10, 11, 12]) await track(at(seconds));
  const [cancel, ...more] = chain.signed.filter((one) => one.call !== "the same");
  expect(more).toEqual([]);
  expect(cancel).toMatchObject({
    nonce: 7,
    call: { to: ports.sender.address, data: "0x", valueWei: 0n },
  });
  const { maxFeePerGasWei, maxPriorityFeePerGasWei } = JOB.transaction;
  expect(cancel?.maxFeePerGasWei).toBeGreaterThanOrEqual((maxFeePerGasWei * 9n) / 8n);
  expect(cancel?.maxPriorityFeePerGasWei).toBeGreaterThanOrEqual(
    (maxPriorityFeePerGasWei * 9n) / 8n,
  );
  expect(chain.broadcast).not.toContain(JOB.transaction.raw);
});

test("a job that another transaction has brought is cancelled at once; housekeeping never asks", async () => {
  const other = aSignedTransaction({ hash: "0x0b", raw: "0x0b", nonce: 8 });
  journal.insert({ ...JOB, id: "settle:1:1", kind: "settlement", transaction: other });
  chain.isTaken = true;
  await track(at(1));
  expect(cancels()).toHaveLength(1);
  expect(journal.withPrefix("cancel:8:")).toEqual([]);
});
