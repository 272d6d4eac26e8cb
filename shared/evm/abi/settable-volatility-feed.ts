/** ABI of IVolatilityFeed. Written by tools/generate-abi.ts from forge's output; do not edit. */
export const settableVolatilityFeedAbi = [
  {"type":"function","name":"slices","inputs":[{"name":"underlying","type":"address"}],"outputs":[{"name":"","type":"tuple[]","components":[{"name":"expiry","type":"uint64"},{"name":"a","type":"int256"},{"name":"b","type":"int256"},{"name":"rho","type":"int256"},{"name":"m","type":"int256"},{"name":"sigma","type":"int256"},{"name":"updatedAt","type":"uint256"}]}],"stateMutability":"view"},
  {"type":"event","name":"SliceUpdated","inputs":[{"indexed":true,"name":"underlying","type":"address"},{"indexed":true,"name":"expiry","type":"uint64"},{"indexed":false,"name":"a","type":"int256"},{"indexed":false,"name":"b","type":"int256"},{"indexed":false,"name":"rho","type":"int256"},{"indexed":false,"name":"m","type":"int256"},{"indexed":false,"name":"sigma","type":"int256"}]},
] as const;
