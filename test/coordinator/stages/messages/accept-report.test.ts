import { describe, expect, test } from "vitest";
import { acceptReport, REPORT_REFUSALS } from "#coordinator/stages/messages/accept-report.ts";
import type { AgentMessage } from "#coordinator/stages/messages/open-message.ts";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { publicKeyHex, reporterPrivateKey, signBytes } from "#shared/wire/signed-bytes.ts";
import {
  anEntry,
  anOption,
  aShardSetup,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";
import { aConsumedJob } from "#test/support/coordinator/shard-report.ts";

const KEY = reporterPrivateKey("11".repeat(32));
const OTHER_KEY = reporterPrivateKey("22".repeat(32));
const SETUP = aShardSetup("base", {
  agents: [
    { id: "base-1", reporterPublicKey: publicKeyHex(KEY) },
    { id: "base-2", reporterPublicKey: publicKeyHex(OTHER_KEY) },
  ],
});
const CONTEXT = {
  setup: SETUP,
  lastSeq: 0,
  lastEntry: undefined,
  nowMs: NOW_MS,
  sequenceAheadMaxMs: 60_000,
};
const GOOD = anEntry({ shard: "base", calls: -10 }).report;

function message(report: unknown, changes: Partial<AgentMessage> = {}): AgentMessage {
  const body = encodeMessage(report);
  const seq = (report as ShardReport).seq;
  return {
    shard: "base",
    agent: "base-1",
    entryId: `${seq}-0`,
    body,
    signature: signBytes(body, KEY),
    ...changes,
  };
}

function refusal(
  sent: AgentMessage,
  context: Partial<typeof CONTEXT> = {},
): { reason: string; detail: string } {
  const outcome = acceptReport(sent, { ...CONTEXT, ...context });
  if (outcome.accepted) throw new Error("the report was accepted");
  return outcome;
}

test("accepts a whole, signed, fresh report", () => {
  const outcome = acceptReport(message(GOOD), CONTEXT);
  expect(outcome).toEqual({ accepted: true, entry: { report: GOOD, acceptedAtMs: NOW_MS } });
});

test("accepts a second report of the same block, and one of another agent", () => {
  const lastEntry = { report: GOOD, acceptedAtMs: NOW_MS };
  const next = message({ ...GOOD, seq: GOOD.seq + 1 });
  expect(acceptReport(next, { ...CONTEXT, lastSeq: GOOD.seq, lastEntry }).accepted).toBe(true);
  const body = encodeMessage({ ...GOOD, agent: "base-2" });
  const other = { ...message(GOOD), agent: "base-2", body, signature: signBytes(body, OTHER_KEY) };
  expect(acceptReport(other, { ...CONTEXT, lastEntry }).accepted).toBe(true);
});

const REFUSALS: readonly {
  readonly name: string;
  readonly sent: AgentMessage;
  readonly reason: (typeof REPORT_REFUSALS)[number];
  readonly detail: string;
  readonly context?: Partial<typeof CONTEXT>;
}[] = [
  {
    name: "no body",
    sent: { ...message(GOOD), body: undefined },
    reason: "malformed",
    detail: "body: field is missing",
  },
  {
    name: "a figure that no market has",
    sent: message({
      ...GOOD,
      book: GOOD.book.map((line) => ({ ...line, quantity: -1.7e308 })),
    }),
    reason: "malformed",
    detail: "book[0].quantity: found -1.7e+308",
  },
  {
    name: "no signature",
    sent: { ...message(GOOD), signature: undefined },
    reason: "malformed",
    detail: "sig: field is missing",
  },
  {
    name: "bytes that are not msgpack",
    sent: signed(Buffer.from([0xc1, 0xff])),
    reason: "malformed",
    detail: "not msgpack",
  },
  {
    name: "a wrong field",
    sent: message({ ...GOOD, senders: [{ address: "0x12", balanceWei: "1" }] }),
    reason: "malformed",
    detail: "senders[0].address",
  },
  {
    name: "an unknown field",
    sent: message({ ...GOOD, note: "hi" }),
    reason: "malformed",
    detail: "note",
  },
  {
    name: "NaN as a quantity",
    sent: message({ ...GOOD, book: [anOption({ quantity: Number.NaN })] }),
    reason: "malformed",
    detail: "book[0].quantity",
  },
  {
    name: "an underlying the shard does not have",
    sent: message({ ...GOOD, book: [anOption({ underlying: "DOGE" })] }),
    reason: "malformed",
    detail: "book[0].underlying: found DOGE; base has ETH",
  },
  {
    name: "one series twice",
    sent: message({ ...GOOD, book: [anOption(), anOption()] }),
    reason: "malformed",
    detail: "book[1]",
  },
  {
    name: "a token with other decimals",
    sent: message(withCollateral({ decimals: 18 })),
    reason: "malformed",
    detail: "collateral[0].decimals: found 18; USDX has 6",
  },
  {
    name: "a token that is not the settlement asset",
    sent: message(withCollateral({ token: `0x${"dd".repeat(20)}` })),
    reason: "malformed",
    detail: "collateral[0].token",
  },
  {
    name: "a later version",
    sent: message({ ...GOOD, version: 2 }),
    reason: "unsupported-version",
    detail: "found 2; must be 1",
  },
  {
    name: "another agent's key",
    sent: { ...message(GOOD), signature: signBytes(encodeMessage(GOOD), OTHER_KEY) },
    reason: "forged",
    detail: "base-1",
  },
  {
    name: "one byte changed",
    sent: { ...message(GOOD), body: encodeMessage({ ...GOOD, seq: GOOD.seq + 1 }) },
    reason: "forged",
    detail: "sig",
  },
  {
    name: "a short signature",
    sent: { ...message(GOOD), signature: Buffer.from([1]) },
    reason: "forged",
    detail: "sig",
  },
  {
    name: "an agent that is not configured",
    sent: { ...message(GOOD), agent: "base-9" },
    reason: "unknown-agent",
    detail: "base has base-1, base-2",
  },
  {
    name: "another agent's report on this stream",
    sent: message({ ...GOOD, agent: "base-2" }),
    reason: "unknown-agent",
    detail: "the stream is base-1's",
  },
  {
    name: "another shard's report",
    sent: message({ ...GOOD, shard: "arbitrum" }),
    reason: "wrong-shard",
    detail: "found arbitrum",
  },
  {
    name: "another chain",
    sent: message({ ...GOOD, chainId: 1 }),
    reason: "wrong-chain",
    detail: "found 1; base is on 8453",
  },
  {
    name: "a sequence that is not the entry's",
    sent: { ...message(GOOD), entryId: "77-0" },
    reason: "sequence-mismatch",
    detail: "77-0",
  },
  {
    name: "an entry id with a second part",
    sent: { ...message(GOOD), entryId: `${GOOD.seq}-1` },
    reason: "sequence-mismatch",
    detail: "-1",
  },
  {
    name: "a sequence more than a minute ahead",
    sent: message({ ...GOOD, seq: NOW_MS + 60_001 }),
    reason: "sequence-ahead",
    detail: "60001 ms ahead",
  },
  {
    name: "a block more than a minute ahead",
    sent: message(atBlock(NOW_MS + 60_001)),
    reason: "sequence-ahead",
    detail: "block.timestampMs",
  },
  {
    name: "the same sequence again",
    sent: message(GOOD),
    reason: "duplicate-or-out-of-order",
    detail: `must be above ${GOOD.seq}`,
    context: { lastSeq: GOOD.seq },
  },
  {
    name: "an older sequence",
    sent: message(GOOD),
    reason: "duplicate-or-out-of-order",
    detail: "must be above",
    context: { lastSeq: GOOD.seq + 5 },
  },
  {
    name: "an old block",
    sent: message(atBlock(NOW_MS - 5001)),
    reason: "stale",
    detail: "5001 ms old; at most 5000 ms",
  },
];

describe("refuses, and says why", () => {
  test.each(REFUSALS)("$name: $reason", ({ sent, reason, detail, context }) => {
    const found = refusal(sent, context);
    expect(found.reason).toBe(reason);
    expect(found.detail).toContain(detail);
  });

  test("a block older than the one already accepted: block-regressed", () => {
    const last = atBlock(NOW_MS - 200);
    const lastEntry = { report: last as ShardReport, acceptedAtMs: NOW_MS };
    const found = acceptReport(message(GOOD), { ...CONTEXT, lastEntry });
    expect(found).toMatchObject({ accepted: false, reason: "block-regressed" });
  });

  test("every reason there is has a case above", () => {
    const covered = new Set<string>(REFUSALS.map((one) => one.reason)).add("block-regressed");
    expect([...covered].sort()).toEqual([...REPORT_REFUSALS].sort());
  });
});

test("a report at exactly the staleness limit is still accepted", () => {
  expect(acceptReport(message(atBlock(NOW_MS - 5000)), CONTEXT).accepted).toBe(true);
});

test("a job listed twice is refused: its effect would be released twice", () => {
  const consumed = aConsumedJob();
  expect(refusal(message({ ...GOOD, consumedJobs: [consumed, consumed] })).detail).toContain(
    "listed twice",
  );
});

test("a route listed twice is refused: it would have two fees", () => {
  const routes = [aRouteLine(), aRouteLine({ feeNativeWei: "7" })];
  expect(refusal(message({ ...GOOD, routes })).detail).toBe("routes[1]: 30101 is listed twice");
});

function signed(body: Buffer): AgentMessage {
  return { ...message(GOOD), body, signature: signBytes(body, KEY) };
}

function atBlock(timestampMs: number): ShardReport {
  return { ...GOOD, block: { ...GOOD.block, timestampMs } };
}

function withCollateral(change: Record<string, unknown>): unknown {
  return { ...GOOD, collateral: [{ ...GOOD.collateral[0], ...change }] };
}
