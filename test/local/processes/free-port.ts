import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { RetryableError } from "#shared/errors.ts";

/** Below what systems give to outgoing connections (32768 and up on Linux). */
const FIRST = 10_000;
const PORTS_PER_SLICE = 2_500;
const SLICES = 8;

/** Vitest numbers the workers that run at once: each has ports of its own, so that worlds starting together never ask for the same. */
const sliceFirst = FIRST + PORTS_PER_SLICE * (Number(process.env["VITEST_POOL_ID"] ?? 0) % SLICES);
let turn = randomInt(PORTS_PER_SLICE);

/**
 * A TCP port on loopback that nothing listened on a moment ago; the next call gives another one.
 *
 * Another program may take it before the caller does, so a server started on it must be checked to be
 * the caller's own.
 *
 * @throws {RetryableError} `world-no-port` if every port of this process is taken.
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORTS_PER_SLICE; tried += 1) {
    const port = sliceFirst + turn;
    turn = (turn + 1) % PORTS_PER_SLICE;
    if (await isFree(port)) return port;
  }
  const range = `${sliceFirst} to ${sliceFirst + PORTS_PER_SLICE - 1}`;
  throw new RetryableError("world-no-port", `none of the ports ${range} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
