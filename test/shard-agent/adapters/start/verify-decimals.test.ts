import { expect, test } from "vitest";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { decimalsMismatches } from "#shard-agent/adapters/start/verify-decimals.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const CLAIMS = {
  settlement: { token: address20("05"), decimals: 6 },
  underlyings: [
    { token: address20("e0"), decimals: 18 },
    { token: address20("b0"), decimals: 8 },
  ],
};
const ON_CHAIN = new Map<string, number>([
  [CLAIMS.settlement.token, 6],
  [address20("e0"), 18],
  [address20("b0"), 8],
]);

/** Tokens that answer `decimals`. */
const RPC: RpcClient = {
  ask: async (_method, [call]) => {
    const decimals = ON_CHAIN.get((call as { to: string }).to) ?? 0;
    return { ok: true, result: `0x${decimals.toString(16).padStart(64, "0")}` };
  },
  request: () => Promise.reject(new Error("not used")),
};

test("decimals that are the tokens' own are right", async () => {
  expect((await decimalsMismatches(RPC, CLAIMS)).filter((line) => line !== null)).toEqual([]);
});

test("every token whose decimals are others is named, with both numbers", async () => {
  const [eth, btc] = CLAIMS.underlyings;
  const claims = {
    settlement: { ...CLAIMS.settlement, decimals: 18 },
    underlyings: [eth, { ...btc, token: address20("b0"), decimals: 18 }],
  } as typeof CLAIMS;
  expect((await decimalsMismatches(RPC, claims)).filter((line) => line !== null)).toEqual([
    expect.stringMatching(/^settlement\.decimals: must be 6 .*; found 18$/),
    expect.stringMatching(/^underlyings\[1\]\.decimals: must be 8 .*; found 18$/),
  ]);
});
