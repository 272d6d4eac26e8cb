import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/{shared,coordinator,shard-agent,local}/**/*.test.ts"] } },
      {
        test: {
          name: "integration",
          include: ["test/{conformance,integration}/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
