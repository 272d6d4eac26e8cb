import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { Command } from "commander";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { callApi, findConnection } from "#coordinator/cli/api-connection.ts";
import { addOperatorCommands } from "#coordinator/cli/operator-commands.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { checkedPolicySchema } from "#shared/policy/checked-policy.ts";
import { runRiskshard } from "#test/support/runner/run-offline-command.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

type Seen = {
  readonly method: string;
  readonly url: string;
  readonly key: string;
  readonly body: string;
};

/** An HTTP server that answers everything alike and keeps what it was asked. */
async function apiServer(status: number, answer: unknown): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const key = String(request.headers["x-api-key"]);
      seen.push({ method: request.method ?? "", url: request.url ?? "", key, body });
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function run(args: readonly string[], env: Record<string, string>): Promise<string> {
  const program = new Command().exitOverride();
  addOperatorCommands(program);
  let output = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    output += String(text);
    return true;
  });
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    await program.parseAsync(["node", "riskshard", ...args]);
  } finally {
    write.mockRestore();
    vi.unstubAllEnvs();
  }
  return output;
}

describe("operator commands", () => {
  test.each([
    { args: ["ready"], asked: "/readyz" },
    { args: ["net"], asked: "/v1/risk" },
    { args: ["shards"], asked: "/v1/shards" },
    { args: ["breakers"], asked: "/v1/breakers" },
    { args: ["counters"], asked: "/v1/counters" },
    {
      args: ["jobs", "--limit", "5", "--state", "in-transit"],
      asked: "/v1/jobs?limit=5&state=in-transit",
    },
    {
      args: ["transfers", "--state", "failed-retryable"],
      asked: "/v1/transfers?state=failed-retryable",
    },
    { args: ["decisions", "--limit", "1"], asked: "/v1/decisions?limit=1" },
  ])("$args asks $asked with the key and prints the answer as JSON", async ({ args, asked }) => {
    const { url, seen } = await apiServer(200, { mode: "run" });

    const output = await run(args, { RISKSHARD_API_URL: url, RISKSHARD_API_KEY: "k-123" });

    expect(seen).toEqual([{ method: "GET", url: asked, key: "k-123", body: "" }]);
    expect(JSON.parse(output)).toEqual({ mode: "run" });
  });

  describe("plan", () => {
    const answered = async (args: readonly string[]) => {
      const { url, seen } = await apiServer(200, { jobs: [] });
      const env = { RISKSHARD_API_URL: url, RISKSHARD_API_KEY: "k-123" };
      return { seen, output: run(["plan", ...args], env) };
    };

    test("asks for a dry run and prints what it came to", async () => {
      const { seen, output } = await answered(["--dry-run"]);
      expect(JSON.parse(await output)).toEqual({ jobs: [] });
      expect(seen).toEqual([
        { method: "POST", url: "/v1/plans/dry-run", key: "k-123", body: "{}" },
      ]);
    });

    test("sends the policy of a file, checked", async () => {
      const { seen, output } = await answered([
        "--dry-run",
        "--policy",
        path.resolve(import.meta.dirname, "../../../docs/examples/policy.yaml"),
      ]);
      await output;
      const { policy } = JSON.parse(seen[0]?.body ?? "{}");
      expect(checkedPolicySchema.parse(policy)).toEqual(policy);
    });

    test("refuses a policy that is wrong, naming the field, and asks nothing", async () => {
      const file = path.join(temporaryFolder(), "policy.yaml");
      writeFileSync(file, "version: 0\n");
      const { seen, output } = await answered(["--dry-run", "--policy", file]);
      await expect(output).rejects.toThrow(/version: /);
      expect(seen).toEqual([]);
    });

    test("without --dry-run is refused: only the coordinator issues plans", async () => {
      const { seen, output } = await answered([]);
      await expect(output).rejects.toThrow(/--dry-run/);
      expect(seen).toEqual([]);
    });
  });

  test.each(["halt", "resume"])("%s sends its reason", async (name) => {
    const { url, seen } = await apiServer(200, { mode: "halt" });

    await run([name, "feeds look wrong", "--api", url], { RISKSHARD_API_KEY: "k-123" });

    const body = JSON.stringify({ reason: "feeds look wrong" });
    expect(seen).toEqual([{ method: "POST", url: `/v1/${name}`, key: "k-123", body }]);
  });

  test.each(["recover", "acknowledge"])(
    "%s-transfer names the message and its reason",
    async (name) => {
      const { url, seen } = await apiServer(200, { ordered: "retry-receive" });
      const guid = `0x${"9d".repeat(32)}`;

      await run([`${name}-transfer`, guid, "seen to", "--api", url], {
        RISKSHARD_API_KEY: "k-123",
      });

      const body = JSON.stringify({ reason: "seen to" });
      expect(seen).toEqual([
        { method: "POST", url: `/v1/transfers/${guid}/${name}`, key: "k-123", body },
      ]);
    },
  );

  test.each([
    { args: ["flatten", "base", "why not"], to: "/v1/shards/base/flatten", body: {} },
    { args: ["drain", "base", "why not"], to: "/v1/shards/base/drain", body: {} },
    {
      args: ["drain", "base", "why not", "--target", "optimism"],
      to: "/v1/shards/base/drain",
      body: { target: "optimism" },
    },
    { args: ["release", "base", "why not"], to: "/v1/shards/base/release", body: {} },
    { args: ["resume", "why not", "--shard", "base"], to: "/v1/resume", body: { shard: "base" } },
  ])("$args goes to $to with its reason", async ({ args, to, body }) => {
    const { url, seen } = await apiServer(200, {});
    await run([...args, "--api", url], { RISKSHARD_API_KEY: "k-123" });
    expect(seen[0]?.url).toBe(to);
    expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ reason: "why not", ...body });
  });

  test.each([
    {
      args: ["recover-transfer", "0x12", "seen to"],
      said: 'guid: must be 0x and 64 lower-case hex digits; found "0x12"',
    },
    { args: ["halt", "no"], said: "reason: must be 3 to 500 characters long; its length is 2" },
    {
      args: ["jobs", "--limit", "many"],
      said: '--limit: must be a positive integer; found "many"',
    },
    {
      args: ["net", "--api", "ftp://x"],
      said: '--api: must be an http or https URL; found "ftp://x"',
    },
    {
      args: ["ready", "--key", "plain"],
      said: "--key: must be ${env:NAME} or file:path; found something else, which is not shown",
    },
    {
      args: ["ready", "--key", "file:/nowhere/key"],
      said: "--key: /nowhere/key cannot be read: ENOENT",
    },
  ])("$args is refused before anything is sent", async ({ args, said }) => {
    const running = run(args, { RISKSHARD_API_URL: "http://127.0.0.1:1", RISKSHARD_API_KEY: "k" });

    await expect(running).rejects.toThrow(FatalError);
    await expect(running).rejects.toThrow(said);
  });
});

