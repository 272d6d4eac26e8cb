import { leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { RouteLine } from "#shared/wire/route-line.ts";

export type RouteContext = {
  readonly policy: Policy;
  /** USD per native coin by ticker, for fee and gas. */
  readonly nativeUsd: ReadonlyMap<string, number>;
};

/** What a transfer from one shard to another costs in fees, and whether it may be made. */
export type RouteFee = {
  /** LayerZero's fee and the gas of the transaction. */
  readonly usd: number;
  /** `quote`: as the source reported it; `policy`: `planning.transferFeeUsd`. */
  readonly basis: "quote" | "policy";
  /** Why it is not the quote; null when it is. */
  readonly reason: string | null;
  /** Why nothing may be sent this way; null when it may. */
  readonly closed: string | null;
  /** Smallest amount that may be sent this way: the policy's, or what the source's agent pays the gas of. */
  readonly leastUsd: number;
};

/**
 * Fee of a route: the quote in the source's report at the native coin's price, by the function that prices gas. The
 * policy's figure stands in only where there is no quote for the message a job would send.
 */
export function routeFee(source: ShardInput, target: ShardInput, context: RouteContext): RouteFee {
  const { policy, nativeUsd } = context;
  const dstEid = target.setup.endpointId;
  const route = source.valuation.entry.report.routes.find((one) => one.dstEid === dstEid);
  const payableUsd = leastNotionalUsd(source, route?.gasUnits ?? 0);
  const leastUsd = Math.max(policy.transfers.minimumUsd, payableUsd);
  const closed = closedBecause(route, policy) ?? unpaidBecause(leastUsd, policy);
  const instead = (reason: string): RouteFee => {
    return { usd: policy.planning.transferFeeUsd, basis: "policy", reason, closed, leastUsd };
  };
  if (route === undefined) return instead("no quote is reported");
  const { feeNativeWei, gasUnits, lzReceiveGas } = route;
  if (feeNativeWei === null) return instead(`no quote: ${route.reason ?? "no reason is given"}`);
  if (lzReceiveGas !== policy.transfers.lzReceiveGas) {
    const bought = policy.transfers.lzReceiveGas;
    return instead(`quoted for a delivery of ${lzReceiveGas} gas; the policy buys ${bought}`);
  }
  const usd = gasCostUsd(source, { gasUnits, feeNativeWei: BigInt(feeNativeWei) }, nativeUsd);
  if (usd === null) return instead(`${source.setup.nativeTicker} has no price`);
  return { usd, basis: "quote", reason: null, closed, leastUsd };
}

function closedBecause(route: RouteLine | undefined, { transfers }: Policy): string | null {
  if (route === undefined) return null;
  if (!route.acceptsTransfers) return `the route is closed: ${route.reason ?? "not said why"}`;
  if (route.feeNativeWei === null) return null;
  if (BigInt(route.feeNativeWei) <= BigInt(transfers.maxFeeNativeWei)) return null;
  return `the LayerZero fee is ${route.feeNativeWei} wei, at most ${transfers.maxFeeNativeWei} may be paid`;
}

function unpaidBecause(leastUsd: number, { transfers }: Policy): string | null {
  if (leastUsd <= transfers.maximumUsd) return null;
  const most = transfers.maximumUsd.toFixed(2);
  return `its agent does not pay the gas of what may be sent at most, ${most} USD`;
}

/** What a decision says of a transfer's fee. */
export function feeDecision({
  usd,
  basis,
  reason,
}: RouteFee): Omit<RouteFee, "closed" | "leastUsd"> {
  return { usd, basis, reason };
}

/** Why shards that could send to a target do not: one line for each. */
export function closedRoutes(
  sources: readonly ShardInput[],
  target: ShardInput,
  context: RouteContext,
): string[] {
  return sources.flatMap((source) => {
    const { closed } = routeFee(source, target, context);
    return closed === null
      ? []
      : [`${target.setup.shard}: nothing from ${source.setup.shard}; ${closed}`];
  });
}
