import { Options } from "@layerzerolabs/lz-v2-utilities";
import type { Hex } from "#shared/units/ids.ts";

/** LayerZero options that buy `gas` for the delivery and no native drop; the vault builds the same bytes. */
export function lzReceiveOptions(gas: number): Hex {
  return Options.newOptions().addExecutorLzReceiveOption(gas, 0).toHex() as Hex;
}
