import { defineConfig } from "vitest/config";
import { LongestFirst } from "#test/support/runner/longest-first.ts";

/** A worker on every core; vitest itself would leave one idle, which on two cores doubles the time. */
const maxWorkers = "100%";
/** A file of integration tests keeps less than half a core busy, and waits for blocks the rest of its time. */
const WORLDS_AT_ONCE = 2;

// Unit tests and simulation compute and share the cores. The integration tests come after; every world has its own
// folder, ports and Redis.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/{shared,coordinator,shard-agent,local,house}/**/*.test.ts"],
          globalSetup: ["test/support/runner/global-redis.ts"],
          // Far more than any needs: a busy machine must not fail a test that computes.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 30_000 } },
          maxWorkers,
          // No test replaces a module or leaves a global changed; loading viem and zod anew for each file took half the time.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/{conformance,integration}/**/*.test.ts"],
          globalSetup: ["test/support/runner/built-contracts.ts"],
          // Bounds, not expectations: what waits for real processes waits as long as a busy machine may need.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 120_000 } },
          maxWorkers: WORLDS_AT_ONCE,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          testTimeout: 60_000,
          maxWorkers,
          // A run leaves nothing behind, and code that has run is fast: a file in a new process takes seconds to become so.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
    ],
  },
});
