import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { FatalError } from "#shared/errors.ts";
import { freePort } from "#test/local/processes/free-port.ts";
import {
  logTail,
  type SupervisedProcess,
  type Supervisor,
} from "#test/local/processes/supervisor.ts";

export type AnvilChain = { readonly rpcUrl: string; readonly process: SupervisedProcess };

export type AnvilOptions = {
  readonly name: string;
  readonly chainId: number;
  /** RPC to fork from; null starts an empty chain. */
  readonly forkUrl: string | null;
  /** Where the chain's clock starts, Unix seconds; null is now. */
  readonly startsAtSeconds: number | null;
  /** Folder for what anvil would otherwise keep in the user's home. */
  readonly cacheDir: string;
};

/** A fork first fetches state from its parent, which may be far away. */
const START_TIMEOUT_MS = 60_000;

/**
 * Starts one anvil on a free port and waits until it answers with the expected chain id.
 *
 * It mines each transaction at once; {@link mineEverySecond} switches to one block a second.
 *
 * @throws {FatalError} If anvil ends, does not answer in time, or another program answers on its port.
 */
export async function startAnvil(
  supervisor: Supervisor,
  options: AnvilOptions,
): Promise<AnvilChain> {
  const port = await freePort();
  const fork =
    options.forkUrl === null ? [] : ["--fork-url", options.forkUrl, "--no-storage-caching"];
  const clock =
    options.startsAtSeconds === null ? [] : ["--timestamp", String(options.startsAtSeconds)];
  const process_ = supervisor.start({
    name: `anvil-${options.name}`,
    command: anvilBinary(),
    args: [
      ...["--host", "127.0.0.1", "--port", String(port), "--chain-id", String(options.chainId)],
      ...["--slots-in-an-epoch", "4", "--hardfork", "cancun", "--accounts", "1", "--quiet"],
      ...["--cache-path", options.cacheDir],
      ...fork,
      ...clock,
    ],
  });
  const rpcUrl = `http://127.0.0.1:${port}`;
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (!process_.isAlive()) {
      throw new FatalError(
        "world-anvil",
        `anvil ${options.name} ended while starting:\n${logTail(process_.logFile)}`,
      );
    }
    const chainId = await rpcOrNull(rpcUrl, "eth_chainId");
    if (chainId !== null) {
      if (Number(chainId) === options.chainId && process_.isAlive())
        return { rpcUrl, process: process_ };
      throw new FatalError(
        "world-anvil",
        `anvil ${options.name} on port ${port}: found chain id ${Number(chainId)}, expected ${options.chainId}.`,
      );
    }
    if (Date.now() > deadlineMs) {
      throw new FatalError(
        "world-anvil",
        `anvil ${options.name} did not answer within ${START_TIMEOUT_MS} ms.`,
      );
    }
    await sleep(10);
  }
}

/** One JSON-RPC call; a call that fails in any way throws. */
export async function rpc(
  rpcUrl: string,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  const response = await fetch(rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(20_000),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

async function rpcOrNull(rpcUrl: string, method: string): Promise<unknown> {
  try {
    return await rpc(rpcUrl, method);
  } catch {
    return null;
  }
}

/** The platform's own binary: npm's wrapper script would be a second process that orphans it. */
function anvilBinary(): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const platform = process.platform;
  const name = `@foundry-rs/anvil-${platform}-${architecture}/bin/anvil${platform === "win32" ? ".exe" : ""}`;
  try {
    return createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new FatalError(
      "world-anvil",
      `anvil for ${platform}-${architecture} is not installed (${name}).`,
      { cause },
    );
  }
}

/** Takes a clock that started in the past to wall time, where it stays. */
export async function setClockToNow(rpcUrl: string): Promise<void> {
  await rpc(rpcUrl, "evm_setNextBlockTimestamp", [Math.floor(Date.now() / 1000)]);
  await rpc(rpcUrl, "evm_mine");
}

/** From now on one block a second, also when there is nothing to mine. */
export async function mineEverySecond(rpcUrl: string): Promise<void> {
  await rpc(rpcUrl, "evm_setIntervalMining", [1]);
}
