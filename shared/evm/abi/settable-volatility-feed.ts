/** ABI of SettableVolatilityFeed. Written by tools/generate-abi.ts from forge's output; do not edit. */
export const settableVolatilityFeedAbi = [
  {"type":"constructor","inputs":[{"name":"owner","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"owner","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"renounceOwnership","inputs":[],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"setSlices","inputs":[{"name":"underlying","type":"address"},{"name":"list","type":"tuple[]","components":[{"name":"expiry","type":"uint64"},{"name":"a","type":"int256"},{"name":"b","type":"int256"},{"name":"rho","type":"int256"},{"name":"m","type":"int256"},{"name":"sigma","type":"int256"},{"name":"updatedAt","type":"uint256"}]}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"slices","inputs":[{"name":"underlying","type":"address"}],"outputs":[{"name":"","type":"tuple[]","components":[{"name":"expiry","type":"uint64"},{"name":"a","type":"int256"},{"name":"b","type":"int256"},{"name":"rho","type":"int256"},{"name":"m","type":"int256"},{"name":"sigma","type":"int256"},{"name":"updatedAt","type":"uint256"}]}],"stateMutability":"view"},
  {"type":"function","name":"transferOwnership","inputs":[{"name":"newOwner","type":"address"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"event","name":"OwnershipTransferred","inputs":[{"indexed":true,"name":"previousOwner","type":"address"},{"indexed":true,"name":"newOwner","type":"address"}]},
  {"type":"event","name":"SliceUpdated","inputs":[{"indexed":true,"name":"underlying","type":"address"},{"indexed":true,"name":"expiry","type":"uint64"},{"indexed":false,"name":"a","type":"int256"},{"indexed":false,"name":"b","type":"int256"},{"indexed":false,"name":"rho","type":"int256"},{"indexed":false,"name":"m","type":"int256"},{"indexed":false,"name":"sigma","type":"int256"}]},
  {"type":"error","name":"OwnableInvalidOwner","inputs":[{"name":"owner","type":"address"}]},
  {"type":"error","name":"OwnableUnauthorizedAccount","inputs":[{"name":"account","type":"address"}]},
  {"type":"error","name":"SettableVolatilityFeed_BadSlice","inputs":[{"name":"expiry","type":"uint64"}]},
  {"type":"error","name":"SettableVolatilityFeed_Unordered","inputs":[{"name":"previous","type":"uint64"},{"name":"expiry","type":"uint64"}]},
] as const;
