import { createPublicClient, custom } from "viem";
import { expect, test } from "vitest";
import { auditAt } from "#coordinator/adapters/audit/viem-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Address } from "#shared/units/ids.ts";

const REPLACED = `0x${"11".repeat(32)}` as const;
const INSTEAD = `0x${"22".repeat(32)}` as const;
const ANY: Address = `0x${"aa".repeat(20)}`;
const TARGET = {
  setup: { vault: ANY, settlement: { token: ANY }, underlyings: [] } as unknown as ShardSetup,
  optionBook: ANY,
  volatilityFeed: null,
  quoter: null,
  lyraViewer: null,
  kinds: new Map(),
};

test("a block that was replaced since is not looked at: what is credited in its place is another chain's", async () => {
  const asked: string[] = [];
  const request = ({ method }: { readonly method: string }) => {
    asked.push(method);
    const hash = method === "eth_getBlockByHash" ? REPLACED : INSTEAD;
    return Promise.resolve({ hash, number: "0x10", timestamp: "0x10" });
  };
  const rpc = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
  const none = { jobIds: [], credits: [], perpMarkets: [], pools: [], depth: [], perpDepth: [] };
  expect(await auditAt(rpc, TARGET, REPLACED, none)).toBeUndefined();
  expect(asked).toEqual(["eth_getBlockByHash", "eth_getBlockByNumber"]);
});
