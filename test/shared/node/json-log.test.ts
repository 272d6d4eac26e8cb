import { expect, test } from "vitest";
import { FatalError } from "#shared/errors.ts";
import { jsonLog, type LogLevel } from "#shared/node/json-log.ts";

function capture(level: LogLevel = "debug", secrets: readonly string[] = []) {
  const lines: string[] = [];
  const log = jsonLog({
    level,
    name: "test",
    secrets,
    sink: { write: (line) => void lines.push(line) },
  });
  return { log, lines };
}

test("writes one JSON object a line with level, ISO time, name and fields", () => {
  const { log, lines } = capture();
  log.info("report accepted", { shard: "base", seq: 7 });

  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    name: "test",
    shard: "base",
    seq: 7,
    msg: "report accepted",
  });
});

test("leaves out lines below its level", () => {
  const { log, lines } = capture("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");

  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["c", "d"]);
});

test("writes amounts as decimal strings and errors with their code and cause", () => {
  const { log, lines } = capture();
  const error = new FatalError("vault-paused", "vault is paused", { cause: new Error("reverted") });
  log.error("job refused", { amountRaw: 10n ** 30n, error, bytes: new Uint8Array(3) });

  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    amountRaw: "1000000000000000000000000000000",
    error: {
      name: "FatalError",
      code: "vault-paused",
      message: "vault is paused [vault-paused]",
      cause: { message: "reverted" },
    },
    bytes: "[3 bytes]",
  });
});

test("survives a value that refers to itself", () => {
  const { log, lines } = capture();
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  log.info("loop", { loop });

  expect(lines[0]).toContain("[deeper]");
});

test("never writes a secret, wherever it appears", () => {
  const canary = "canary-4f1c0e72d9";
  const { log, lines } = capture("debug", [canary]);
  log.info(`message ${canary}`, {
    field: canary,
    nested: { list: [`x${canary}y`] },
    [`key ${canary}`]: 1,
    error: new Error(`HTTP 401 with ${canary}`),
  });

  expect(lines.join("")).not.toContain(canary);
  expect(lines.join("")).toContain("[secret]");
});

test("cuts URLs to their host: paths, queries and user names carry keys", () => {
  const { log, lines } = capture();
  log.warn("fetch failed: https://eth.example/v2/abcdef?key=123 (timeout)", {
    redis: "redis://agent:hunter22@10.0.0.1:6379/0",
    local: "http://127.0.0.1:8545",
  });

  const text = lines.join("");
  expect(text).not.toMatch(/abcdef|hunter22|key=123/);
  expect(text).toContain("https://eth.example/...");
  expect(text).toContain("redis://10.0.0.1:6379/...");
  expect(text).toContain('"local":"http://127.0.0.1:8545"');
});