describe("riskshard", () => {
  test.each([
    { args: ["halt"], said: "missing required argument 'reason'" },
    { args: ["nets"], said: "unknown command 'nets'" },
    { args: ["jobs", "--foo"], said: "unknown option '--foo'" },
  ])("$args ends with exit code 2 and says what is wrong", ({ args, said }) => {
    const { exitCode, stderr } = runRiskshard(args);

    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(3);
  });

  test("says in one line that nothing answers, and ends with exit code 1", () => {
    vi.stubEnv("RISKSHARD_API_KEY", "k");
    onTestFinished(() => void vi.unstubAllEnvs());

    const { exitCode, stderr } = runRiskshard(["net", "--api", "http://127.0.0.1:1"]);

    expect(stderr).toBe("no answer from 127.0.0.1:1 [admin-api-unreachable]\n");
    expect(exitCode).toBe(1);
  });
});

describe("findConnection", () => {
  const nothing = { url: undefined, keyReference: undefined, env: {}, worldFile: "/nowhere" };

  test("says everything that is missing", () => {
    expect(() => findConnection(nothing)).toThrow(/--api[\s\S]*--key[\s\S]*world\.json/);
  });

  test("reads the key from a closed file", () => {
    const file = path.join(temporaryFolder(), "key");
    writeFileSync(file, "k-file\n");
    chmodSync(file, 0o600);
    const given = { ...nothing, url: "http://127.0.0.1:1", keyReference: `file:${file}` };

    expect(findConnection(given)).toEqual({ url: "http://127.0.0.1:1", key: "k-file" });
  });

  test("uses the local world when nothing else is given, but never its key for another address", () => {
    const folder = path.join(temporaryFolder(), ".local");
    mkdirSync(folder);
    const worldFile = path.join(folder, "world.json");
    const adminApi = { url: "http://127.0.0.1:4000", key: "k-world" };
    writeFileSync(worldFile, JSON.stringify({ version: 1, adminApi }));

    expect(findConnection({ ...nothing, worldFile })).toEqual(adminApi);
    expect(() => findConnection({ ...nothing, worldFile, url: "http://10.0.0.1" })).toThrow("key:");
  });
});

describe("callApi", () => {
  test("turns a problem document into an error with its code and detail", async () => {
    const { url } = await apiServer(401, {
      code: "unauthorized",
      detail: "wrong key",
      status: 401,
    });

    const calling = callApi({ url, key: "x" }, "/v1/risk");

    await expect(calling).rejects.toThrow("401 unauthorized: wrong key [admin-api-refused]");
  });

  test("returns the reasons of a coordinator that is not ready", async () => {
    const { url } = await apiServer(503, { reasons: ["no report yet"] });

    expect(await callApi({ url, key: "x" }, "/readyz")).toEqual({ reasons: ["no report yet"] });
  });

  test("says when nothing answers", async () => {
    const calling = callApi({ url: "http://127.0.0.1:1", key: "x" }, "/v1/risk");

    await expect(calling).rejects.toThrow(RetryableError);
  });
});
