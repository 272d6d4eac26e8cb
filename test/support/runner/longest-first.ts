import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute and a half each; started last, one of them would run on alone. */
const LONGEST = [
  "transfer-recovery",
  "coordinator",
  "world-run",
  "agent-crash",
  "shard-agent",
  "coordinator-crash",
];

/** Order of test files: the longest first, then as vitest orders them. A class because vitest takes nothing else. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((name) => moduleId.endsWith(`/integration/${name}.test.ts`));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
