import { beforeEach, expect, onTestFinished, test } from "vitest";
import { nextNonce, sendCall } from "#shard-agent/cycles/send-call.ts";
import type { TrackPorts } from "#shard-agent/cycles/track-transactions.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { newEntry } from "#shard-agent/records/journal-entry.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import {
  TRACKED_HEAD as HEAD,
  type TrackedChain,
  trackedChain,
} from "#test/support/agent/tracked-chain.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const CALL = { to: address20("01"), data: "0x0102", valueWei: 5n } as const;
const TERMS = {
  nonce: 7,
  gasLimit: 150_000n,
  maxFeePerGasWei: 3n,
  maxPriorityFeePerGasWei: 1n,
  headTimestampMs: HEAD.timestampMs,
};
const CHECKED = newEntry({
  id: hash32("01"),
  kind: "job",
  state: "checked",
  payload: "{}",
  deadlineSeconds: HEAD.timestampMs / 1000 + 10,
  gasFeeCapWei: 10n ** 16n,
  updatedAtMs: HEAD.timestampMs,
});

let chain: TrackedChain;
let journal: Journal;
let ports: TrackPorts;

beforeEach(() => {
  ({ chain, journal, ports } = trackedChain(temporaryFolder()));
  onTestFinished(journal.close);
});

test.each(["signed", "broadcast", "included"] as const)(
  "a nonce whose entry is %s is not used again, whatever the chain has forgotten",
  async (state) => {
    expect(await nextNonce(ports, HEAD)).toBe(7);
    journal.insert(aPendingEntry({ state }));
    expect(await nextNonce(ports, HEAD)).toBe(8);
    chain.nonceAtHead = 12;
    expect(await nextNonce(ports, HEAD)).toBe(12);
  },
);

test("what is broadcast is in the journal before, with its value and since when it waits", async () => {
  journal.insert(CHECKED);
  let atBroadcast: unknown;
  const sender: TrackPorts["sender"] = {
    ...ports.sender,
    broadcast: async (raw) => {
      atBroadcast = journal.get(CHECKED.id);
      return ports.sender.broadcast(raw);
    },
  };
  const sent = await sendCall({ ...ports, sender }, CHECKED, CALL, TERMS);
  expect(atBroadcast).toMatchObject({
    state: "signed",
    transaction: { nonce: 7 },
    nativeFeeWei: 5n,
    pendingSinceMs: HEAD.timestampMs,
  });
  expect(sent).toEqual(journal.get(CHECKED.id));
  expect(sent.state).toBe("broadcast");
});

test("what was signed when the lease had run out is kept, and not broadcast here", async () => {
  journal.insert(CHECKED);
  const sent = await sendCall(ports, CHECKED, CALL, { ...TERMS, mayBroadcast: () => false });
  expect(sent.state).toBe("signed");
  expect(journal.get(CHECKED.id)).toEqual(sent);
  expect(chain.broadcast).toEqual([]);
});

test("bytes that the node did not take stay signed, and a second call under the nonce is refused", async () => {
  journal.insert(CHECKED);
  chain.node = { outcome: "unknown", isNew: false, detail: "no answer" };
  expect((await sendCall(ports, CHECKED, CALL, TERMS)).state).toBe("signed");
  const other = { ...CHECKED, id: hash32("02") };
  journal.insert(other);
  await expect(sendCall(ports, other, CALL, TERMS)).rejects.toThrow("journal-signed-twice");
  expect(chain.broadcast).toHaveLength(1);
});

test("an entry that ended leaves its nonce to the chain", async () => {
  journal.insert(aPendingEntry({ transaction: aSignedTransaction({ nonce: 9 }), state: "final" }));
  expect(await nextNonce(ports, HEAD)).toBe(7);
});
