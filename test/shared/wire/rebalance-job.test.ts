import { describe, expect, test } from "vitest";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { queueJobId, rebalanceJobSchema, rebalanceQueueName } from "#shared/wire/rebalance-job.ts";
import {
  aRebalanceJob,
  LEND_MOVE_PARAMS,
  MARGIN_MOVE_PARAMS,
  PERP_CHANGE_PARAMS,
  SWAP_PARAMS,
  TRANSFER_PARAMS,
} from "#test/support/agent/rebalance-job.ts";

function issuesOf(input: unknown): string[] {
  const result = rebalanceJobSchema.safeParse(input);
  return result.success ? [] : describeIssues(result.error, input);
}

describe("rebalanceJobSchema", () => {
  test.each([
    SWAP_PARAMS,
    TRANSFER_PARAMS,
    LEND_MOVE_PARAMS,
    MARGIN_MOVE_PARAMS,
    PERP_CHANGE_PARAMS,
  ])("a $kind job survives JSON unchanged", (params) => {
    const job = aRebalanceJob(params);

    expect(rebalanceJobSchema.parse(JSON.parse(JSON.stringify(job)))).toEqual(job);
  });

  const job = aRebalanceJob();
  test.each([
    { what: "version", changed: { ...job, version: 2 } },
    { what: "step", changed: { ...job, step: -1 } },
    { what: "signatures", changed: { ...job, signatures: [] } },
    { what: "signatures[0]", changed: { ...job, signatures: ["0x1"] } },
    { what: "mandate.action", changed: { ...job, mandate: { ...job.mandate, action: 9 } } },
    { what: "mandate.epoch", changed: { ...job, mandate: { ...job.mandate, epoch: -1 } } },
    {
      what: "mandate.maxFeeNativeWei",
      changed: { ...job, mandate: { ...job.mandate, maxFeeNativeWei: "0x1" } },
    },
    { what: "params.amountInRaw", changed: { ...job, params: { ...job.params, amountInRaw: -5 } } },
    { what: "params.kind", changed: { ...job, params: { ...job.params, kind: "delegatecall" } } },
    { what: "params.calldata", changed: { ...job, params: { ...job.params, calldata: "0x" } } },
  ])("a job with a wrong $what is refused by that name", ({ what, changed }) => {
    expect(issuesOf(changed).map((issue) => issue.split(":")[0])).toContain(what);
  });
});

test("a queue's job id is neither an integer nor has a colon, both of which BullMQ refuses", () => {
  expect(queueJobId(`0x${"0".repeat(63)}7`)).toBe(`j-${"0".repeat(63)}7`);
  expect(rebalanceQueueName("base")).toBe("rebalance-base");
});
