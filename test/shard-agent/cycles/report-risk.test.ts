import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { type ReportPorts, reportRisk } from "#shard-agent/cycles/report-risk.ts";
import { RetryableError } from "#shared/errors.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

test("messages that cannot be read end the report, not the process, also when the chain fails after them", async () => {
  const evidence = () => Promise.reject(new TypeError("what a node said is no number"));
  const ports = {
    memory: { snapshot: null, reportBlockTimestampMs: null, health: null },
    chain: {
      snapshot: async () => {
        // Long enough for the process to end of a rejection that nobody waits for.
        await delay(20);
        throw new RetryableError("rpc-unreachable", "none of 1 RPC nodes answers");
      },
    },
    transfers: { executor: "0x01", evidence },
    expected: { read: async () => [] },
    log: memoryLog(),
  } as unknown as ReportPorts;
  await expect(reportRisk(ports, aSnapshot().block)).rejects.toThrow("none of 1");
});
