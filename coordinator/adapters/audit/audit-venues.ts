import { aaveLines, curieLines } from "#coordinator/adapters/audit/audit-accounts.ts";
import { lyraLines } from "#coordinator/adapters/audit/audit-options.ts";
import { poolLines } from "#coordinator/adapters/audit/audit-pools.ts";
import type { AuditView } from "#coordinator/adapters/audit/audit-view.ts";
import type {
  AuditedVenues,
  AuditQuestions,
  ProvedLine,
} from "#coordinator/records/safety/chain-audit.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { aaveV3AdapterAbi } from "#shared/evm/abi/aave-v3-adapter.ts";
import { curieAdapterAbi } from "#shared/evm/abi/curie-adapter.ts";
import { lyraV1AdapterAbi } from "#shared/evm/abi/lyra-v1-adapter.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { Address } from "#shared/units/ids.ts";

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
  const [lines, pools, held] = await Promise.all([
    Promise.all(accounts.map((adapter) => accountLines(reads, setup, adapter, o))),
    poolLines(reads, o.asked.pools),
    Promise.all(tokens.map((token) => heldRaw(reads, accounts, token))),
  ]);
  const knowsLongs =
    o.lyraViewer !== null || !accounts.some((one) => o.kinds.get(one) === "options");
  return {
    accounts,
    lines: [...lines.flat(), ...pools],
    heldRaw: new Map(tokens.map((token, at) => [token.toLowerCase(), held[at] ?? 0n])),
    knowsLongs,
  };
}

async function accountLines(
  reads: AuditView,
  setup: ShardSetup,
  adapter: Address,
  o: VenueAuditOptions & { readonly asked: AuditQuestions },
): Promise<ProvedLine[]> {
  const kind = await kindOf(reads, o.kinds, adapter);
  if (kind === "lending") return aaveLines(reads, setup, adapter);
  if (kind === "perps") return curieLines(reads, setup, { adapter, claimed: o.asked.perpMarkets });
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
  kinds.set(adapter, found);
  return found;
}

async function heldRaw(
  { view }: AuditView,
  accounts: readonly Address[],
  token: Address,
): Promise<bigint> {
  const call = { abi: aaveV3AdapterAbi, name: "held", args: [token] };
  const amounts = await Promise.all(accounts.map((to) => view<bigint>({ ...call, to })));
  return amounts.reduce((sum, one) => sum + one, 0n);
}
