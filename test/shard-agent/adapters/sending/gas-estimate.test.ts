import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { estimateGas } from "#shard-agent/adapters/sending/gas-estimate.ts";

const gas = (amount: number): RpcAnswer => ({ ok: true, result: `0x${amount.toString(16)}` });
const fails = (message: string, code = -32000): RpcAnswer => {
  return { ok: false, failure: { code, message, data: null } };
};
const REVERT = fails("execution reverted: too late");
const ILL = fails("limit of requests reached", -32005);

function node(answer: RpcAnswer, delayMs = 0): RpcClient {
  const ask = async () => {
    if (delayMs > 0) await delay(delayMs);
    return answer;
  };
  return { ask, request: () => Promise.reject(new Error("not asked for")) };
}

const of = (answers: readonly RpcAnswer[], quorum = Math.floor(answers.length / 2) + 1) =>
  estimateGas({ nodes: answers.map((answer) => node(answer)), quorum }, {});

describe("an estimate of gas", () => {
  test("is the only endpoint's, where there is one", async () => {
    expect(await of([gas(100_000)])).toEqual({ kind: "gas", gas: 100_000n });
    expect(await of([REVERT])).toMatchObject({ kind: "reverted" });
    await expect(of([ILL])).rejects.toMatchObject({ code: "rpc-failed" });
  });

  test.each([
    ["too low", [gas(21_000), gas(100_000), gas(101_000)], 100_000n],
    ["absurdly high", [gas(100_000), gas(900_000_000), gas(101_000)], 101_000n],
    ["a revert", [gas(100_000), REVERT, gas(101_000)], 101_000n],
    ["nonsense", [gas(100_000), { ok: true, result: "many" }, gas(90_000)], 100_000n],
    ["zero", [gas(100_000), gas(0), gas(90_000)], 100_000n],
    ["an illness", [gas(100_000), ILL, gas(90_000)], 100_000n],
  ] as const)("of three is not for one that answers %s", async (_name, answers, expected) => {
    expect(await of(answers)).toEqual({ kind: "gas", gas: expected });
  });

  test("is between what honest endpoints say, whatever a minority says and in whatever order they answer", async () => {
    const honest = fc.integer({ min: 100_000, max: 150_000 });
    const lie = fc.oneof(fc.integer({ min: 0, max: 2 ** 40 }).map(gas), fc.constant(REVERT));
    const group = fc.tuple(
      fc.array(honest, { minLength: 3, maxLength: 3 }),
      fc.array(lie, { maxLength: 2 }),
    );
    const order = fc.array(fc.nat(3), { minLength: 5, maxLength: 5 });
    const check = async ([good, bad]: [number[], RpcAnswer[]], delays: number[]) => {
      const answers = [...good.map(gas), ...bad];
      const nodes = answers.map((answer, at) => node(answer, delays[at]));
      const found = await estimateGas({ nodes, quorum: Math.floor(nodes.length / 2) + 1 }, {});
      expect(found.kind).toBe("gas");
      if (found.kind !== "gas") return;
      expect(Number(found.gas)).toBeGreaterThanOrEqual(Math.min(...good));
      expect(Number(found.gas)).toBeLessThanOrEqual(Math.max(...good));
    };
    await fc.assert(fc.asyncProperty(group, order, check), { numRuns: 40 });
  });

  test("is no verdict where endpoints are divided: it is asked again", async () => {
    await expect(of([gas(100_000), REVERT])).rejects.toMatchObject({ code: "rpc-quorum" });
    await expect(of([gas(100_000), ILL, REVERT])).rejects.toMatchObject({ code: "rpc-quorum" });
    await expect(of([ILL, ILL, gas(100_000)])).rejects.toThrow(/limit of requests reached/);
  });

  test("waits for the third where two are far apart, and for nobody long where they are alike", async () => {
    const slow = node(gas(101_000), 300);
    const apart = { nodes: [node(gas(100_000)), node(gas(5_000_000)), slow], quorum: 2 };
    expect(await estimateGas(apart, {})).toEqual({ kind: "gas", gas: 101_000n });
    const hangs = node(gas(101_000), 60_000);
    const alike = { nodes: [node(gas(100_000)), node(gas(102_000)), hangs], quorum: 2 };
    expect(await estimateGas(alike, {})).toEqual({ kind: "gas", gas: 102_000n });
  });

  test("tells a sender without coins from a call that reverts", async () => {
    const poor = fails("insufficient funds for transfer");
    expect(await of([poor, poor, gas(1)])).toMatchObject({ kind: "unfunded" });
    expect(await of([poor, REVERT, REVERT])).toMatchObject({ kind: "reverted" });
  });
});
