import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "#test/local/processes/free-port.ts";

function listen(port: number): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

test("no two calls give the same port, and each can be listened on", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, freePort));
  expect(new Set(ports).size).toBe(ports.length);
  for (const port of ports) await listen(port);
});

test("a port that somebody listens on is passed over", async () => {
  const port = await freePort();
  await listen(port + 1);
  expect(await freePort()).not.toBe(port + 1);
});

test("the ports lie in the slice of this worker, below those of outgoing connections", async () => {
  const slice = Number(process.env["VITEST_POOL_ID"]) % 8;
  const port = await freePort();
  expect(Math.floor((port - 10_000) / 2_500)).toBe(slice);
  expect(port).toBeLessThan(32_768);
});
