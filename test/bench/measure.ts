/** How long one call takes. */
export type Timing = {
  readonly name: string;
  readonly calls: number;
  /** Median over rounds, in microseconds per call. */
  readonly medianUs: number;
  /** Slowest round, in microseconds per call. */
  readonly worstUs: number;
};

const ROUND_MS = 40;
const ROUNDS = 15;

/** Times a synchronous step in rounds of about 40 ms, after one round of warming up. */
export function measure(name: string, run: () => unknown): Timing {
  const perRound = callsPerRound(run);
  const roundsUs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedMs = performance.now();
    for (let call = 0; call < perRound; call += 1) run();
    roundsUs.push(((performance.now() - startedMs) * 1000) / perRound);
  }
  roundsUs.sort((left, right) => left - right);
  const medianUs = roundsUs[Math.floor(ROUNDS / 2)] ?? 0;
  return { name, calls: perRound * ROUNDS, medianUs, worstUs: roundsUs.at(-1) ?? 0 };
}

function callsPerRound(run: () => unknown): number {
  const startedMs = performance.now();
  let calls = 0;
  while (performance.now() - startedMs < ROUND_MS) {
    run();
    calls += 1;
  }
  return Math.max(1, calls);
}
