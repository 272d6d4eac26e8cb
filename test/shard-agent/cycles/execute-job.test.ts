import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type ExecutePorts, executeJob, resumeJobs } from "#shard-agent/cycles/execute-job.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import { SigningCeilingError } from "#shard-agent/ports/sender.ts";
import { newEntry } from "#shard-agent/records/journal-entry.ts";
import { checkHealth } from "#shard-agent/stages/check-health.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { paramsHash, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import type { RebalanceJob, SwapParams } from "#shared/wire/rebalance-job.ts";
import {
  aScope,
  aSnapshot,
  BLOCK_MS,
  ETH_POOL,
  ETH_TOKEN,
  SETTLEMENT_TOKEN,
} from "#test/support/agent/agent-snapshot.ts";
import { aRebalanceJob, SWAP_PARAMS } from "#test/support/agent/rebalance-job.ts";
import {
  TRACKED_HEAD as HEAD,
  type TrackedChain,
  trackedChain,
} from "#test/support/agent/tracked-chain.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const HELD = { isHeld: () => true, renew: async () => true };
const LEADER = address20("1e");

let chain: TrackedChain;
let journal: Journal;
let ports: ExecutePorts;
let memory: Memory;
let waited: number;

beforeEach(() => {
  const tracked = trackedChain(temporaryFolder());
  ({ chain, journal } = tracked);
  onTestFinished(journal.close);
  waited = 0;
  memory = { snapshot: aSnapshot(), reportBlockTimestampMs: BLOCK_MS, health: null };
  ports = {
    ...tracked.ports,
    memory,
    scope: aScope(),
    chain: { head: async () => HEAD },
    vault: { ...tracked.ports.vault, senderBalanceWei: async () => 10n ** 20n },
    watch: { disagreement: () => null, lagging: () => [] },
    verifier: {
      prove: async (job) => ({
        ownShardBytes32: shardBytes32("base"),
        paramsHash: paramsHash(job.params),
        jobId: job.mandate.jobId,
        signers: [LEADER],
      }),
    },
    encoder: {
      nativeFeeWei: async () => 0n,
      encode: () => ({ to: address20("01"), data: "0x01", valueWei: 0n }),
      encodeSettle: () => ({ to: address20("02"), data: "0x02", valueWei: 0n }),
    },
    sender: {
      ...tracked.ports.sender,
      prepare: async () => ({
        reverts: false,
        gasLimit: 150_000n,
        baseFeeWei: HEAD.baseFeeWei,
        headTimestampMs: HEAD.timestampMs,
      }),
    },
    pause: async () => {
      waited += 1;
      return waited < 5;
    },
  };
});

/** A swap worth 10,000 settlement units, or as said. */
function aJob(amountInRaw = "10000000000"): RebalanceJob {
  return aRebalanceJob({
    ...(SWAP_PARAMS as SwapParams),
    venue: aScope().contracts.uniswapAdapter,
    pool: ETH_POOL,
    assetIn: SETTLEMENT_TOKEN,
    assetOut: ETH_TOKEN,
    amountInRaw,
  });
}

function receive(job: RebalanceJob): void {
  journal.insert(
    newEntry({
      id: job.mandate.jobId,
      kind: "job",
      state: "received",
      payload: JSON.stringify(job),
      deadlineSeconds: job.mandate.deadlineSeconds,
      gasFeeCapWei: 1n,
      updatedAtMs: BLOCK_MS,
    }),
  );
}

const run = (job: RebalanceJob, lease = HELD) => executeJob(ports, { id: "j-1", data: job }, lease);
const entryOf = (job: RebalanceJob) => journal.get(job.mandate.jobId);

test("a job is signed and broadcast once, however often it comes", async () => {
  const job = aJob();
  expect(await run(job)).toMatchObject({ outcome: "broadcast" });
  expect(await run(job)).toMatchObject({ outcome: "broadcast" });
  expect(chain.signed).toHaveLength(1);
  expect(new Set(chain.broadcast).size).toBe(1);
});

test("a job that is not authentic is refused, and the journal knows nothing of it", async () => {
  const job = { ...aJob(), shard: "ethereum" };
  expect(await run(job)).toMatchObject({ outcome: "refused", reason: "wrong-shard" });
  expect(entryOf(job)).toBeUndefined();
  expect(chain.signed).toEqual([]);
});

