/** Waits; false when the wait was cut short by the shutdown. */
export type Pause = (ms: number) => Promise<boolean>;
