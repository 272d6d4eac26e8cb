import type { GuardRules } from "#shard-agent/adapters/signing/signing-guard.ts";
import type { TransferContracts } from "#shard-agent/adapters/transfers/kept-message.ts";
import type { Address } from "#shared/units/ids.ts";

type AgentContracts = Pick<GuardRules, "chainId" | "mandateSigners" | "mandateQuorum"> & {
  readonly contracts: {
    readonly vault: Address;
    readonly optionBook: Address;
    readonly endpoint: Address;
  };
  readonly gasFees: { readonly maxGasFeeWei: string; readonly maxFeePerGasWei: string };
  readonly signing: {
    readonly maxGasLimit: number;
    readonly maxValueWei: string;
    readonly maxWeiPerDay?: string | null | undefined;
  };
  readonly endpointId: number;
  readonly settlement: { readonly token: Address };
  readonly layerZero: TransferContracts["layerZero"];
  readonly positionVenues: {
    readonly desk: Address;
    readonly lyraV1: { readonly adapter: Address } | null;
  } | null;
};

/** Where the messages of a configured shard leave and arrive. */
export function transferContracts({
  contracts,
  endpointId,
  settlement,
  layerZero,
}: Pick<
  AgentContracts,
  "contracts" | "endpointId" | "settlement" | "layerZero"
>): TransferContracts {
  const { vault, endpoint } = contracts;
  return { vault, endpoint, endpointId, token: settlement.token, layerZero };
}

/** How a configured shard's messages are helped on; null where they are not. */
export function recoveryRules(
  config: Parameters<typeof transferContracts>[0],
): GuardRules["recovery"] {
  const { layerZero, ...contracts } = transferContracts(config);
  return layerZero === null ? null : { ...contracts, receiveUln: layerZero.receiveUln };
}

/** What a configured agent's key may be used for. */
export function guardRules(config: AgentContracts): GuardRules {
  const { chainId, contracts, mandateSigners, mandateQuorum, positionVenues } = config;
  const { vault, optionBook } = contracts;
  const venueDesk = positionVenues?.desk ?? null;
  const mandates = { vault, venueDesk, mandateSigners, mandateQuorum };
  const option = positionVenues?.lyraV1?.adapter;
  const upkeepAccounts = option === undefined ? [] : [option];
  const { gasFees, signing } = config;
  const ceilings = {
    maxFeePerGasWei: BigInt(gasFees.maxFeePerGasWei),
    maxGasLimit: BigInt(signing.maxGasLimit),
    maxGasFeeWei: BigInt(gasFees.maxGasFeeWei),
    maxValueWei: BigInt(signing.maxValueWei),
  };
  const recovery = recoveryRules(config);
  return { chainId, ...mandates, optionBook, recovery, upkeepAccounts, ceilings };
}

/** By default the dearest transactions that a day has, with room for the dearest message beside them. */
const DEAREST_PER_DAY = 100n;

/** Most that a configured agent's key signs away within 24 hours, gas and coins, in wei; null: no such limit. */
export function maxWeiPerDay({
  gasFees,
  signing,
}: Pick<AgentContracts, "gasFees" | "signing">): bigint | null {
  const { maxWeiPerDay: configured, maxValueWei } = signing;
  if (configured !== undefined) return configured === null ? null : BigInt(configured);
  return DEAREST_PER_DAY * BigInt(gasFees.maxGasFeeWei) + BigInt(maxValueWei);
}
