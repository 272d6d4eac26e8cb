import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobOutcome } from "#coordinator/records/jobs/job-outcome.ts";
import { type ShardTrust, TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import {
  contradiction,
  judgeTrust,
  type TrustLook,
} from "#coordinator/stages/audit/judge-trust.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import { anEntry, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";

const POLICY = DEFAULT_POLICY.quarantine;
const ENTRY = anEntry({ shard: "base" });
const UNWELL = anEntry({
  shard: "base",
  change: { health: { acceptsJobs: false, reasons: ["gas-below-floor"] } },
});
const LIE = { said: "1000", found: "900" };
const HONEST: TrustLook = {
  entry: ENTRY,
  chain: "proved",
  unseen: [],
  figures: undefined,
  replicas: undefined,
  outcomes: [],
};
const TRUSTED_BOOK = anEntry({ shard: "base", cashUsd: 1 });

/** Looks, one every `everyMs`. */
function play(looks: readonly Partial<TrustLook>[], everyMs = 2_000, start = TRUSTED) {
  let trust: ShardTrust = start;
  const changes: string[] = [];
  for (const [index, look] of looks.entries()) {
    const nowMs = NOW_MS + index * everyMs;
    const change = judgeTrust(
      trust,
      { ...HONEST, ...look },
      { policy: POLICY, nowMs, trusted: TRUSTED_BOOK },
    );
    trust = change.trust;
    if (change.began !== undefined) changes.push(`${index} began ${change.began}`);
    if (change.ended !== undefined) changes.push(`${index} ended ${change.ended}`);
  }
  return { trust, changes };
}
const several = (count: number, look: Partial<TrustLook> = {}) =>
  Array.from({ length: count }, () => look);
const failed = (count: number): JobOutcome[] =>
  Array.from({ length: count }, (_, at) => ({
    jobId: `0x${at}`,
    shard: "base",
    venue: null,
    underlying: "ETH",
    atMs: NOW_MS,
    isDone: false,
    isVenueFailure: false,
    isIdleCash: false,
    fill: null,
  }));

describe("what could not be seen", () => {
  const partly = (...unseen: string[]) => ({ chain: "partly" as const, unseen });

  test("is timed from the first look that missed anything, whatever it was, to one that saw all", () => {
    const start = play([{}, partly("feed 0x1"), partly("account 0x2")]).trust;
    expect(start.unseen).toEqual({ sinceMs: NOW_MS + 2_000, parts: ["account 0x2"] });
    expect(play([{}], 2_000, start).trust.unseen).toBeNull();
  });

  test("makes nobody a liar, and ends no quarantine", () => {
    const looks = [{ chain: LIE }, ...several(100, partly("account 0x2"))];
    expect(play(looks).changes).toEqual(["0 began chain-mismatch"]);
    expect(play(several(100, partly("account 0x2"))).changes).toEqual([]);
  });

  test("does not count against honest reports before and after it", () => {
    const { honestReportsMin } = POLICY;
    const looks = several(2 * honestReportsMin - 1, {}).map((one, at) =>
      at % 2 ? partly("feed") : one,
    );
    const { trust, changes } = play([{ chain: LIE }, ...looks], POLICY.holdMs);
    expect(changes).toEqual(["0 began chain-mismatch", `${looks.length} ended chain-mismatch`]);
    expect(trust.quarantine).toBeNull();
  });
});

describe("a shard is quarantined", () => {
  test("at once for a lie about its chain, with what was said and found", () => {
    const { trust, changes } = play([{}, { chain: LIE }]);
    expect(changes).toEqual(["1 began chain-mismatch"]);
    expect(trust.quarantine).toMatchObject({ kind: "chain-mismatch", trusted: TRUSTED_BOOK });
    expect(trust.evidence).toMatchObject([{ agent: "base-1", found: "900" }]);
    expect(trust.evidence[0]?.said).toContain("1000");
  });

  test("at once when two of its agents contradict each other", () => {
    expect(play([{ replicas: LIE }]).changes).toEqual(["0 began replicas-disagree"]);
  });

  test("for wrong figures only when they last", () => {
    const wrong = { figures: LIE };
    expect(play([wrong, wrong, {}, wrong, wrong]).changes).toEqual([]);
    expect(play([wrong, wrong, wrong]).changes).toEqual(["2 began wrong-figures"]);
  });

  test("for blocks its chain does not have only when they last", () => {
    const count = POLICY.unprovenMaxMs / 2_000;
    expect(play(several(count, { chain: "unproven" })).changes).toEqual([]);
    const { changes } = play(several(count + 1, { chain: "unproven" }));
    expect(changes).toEqual([`${count} began unproven`]);
  });

  test("when its agent takes no jobs for too long", () => {
    const count = POLICY.sickAfterMs / 60_000;
    expect(play(several(count, { entry: UNWELL }), 60_000).changes).toEqual([]);
    const { changes } = play(several(count + 1, { entry: UNWELL }), 60_000);
    expect(changes).toEqual([`${count} began sick`]);
  });

  test("when its jobs come to nothing again and again, and none in between was done", () => {
    const { failedJobsMax } = POLICY;
    expect(play([{ outcomes: failed(failedJobsMax - 1) }]).changes).toEqual([]);
    expect(play([{ outcomes: failed(failedJobsMax) }]).changes).toEqual(["0 began sick"]);
    const done = failed(failedJobsMax).map((one, at) => ({ ...one, isDone: at === 5 }));
    expect(play([{ outcomes: done }]).changes).toEqual([]);
  });
});

describe("a quarantined shard", () => {
  test("is believed again after enough proved reports in a row, and not before the hold", () => {
    const { changes } = play([{ chain: LIE }, ...several(60)]);
    expect(changes).toEqual([
      "0 began chain-mismatch",
      `${POLICY.holdMs / 2_000} ended chain-mismatch`,
    ]);
  });

  test("stays while it lies now and then", () => {
    const looks = several(200).map((_, at) => (at % 4 === 0 ? { chain: LIE } : {}));
    expect(play(looks).changes).toEqual(["0 began chain-mismatch"]);
  });

  test("is carried with the newest book its chain proved", () => {
    const later = anEntry({ shard: "base", cashUsd: 77 });
    const { trust } = play([{ chain: LIE }, { entry: later }, { chain: LIE }]);
    expect(trust.quarantine?.trusted).toBe(later);
  });

  test("that failed too often starts with a clean sheet once it is believed", () => {
    const { changes } = play([
      { outcomes: failed(20) },
      ...several(60, { outcomes: [] }),
      { outcomes: failed(20) },
    ]);
    expect(changes).toEqual(["0 began sick", "30 ended sick"]);
  });
});

test("an honest shard is never quarantined, whatever is unknown for a while", () => {
  const look = fc.constantFrom<Partial<TrustLook>>({}, { chain: "unproven" }, { entry: UNWELL });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 80 }), (looks) => {
      expect(play(looks).changes).toEqual([]);
    }),
  );
});