test("nothing is signed once the lease has run out: renewed it is, lost it is left alone", async () => {
  let isHeld = false;
  const renewed = {
    isHeld: () => isHeld,
    renew: async () => {
      isHeld = true;
      return true;
    },
  };
  await run(aJob(), renewed);
  expect(chain.signed).toHaveLength(1);
  const lost = { isHeld: () => false, renew: async () => false };
  await expect(run(aJob("10000000001"), lost)).rejects.toThrow("lease-lost");
  expect(chain.signed).toHaveLength(1);
});

test("the gas cap is that of the prices at signing, whatever it was when the job was received", async () => {
  const job = aJob();
  receive(job);
  await run(job);
  expect(entryOf(job)?.gasFeeCapWei).toBeGreaterThan(1n);
  const [signed] = chain.signed;
  const costWei = (signed?.maxFeePerGasWei ?? 0n) * (signed?.gasLimit ?? 0n);
  expect(costWei).toBeLessThanOrEqual(entryOf(job)?.gasFeeCapWei ?? 0n);
});

test("a job waits for the first report and for a signer, and is refused when its deadline passes meanwhile", async () => {
  memory.reportBlockTimestampMs = null;
  await expect(run(aJob())).rejects.toThrow("no-report-yet");
  memory.reportBlockTimestampMs = BLOCK_MS;
  chain.signerFails = new RetryableError("signer-unreachable", "gone");
  const late = { ...ports, clock: { nowMs: () => BLOCK_MS + waited * 2_000 } };
  waited = 0;
  const job = aJob("10000000001");
  expect(await executeJob(late, { id: "j-1", data: job }, HELD)).toMatchObject({
    reason: "expired",
  });
  expect(entryOf(job)).toMatchObject({ state: "refused", transaction: null });
});

test.each([
  ["its transaction would revert", "simulation-reverted"],
  ["its gas would cost more than its cap", "fee-too-high"],
])("a job is refused, and stays so, when %s", async (_, reason) => {
  const job = aJob(reason === "fee-too-high" ? "1" : undefined);
  const reverts = async () => ({ reverts: true, detail: "ShardVault_Paused()" }) as const;
  const sender = { ...ports.sender, prepare: reverts };
  const world = reason === "simulation-reverted" ? { ...ports, sender } : ports;
  const entry = { id: "j-1", data: job };
  expect(await executeJob(world, entry, HELD)).toMatchObject({ outcome: "refused", reason });
  expect(await run(job)).toMatchObject({ outcome: "refused", reason });
  expect(chain.signed).toEqual([]);
});

test.each([
  ["never lifts", null],
  ["lifts after its deadline only", 1],
])(
  "a job beyond a ceiling that %s is refused at once, and the next may be signed",
  async (_, lateMs) => {
    const job = aJob();
    const liftsAtMs = lateMs === null ? null : job.mandate.deadlineSeconds * 1000 + lateMs;
    chain.signerFails = new SigningCeilingError("9 wei within 24 hours", liftsAtMs);
    expect(await run(job)).toMatchObject({ outcome: "refused", reason: "signing-ceiling" });
    expect(waited).toBe(0);
    expect(entryOf(job)).toMatchObject({ state: "refused", transaction: null });
    expect(journal.queuedReceipts(9).map(({ receipt }) => receipt.reason)).toEqual([
      "signing-ceiling",
    ]);
    chain.signerFails = null;
    expect(await run(aJob("10000000001"))).toMatchObject({ outcome: "broadcast" });
  },
);

test("a job waits for a ceiling that lifts before its deadline", async () => {
  const job = aJob();
  const liftsAtMs = job.mandate.deadlineSeconds * 1000;
  chain.signerFails = new SigningCeilingError("9 wei within 24 hours", liftsAtMs);
  const { pause } = ports;
  ports = {
    ...ports,
    pause: (ms) => {
      if (waited === 2) chain.signerFails = null;
      return pause(ms);
    },
  };
  expect(await run(job)).toMatchObject({ outcome: "broadcast" });
  expect(waited).toBe(3);
});

