import type { PublicClient } from "viem";

/** How far the time of a chain's newest block is from wall time, in seconds. */
export async function secondsOff(client: PublicClient): Promise<number> {
  const { timestamp } = await client.getBlock();
  return Math.abs(Number(timestamp) - Date.now() / 1000);
}
