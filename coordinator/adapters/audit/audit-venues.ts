import type { ContractFunctionReturnType } from "viem";
import { aaveLines, curieLines } from "#coordinator/adapters/audit/audit-accounts.ts";
import { lyraLines } from "#coordinator/adapters/audit/audit-options.ts";
import { poolLines } from "#coordinator/adapters/audit/audit-pools.ts";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import {
  type AuditedVenues,
  type AuditQuestions,
  type ProvedLine,
  partKey,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { aaveV3AdapterAbi } from "#shared/evm/abi/aave-v3-adapter.ts";
import { curieAdapterAbi } from "#shared/evm/abi/curie-adapter.ts";
import { lyraV1AdapterAbi } from "#shared/evm/abi/lyra-v1-adapter.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Address } from "#shared/units/ids.ts";
import type { Caps } from "#shared/wire/report-caps.ts";

type CapsLeft = ContractFunctionReturnType<typeof venueDeskAbi, "view", "capsLeft">;

/** What an account is, told by what only such an account answers. */
const KINDS = [
  { kind: "lending", abi: aaveV3AdapterAbi, name: "pool" },
  { kind: "perps", abi: curieAdapterAbi, name: "clearingHouse" },
  { kind: "options", abi: lyraV1AdapterAbi, name: "market" },
] as const;
type AccountKind = (typeof KINDS)[number]["kind"] | "other";

export type VenueAuditOptions = {
  /** Lyra's viewer; null: options held there are not looked at. */
  readonly lyraViewer: Address | null;
  /** Kinds of the accounts that were looked at, which never change. Filled here. */
  readonly kinds: Map<Address, AccountKind>;
};

/**
 * Everything the vault has at venues, beginning with the vault: its desk lists the accounts, and each account names
 * its venue. Nothing of it is taken from a report.
 */
export async function auditVenues(
  reads: AuditView,
  setup: ShardSetup,
  o: VenueAuditOptions & { readonly asked: AuditQuestions },
): Promise<AuditedVenues & { readonly accounts: readonly Address[] }> {
  const { view } = reads;
  const desk = await view<Address>({ abi: shardVaultAbi, to: setup.vault, name: "venueDesk" });
  const call = { abi: venueDeskAbi, to: desk, name: "positionVenues" };
  const accounts = BigInt(desk) === 0n ? [] : await view<readonly Address[]>(call);
  const tokens = [setup.settlement, ...setup.underlyings].map(({ token }) => token);
  const seen = accounts.map((adapter) =>
    reads.part(partKey("account", adapter), async () => {
      const [lines, heldRaw] = await Promise.all([
        accountLines(reads, setup, { ...o, adapter, desk }),
        Promise.all(tokens.map((token) => heldIn(reads, adapter, token))),
      ]);
      return { lines, heldRaw };
    }),
  );
  const [found, pools, caps] = await Promise.all([
    Promise.all(seen),
    poolLines(reads, setup.vault, o.asked.pools),
    capsLeft(reads, desk),
  ]);
  const known = found.filter((one) => one !== null);
  const knowsLongs =
    o.lyraViewer !== null || !accounts.some((one) => o.kinds.get(one) === "options");
  return {
    accounts,
    lines: [...known.flatMap(({ lines }) => lines), ...pools],
    heldRaw: new Map(
      tokens.map((token, at) => {
        const heldRaw = known.reduce((sum, one) => sum + (one.heldRaw[at] ?? 0n), 0n);
        return [token.toLowerCase(), heldRaw];
      }),
    ),
    knowsLongs,
    caps,
  };
}

/** Null without a desk, where it does not tell, or could not be seen. */
function capsLeft({ tryView, part }: AuditView, desk: Address): Promise<Caps | null> {
  if (BigInt(desk) === 0n) return Promise.resolve(null);
  return part(partKey("caps"), async () => {
    const call = { abi: venueDeskAbi, to: desk, name: "capsLeft" };
    const found = await tryView<CapsLeft>(call);
    if (found === null) return null;
    const { trades, transfers, venues } = found;
    return {
      tradesLeftRaw: trades.toString(),
      transfersLeftRaw: transfers.toString(),
      venues: venues.map(({ venue, left, mayGrow }) => {
        return { adapter: venue, leftRaw: left.toString(), mayGrow };
      }),
    };
  });
}

async function accountLines(
  reads: AuditView,
  setup: ShardSetup,
  o: VenueAuditOptions & {
    readonly asked: AuditQuestions;
    readonly adapter: Address;
    readonly desk: Address;
  },
): Promise<ProvedLine[]> {
  const { adapter, desk } = o;
  const kind = await kindOf(reads, o.kinds, adapter);
  if (kind === "lending") return aaveLines(reads, setup, adapter);
  if (kind === "perps")
    return curieLines(reads, setup, { adapter, desk, claimed: o.asked.perpMarkets });
  return kind === "options" ? lyraLines(reads, setup, { adapter, viewer: o.lyraViewer }) : [];
}

async function kindOf(
  { tryView }: AuditView,
  kinds: VenueAuditOptions["kinds"],
  adapter: Address,
): Promise<AccountKind> {
  const known = kinds.get(adapter);
  if (known !== undefined) return known;
  const answers = await Promise.all(
    KINDS.map(({ abi, name }) => tryView<Address>({ abi, to: adapter, name })),
  );
  const found = KINDS[answers.findIndex((one) => one !== null)]?.kind ?? "other";
  // Not kept where nothing answered: an account that cannot be read now is not of another kind for ever.
  if (found !== "other") kinds.set(adapter, found);
  return found;
}

function heldIn({ view }: AuditView, account: Address, token: Address): Promise<bigint> {
  return view<bigint>({ abi: aaveV3AdapterAbi, to: account, name: "held", args: [token] });
}
