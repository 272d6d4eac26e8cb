import { encodeAbiParameters, type Hex, pad, toFunctionSelector } from "viem";
import { expect, test } from "vitest";
import {
  routeQuoteOptions,
  routeQuoteReader,
} from "#shard-agent/adapters/reads/viem-route-quotes.ts";
import type { RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { RetryableError } from "#shared/errors.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const SISTER_VAULT = toFunctionSelector("function sisterVault(uint32)");
const VAULT = address20("01");
const TOKEN = address20("a0");
const ARBITRUM = 30_110;
const BASE = 30_184;
/** Type 3, executor, lzReceive of 200,000 gas: what the vault itself builds. */
const OPTIONS = "00030100110100000000000000000000000000030d40";

type Quote = bigint | "reverts" | "silent";

/** A chain whose vault has sisters and whose token quotes as told; every call is kept. */
function chainWith(quotes: ReadonlyMap<number, Quote>) {
  const calls: { readonly to: string; readonly data: Hex; readonly at: unknown }[] = [];
  const told = new Map(quotes);
  const ask = async (_method: string, params: readonly unknown[]): Promise<RpcAnswer> => {
    const [{ to, data }, at] = params as [{ to: string; data: Hex }, unknown];
    calls.push({ to, data, at });
    if (data.startsWith(SISTER_VAULT)) {
      const eid = Number(`0x${data.slice(10, 74)}`);
      const sister = quotes.has(eid) ? pad(address20("fa")) : pad("0x00");
      return { ok: true, result: sister };
    }
    // The message follows the offset, the flag and its own first word.
    const eid = Number(`0x${data.slice(10 + 128, 10 + 192)}`);
    const quote = told.get(eid) ?? "reverts";
    if (quote === "silent") throw new RetryableError("rpc-unreachable", "no node answers");
    if (quote === "reverts")
      return { ok: false, failure: { code: 3, message: "execution reverted", data: "0x" } };
    const types = [{ type: "uint256" }, { type: "uint256" }] as const;
    return { ok: true, result: encodeAbiParameters(types, [quote, 0n]) };
  };
  const request = () => Promise.reject(new Error("only calls are expected"));
  const rpc: RpcClient = { ask, request };
  return { rpc, calls, told };
}

const options = routeQuoteOptions({
  endpointId: 30_101,
  routes: { lzReceiveGas: 200_000 },
  settlement: { decimals: 6 },
});
const { block } = aSnapshot();

test("every sister vault is a route with the fee of the message a job would send, at the report's block", async () => {
  const { rpc, calls } = chainWith(
    new Map([
      [ARBITRUM, 7n],
      [BASE, 10n ** 15n],
    ]),
  );
  const read = routeQuoteReader(rpc, { vault: VAULT, token: TOKEN }, options);
  const open = { lzReceiveGas: 200_000, gasUnits: 700_000, acceptsTransfers: true, reason: null };
  expect(await read(block)).toEqual([
    { dstEid: ARBITRUM, feeNativeWei: "7", ...open },
    { dstEid: BASE, feeNativeWei: "1000000000000000", ...open },
  ]);
  expect(calls.every(({ at }) => (at as { blockHash: Hex }).blockHash === block.hash)).toBe(true);
  const quotes = calls.filter(({ to }) => to === TOKEN);
  expect(quotes).toHaveLength(2);
  for (const { data } of quotes) {
    expect(data).toContain(OPTIONS);
    expect(data).toContain(address20("fa").slice(2));
  }
});

test("a refused message closes its route, a silent node leaves it open without a fee, and both say why", async () => {
  const { rpc } = chainWith(
    new Map<number, Quote>([
      [ARBITRUM, "reverts"],
      [BASE, "silent"],
    ]),
  );
  const read = routeQuoteReader(rpc, { vault: VAULT, token: TOKEN }, options);
  expect(await read(block)).toMatchObject([
    { dstEid: ARBITRUM, feeNativeWei: null, acceptsTransfers: false, reason: "quoteSend reverts" },
    {
      dstEid: BASE,
      feeNativeWei: null,
      acceptsTransfers: true,
      reason: "no node answers [rpc-unreachable]",
    },
  ]);
});

test("sister vaults are asked for once in a while, fees with every block", async () => {
  const { rpc, calls, told } = chainWith(new Map([[BASE, 5n]]));
  const read = routeQuoteReader(rpc, { vault: VAULT, token: TOKEN }, options);
  await read(block);
  const first = calls.length;
  told.set(BASE, 6n);
  const [route] = await read({ ...block, number: block.number + 1 });
  expect(route?.feeNativeWei).toBe("6");
  expect(calls.length - first).toBe(1);
  await read({ ...block, number: block.number + 1_000 });
  expect(calls.length - first).toBe(1 + first);
});

test("without an answer about sister vaults there are no routes, and the report goes on", async () => {
  const ask = () => Promise.reject(new RetryableError("rpc-unreachable", "no node answers"));
  const read = routeQuoteReader({ ask, request: ask }, { vault: VAULT, token: TOKEN }, options);
  expect(await read(block)).toEqual([]);
});
