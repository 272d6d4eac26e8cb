import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { partKey } from "#coordinator/records/safety/chain-audit.ts";
import { askChain } from "#coordinator/stages/audit/ask-chain.ts";
import { compareWithChain } from "#coordinator/stages/audit/compare-chain.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { auditOf, blindTo } from "#test/support/coordinator/chain-audit.ts";
import { anEntry, aShardSetup } from "#test/support/coordinator/coordinator-pass.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { aPerpLine } from "#test/support/coordinator/perp-line.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const SETUP = aShardSetup("base");
const ASKED = { jobIds: [], guids: new Set<string>(), turn: 0 };
const TOKENS = [SETUP.settlement, ...SETUP.underlyings].map(({ token }) => token);

/** Something at a lending venue, at a perpetual one, and in the vault. */
function honest(): ShardReport {
  const { report } = anEntry({ shard: "base", hedgeUnits: 5 });
  const [cash, weth] = report.collateral;
  if (cash === undefined || weth === undefined) throw new Error("no collateral");
  return {
    ...report,
    lending: aFullReport(1).lending,
    perps: [aPerpLine()],
    collateral: [
      cash,
      weth,
      { ...cash, location: "venue-margin", amountRaw: "4456700000" },
      { ...weth, location: "lending", amountRaw: "3500000000000000000" },
    ],
  };
}

const TRUTH = honest();
const [PERP] = TRUTH.perps;
const [LOAN] = TRUTH.lending;
const [POOL] = TRUTH.capacity;
if (PERP === undefined || LOAN === undefined || POOL === undefined) throw new Error("no venues");
const PARTS = [
  partKey("capital"),
  partKey("liabilities"),
  ...TOKENS.flatMap((token) => [
    partKey("balance", token),
    partKey("feed", token),
    partKey("volatility", token),
  ]),
  partKey("account", PERP.adapter),
  partKey("account", LOAN.adapter),
  partKey("pool", POOL.adapter, POOL.pool),
];

function lookAt(said: ShardReport, unseen: readonly string[]) {
  const asked = askChain(said, SETUP, ASKED);
  const audit = blindTo(auditOf(TRUTH, SETUP, asked), unseen);
  return compareWithChain(said, {
    audit,
    setup: SETUP,
    asked,
    guids: ASKED.guids,
    depthToleranceFraction: 0.001,
  });
}

/** A lie, and the part of the chain that gives it away. */
const LIES: readonly (readonly [string, Partial<ShardReport>, string | null])[] = [
  ["the epoch", { chain: { ...TRUTH.chain, epoch: 99 } }, null],
  ["its capital", { chain: { ...TRUTH.chain, capitalRaw: "1" } }, partKey("capital")],
  ["its cash", cashIs("vault", "1"), partKey("balance", SETUP.settlement.token)],
  [
    "a spot",
    { market: TRUTH.market.map((one) => ({ ...one, spotUsd: 1 })) },
    partKey("feed", TOKENS[1] ?? ""),
  ],
  ["no position", { perps: [{ ...PERP, sizeE18: "0" }] }, partKey("account", PERP.adapter)],
  ["more lent", { lending: [{ ...LOAN, suppliedRaw: "9" }] }, partKey("account", LOAN.adapter)],
  [
    "a pool's fee",
    { capacity: [{ ...POOL, feeFraction: 0 }] },
    partKey("pool", POOL.adapter, POOL.pool),
  ],
];

function cashIs(location: string, amountRaw: string): Partial<ShardReport> {
  const isMeant = (one: ShardReport["collateral"][number]) =>
    one.location === location && one.underlying === null;
  return {
    collateral: TRUTH.collateral.map((one) => (isMeant(one) ? { ...one, amountRaw } : one)),
  };
}

describe("whatever parts of a chain could not be seen", () => {
  test("an honest report contradicts nothing", () => {
    fc.assert(
      fc.property(fc.subarray(PARTS), (unseen) => {
        expect(lookAt(TRUTH, unseen)).toBeUndefined();
      }),
    );
  });

  test.each(LIES)("a lie about %s is found out, unless it is about one of them", (_, lie, part) => {
    fc.assert(
      fc.property(fc.subarray(PARTS), (unseen) => {
        const isHidden = part !== null && unseen.includes(part);
        const mismatch = lookAt({ ...TRUTH, ...lie }, unseen);
        if (isHidden) expect(mismatch).toBeUndefined();
        else expect(mismatch).toBeDefined();
      }),
    );
  });

  test("nothing of them speaks for an account that the vault's desk does not list", () => {
    const stranger = { ...PERP, adapter: address20("99") };
    expect(lookAt({ ...TRUTH, perps: [PERP, stranger] }, PARTS)).toBeDefined();
  });
});

test("with an account that could not be seen there cannot be less at venues than in all the others", () => {
  const asked = askChain(TRUTH, SETUP, ASKED);
  const audit = blindTo(auditOf(TRUTH, SETUP, asked), [partKey("account", LOAN.adapter)]);
  const known = {
    ...audit,
    venues: {
      ...audit.venues,
      heldRaw: new Map([[SETUP.settlement.token.toLowerCase(), 4_456_700_000n]]),
    },
  };
  const look = {
    audit: known,
    setup: SETUP,
    asked,
    guids: ASKED.guids,
    depthToleranceFraction: 0.001,
  };
  expect(compareWithChain(TRUTH, look)).toBeUndefined();
  expect(
    compareWithChain({ ...TRUTH, ...cashIs("venue-margin", "4456699999") }, look),
  ).toBeDefined();
});
