import { expect, test } from "vitest";
import { judgePending } from "#shard-agent/stages/judge-pending.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { aPendingEntry } from "#test/support/agent/journal-entry.ts";

const HEAD = aSnapshot().block;
const SCOPE = { blockTimeMs: 1_000 };
const DEADLINE_SECONDS = HEAD.timestampMs / 1000 + 5;
const ENTRY = aPendingEntry({
  deadlineSeconds: DEADLINE_SECONDS,
  pendingSinceMs: HEAD.timestampMs,
});

function at(afterMs: number, baseFeeWei = HEAD.baseFeeWei) {
  return { ...HEAD, timestampMs: HEAD.timestampMs + afterMs, baseFeeWei };
}

test("a young transaction is sent again as it is", () => {
  expect(judgePending(ENTRY, at(1_000), SCOPE)).toBe("resend");
});

test("one that has been out for two blocks is replaced if the node still has it", () => {
  expect(judgePending(ENTRY, at(2_000), SCOPE)).toBe("replace-if-kept");
});

test("the two blocks are at least two seconds, and as long as the chain's own where these are longer", () => {
  const [fast, slow] = [{ blockTimeMs: 250 }, { blockTimeMs: 12_000 }];
  const entry = { ...ENTRY, deadlineSeconds: DEADLINE_SECONDS + 60 };
  expect(judgePending(entry, at(1_999), fast)).toBe("resend");
  expect(judgePending(entry, at(2_000), fast)).toBe("replace-if-kept");
  expect(judgePending(entry, at(23_999), slow)).toBe("resend");
  expect(judgePending(entry, at(24_000), slow)).toBe("replace-if-kept");
});

test("one whose fee is under the base fee is replaced at once", () => {
  const { maxFeePerGasWei } = ENTRY.transaction;
  expect(judgePending(ENTRY, at(0, maxFeePerGasWei), SCOPE)).toBe("resend");
  expect(judgePending(ENTRY, at(0, maxFeePerGasWei + 1n), SCOPE)).toBe("replace");
});

test("one that the next block would hold too late is cancelled, before its deadline", () => {
  expect(judgePending(ENTRY, at(4_000), SCOPE)).toBe("replace-if-kept");
  expect(judgePending(ENTRY, at(4_001), SCOPE)).toBe("cancel");
});

test("a cancel is replaced, never cancelled", () => {
  expect(judgePending({ ...ENTRY, kind: "cancel" }, at(60_000), SCOPE)).toBe("replace-if-kept");
});
