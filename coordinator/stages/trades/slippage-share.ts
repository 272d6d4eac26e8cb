/**
 * Half of the allowed slippage may be used up by the venue's fee and depth when the trade is planned;
 * the other half is for moves until the block of the trade.
 */
export const SLIPPAGE_SHARE_PLANNED = 0.5;
