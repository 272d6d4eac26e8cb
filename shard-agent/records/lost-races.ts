/** Jobs that were signed here and done by another transaction, and what their gas has cost. */
export type LostRaces = { readonly count: number; readonly gasCostWei: bigint };
