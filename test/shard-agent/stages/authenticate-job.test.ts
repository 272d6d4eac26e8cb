import { expect, test } from "vitest";
import type { JobProofs } from "#shard-agent/records/job-proofs.ts";
import { authenticateJob } from "#shard-agent/stages/authenticate-job.ts";
import { jobIdOf, paramsHash, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { aScope } from "#test/support/agent/agent-snapshot.ts";
import { aRebalanceJob, TRANSFER_PARAMS } from "#test/support/agent/rebalance-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const JOB = aRebalanceJob();
const LEADER = address20("1e");
const SECOND = address20("2e");

function proofsOf(job: RebalanceJob, change: Partial<JobProofs> = {}): JobProofs {
  const hash = paramsHash(job.params);
  const { planId, shard, step } = job;
  return {
    ownShardBytes32: shardBytes32("base"),
    paramsHash: hash,
    jobId: jobIdOf({ planId, shard, step, paramsHash: hash }),
    signers: [LEADER],
    ...change,
  };
}

function withMandate(change: Partial<RebalanceJob["mandate"]>): RebalanceJob {
  return { ...JOB, mandate: { ...JOB.mandate, ...change } };
}

test("a job that is what it claims to be is admitted", () => {
  expect(authenticateJob(JOB, proofsOf(JOB), aScope())).toEqual({ admitted: true });
});

const REFUSED = [
  { name: "names another shard", job: { ...JOB, shard: "ethereum" }, reason: "wrong-shard" },
  {
    name: "carries a mandate of another shard",
    job: withMandate({ shard: shardBytes32("ethereum") }),
    reason: "wrong-shard",
  },
  { name: "names another action", job: withMandate({ action: 2 }), reason: "params-mismatch" },
  {
    name: "changes the parameters",
    job: { ...JOB, params: { ...JOB.params, amountInRaw: "2500001" } },
    reason: "params-mismatch",
  },
  {
    name: "swaps the kind of parameters",
    job: { ...JOB, params: TRANSFER_PARAMS },
    reason: "params-mismatch",
  },
  { name: "changes the step", job: { ...JOB, step: 1 }, reason: "job-id-mismatch" },
  { name: "changes the plan", job: { ...JOB, planId: hash32("02") }, reason: "job-id-mismatch" },
] as const;

test.each(REFUSED)("a job that $name is refused as $reason", ({ job, reason }) => {
  const refusal = authenticateJob(job as RebalanceJob, proofsOf(job as RebalanceJob), aScope());
  expect(refusal).toMatchObject({ admitted: false, reason });
});

const SIGNERS = [
  { name: "no recoverable signature", signers: null, quorum: 1, found: "65-byte" },
  { name: "a stranger", signers: [address20("99")], quorum: 1, found: address20("99") },
  {
    name: "a stranger beside the leader",
    signers: [LEADER, address20("99")],
    quorum: 1,
    found: "99",
  },
  { name: "too few signers", signers: [LEADER], quorum: 2, found: "the quorum is 2" },
  { name: "the same signer twice", signers: [LEADER, LEADER], quorum: 2, found: "ascend" },
  { name: "signers in the wrong order", signers: [SECOND, LEADER], quorum: 2, found: "ascend" },
  { name: "a quorum without the leader", signers: [SECOND], quorum: 1, found: "leader" },
] as const;

test.each(SIGNERS)("a job with $name is refused as forged", ({ signers, quorum, found }) => {
  const scope = aScope({ mandateQuorum: quorum });
  const refusal = authenticateJob(JOB, proofsOf(JOB, { signers }), scope);
  expect(refusal).toMatchObject({ admitted: false, reason: "forged" });
  expect(refusal).toHaveProperty("detail", expect.stringContaining(found));
});

test("a quorum of two in ascending order with the leader among them is admitted", () => {
  const scope = aScope({ mandateQuorum: 2 });
  const signers = [LEADER, SECOND];
  expect(authenticateJob(JOB, proofsOf(JOB, { signers }), scope).admitted).toBe(true);
});
