import {
  type Abi,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeFunctionResult,
} from "viem";
import { expect, test } from "vitest";
import { auditAt } from "#coordinator/adapters/audit/viem-audit.ts";
import { partKey } from "#coordinator/records/safety/chain-audit.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Address } from "#shared/units/ids.ts";
import { aShardSetup } from "#test/support/coordinator/coordinator-pass.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const BLOCK = `0x${"11".repeat(32)}` as const;
const NONE = { jobIds: [], credits: [], perpMarkets: [], pools: [], depth: [], perpDepth: [] };
const SETUP = aShardSetup("base");
const [DESK, BROKEN, BOOK, FEED] = ["d0", "b0", "b1", "f0"].map((one) => address20(one)) as [
  Address,
  Address,
  Address,
  Address,
];
const ZERO = address20("00");
const ANSWERS: Readonly<Record<string, unknown>> = {
  epoch: 3n,
  leader: FEED,
  paused: false,
  capital: 900n,
  liabilities: 100n,
  totalSupply: 12n,
  venueDesk: DESK,
  positionVenues: [BROKEN],
  liveSeries: [],
  balanceOf: 500n,
  feedOf: ZERO,
  capsLeft: { trades: 1n, transfers: 2n, venues: [] },
};
const ABI = [...shardVaultAbi, ...venueDeskAbi, ...optionBookAbi, ...erc20Abi] as Abi;

/** A node of a vault with one account, whose every call fails as `fails` says. */
function nodeWith(fails: (to: string, name: string) => Error | undefined) {
  const request = ({ method, params }: { method: string; params?: unknown }) => {
    if (method !== "eth_call")
      return Promise.resolve({ hash: BLOCK, number: "0x10", timestamp: "0x10" });
    const [{ to, data }] = params as [{ to: Address; data: `0x${string}` }];
    const name = nameOf(data);
    const error = fails(to.toLowerCase(), name);
    if (error !== undefined) return Promise.reject(error);
    return Promise.resolve(
      encodeFunctionResult({ abi: ABI, functionName: name, result: ANSWERS[name] }),
    );
  };
  return createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
}

function nameOf(data: `0x${string}`): string {
  try {
    return decodeFunctionData({ abi: ABI, data }).functionName;
  } catch {
    return "unknown";
  }
}

const revert = (): Error => Object.assign(new Error("execution reverted"), { code: 3 });
const TARGET = {
  setup: SETUP,
  optionBook: BOOK,
  volatilityFeed: null,
  quoter: null,
  lyraViewer: null,
};

test.each([
  ["reverts", revert()],
  ["makes the node give up", new Error("request timed out")],
])("an account that %s is not seen, all the rest of the book is", async (_, error) => {
  const rpc = nodeWith((to) => (to === BROKEN.toLowerCase() ? error : undefined));
  const audit = await auditAt(rpc, { ...TARGET, kinds: new Map() }, BLOCK, NONE);
  expect(audit).toMatchObject({ capitalRaw: 900n, sharesRaw: 12n });
  expect(audit?.balancesRaw.size).toBe(1 + SETUP.underlyings.length);
  expect(audit?.unseen).toEqual(new Set([partKey("account", BROKEN)]));
});

test("a figure of the vault that rests on others' contracts may be missing, its fence may not", async () => {
  const without = (name: string) =>
    auditAt(
      nodeWith((to, asked) =>
        asked === name || to === BROKEN.toLowerCase() ? revert() : undefined,
      ),
      { ...TARGET, kinds: new Map() },
      BLOCK,
      NONE,
    );
  expect(await without("capital")).toMatchObject({ capitalRaw: null, liabilitiesRaw: 100n });
  await expect(without("epoch")).rejects.toThrow();
});
