import path from "node:path";
import { describe, expect, test } from "vitest";
import { type RunningProcess, runProcess } from "#test/support/runner/run-process.ts";

const FIXTURE = path.join(import.meta.dirname, "process-fixture.ts");

async function ready(behaviour: string): Promise<RunningProcess> {
  const running = runProcess(FIXTURE, [behaviour]);
  await running.printed('"msg":"ready"');
  return running;
}

function messages(running: RunningProcess): string[] {
  return running
    .output()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).msg);
}

describe("shutdownOnSignals", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "on %s runs the steps last added first and exits 0",
    async (signal) => {
      const running = await ready("orderly");
      running.kill(signal);

      expect(await running.exitCode).toBe(0);
      expect(messages(running)).toEqual([
        "ready",
        "shutting down",
        "api closed",
        "worker closed",
        "journal closed",
        "stopped",
      ]);
      expect(running.output()).toContain('"aborted":true');
    },
  );

  test.each([
    { behaviour: "failing", said: "shutdown step failed" },
    { behaviour: "hanging", said: "shutdown step cut off" },
  ])(
    "a $behaviour step does not stop the later ones, and the exit code is 1",
    async ({ behaviour, said }) => {
      const running = await ready(behaviour);
      running.kill("SIGTERM");

      expect(await running.exitCode).toBe(1);
      expect(messages(running)).toEqual([
        "ready",
        "shutting down",
        "api closed",
        said,
        "journal closed",
        "stopped",
      ]);
    },
  );

  test("a second signal ends the process at once with 130", async () => {
    const running = await ready("hanging");
    running.kill("SIGTERM");
    await running.printed("shutting down");
    running.kill("SIGINT");

    expect(await running.exitCode).toBe(130);
  });
});

describe("runMain", () => {
  test.each([
    { behaviour: "fine", code: 0, output: "" },
    {
      behaviour: "config-error",
      code: 2,
      output: "port: must be <= 65535; found 70000 [config-invalid]\n",
    },
    {
      behaviour: "fatal-error",
      code: 1,
      output: "no contract at https://rpc.example/... [vault-missing]\n",
    },
  ])(
    "a process that ends with $behaviour exits $code and prints its message alone",
    async ({ behaviour, code, output }) => {
      const running = runProcess(FIXTURE, [behaviour]);

      expect(await running.exitCode).toBe(code);
      expect(running.output()).toBe(output);
    },
  );

  test("a bug exits 1 with its stack", async () => {
    const running = runProcess(FIXTURE, ["bug"]);

    expect(await running.exitCode).toBe(1);
    expect(running.output()).toMatch(/TypeError: undefined is not a function\n {4}at /);
  });
});