test("more honest reports never keep a shard longer, fewer lies never bring it in sooner", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.nat(59), (lies, at) => {
      const looks = (list: readonly boolean[]) =>
        list.map((isLie) => (isLie ? { chain: LIE } : {}));
      const fewer = lies.map((isLie, index) => isLie && index !== at);
      const isIn = (list: readonly boolean[]) => play(looks(list)).trust.quarantine !== null;
      if (isIn(fewer)) expect(isIn(lies)).toBe(true);
    }),
  );
});

describe("two reports of one block", () => {
  const other = (change: object) => {
    const { report } = anEntry({ shard: "base" });
    return { ...ENTRY, report: { ...report, agent: "base-2", ...change } };
  };
  test("contradict each other when what the block fixes differs", () => {
    const collateral = ENTRY.report.collateral.map((line) => ({ ...line, amountRaw: "1" }));
    const found = contradiction(ENTRY, other({ collateral }));
    expect(found?.said).toMatch(/^base-1: .*1000000000000/);
    expect(found?.found).toMatch(/^base-2: /);
  });

  test.each([
    { name: "the same", change: {} },
    {
      name: "of another block",
      change: { block: { ...ENTRY.report.block, hash: "0x01" }, book: [] },
    },
    { name: "of the same agent", change: { agent: "base-1", collateral: [] } },
    {
      name: "with another health and sequence",
      change: { seq: 7, health: { acceptsJobs: false, reasons: [] } },
    },
  ])("do not when they are $name", ({ change }) => {
    expect(contradiction(ENTRY, other(change) as typeof ENTRY)).toBeUndefined();
  });
});