test("a restart goes on with what was not signed; what the guard refuses now stops neither it nor the rest", async () => {
  const [first, second] = [aJob(), aJob("10000000001")];
  receive(first);
  receive(second);
  const sign: ExecutePorts["sender"]["sign"] = async (call, o) => {
    if (o.intent.payload === JSON.stringify(first))
      throw new FatalError("signing-refused", "signatures: 0 of allowed signers");
    return ports.sender.sign(call, o);
  };
  await resumeJobs({ ...ports, sender: { ...ports.sender, sign } });
  expect(entryOf(first)).toMatchObject({ state: "checked", transaction: null });
  expect(entryOf(second)?.state).toBe("broadcast");
});

test("a job the journal may have known and has dropped is refused, whatever the clock and the chain say", async () => {
  const job = aJob();
  const { jobId, deadlineSeconds } = job.mandate;
  await executeJob(ports, { id: `j-${jobId.slice(2)}`, data: job }, HELD);
  const sent = journal.get(jobId);
  if (sent === undefined) throw new Error("not in the journal");
  // Time passes: the job ends, and others after it.
  const later = { ...sent, state: "final", updatedAtMs: deadlineSeconds * 1000 } as const;
  journal.replace(later, sent.state);
  for (const { id } of journal.queuedReceipts(10)) journal.dropReceipt(id);
  journal.insert({ ...later, id: "younger", transaction: null, updatedAtMs: 2e12 });
  const order = { untilSeconds: deadlineSeconds + 60, nowMs: 2e12 };
  expect(journal.prune(order)).toMatchObject({ entries: 1 });
  expect(journal.get(jobId)).toBeUndefined();
  const again = await executeJob(ports, { id: `j-${jobId.slice(2)}`, data: job }, HELD);
  expect(again).toMatchObject({ outcome: "refused", reason: "expired" });
  expect(journal.get(jobId)).toBeUndefined();
  expect(journal.unfinished()).toEqual([]);
});

test("a sender that cannot pay signs nothing, says who lacks how much, and goes on once it is topped up", async () => {
  const job = aJob();
  const { jobId } = job.mandate;
  let balanceWei = 10n ** 6n;
  const vault = { ...ports.vault, senderBalanceWei: async () => balanceWei };
  let waits = 0;
  const pause = async () => {
    waits += 1;
    if (waits === 2) balanceWei = 10n ** 20n;
    return true;
  };
  const poor: ExecutePorts = { ...ports, vault, pause };
  const done = await executeJob(poor, { id: `j-${jobId.slice(2)}`, data: job }, HELD);
  expect(done).toMatchObject({ outcome: "broadcast" });
  expect(waits).toBe(2);
  const { address } = ports.sender;
  expect(memory.shortage).toMatchObject({ address, heldWei: 10n ** 6n });
  const health = checkHealth(
    aSnapshot({ senders: [{ address, balanceWei: 10n ** 6n }] }),
    aScope(),
    { journalWritable: true, endpointsAgree: true, shortage: memory.shortage ?? null },
  );
  expect(health.reasons).toEqual(["gas-below-floor"]);
});

test("a sender that is never topped up refuses the job at its deadline, naming the account", async () => {
  const job = aJob();
  const { jobId, deadlineSeconds } = job.mandate;
  const vault = { ...ports.vault, senderBalanceWei: async () => 10n ** 6n };
  const late = { nowMs: () => deadlineSeconds * 1000 + 1 };
  let clock = ports.clock;
  const sender = {
    ...ports.sender,
    prepare: (call: Parameters<typeof ports.sender.prepare>[0]) => {
      clock = late;
      return ports.sender.prepare(call);
    },
  };
  const poor = { ...ports, vault, sender, clock: { nowMs: () => clock.nowMs() } };
  const done = await executeJob(poor, { id: `j-${jobId.slice(2)}`, data: job }, HELD);
  expect(done).toMatchObject({ outcome: "refused", reason: "gas-below-floor" });
  expect(journal.get(jobId)?.refusal?.detail).toMatch(
    new RegExp(`sender ${ports.sender.address}: has 1000000 wei; needs \\d+ wei`),
  );
});
