import type {
  AdminApi,
  CountersAnswer,
  DecisionAnswer,
  JobAnswer,
  RiskAnswer,
} from "#test/local/observe/admin-api.ts";

/** Most jobs and decisions the checker asks for. */
const LIST_LIMIT = 10_000;

/** What the admin API answered; null or empty where it did not, with the reason among the failures. */
export type ApiAnswers = {
  readonly risk: RiskAnswer | null;
  readonly counters: CountersAnswer | null;
  readonly jobs: readonly JobAnswer[];
  readonly decisions: readonly DecisionAnswer[];
  readonly failures: readonly string[];
};

/** Asks the admin API everything the summary needs. Never rejects. */
export async function readApi(api: AdminApi): Promise<ApiAnswers> {
  const failures: string[] = [];
  const ask = async <T>(call: () => Promise<T>): Promise<T | null> => {
    try {
      return await call();
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
      return null;
    }
  };
  const [risk, counters, jobs, decisions] = await Promise.all([
    ask(api.risk),
    ask(api.counters),
    ask(() => api.jobs(LIST_LIMIT)),
    ask(() => api.decisions(LIST_LIMIT)),
  ]);
  return { risk, counters, jobs: jobs ?? [], decisions: decisions ?? [], failures };
}
