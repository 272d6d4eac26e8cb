import type { RouteLine } from "#shared/wire/route-line.ts";

/** An open route to Ethereum's endpoint for a thousandth of an ether. */
export function aRouteLine(change: Partial<RouteLine> = {}): RouteLine {
  return {
    dstEid: 30_101,
    lzReceiveGas: 200_000,
    feeNativeWei: "1000000000000000",
    gasUnits: 500_000,
    acceptsTransfers: true,
    reason: null,
    ...change,
  };
}
