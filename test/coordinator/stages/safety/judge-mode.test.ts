import { expect, test } from "vitest";
import type { NetOutcome } from "#coordinator/stages/risk/net-risk.ts";
import { type GlobalLevel, judgeMode } from "#coordinator/stages/safety/judge-mode.ts";
import { ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import { aPolicy } from "#test/support/coordinator/coordinator-pass.ts";

const POLICY = aPolicy({ netDeltaLimitUsd: 100_000 });

function judge(o: {
  stale: [number, number];
  limit?: [number, number];
  manual?: string;
  invariant?: string;
  breakers?: GlobalLevel;
}) {
  const outcome: NetOutcome = {
    netted: true,
    net: {
      underlying: "ETH",
      greeks: ZERO_GREEKS,
      byExpiry: [],
      inFlightDeltaUnits: 0,
      staleIntervalUnits: o.stale,
      limitIntervalUnits: o.limit ?? o.stale,
    },
  };
  const manual = o.manual === undefined ? undefined : { reason: o.manual, atMs: 1 };
  const judged = judgeMode(
    { manual, invariant: o.invariant, breakers: o.breakers ?? { level: "run", reasons: [] } },
    new Map([["ETH", { outcome, spotUsd: 2000 }]]),
    POLICY,
  );
  return { ...judged, reducible: [...judged.reducible] };
}

const LIMIT_REASON = "net-delta-limit: ETH may be beyond 100000 USD";

test.each([
  {
    name: "inside the limit",
    o: { stale: [50, 50] as [number, number] },
    mode: "run",
    reasons: [],
    reducible: [],
  },
  {
    name: "just beyond it, for certain",
    o: { stale: [51, 51] as [number, number] },
    mode: "halt",
    reasons: [LIMIT_REASON],
    reducible: ["ETH"],
  },
  {
    name: "beyond it on the short side",
    o: { stale: [-60, -51] as [number, number] },
    mode: "halt",
    reasons: [LIMIT_REASON],
    reducible: ["ETH"],
  },
  {
    name: "one end of a stale shard's interval beyond it",
    o: { stale: [10, 51] as [number, number] },
    mode: "halt",
    reasons: [LIMIT_REASON],
    reducible: [],
  },
  {
    name: "beyond it unless a job in flight is done",
    o: { stale: [40, 40] as [number, number], limit: [40, 51] as [number, number] },
    mode: "halt",
    reasons: [LIMIT_REASON],
    reducible: [],
  },
  {
    name: "halted by a person",
    o: { stale: [0, 0] as [number, number], manual: "maintenance" },
    mode: "halt",
    reasons: ["manual: maintenance"],
    reducible: [],
  },
  {
    name: "halted by a person while beyond the limit: not even reducing is allowed",
    o: { stale: [51, 51] as [number, number], manual: "stop" },
    mode: "halt",
    reasons: ["manual: stop", LIMIT_REASON],
    reducible: [],
  },
  {
    name: "an invariant broken",
    o: { stale: [0, 0] as [number, number], invariant: "job twice" },
    mode: "halt",
    reasons: ["invariant: job twice"],
    reducible: [],
  },
  {
    name: "a global breaker that reduces",
    o: {
      stale: [0, 0] as [number, number],
      breakers: { level: "reduce-only", reasons: ["staleShare"] } as GlobalLevel,
    },
    mode: "reduce-only",
    reasons: ["staleShare"],
    reducible: [],
  },
  {
    name: "a global breaker that halts stops even reducing hedges",
    o: {
      stale: [51, 51] as [number, number],
      breakers: { level: "halt", reasons: ["drawdown"] } as GlobalLevel,
    },
    mode: "halt",
    reasons: ["drawdown", LIMIT_REASON],
    reducible: [],
  },
  {
    name: "the limit halts also while a breaker reduces",
    o: {
      stale: [51, 51] as [number, number],
      breakers: { level: "reduce-only", reasons: ["staleShare"] } as GlobalLevel,
    },
    mode: "halt",
    reasons: [LIMIT_REASON],
    reducible: ["ETH"],
  },
])("$name: $mode", ({ o, mode, reasons, reducible }) => {
  expect(judge(o)).toEqual({ mode, reasons, reducible });
});
