import { encodePacked, keccak256, parseAbi } from "viem";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import { lineKey, type ProvedLine } from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { lyraV1AdapterAbi } from "#shared/evm/abi/lyra-v1-adapter.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

const lyraAbi = parseAbi([
  "struct Addresses { address liquidityPool; address liquidityToken; address greekCache; address optionMarket; address optionMarketPricer; address optionToken; address shortCollateral; address poolHedger; address quoteAsset; address baseAsset; }",
  "function marketAddresses(address market) view returns (Addresses)",
  "struct Position { uint256 positionId; uint256 strikeId; uint8 optionType; uint256 amount; uint256 collateral; uint8 state; }",
  "function getOptionPositions(uint256[] positionIds) view returns (Position[])",
  "function getStrikeAndExpiry(uint256 strikeId) view returns (uint256 strikePrice, uint256 expiry)",
]);

const POSITION_ACTIVE = 1;
const LONG_CALL = 0;
const WAD_DECIMALS = 18;

type Position = {
  readonly strikeId: bigint;
  readonly optionType: number;
  readonly amount: bigint;
  readonly state: number;
};

/**
 * Cash and longs of the vault's account at a Lyra V1 market.
 *
 * @param viewer Lyra's own, which knows the market's contracts; null: the longs are left out.
 */
export async function lyraLines(
  reads: AuditView,
  setup: ShardSetup,
  o: { readonly adapter: Address; readonly viewer: Address | null },
): Promise<ProvedLine[]> {
  const { adapter, viewer } = o;
  const { view } = reads;
  const { settlement } = setup;
  const own = <T>(name: string) => view<T>({ abi: lyraV1AdapterAbi, to: adapter, name });
  const [market, ids, cashRaw] = await Promise.all([
    own<Address>("market"),
    own<readonly bigint[]>("openPositions"),
    view<bigint>({ abi: erc20Abi, to: settlement.token, name: "balanceOf", args: [adapter] }),
  ]);
  const fields = { cashRaw: cashRaw.toString() };
  const isEmpty = cashRaw === 0n && ids.length === 0;
  const key = lineKey(adapter, market);
  const account: ProvedLine = { list: "optionMarkets", key, fields, isEmpty };
  if (viewer === null) return [account];
  const read = <T>(to: Address, name: string, args: readonly unknown[]) =>
    view<T>({ abi: lyraAbi, to, name, args });
  const { optionToken } = await read<{ optionToken: Address }>(viewer, "marketAddresses", [market]);
  const positions = await read<readonly Position[]>(optionToken, "getOptionPositions", [ids]);
  const longs = positions
    .filter(({ state }) => state === POSITION_ACTIVE)
    .map(async ({ strikeId, optionType, amount }): Promise<ProvedLine> => {
      const terms = await read<readonly bigint[]>(market, "getStrikeAndExpiry", [strikeId]);
      const [strike = 0n, expiry = 0n] = terms;
      const isCall = optionType === LONG_CALL;
      const underlying = await underlyingOf(reads, setup, { adapter, market, strikeId, isCall });
      const type = isCall ? "call" : "put";
      const long = {
        ...underlying,
        type,
        strikeUsd: unitsFromRaw(strike, WAD_DECIMALS),
        expiryMs: Number(expiry) * 1000,
        quantity: unitsFromRaw(amount, WAD_DECIMALS),
      };
      const seriesKey = lineKey(seriesIdOf(market, strikeId, type));
      return { list: "longs", key: seriesKey, fields: long, isEmpty: amount === 0n };
    });
  return [account, ...(await Promise.all(longs))];
}

/** What the account trades options on; nothing while the market is stale, when it does not say. */
async function underlyingOf(
  { tryView }: AuditView,
  { underlyings }: ShardSetup,
  o: {
    readonly adapter: Address;
    readonly market: Address;
    readonly strikeId: bigint;
    readonly isCall: boolean;
  },
): Promise<{ underlying?: string | null }> {
  const args = [o.market, o.strikeId, o.isCall];
  const call = { abi: lyraV1AdapterAbi, to: o.adapter, name: "termsOf", args };
  const terms = await tryView<{ readonly underlying: Address }>(call);
  if (terms === null) return {};
  const token = terms.underlying.toLowerCase();
  const known = underlyings.find((one) => one.token.toLowerCase() === token);
  return { underlying: known?.ticker ?? null };
}

/** Id of a series in book lines (docs/adding-a-venue.md). */
function seriesIdOf(market: Address, strikeId: bigint, type: "call" | "put"): Address {
  const types = ["string", "address", "uint256", "bool"] as const;
  return keccak256(encodePacked(types, ["lyra-v1", market, strikeId, type === "call"]));
}
