import { parseAbi } from "viem";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import {
  type AuditedPrice,
  type ChainAudit,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { settableVolatilityFeedAbi } from "#shared/evm/abi/settable-volatility-feed.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { MarketLine } from "#shared/wire/shard-report.ts";

const feedAbi = parseAbi([
  "function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
]);

const PRICE_DECIMALS = 8;
const SLICE_DECIMALS = 18;

type RawSlice = Record<"expiry" | "a" | "b" | "rho" | "m" | "sigma" | "updatedAt", bigint>;

/** Prices by the feeds that the vault itself counts with, and the configured feed's volatility. */
export async function auditFeeds(
  reads: AuditView,
  o: { readonly setup: ShardSetup; readonly volatilityFeed: Address | null },
  blockMs: number,
): Promise<Pick<ChainAudit, "prices" | "volatility">> {
  const { settlement, underlyings, vault } = o.setup;
  const tokens = [settlement, ...underlyings].map(({ token }) => token);
  const [prices, slices] = await Promise.all([
    Promise.all(
      tokens.map((token) => reads.part(partKey("feed", token), () => priceOf(reads, vault, token))),
    ),
    o.volatilityFeed && slicesOf(reads, { feed: o.volatilityFeed, setup: o.setup, blockMs }),
  ]);
  const known = tokens.flatMap((token, at): [string, AuditedPrice][] => {
    const price = prices[at] ?? null;
    return price === null ? [] : [[token.toLowerCase(), price]];
  });
  return { prices: new Map(known), volatility: slices };
}

/** Null when the vault has no feed of the token. */
async function priceOf(
  { view }: AuditView,
  vault: Address,
  token: Address,
): Promise<AuditedPrice | null> {
  const call = { abi: shardVaultAbi, to: vault, name: "feedOf", args: [token] };
  const feed = await view<Address>(call);
  if (BigInt(feed) === 0n) return null;
  const round = { abi: feedAbi, to: feed, name: "latestRoundData" };
  const [, answer = 0n, , updatedAt = 0n] = await view<readonly bigint[]>(round);
  const priceUsd = unitsFromRaw(answer, PRICE_DECIMALS);
  return { priceUsd, updatedAtMs: Number(updatedAt) * 1000 };
}

/** Slices that have not expired, ascending by expiry, by token in lower case. */
async function slicesOf(
  { view, part }: AuditView,
  o: { readonly feed: Address; readonly setup: ShardSetup; readonly blockMs: number },
): Promise<Map<string, MarketLine["volatility"]>> {
  const answers = o.setup.underlyings.map(
    async ({ token }): Promise<[string, MarketLine["volatility"]][]> => {
      const call = { abi: settableVolatilityFeedAbi, to: o.feed, name: "slices", args: [token] };
      const found = await part(partKey("volatility", token), async () =>
        (await view<readonly RawSlice[]>(call)).map(sliceOf),
      );
      if (found === null) return [];
      const slices = found
        .filter(({ expiryMs }) => expiryMs > o.blockMs)
        .sort((one, other) => one.expiryMs - other.expiryMs);
      return [[token.toLowerCase(), slices]];
    },
  );
  return new Map((await Promise.all(answers)).flat());
}

function sliceOf({ expiry, a, b, rho, m, sigma, updatedAt }: RawSlice) {
  const units = (raw: bigint) => unitsFromRaw(raw, SLICE_DECIMALS);
  return {
    expiryMs: Number(expiry) * 1000,
    a: units(a),
    b: units(b),
    rho: units(rho),
    m: units(m),
    sigma: units(sigma),
    updatedAtMs: Number(updatedAt) * 1000,
  };
}
