/** ABI of AaveV3Adapter. Written by tools/generate-abi.ts from forge's output; do not edit. */
export const aaveV3AdapterAbi = [
  {"type":"constructor","inputs":[{"name":"desk_","type":"address"},{"name":"pool_","type":"address"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"desk","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"health","inputs":[],"outputs":[{"name":"healthFactor","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"held","inputs":[{"name":"asset","type":"address"}],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"isExact","inputs":[],"outputs":[{"name":"","type":"bool"}],"stateMutability":"pure"},
  {"type":"function","name":"pool","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"put","inputs":[{"name":"asset","type":"address"},{"name":"amount","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"sweep","inputs":[{"name":"asset","type":"address"}],"outputs":[{"name":"amount","type":"uint256"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"take","inputs":[{"name":"asset","type":"address"},{"name":"amount","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"vault","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"error","name":"PositionVenue_NotLoose","inputs":[{"name":"asset","type":"address"}]},
  {"type":"error","name":"PositionVenue_OnlyDesk","inputs":[{"name":"caller","type":"address"}]},
  {"type":"error","name":"SafeERC20FailedOperation","inputs":[{"name":"token","type":"address"}]},
] as const;
