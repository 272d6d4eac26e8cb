/** ABI of CurieAdapter. Written by tools/generate-abi.ts from forge's output; do not edit. */
export const curieAdapterAbi = [
  {"type":"constructor","inputs":[{"name":"desk_","type":"address"},{"name":"clearingHouse_","type":"address"},{"name":"markets","type":"tuple[]","components":[{"name":"market","type":"address"},{"name":"underlying","type":"address"}]}],"stateMutability":"nonpayable"},
  {"type":"function","name":"changePosition","inputs":[{"name":"market","type":"address"},{"name":"size","type":"int256"},{"name":"worstPrice","type":"uint256"}],"outputs":[{"name":"quoteAmount","type":"uint256"}],"stateMutability":"nonpayable"},
  {"type":"function","name":"clearingHouse","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"desk","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"health","inputs":[],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"held","inputs":[{"name":"asset","type":"address"}],"outputs":[{"name":"","type":"uint256"}],"stateMutability":"view"},
  {"type":"function","name":"isExact","inputs":[],"outputs":[{"name":"","type":"bool"}],"stateMutability":"view"},
  {"type":"function","name":"put","inputs":[{"name":"asset","type":"address"},{"name":"amount","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"sizeOf","inputs":[{"name":"market","type":"address"}],"outputs":[{"name":"","type":"int256"}],"stateMutability":"view"},
  {"type":"function","name":"take","inputs":[{"name":"asset","type":"address"},{"name":"amount","type":"uint256"}],"outputs":[],"stateMutability":"nonpayable"},
  {"type":"function","name":"underlyingOf","inputs":[{"name":"market","type":"address"}],"outputs":[{"name":"underlying","type":"address"}],"stateMutability":"view"},
  {"type":"function","name":"vault","inputs":[],"outputs":[{"name":"","type":"address"}],"stateMutability":"view"},
  {"type":"error","name":"CurieAdapter_OnlyMargin","inputs":[{"name":"asset","type":"address"}]},
  {"type":"error","name":"PerpVenue_UnknownMarket","inputs":[{"name":"market","type":"address"}]},
  {"type":"error","name":"PositionVenue_OnlyDesk","inputs":[{"name":"caller","type":"address"}]},
  {"type":"error","name":"SafeERC20FailedOperation","inputs":[{"name":"token","type":"address"}]},
] as const;
