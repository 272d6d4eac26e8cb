/** How far taking over one vault has come. */
export type TakeOverState =
  | { readonly state: "waiting"; readonly reason: string; readonly isReachable: boolean }
  | { readonly state: "leading"; readonly epoch: number; readonly leader: string }
  /** Shadow mode: nothing is ever sent, so no fence is needed. */
  | { readonly state: "not-needed" };
