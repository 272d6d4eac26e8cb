import { type Address, type Hex, zeroAddress } from "viem";
import {
  type ChainHistory,
  isSameAddress,
  sumRaw,
} from "#test/local/check/accounts/chain-history.ts";

/** The settlement asset over all chains, raw units (all chains use the same decimals). */
export type SupplyAccount = {
  /** Supply when the world began; zero unless a chain was forked with it. */
  readonly openingRaw: bigint;
  /** Created other than by a delivery, destroyed other than by a sending. */
  readonly mintedRaw: bigint;
  readonly burntRaw: bigint;
  readonly closingRaw: bigint;
  readonly inTransitRaw: bigint;
  /** closing + in transit - (opening + minted - burnt); exactly 0. */
  readonly differenceRaw: bigint;
  readonly sent: number;
  readonly delivered: number;
  readonly inTransitGuids: readonly Hex[];
  /** A delivery without a sending, of another amount, or twice. */
  readonly faults: readonly string[];
};

/** Adds up supply, sendings and deliveries of all chains, matching the last two by guid. */
export function supplyAccount(histories: readonly ChainHistory[]): SupplyAccount {
  const sent = histories.flatMap((h) => h.oftSent);
  const received = histories.flatMap((h) => h.oftReceived);
  const delivered = new Set(received.map((r) => r.guid));
  const inTransit = sent.filter((s) => !delivered.has(s.guid));
  const faults = deliveryFaults(histories);
  const created = sumOver(histories, (h) => transfersOf(h, (from) => isZero(from)));
  const destroyed = sumOver(histories, (h) => transfersOf(h, (_, to) => isZero(to)));
  const mintedRaw = created - sumRaw(received, (r) => r.amount);
  const burntRaw = destroyed - sumRaw(sent, (s) => s.amountSent);
  const openingRaw = sumOver(histories, (h) => h.supply.openingRaw);
  const closingRaw = sumOver(histories, (h) => h.supply.closingRaw);
  const inTransitRaw = sumRaw(inTransit, (s) => s.amountToReceive);
  if (mintedRaw < 0n) faults.push(`deliveries exceed what was created by ${-mintedRaw}`);
  if (burntRaw < 0n) faults.push(`sendings exceed what was destroyed by ${-burntRaw}`);
  return {
    openingRaw,
    mintedRaw,
    burntRaw,
    closingRaw,
    inTransitRaw,
    differenceRaw: closingRaw + inTransitRaw - (openingRaw + mintedRaw - burntRaw),
    sent: sent.length,
    delivered: received.length,
    inTransitGuids: inTransit.map((s) => s.guid),
    faults,
  };
}

function deliveryFaults(histories: readonly ChainHistory[]): string[] {
  const sent = new Map(histories.flatMap((h) => h.oftSent).map((s) => [s.guid, s]));
  const seen = new Set<Hex>();
  const faults: string[] = [];
  for (const history of histories) {
    for (const delivery of history.oftReceived) {
      const origin = sent.get(delivery.guid);
      const name = `${history.shard}: delivery ${delivery.guid}`;
      if (seen.has(delivery.guid)) faults.push(`${name} happened more than once`);
      seen.add(delivery.guid);
      if (origin === undefined) faults.push(`${name} was never sent`);
      else if (origin.amountToReceive !== delivery.amount) {
        faults.push(`${name} credited ${delivery.amount}, sent was ${origin.amountToReceive}`);
      }
    }
  }
  return faults;
}

function transfersOf(
  history: ChainHistory,
  matches: (from: Address, to: Address) => boolean,
): bigint {
  const own = history.tokenTransfers.filter((t) => isSameAddress(t.token, history.settlementToken));
  return sumRaw(own, (t) => (matches(t.from, t.to) ? t.amount : 0n));
}

function sumOver(
  histories: readonly ChainHistory[],
  amountOf: (history: ChainHistory) => bigint,
): bigint {
  return sumRaw(histories, amountOf);
}

function isZero(address: Address): boolean {
  return address === zeroAddress;
}
