import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest files of their projects; started last, one of them would run on alone. */
const LONGEST = [
  "integration/transfer-recovery",
  "integration/coordinator",
  "integration/world-run",
  "integration/agent-crash",
  "integration/shard-agent",
  "integration/coordinator-crash",
  "simulation/simulation",
  "simulation/signed",
  "simulation/kept-transfers",
  "simulation/kept-jobs",
];

/** Order of test files: the longest first, then as vitest orders them. A class because vitest takes nothing else. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return found < 0 ? LONGEST.length : found;
    };
    return sorted.sort((one, other) => place(one) - place(other));
  }
}
