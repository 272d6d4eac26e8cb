import fc from "fast-check";
import { type Abi, decodeErrorResult } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { JobParams, RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { ARBITRARY_PARAMS } from "#test/support/agent/arbitrary-job.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";
import { plannedJob } from "#test/support/coordinator/planner.ts";

/**
 * The contracts' own word on the laws of test/shared/evm/job-kinds.test.ts: whatever the parameters, a vault on a real
 * chain finds the hash and the signature that TypeScript made right, and gets as far as judging the action itself.
 */
const KINDS = Object.entries(ARBITRARY_PARAMS).map(([kind, params]) => ({ kind, params }));
const ERRORS: Abi = [...shardVaultAbi, ...venueDeskAbi].filter((one) => one.type === "error");
/** What the gate says of a mandate that is not what was signed. */
const GATE =
  /^(ShardVault_(Wrong(Epoch|Leader|Shard|Action)|TooEarly|Expired|AlreadyConsumed|ParamsMismatch|QuorumNotReached|Sign\w+|LeaderDidNotSign)|ECDSA\w+)$/;
const RUNS = { numRuns: 12 };

let shard: LoneShard;

beforeAll(async () => {
  shard = await openLoneShard(28);
});

afterAll(() => shard?.close());

describe.each(KINDS)("$kind", ({ params }) => {
  test("a vault takes what was signed for what it is, and with any field changed for something else", async () => {
    const property = fc.asyncProperty(params, params, async (one, other) => {
      const job = await signed(one);
      expect(await refusal(job)).not.toMatch(GATE);
      for (const field of Object.keys(one)) {
        const changed = { ...one, [field]: other[field as keyof JobParams] } as JobParams;
        if (JSON.stringify(changed) === JSON.stringify(one)) continue;
        expect(await refusal({ ...job, params: changed })).toBe("ShardVault_ParamsMismatch");
      }
    });
    await fc.assert(property, RUNS);
  });
});

function signed(params: JobParams): Promise<RebalanceJob> {
  const signer = shard.world.keys.account("planner");
  const { chain } = shard.site;
  return plannedJob({ chain, params, leader: signer.address, epoch: 1, signer });
}

/** Name of the error with which vault or desk refuse a job, or what else the node says. */
async function refusal(job: RebalanceJob): Promise<string> {
  const { vault, venueDesk } = shard.site.chain.contracts;
  const answer = await fetch(shard.site.chain.rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "eth_call",
      params: [mandateCall(job, { vault, venueDesk }), "latest"],
    }),
  });
  const { error } = (await answer.json()) as { error?: { data?: Hex; message: string } };
  if (error === undefined) return "nothing";
  try {
    return decodeErrorResult({ abi: ERRORS, data: error.data ?? "0x" }).errorName;
  } catch {
    return error.message;
  }
}
