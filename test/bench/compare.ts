/** One line of the benchmark: a time and, where there is one, what it is measured against. */
export type BenchRow = {
  readonly name: string;
  /** Median over the rounds, in microseconds of processor time. */
  readonly medianUs: number;
  /** What `ratio` is against; null for a time that stands alone. */
  readonly baseline: string | null;
  readonly baselineMedianUs: number | null;
  /** Baseline's median over this one's: above 1 is faster. */
  readonly ratio: number | null;
  /** Smallest ratio asked for; null where none is. */
  readonly goal: number | null;
  readonly note: string;
};

/** Something timed: one call is one round. */
export type Contender = {
  readonly name: string;
  readonly run: () => unknown;
  readonly goal?: number;
  readonly note?: string;
};

/** A round that reports its own time, such as one in another process. */
export type TimedRound = { readonly name: string; readonly roundMs: () => Promise<number> };

const WARM_UP_ROUNDS = 3;
/** A round repeats its contender for about this long: processor time is counted in steps of some ms. */
const ROUND_MS = 120;

/**
 * Times the baseline and the contenders in turn, round by round, so that whatever else the machine does
 * falls on all of them alike. Times are processor time of the thread, which other programs do not lengthen;
 * what garbage collection does on other threads, which only the baselines need, is not counted against them.
 *
 * @param rounds Rounds that count, after three of warming up.
 */
export async function compare(
  baseline: TimedRound | Contender,
  contenders: readonly Contender[],
  rounds: number,
): Promise<BenchRow[]> {
  const first = "roundMs" in baseline ? baseline : timed(baseline);
  const all = [first, ...contenders.map(timed)];
  const timesMs = all.map((): number[] => []);
  const warmUp = Math.min(rounds, WARM_UP_ROUNDS);
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (const [index, contender] of all.entries()) {
      const tookMs = await contender.roundMs();
      if (round >= warmUp) timesMs[index]?.push(tookMs);
    }
  }
  const [baselineMs = 0, ...mediansMs] = timesMs.map(median);
  return contenders.map(({ name, goal = null, note = "" }, index) => {
    const medianMs = mediansMs[index] ?? 0;
    return {
      name,
      medianUs: medianMs * 1000,
      baseline: first.name,
      baselineMedianUs: baselineMs * 1000,
      ratio: baselineMs / medianMs,
      goal,
      note,
    };
  });
}

/** A contender repeated to fill a round; the round's time is that of one call. */
function timed({ name, run }: Contender): TimedRound {
  let calls = 1;
  return {
    name,
    roundMs: async () => {
      const startedMs = threadMs();
      for (let call = 0; call < calls; call += 1) run();
      const tookMs = threadMs() - startedMs;
      const perCall = tookMs / calls;
      calls = Math.max(1, Math.min(4 * calls, Math.round(ROUND_MS / Math.max(perCall, 1e-4))));
      return perCall;
    },
  };
}

/** Processor time this thread has used, in ms. */
export function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The middle of some times. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** A time that stands alone. */
export function alone(name: string, medianUs: number, note = ""): BenchRow {
  return { name, medianUs, baseline: null, baselineMedianUs: null, ratio: null, goal: null, note };
}

/** The table for people, one line per row. */
export function benchTable(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    microseconds(row.medianUs),
    row.ratio === null ? "" : `${row.ratio.toPrecision(row.ratio < 1000 ? 3 : 4)}x`,
    row.goal === null ? "" : `${row.goal}x ${(row.ratio ?? 0) >= row.goal ? "met" : "MISSED"}`,
    row.baseline === null ? "" : `${row.baseline} (${microseconds(row.baselineMedianUs ?? 0)})`,
    row.note,
  ]);
  const all = [["", "median", "ratio", "goal", "against", "note"], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...all.map((line) => line[column]?.length ?? 0)),
  );
  return all
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function microseconds(us: number): string {
  return us >= 1000 ? `${(us / 1000).toFixed(us < 100_000 ? 2 : 0)} ms` : `${us.toFixed(2)} µs`;
}
