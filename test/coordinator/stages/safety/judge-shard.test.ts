import { expect, test } from "vitest";
import { SAFE_SHARD } from "#coordinator/records/safety/shard-safety.ts";
import { judgeShard, type ShardContext } from "#coordinator/stages/safety/judge-shard.ts";
import {
  anEntry,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";

const CONTEXT: ShardContext = {
  setup: aShardSetup("base"),
  entry: anEntry({ shard: "base" }),
  takeOver: { state: "leading", epoch: 1, leader: LEADER },
  isReduceOnly: false,
  haltReasons: [],
  nowMs: NOW_MS,
};
const WAITING = {
  state: "waiting",
  reason: "epoch 1 is not final yet",
  isReachable: true,
} as const;
const UNWELL = anEntry({
  shard: "base",
  change: { health: { acceptsJobs: false, reasons: ["gas-below-floor", "feed-stale"] } },
});

test.each<{
  name: string;
  change: Partial<ShardContext>;
  mode: string;
  reasons: string[];
  takesJobs: boolean;
}>([
  { name: "all well", change: {}, mode: "run", reasons: [], takesJobs: true },
  {
    name: "shadow mode needs no fence",
    change: { takeOver: { state: "not-needed" } },
    mode: "run",
    reasons: [],
    takesJobs: true,
  },
  {
    name: "vault not led yet",
    change: { takeOver: WAITING },
    mode: "waiting",
    reasons: ["epoch 1 is not final yet"],
    takesJobs: false,
  },
  {
    name: "no report yet",
    change: { entry: undefined },
    mode: "waiting",
    reasons: ["no report yet"],
    takesJobs: false,
  },
  {
    name: "an old report",
    change: { entry: anEntry({ shard: "base", ageMs: 5001 }) },
    mode: "stale",
    reasons: ["last report is 5001 ms old; at most 5000 ms"],
    takesJobs: false,
  },
  {
    name: "a report at the limit",
    change: { entry: anEntry({ shard: "base", ageMs: 5000 }) },
    mode: "run",
    reasons: [],
    takesJobs: true,
  },
  {
    name: "halted",
    change: { haltReasons: ["manual: stop"] },
    mode: "halted",
    reasons: ["manual: stop"],
    takesJobs: false,
  },
  {
    name: "stale wins over halted",
    change: { entry: anEntry({ shard: "base", ageMs: 9000 }), haltReasons: ["manual: stop"] },
    mode: "stale",
    reasons: ["last report is 9000 ms old; at most 5000 ms"],
    takesJobs: false,
  },
  {
    name: "reduce-only by policy",
    change: { isReduceOnly: true },
    mode: "reduce-only",
    reasons: ["reduce-only by policy"],
    takesJobs: true,
  },
  {
    name: "an agent that takes no jobs",
    change: { entry: UNWELL },
    mode: "run",
    reasons: ["the agent takes no jobs: gas-below-floor, feed-stale"],
    takesJobs: false,
  },
  {
    name: "another coordinator leads",
    change: { takeOver: { state: "leading", epoch: 2, leader: LEADER } },
    mode: "run",
    reasons: [`the vault is at epoch 1 of ${LEADER}; ours is 2`],
    takesJobs: false,
  },
  {
    name: "a breaker of its own",
    change: {
      safety: { ...SAFE_SHARD, level: "reduce-only", levelReasons: ["drawdown 0.3 >= 0.2"] },
    },
    mode: "reduce-only",
    reasons: ["drawdown 0.3 >= 0.2"],
    takesJobs: true,
  },
  {
    name: "a halt of its own",
    change: { safety: { ...SAFE_SHARD, level: "halt", levelReasons: ["drawdown 0.5 >= 0.4"] } },
    mode: "halted",
    reasons: ["drawdown 0.5 >= 0.4"],
    takesJobs: false,
  },
  {
    name: "an order wins over a breaker, and both are named",
    change: {
      safety: {
        ...SAFE_SHARD,
        level: "reduce-only",
        levelReasons: ["drawdown"],
        order: { kind: "flatten", reason: "leaving the chain" },
      },
    },
    mode: "flattening",
    reasons: ["leaving the chain", "drawdown"],
    takesJobs: true,
  },
  {
    name: "quarantine wins over all but a vault that is not led",
    change: {
      entry: anEntry({ shard: "base", ageMs: 9000 }),
      haltReasons: ["manual: stop"],
      safety: { ...SAFE_SHARD, quarantine: "its book is not what the chain says" },
    },
    mode: "quarantined",
    reasons: ["its book is not what the chain says"],
    takesJobs: false,
  },
])("$name: $mode", ({ change, mode, reasons, takesJobs }) => {
  expect(judgeShard({ ...CONTEXT, ...change })).toMatchObject({ mode, reasons, takesJobs });
});

test.each<{ name: string; change: Partial<ShardContext>; carried: boolean; reduces: boolean }>([
  { name: "runs", change: {}, carried: false, reduces: false },
  {
    name: "is stale",
    change: { entry: anEntry({ shard: "base", ageMs: 9000 }) },
    carried: true,
    reduces: false,
  },
  {
    name: "is quarantined",
    change: { safety: { ...SAFE_SHARD, quarantine: "lies" } },
    carried: true,
    reduces: false,
  },
  {
    name: "is reduce-only by policy",
    change: { isReduceOnly: true },
    carried: false,
    reduces: true,
  },
  {
    name: "drains",
    change: { safety: { ...SAFE_SHARD, order: { kind: "drain", reason: "closing" } } },
    carried: false,
    reduces: true,
  },
])("of a shard that $name: book carried $carried, only reducing $reduces", (o) => {
  const status = judgeShard({ ...CONTEXT, ...o.change });
  expect(status).toMatchObject({ isCarried: o.carried, reducesOnly: o.reduces });
});
