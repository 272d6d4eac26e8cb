/** ABI of IVenueAdapter. Written by tools/generate-abi.ts from forge's output; do not edit. */
export const uniswapV3AdapterAbi = [
  {"type":"function","name":"swapExactInput","inputs":[{"name":"pool","type":"address"},{"name":"assetIn","type":"address"},{"name":"assetOut","type":"address"},{"name":"amountIn","type":"uint256"},{"name":"minAmountOut","type":"uint256"}],"outputs":[{"name":"amountOut","type":"uint256"}],"stateMutability":"nonpayable"},
  {"type":"error","name":"VenueAdapter_PoolNotAllowed","inputs":[{"name":"pool","type":"address"}]},
] as const;
