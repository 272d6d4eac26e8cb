import { describe, expect, test } from "vitest";
import { bookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";
import type { Evidence } from "#test/local/check/evidence.ts";
import { exampleEvidence } from "#test/local/check/example-evidence.ts";
import {
  exampleJob,
  examplePolicy,
  exampleRisk,
  exampleState,
  sourceHistory,
  targetHistory,
} from "#test/local/check/example-world.ts";
import { renderSummary } from "#test/local/check/summary/render-summary.ts";
import { summaryOf } from "#test/local/check/summary/summary-of.ts";
import { summarySchema } from "#test/local/check/summary/summary-schema.ts";

const evidence = exampleEvidence();
const [firstConsumed] = sourceHistory().consumed;
const longHedge = exampleState().underlyings.map((u) => ({ ...u, hedgeUnits: 9 }));

/** Every check, with the smallest change that must make it, and only it, fail. */
const BROKEN: readonly {
  readonly name: string;
  readonly change: Partial<Evidence>;
  readonly detail: string;
}[] = [
  {
    name: "every job id is consumed at most once on chain",
    change: {
      histories: [
        sourceHistory(),
        { ...targetHistory(), consumed: firstConsumed ? [firstConsumed] : [] },
      ],
    },
    detail: "consumed more than once: 0x",
  },
  {
    name: "per vault and asset, opening + events = closing",
    change: { histories: [{ ...sourceHistory(), deposits: [] }, targetHistory()] },
    detail: "differs from opening + events by 1000",
  },
  {
    name: "total supply + sent but not delivered = minted",
    change: {
      histories: [
        { ...sourceHistory(), supply: { ...sourceHistory().supply, closingRaw: 1701n } },
        targetHistory(),
      ],
    },
    detail: "difference 1",
  },
  {
    name: "no job was executed on a stale report",
    change: { staleFaults: ["source job 0x01: included on a report that was 6000 ms old"] },
    detail: "6000 ms old",
  },
  {
    name: "no job is in flight at the end",
    change: { api: { ...evidence.api, risk: exampleRisk({ jobsInFlight: 1 }) } },
    detail: "1 in flight",
  },
  {
    name: "the system is not halted at the end",
    change: {
      api: {
        ...evidence.api,
        risk: exampleRisk({ mode: "halt", haltReasons: ["operator: test"] }),
      },
    },
    detail: "mode halt; operator: test",
  },
  {
    name: "the band was violated at least once",
    change: { observation: { ...evidence.observation, exposure: {} } },
    detail: "0 decisions to hedge",
  },
  {
    name: "net ETH delta is inside its band at the end",
    change: { final: bookRisk([exampleState({ underlyings: longHedge })], examplePolicy()) },
    detail: "|9.00000| against 0.500000 ETH",
  },
];

describe("summary", () => {
  test("is good when every check holds", () => {
    const summary = summaryOf(evidence);
    expect(summary.checks.filter((c) => !c.ok)).toEqual([]);
    expect(summary.ok).toBe(true);
  });

  test.each(BROKEN)("fails alone when it must: $name", ({ name, change, detail }) => {
    const summary = summaryOf(exampleEvidence(change));
    const failed = summary.checks.filter((c) => !c.ok);
    expect(failed.map((c) => c.name)).toEqual([name]);
    expect(failed[0]?.detail).toContain(detail);
    expect(summary.ok).toBe(false);
  });

  test("fails without any hedge", () => {
    const source = sourceHistory();
    const balances = source.vaultBalances.map((b, i) => ({
      ...b,
      closingRaw: i === 0 ? 764n : 0n,
    }));
    const tokenTransfers = source.tokenTransfers.filter((t) => t.blockNumber !== 5);
    const histories = [
      { ...source, swaps: [], vaultBalances: balances, tokenTransfers },
      targetHistory(),
    ];
    const failed = summaryOf(exampleEvidence({ histories })).checks.filter((c) => !c.ok);
    expect(failed.map((c) => c.name)).toEqual(["at least one hedge was executed"]);
  });

  test("fails when the only transfer is still on its way", () => {
    const target = { ...targetHistory(), oftReceived: [], tokenTransfers: [] };
    const nothing = {
      ...target,
      vaultBalances: target.vaultBalances.map((b) => ({ ...b, closingRaw: 0n })),
      supply: { ...target.supply, closingRaw: 0n },
    };
    const summary = summaryOf(exampleEvidence({ histories: [sourceHistory(), nothing] }));
    const failed = summary.checks.filter((c) => !c.ok);
    expect(failed.map((c) => c.name)).toEqual(["at least one cross-chain transfer was delivered"]);
    expect(summary.transfers).toMatchObject({ sent: 1, delivered: 0, inTransit: 1 });
    expect(summary.supply.inTransitRaw).toBe("300");
  });

  test("does not take silence of the admin API for health", () => {
    const api = { risk: null, counters: null, jobs: [], decisions: [], failures: ["no answer"] };
    const failed = summaryOf(exampleEvidence({ api })).checks.filter((c) => !c.ok);
    expect(failed.map((c) => c.detail)).toEqual(["unknown: no answer", "unknown: no answer"]);
  });

  const ON_CHAIN = [
    "every job id is consumed at most once on chain",
    "per vault and asset, opening + events = closing",
    "total supply + sent but not delivered = minted",
    "no job was executed on a stale report",
    "at least one hedge was executed",
    "at least one cross-chain transfer was delivered",
  ];
  const BAND = "net ETH delta is inside its band at the end";
  const FIGURES = "every figure of this summary could be read";
  test.each([
    { part: "chain", failing: [...ON_CHAIN, BAND, FIGURES] },
    { part: "history", failing: [...ON_CHAIN, FIGURES] },
    { part: "state", failing: [BAND, FIGURES] },
    { part: "reports", failing: ["no job was executed on a stale report", FIGURES] },
    { part: "cost", failing: [FIGURES] },
  ] as const)(
    "fails what cannot be checked without $part, and nothing else",
    ({ part, failing }) => {
      const unread = [{ part, why: "target: no answer" }];
      const summary = summaryOf(exampleEvidence({ unread, cost: null, naive: null }));
      const failed = summary.checks.filter((c) => !c.ok);
      expect(failed.map((c) => c.name)).toEqual(failing);
      expect(failed[0]?.detail).toBe("could not be checked: target: no answer");
      expect(summary.ok).toBe(false);
      expect(renderSummary(summary)).toContain("FAIL");
      expect(summarySchema.parse(JSON.parse(JSON.stringify(summary)))).toEqual(summary);
    },
  );

  test("fails a check that throws, with its reason, and makes all others", () => {
    const odd = { ...targetHistory(), perpSizes: null } as unknown as ChainHistory;
    const histories = [sourceHistory(), odd];
    const failed = summaryOf(exampleEvidence({ histories })).checks.filter((c) => !c.ok);
    expect(failed.map((c) => c.name)).toEqual(["per vault and asset, opening + events = closing"]);
    expect(failed[0]?.detail).toContain("could not be checked: TypeError");
  });

  test("is JSON of its published schema", () => {
    const text = JSON.stringify(summaryOf(evidence));
    expect(summarySchema.parse(JSON.parse(text))).toEqual(JSON.parse(text));
  });

  test("counts jobs, trades and the offsetting of the shards", () => {
    const summary = summaryOf(evidence);
    expect(summary.jobs).toMatchObject({ byState: { settled: 2 }, consumed: 2 });
    expect(summary.trades).toEqual({ total: 2, sold: 1, bought: 1, settledSeries: 1 });
    expect(summary.underlyings["ETH"]).toMatchObject({
      timeOutsideBandMs: 1000,
      bandViolations: 1,
      offsettingRatio: 4,
    });
    expect(summary.offsettingRatioUsd).toBe(4);
    expect(summary.accounts.map((a) => `${a.shard} ${a.asset} ${a.closingRaw}`)).toEqual([
      "source USDX 564",
      "source ETH 5",
      "target USDX 300",
    ]);
  });
});

describe("renderSummary", () => {
  test("tells a good run from a bad one in its last line", () => {
    expect(renderSummary(summaryOf(evidence)).split("\n").at(-1)).toBe("all 11 checks hold");
    const halted = { ...evidence.api, risk: exampleRisk({ mode: "halt" }) };
    const text = renderSummary(summaryOf(exampleEvidence({ api: halted })));
    expect(text.split("\n").at(-1)).toBe("1 of 11 checks FAILED");
    expect(text).toContain("FAIL the system is not halted at the end: mode halt");
  });

  test("shows what was refused, what it cost and how long it took", () => {
    const text = renderSummary(
      summaryOf(exampleEvidence({ api: { ...evidence.api, jobs: [exampleJob()] } })),
    );
    expect(text).toContain("reports: 40 accepted, refused: stale 2");
    expect(text).toContain("hedging cost: $0.00 for 0 hedges");
    expect(text).toContain("oldest block → included: p50 2.0 s, p99 2.0 s (1 jobs)");
  });
});
