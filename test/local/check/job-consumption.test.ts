import { encodeErrorResult, encodeFunctionData } from "viem";
import { describe, expect, test } from "vitest";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { address, hash, sourceHistory, targetHistory } from "#test/local/check/example-world.ts";
import { jobConsumption } from "#test/local/check/job-consumption.ts";
import { errorName, jobIdOfCall } from "#test/local/check/reverted-attempts.ts";

const attempt = { blockNumber: 8, transactionHash: hash(8), from: address(6), gasWei: 1n };

describe("jobConsumption", () => {
  test("finds nothing wrong when every id was consumed once", () => {
    expect(jobConsumption([sourceHistory(), targetHistory()])).toMatchObject({
      consumed: 2,
      repeated: [],
    });
  });

  test("finds an id that two vaults consumed", () => {
    const [first] = sourceHistory().consumed;
    const target = { ...targetHistory(), consumed: first === undefined ? [] : [first] };
    expect(jobConsumption([sourceHistory(), target]).repeated).toEqual([hash(1)]);
  });

  test("tells replays of consumed mandates from other reverted transactions", () => {
    const reverted = [
      { ...attempt, jobId: hash(1), reason: "ShardVault_AlreadyConsumed" },
      { ...attempt, jobId: hash(2), reason: "ShardVault_Expired" },
      { ...attempt, jobId: hash(99), reason: "ShardVault_Expired" },
      { ...attempt, jobId: null, reason: "ShardVault_WrongEpoch" },
    ];
    expect(jobConsumption([{ ...sourceHistory(), reverted }])).toMatchObject({
      replaysReverted: 2,
      replayReasons: { ShardVault_AlreadyConsumed: 1, ShardVault_Expired: 1 },
      otherReverted: 2,
      otherReasons: { ShardVault_Expired: 1, ShardVault_WrongEpoch: 1 },
    });
  });
});

describe("reverted attempts", () => {
  const mandate = {
    jobId: hash(5),
    epoch: 1n,
    leader: address(1),
    shard: hash(0),
    action: 1,
    reportSetHash: hash(0),
    notBefore: 0n,
    deadline: 1n,
    maxFeeNative: 0n,
    paramsHash: hash(0),
  };
  const params = {
    venue: address(1),
    pool: address(2),
    assetIn: address(3),
    assetOut: address(4),
    amountIn: 1n,
    minAmountOut: 1n,
    minCapitalAfter: 0n,
  };

  test("know the job a call was for", () => {
    const swap = {
      abi: shardVaultAbi,
      functionName: "executeSwap",
      args: [mandate, params, []],
    } as const;
    expect(jobIdOfCall(encodeFunctionData(swap))).toBe(hash(5));
    const other = {
      abi: shardVaultAbi,
      functionName: "payOption",
      args: [address(1), 1n],
    } as const;
    expect(jobIdOfCall(encodeFunctionData(other))).toBeNull();
    expect(jobIdOfCall("0x12345678")).toBeNull();
  });

  test("know the vault's reason", () => {
    const error = {
      abi: shardVaultAbi,
      errorName: "ShardVault_AlreadyConsumed",
      args: [hash(5)],
    } as const;
    expect(errorName(encodeErrorResult(error))).toBe("ShardVault_AlreadyConsumed");
    const plain = encodeErrorResult({
      abi: [{ type: "error", name: "Error", inputs: [{ type: "string", name: "reason" }] }],
      errorName: "Error",
      args: ["Too little received"],
    });
    expect(errorName(plain)).toBe("Too little received");
    expect(errorName("0x12345678")).toBe("unknown 0x12345678");
    expect(errorName(undefined)).toBe("out of gas or no reason");
  });
});
