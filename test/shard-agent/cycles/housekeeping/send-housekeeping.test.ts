import { expect, onTestFinished, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { serialLane } from "#shard-agent/adapters/sending/serial-lane.ts";
import {
  dropUnsent,
  sendHousekeeping,
} from "#shard-agent/cycles/housekeeping/send-housekeeping.ts";
import { type JournalEntry, newEntry } from "#shard-agent/records/journal-entry.ts";
import { TRACKED_HEAD as HEAD, trackedChain } from "#test/support/agent/tracked-chain.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const PREPARED = {
  reverts: false,
  gasLimit: 100_000n,
  baseFeeWei: 1_000_000_000n,
  headTimestampMs: HEAD.timestampMs,
} as const;

test.each([0, -600_000, 600_000])(
  "the time housekeeping is given is the chain's, whatever the agent's own clock says: %i ms off",
  async (offMs) => {
    const { chain, journal, ports } = trackedChain(temporaryFolder());
    onTestFinished(journal.close);
    const site = {
      ...ports,
      clock: { nowMs: () => HEAD.timestampMs + offMs },
      chain: { head: async () => HEAD },
      sender: { ...ports.sender, prepare: async () => PREPARED },
    };
    const call = { to: address20("b0"), data: "0x01", valueWei: 0n } as const;
    await sendHousekeeping(site, { id: "settle:s:1", call, payload: {}, what: "settlement" });
    expect(chain.broadcast).toHaveLength(1);
    expect(journal.get("settle:s:1")).toMatchObject({
      state: "broadcast",
      deadlineSeconds: HEAD.timestampMs / 1000 + 120,
    });
  },
);

test("housekeeping that the sender cannot pay is neither signed nor written down, and done once it can", async () => {
  const { chain, journal, ports } = trackedChain(temporaryFolder());
  onTestFinished(journal.close);
  const sender = { ...ports.sender, prepare: async () => PREPARED };
  const site = { ...ports, chain: { head: async () => HEAD }, sender };
  const call = { to: address20("b0"), data: "0x01", valueWei: 0n } as const;
  const order = { id: "settle:s:1", call, payload: {}, what: "settlement" };
  chain.senderBalanceWei = 10n ** 9n;
  await expect(sendHousekeeping(site, order)).rejects.toMatchObject({ code: "sender-unfunded" });
  expect(journal.get(order.id)).toBeUndefined();
  expect(chain.signed).toEqual([]);
  chain.senderBalanceWei = 10n ** 18n;
  await sendHousekeeping(site, order);
  expect(chain.broadcast).toHaveLength(1);
});

function entry(id: string, kind: JournalEntry["kind"]): JournalEntry {
  return newEntry({
    id,
    kind,
    state: "checked",
    payload: "{}",
    deadlineSeconds: 2_000_000_000,
    gasFeeCapWei: 1n,
    updatedAtMs: 1,
  });
}

test("only housekeeping that was never signed is given up at the start: it is then done anew at once", async () => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  const transaction = {
    hash: `0x${"11".repeat(32)}`,
    raw: "0x02",
    nonce: 7,
    gasLimit: 21_000n,
    callHash: `0x${"22".repeat(32)}`,
    maxFeePerGasWei: 2n,
    maxPriorityFeePerGasWei: 1n,
  } as const;
  journal.insert(entry("settle:0x01:1", "settlement"));
  journal.insert(entry("settle:0x02:1", "settlement"));
  journal.replace(
    { ...entry("settle:0x02:1", "settlement"), state: "signed", transaction },
    "checked",
  );
  journal.insert(entry("cancel:3:1", "cancel"));
  journal.insert(entry(`0x${"33".repeat(32)}`, "job"));
  const ports = { journal, lane: serialLane(), log: memoryLog(), clock: { nowMs: () => 2 } };
  await dropUnsent(ports);
  expect(journal.get("settle:0x01:1")?.state).toBe("expired");
  const open = journal.unfinished().map(({ id, state }) => [id, state]);
  expect(open.sort()).toEqual([
    [`0x${"33".repeat(32)}`, "checked"],
    ["cancel:3:1", "checked"],
    ["settle:0x02:1", "signed"],
  ]);
  journal.close();
});
