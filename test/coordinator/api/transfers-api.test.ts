import { afterEach, beforeEach, expect, test } from "vitest";
import { adminApi } from "#coordinator/api/admin-api.ts";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { operate } from "#coordinator/cycles/operate.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  ONE_SETUP,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const headers = { "x-api-key": "a-key-of-this-test" };
const STUCK = { state: "failed-retryable", progressAtMs: NOW_MS - 3_600_000 } as const;

let state: CoordinatorState;
let journal: Journal & { readonly close: () => void };
let api: ReturnType<typeof adminApi>;

beforeEach(() => {
  state = freshState(ONE_SETUP);
  journal = freshJournal();
  const log = memoryLog();
  const clock = { nowMs: () => NOW_MS };
  const isRedisReady = () => true;
  const operator = operate(state, { journal, clock, log, isRedisReady, queue: () => undefined });
  api = adminApi({ operator, key: headers["x-api-key"], log });
});

afterEach(async () => {
  await api.close();
});

function known(change: Partial<TransferRecord>): TransferRecord {
  const record = aTransferRecord(change);
  journal.transfers.update(record);
  if (!record.isClosed) state.transfers.set(record.guid, record);
  return record;
}

async function get(path: string) {
  return (await api.inject({ url: `/v1/transfers${path}`, headers })).json();
}

async function order(guid: string, name: string, payload: object = { reason: "seen to" }) {
  const url = `/v1/transfers/${guid}/${name}`;
  return (await api.inject({ method: "POST", url, headers, payload })).json();
}

test("lists messages, newest first, with what is stuck and what would help", async () => {
  known({ guid: hash32("01"), state: "delivered", isClosed: true });
  known({ guid: hash32("02"), ...STUCK });
  const { transfers } = await get("");
  expect(transfers).toMatchObject([
    { guid: hash32("02"), isStuck: true, nextStep: "retry-receive", waitingMs: 3_600_000 },
    { guid: hash32("01"), isStuck: false, nextStep: "none" },
  ]);
  expect((await get("?state=delivered")).transfers).toHaveLength(1);
  expect((await get("?limit=1")).transfers).toHaveLength(1);
  expect(await get("?state=lost")).toMatchObject({ code: "invalid-query" });
});

test("counts them by state, with those that are stuck or held now", async () => {
  known({ guid: hash32("01"), state: "burnt" });
  known({ guid: hash32("02"), ...STUCK });
  const counters = (await api.inject({ url: "/v1/counters", headers })).json();
  expect(counters.transfers).toMatchObject({ burnt: 1, "failed-retryable": 1, held: 1 });
  expect(counters.transfers.stuck).toBe(1);
});

test("orders what would help, and says why when nothing would", async () => {
  const { guid } = known(STUCK);
  expect(await order(guid, "recover")).toEqual({ ordered: "retry-receive" });
  expect(await order(guid, "recover")).toMatchObject({ code: "not-recoverable", status: 409 });
  expect(await order(guid, "acknowledge")).toMatchObject({ code: "not-recoverable" });
  expect(await order(hash32("77"), "recover")).toMatchObject({ code: "not-found" });
  expect(await order("0x12", "recover")).toMatchObject({ code: "invalid-query" });
  expect(await order(guid, "recover", {})).toMatchObject({ code: "invalid-body" });
  const burnt = known({ guid: hash32("03"), state: "burnt" });
  expect(await order(burnt.guid, "acknowledge")).toEqual({ ordered: "acknowledged" });
});

test("needs the key", async () => {
  for (const url of ["/v1/transfers", `/v1/transfers/${hash32("01")}/recover`]) {
    expect((await api.inject({ url })).json()).toMatchObject({ code: "unauthorised" });
  }
});
