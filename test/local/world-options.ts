/** Processes a world may run, in the order of their start. */
export const PROCESS_NAMES = ["coordinator", "agents", "lzWorker", "market", "takers"] as const;
export type ProcessKind = (typeof PROCESS_NAMES)[number];

/** A step of the set-up, when it is done; `ms` null for a notice. */
export type SetupStep = { readonly text: string; readonly ms: number | null };

export type WorldOptions = {
  /** Number of chains, 2 to 8. */
  readonly chains?: number;
  readonly seed?: number;
  /** Length of the run; null (the default) until it is stopped. */
  readonly minutes?: number | null;
  /** Which processes to start; all others stay out. Default: all. */
  readonly processes?: Partial<Readonly<Record<ProcessKind, boolean>>>;
  /** The coordinator plans and records, and signs nothing. */
  readonly shadow?: boolean;
  /** Price history to replay instead of the generator, and how many seconds of it pass in one second. */
  readonly prices?: { readonly file: string; readonly speed: number } | null;
  /** Folder of the run; a temporary one, removed at the end, when left out. */
  readonly dataDir?: string;
  /** Where the description goes; `world.json` in the folder of the run when left out. */
  readonly worldFile?: string;
  /** REDIS_URL, FORK_URL_<CHAIN> and FORK_CONFIG_<CHAIN> are read from here; the process's environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly announce?: (step: SetupStep) => void;
};
