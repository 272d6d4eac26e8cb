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

test("the requests of the reading leave before anything else is done", async () => {
  const done: string[] = [];
  const failure = new RetryableError("rpc-unreachable", "none of 1 RPC nodes answers");
  const note = <T>(name: string, value: T): T => {
    done.push(name);
    return value;
  };
  const ports = {
    memory: { snapshot: aSnapshot(), reportBlockTimestampMs: null, health: null },
    venue: { depthRequests: () => note("depth", []) },
    chain: {
      snapshot: async (_block: unknown, depth: Promise<unknown>) => {
        // As a connection does that sends what is asked in one turn as one frame.
        queueMicrotask(() => note("frame", null));
        await depth;
        throw failure;
      },
    },
    transfers: { executor: "0x01", evidence: async () => [] },
    expected: { read: async () => note("expected", []) },
    log: memoryLog(),
  } as unknown as ReportPorts;
  await expect(reportRisk(ports, aSnapshot().block)).rejects.toThrow(failure);
  expect(done).toEqual(["frame", "depth", "expected"]);
});
