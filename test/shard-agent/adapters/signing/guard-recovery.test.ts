import { encodeFunctionData, type Hex, pad } from "viem";
import { describe, expect, test } from "vitest";
import { recoveryProblem } from "#shard-agent/adapters/signing/guard-recovery.ts";
import { viemRecoveryDesk } from "#shard-agent/adapters/transfers/viem-recovery-desk.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { payloadHashOf } from "#shared/evm/layerzero-packet.ts";
import { recoveryCall } from "#shared/evm/recovery-call.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";
import { aRecoveryJob } from "#test/support/agent/recovery-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const RULES = {
  endpoint: address20("1a"),
  endpointId: 30_184,
  receiveUln: address20("c7"),
  token: address20("c0"),
  vault: address20("01"),
};

function problemOf(
  job: RecoveryJob,
  change: { readonly to?: Hex; readonly data?: Hex; readonly value?: bigint } = {},
): string | null {
  const isWhole = change.to !== undefined && change.data !== undefined;
  const call = isWhole ? {} : recoveryCall(job, RULES);
  const transaction = { chainId: 8453, type: "eip1559", ...call, ...change };
  return recoveryProblem(transaction as never, JSON.stringify(job), RULES);
}

test.each(["retry-receive", "commit-verification"] as const)(
  "the own call of a %s passes",
  (kind) => {
    expect(problemOf(aRecoveryJob({ kind }))).toBeNull();
  },
);

test("a receiver whose letters contradict their own checksum is helped under the configured ones", () => {
  const desk = viemRecoveryDesk(RULES);
  const job = aRecoveryJob({ receiver: "0xC0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0" });
  expect(problemOf(job, desk.encode(job))).toBeNull();
});

describe("is refused:", () => {
  const stolen = `${pad(address20("99"))}00000000075bcd15` as const;
  const { guid } = aRecoveryJob();
  const toThief = { message: stolen, payloadHash: payloadHashOf(guid, stolen) };
  const other = aRecoveryJob({ nonce: "8" });
  const STEAL = encodeFunctionData({
    abi: erc20Abi,
    functionName: "transfer",
    args: [address20("99"), 1n],
  });
  const job = aRecoveryJob();
  const cases: readonly [string, () => string | null, RegExp][] = [
    ["value", () => problemOf(job, { value: 1n }), /value: found 1 wei/],
    ["another contract", () => problemOf(job, { to: address20("99") }), /to: found/],
    ["another call", () => problemOf(job, { data: STEAL }), /is no call that helps/],
    ["somebody else's money", () => problemOf(aRecoveryJob(toThief)), /does not credit this vault/],
    [
      "another message than the entry names",
      () => problemOf(job, { data: recoveryCall(other, RULES).data }),
      /lzReceive: not of message/,
    ],
    [
      "the other call than the entry names",
      () => problemOf(job, recoveryCall({ ...job, kind: "commit-verification" }, RULES)),
      /calls commitVerification; must be retry-receive/,
    ],
    [
      "a guid that is not the path's",
      () => problemOf({ ...job, guid: hash32("09") }),
      /not of message/,
    ],
    ["another receiver", () => problemOf({ ...job, receiver: address20("98") }), /not of message/],
    [
      "a commit for another receiver",
      () => problemOf({ ...job, kind: "commit-verification", receiver: address20("98") }),
      /commitVerification: not of message/,
    ],
  ];
  test.each(cases)("%s", (_what, find, problem) => {
    expect(find()).toMatch(problem);
  });
});
