import { decodeFunctionData, type Hex, padHex } from "viem";
import { expect, test } from "vitest";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import {
  type AccountClaims,
  accountMismatches,
} from "#shard-agent/adapters/start/verify-accounts.ts";
import { curieAdapterAbi } from "#shared/evm/abi/curie-adapter.ts";
import type { Address } from "#shared/units/ids.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const DESK = address20("0d");
const HOUSE = address20("c0");
const WETH = address20("e0");
const CLAIMS: AccountClaims = {
  positionVenues: {
    aaveV3: { adapter: address20("7a") },
    lyraV1: null,
    curie: {
      adapter: address20("7c"),
      clearingHouse: HOUSE,
      markets: [{ market: address20("7d"), underlying: "ETH" }],
    },
  },
  underlyings: [{ ticker: "ETH", token: WETH }],
};

/** Accounts that answer `desk`, `clearingHouse` and `underlyingOf` with these. */
function accounts(o: { desk?: Address; house?: Address; token?: Address } = {}): RpcClient {
  const answers: Readonly<Record<string, Address>> = {
    desk: o.desk ?? DESK,
    clearingHouse: o.house ?? HOUSE,
    underlyingOf: o.token ?? WETH,
  };
  const ask: RpcClient["ask"] = async (_method, [call]) => {
    const { data } = call as { data: Hex };
    const { functionName } = decodeFunctionData({ abi: curieAdapterAbi, data });
    return { ok: true, result: padHex(answers[functionName] ?? "0x00") };
  };
  return { ask, request: () => Promise.reject(new Error("not used")) };
}

async function faults(rpc: RpcClient, claims = CLAIMS): Promise<string[]> {
  const lines = await accountMismatches(rpc, claims, DESK);
  return lines.filter((line) => line !== null);
}

test("accounts of the vault's desk, at the house and in the markets named, are right", async () => {
  expect(await faults(accounts())).toEqual([]);
  expect(
    await faults(accounts({ desk: address20("0e") }), { ...CLAIMS, positionVenues: null }),
  ).toEqual([]);
});

test("every account that obeys another desk is named", async () => {
  expect(await faults(accounts({ desk: address20("0e") }))).toEqual([
    expect.stringContaining("positionVenues.aaveV3.adapter, its desk"),
    expect.stringContaining("positionVenues.curie.adapter, its desk"),
  ]);
});

test("an account at another house, and a market of another underlying, are named", async () => {
  expect(await faults(accounts({ house: address20("c9"), token: address20("b0") }))).toEqual([
    expect.stringContaining("positionVenues.curie.clearingHouse"),
    expect.stringContaining("positionVenues.curie.markets[0].underlying"),
  ]);
});
