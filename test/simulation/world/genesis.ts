import type { Address, Hex } from "#shared/units/ids.ts";
import type { DeskGenesis } from "#test/simulation/desk/desk-genesis.ts";
import type { DeskState } from "#test/simulation/desk/desk-state.ts";
import type { Random } from "#test/simulation/engine/random.ts";
import type { ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import type { Site } from "#test/simulation/world/site.ts";

const NOBODY: Address = `0x${"00".repeat(20)}`;

/** A vault with some cash and hedges, a feed with one round, nobody leading. */
export function genesisOf(o: {
  readonly startMs: number;
  readonly cashUsd: number;
  readonly hedgeUnits: number;
  readonly senders: readonly Address[];
  readonly accounts: DeskGenesis;
}): ShardState {
  const updatedAtMs = Math.floor(o.startMs / 1000) * 1000;
  const empty = { levelRaw: 0n, updatedAtSeconds: updatedAtMs / 1000 };
  return {
    epoch: 0,
    leader: NOBODY,
    consumed: new Set(),
    settlementRaw: BigInt(Math.round(o.cashUsd)) * 10n ** 6n,
    hedgeRaw: BigInt(o.hedgeUnits) * 10n ** 18n,
    desk: deskOf(o.accounts, updatedAtMs / 1000),
    poolRefuses: null,
    swapWindow: empty,
    transferWindow: empty,
    rounds: [{ priceE8: 2_000n * 10n ** 8n, roundId: 1n, updatedAtMs }],
    settlementUpdatedAtMs: updatedAtMs,
    volatilityUpdatedAtMs: updatedAtMs,
    series: [],
    outboundNonces: new Map(),
    received: new Set(),
    messages: new Map(),
    nonces: new Map(),
    gasWei: new Map(o.senders.map((sender) => [sender, 10n ** 21n])),
  };
}

/** Accounts with the positions that are given, and nothing else in them. */
function deskOf({ caps, strikes, longs, perp }: DeskGenesis, fundedAtSeconds: number): DeskState {
  return {
    suppliedRaw: 0n,
    perp: { ...perp, fundingE18: 0n, ratePerDayE18: 0n, fundedAtSeconds },
    options: { cashRaw: 0n, longs, strikes, ended: new Map() },
    caps,
    placedRaw: { aave: 0n, curie: perp.marginRaw, lyra: 0n },
    isClosed: false,
  };
}

export function rulesOf(
  site: Site,
  sites: readonly Site[],
  signer: Address,
  random: Random,
): Omit<VaultRules, "takesTwice" | "ignoresCaps"> {
  const sisters = new Map<number, Hex>(
    sites
      .filter((one) => one !== site)
      .map((one) => [one.endpointId, `0x${one.vault.slice(2).padStart(64, "0")}`]),
  );
  const tokens = new Map(sites.map((one) => [one.endpointId, one.settlementToken]));
  return { site, signer, sisters, tokens, poolPremium: random.between(-0.0005, 0.0005) };
}
