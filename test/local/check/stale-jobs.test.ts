import { describe, expect, test } from "vitest";
import { exampleJob, hash, sourceHistory } from "#test/local/check/example-world.ts";
import { hashOfReports, type KnownBlock, staleJobFaults } from "#test/local/check/stale-jobs.ts";
import type { JobAnswer } from "#test/local/observe/admin-api.ts";

const LIMITS = new Map([["source", 5000]]);

async function faults(
  job: JobAnswer,
  o: { includedMs?: number; recorded?: `0x${string}`; block?: KnownBlock } = {},
) {
  const history = sourceHistory();
  const consumed = history.consumed
    .filter((c) => c.jobId === hash(1))
    .map((c) => ({
      ...c,
      reportSetHash: o.recorded ?? hashOfReports(job.reportSet),
      blockTimestampMs: o.includedMs ?? 5000,
    }));
  const block = o.block === undefined ? { number: 3, timestampMs: 3000 } : o.block;
  return staleJobFaults({
    histories: [{ ...history, consumed }],
    jobs: [job],
    staleAfterMs: LIMITS,
    blockOf: async () => block,
  });
}

describe("staleJobFaults", () => {
  test("finds nothing in a job that was included in time on reports its chain confirms", async () => {
    expect(await faults(exampleJob())).toEqual([]);
    expect(await faults(exampleJob(), { includedMs: 8000 })).toEqual([]);
  });

  test("finds a job included later than its reports allow, with age and limit", async () => {
    const found = await faults(exampleJob(), { includedMs: 9000 });
    expect(found).toEqual([
      `source job ${hash(1)}: included on a report of source that was 6000 ms old; the limit is 5000 ms`,
    ]);
  });

  test("finds a report set that is not the one the vault recorded", async () => {
    const [fault] = await faults(exampleJob(), { recorded: hash(9) });
    expect(fault).toContain(`the vault recorded ${hash(9)}`);
  });

  test.each([
    { what: "no such block", block: null },
    { what: "another timestamp", block: { number: 3, timestampMs: 2000 } },
    { what: "another number", block: { number: 4, timestampMs: 3000 } },
  ])("finds a report whose chain has $what", async ({ block }) => {
    const [fault] = await faults(exampleJob(), { block });
    expect(fault).toContain("not on its chain");
  });

  test("finds a consumed job that the coordinator does not know", async () => {
    const [fault] = await faults(exampleJob({ jobId: hash(5) }));
    expect(fault).toBe(`source job ${hash(1)}: the coordinator has no record of it`);
  });

  test("finds an empty report set and a shard that is none of the world's", async () => {
    expect(await faults(exampleJob({ reportSet: [] }))).toEqual([
      `source job ${hash(1)}: its report set is empty`,
    ]);
    const [ref] = exampleJob().reportSet;
    if (ref === undefined) throw new Error("example has no report");
    const [fault] = await faults(exampleJob({ reportSet: [{ ...ref, shard: "nowhere" }] }));
    expect(fault).toContain("no shard of the world");
  });

  test("hashes references in one order whatever order they come in", () => {
    const [ref] = exampleJob().reportSet;
    if (ref === undefined) throw new Error("example has no report");
    const other = { ...ref, shard: "another" };
    expect(hashOfReports([ref, other])).toBe(hashOfReports([other, ref]));
    // sha256 of [["source","source-1",3,3,"0x00..03",3000]], computed with coreutils' sha256sum.
    expect(hashOfReports([ref])).toBe(
      "0x5e370c010f57ac06a39e8dda90ddc3decdb98b9920a90766a6e6c423d776337a",
    );
  });
});
