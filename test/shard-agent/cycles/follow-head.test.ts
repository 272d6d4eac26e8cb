import { expect, test } from "vitest";
import { followHead } from "#shard-agent/cycles/follow-head.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

/** Follows a list of answers of the node, an Error standing for an outage. */
async function follow(answers: readonly (BlockHeader | Error)[]) {
  const log = memoryLog();
  const seen: string[] = [];
  const pausesMs: number[] = [];
  let index = 0;
  const head = async () => {
    const answer = answers[index++];
    if (answer instanceof Error) throw answer;
    return answer ?? Promise.reject(new Error("no more"));
  };
  const pause = async (ms: number) => {
    pausesMs.push(ms);
    return index < answers.length;
  };
  await followHead(
    { chain: { head }, pause, log },
    { pollMs: 150, onHead: (one) => seen.push(one.hash) },
  );
  return { log, seen, pausesMs };
}

const block = (byte: string) => ({ ...aSnapshot().block, hash: hash32(byte) });

test("a head is handed over once, also when a reorganisation puts another at the same height", async () => {
  const { seen } = await follow([block("01"), block("01"), block("02"), block("02"), block("01")]);
  expect(seen).toEqual([hash32("01"), hash32("02"), hash32("01")]);
});

test("an outage is said once and waited out ever longer, its end is said once", async () => {
  const down = new RetryableError("rpc-unreachable", "none of 1 RPC nodes answers");
  const { log, pausesMs } = await follow([
    block("01"),
    ...Array(7).fill(down),
    block("02"),
    block("03"),
  ]);
  expect(log.lines.map((line) => line.level)).toEqual(["warn", "info"]);
  expect(pausesMs).toEqual([150, 250, 500, 1000, 2000, 4000, 5000, 5000, 150, 150]);
});

test("an announced head is handed over without asking, and asked for ever more seldom while announcements keep up", async () => {
  const seen: string[] = [];
  const waitsMs: number[] = [];
  const announced: (BlockHeader | null)[] = [null, block("02"), null, block("03")];
  let asked = 0;
  const heads = {
    take: () => announced.shift() ?? null,
    reaches: (head: BlockHeader) => head.hash !== hash32("01"),
    wait: async (ms: number) => waitsMs.push(ms) < 4,
  };
  const head = async () => block(["01", "02"][asked++] ?? "04");
  const pause = () => Promise.reject(new Error("not asked to pause"));
  await followHead(
    { chain: { head }, heads, pause, log: memoryLog() },
    { pollMs: 150, onHead: (one) => seen.push(one.hash) },
  );
  expect(seen).toEqual([hash32("01"), hash32("02"), hash32("03")]);
  expect(waitsMs).toEqual([150, 1000, 1000, 1000]);
});
