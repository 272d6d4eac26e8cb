import { bookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { Evidence } from "#test/local/check/evidence.ts";
import {
  exampleJob,
  examplePolicy,
  exampleRisk,
  exampleState,
  sourceHistory,
  targetHistory,
} from "#test/local/check/example-world.ts";
import { costFigures, naiveFigures } from "#test/local/check/summary/cost-figures.ts";
import { addPoint, NO_EXPOSURE, sampleOf } from "#test/local/observe/exposure-totals.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

/** Evidence of a run in which everything held: one hedge, one delivered transfer, one violation. */
export function exampleEvidence(o: Partial<Evidence> = {}): Evidence {
  const states = [exampleState(), exampleState({ shard: "target" })];
  const final = bookRisk(states, examplePolicy());
  const sample = sampleOf(final, 10_000);
  const calm = sample.net["ETH"];
  if (calm === undefined) throw new Error("example has no ETH");
  const current = {
    ...calm,
    netDeltaUnits: -2,
    counterfactualDeltaUnits: -3,
    grossOptionDeltaUnits: 12,
  };
  const first = addPoint(NO_EXPOSURE, { previous: null, current, elapsedMs: 0 });
  const exposure = { ETH: addPoint(first, { previous: current, current: calm, elapsedMs: 1000 }) };
  return {
    world: exampleWorld(),
    histories: [sourceHistory(), targetHistory()],
    final,
    api: {
      risk: exampleRisk(),
      counters: {
        reports: { accepted: 40, refused: { stale: 2 } },
        passes: 9,
        decisions: 3,
        jobs: {},
      },
      jobs: [exampleJob(), exampleJob({ jobId: `0x${"2".padStart(64, "0")}`, kind: "transfer" })],
      decisions: [],
      failures: [],
    },
    staleFaults: [],
    observation: { samples: [sample], samplesTaken: 2, looksFailed: 0, exposure, naive: [] },
    cost: costFigures([], []),
    naive: naiveFigures([], 0),
    unread: [],
    checkedAtMs: 30_000,
    ...o,
  };
}

/** Only what the summary reads of a world. */
function exampleWorld(): WorldDescription {
  const settlement = { ticker: "USDX", token: sourceHistory().settlementToken, decimals: 6 };
  const underlyings = [
    { ticker: "ETH", token: sourceHistory().vaultBalances[1]?.token, decimals: 18 },
  ];
  const chains = ["source", "target"].map((shard) => ({ shard, settlement, underlyings }));
  return {
    seed: 7,
    startedAtMs: 0,
    minutes: 1,
    policy: examplePolicy(),
    chains,
  } as unknown as WorldDescription;
}
