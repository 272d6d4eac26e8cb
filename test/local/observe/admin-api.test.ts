import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { exampleRisk } from "#test/local/check/example-world.ts";
import { adminApiClient } from "#test/local/observe/admin-api.ts";

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function answering(status: number, body: string) {
  const seen: { url?: string | undefined; key?: string | string[] | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, key: request.headers["x-api-key"] });
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { api: adminApiClient({ url: `http://127.0.0.1:${port}`, key: "secret" }), seen };
}

describe("adminApiClient", () => {
  test("sends the key and ignores fields it does not need", async () => {
    const { api, seen } = await answering(
      200,
      JSON.stringify({ ...exampleRisk(), policyVersion: 3 }),
    );
    expect(await api.risk()).toEqual(exampleRisk());
    expect(seen).toEqual([{ url: "/v1/risk", key: "secret" }]);
  });

  test("names the field of an unexpected answer", async () => {
    const { api } = await answering(200, JSON.stringify({ ...exampleRisk(), mode: 1 }));
    await expect(api.risk()).rejects.toThrow(/GET \/v1\/risk: [\s\S]*mode/);
    await expect(api.risk()).rejects.toBeInstanceOf(FatalError);
  });

  test.each([
    { status: 503, body: "{}", kind: RetryableError },
    { status: 401, body: "{}", kind: FatalError },
    { status: 200, body: "no json", kind: FatalError },
  ])("rejects $status with body $body", async ({ status, body, kind }) => {
    const { api } = await answering(status, body);
    await expect(api.jobs(5)).rejects.toBeInstanceOf(kind);
  });

  test("calls an unreachable API retryable", async () => {
    const api = adminApiClient({ url: "http://127.0.0.1:1", key: "k" });
    await expect(api.shards()).rejects.toBeInstanceOf(RetryableError);
  });
});
