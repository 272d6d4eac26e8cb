import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import type { CoordinatorConfig } from "#coordinator/config.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { freePort } from "#test/local/processes/free-port.ts";
import type { World } from "#test/local/world.ts";
import type { WorldChain } from "#test/local/world-description.ts";
import { waitFor } from "#test/support/agent/agent-site.ts";
import { type RunningProcess, runProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

export type ApiAnswer = { readonly status: number; readonly body: Record<string, unknown> };

/** A coordinator process of a test, with its admin API. */
export type CoordinatorProcess = RunningProcess & {
  readonly dataDir: string;
  readonly get: (path: string) => Promise<ApiAnswer>;
  readonly post: (path: string, body: unknown) => Promise<ApiAnswer>;
  /** Waits for an answer of a path for which `accept` holds. */
  readonly until: (path: string, accept: (answer: ApiAnswer) => boolean) => Promise<ApiAnswer>;
};

export type CoordinatorOptions = {
  /** Folder of the journal: the same one again is a restart. */
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  readonly change?: (config: CoordinatorConfig) => object;
  /** Where it is to be killed, as test/support/runner/crash-point.ts says; nowhere when left out. */
  readonly crashAt?: string;
};

/** Starts the coordinator of a world that runs without one; killed when the test ends. */
export async function startCoordinator(
  world: World,
  o: CoordinatorOptions = {},
): Promise<CoordinatorProcess> {
  const { dataDir: worldDir, adminApi } = world.description;
  const dataDir = o.dataDir ?? temporaryFolder();
  const original = parse(
    readFileSync(join(worldDir, "coordinator.yaml"), "utf8"),
  ) as CoordinatorConfig;
  const port = await freePort();
  const config = { ...original, dataDir, api: { ...original.api, port } };
  const file = join(temporaryFolder(), "coordinator.yaml");
  writeFileSync(file, stringify({ ...config, ...o.change?.(config) }));
  const args = ["--config", file, ...(o.flags ?? [])];
  const process = runProcess("coordinator/main.ts", args, {
    env: { CRASH_AT: o.crashAt ?? "" },
    nodeArgs: o.crashAt === undefined ? [] : ["--import", "./test/support/runner/crash-point.ts"],
  });
  // How long a start takes is the machine's business: what a test waits for begins here.
  await Promise.race([process.printed("admin API is up"), process.exitCode]);
  const headers = { "x-api-key": adminApi.key };
  const ask = async (path: string, init: RequestInit = {}): Promise<ApiAnswer> => {
    const signal = AbortSignal.timeout(60_000);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { ...init, signal });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = (path: string): Promise<ApiAnswer> => ask(path, { headers });
  void bringFinality(world, process, () => get("/readyz"));
  return {
    ...process,
    dataDir,
    get,
    post: (path, body) => {
      const json = { ...headers, "content-type": "application/json" };
      return ask(path, { method: "POST", headers: json, body: JSON.stringify(body) });
    },
    until: (path, accept) => waitFor(() => get(path), accept, path),
  };
}

const FINALITY_POLL_MS = 250;
/** Anvil's newest block but eight is final. */
const BLOCKS_TO_FINALITY = "0x9";

/**
 * A coordinator waits for its epochs to be final: the blocks that takes are mined at once, until it leads for the first
 * time. No more than those, however slow it is to see them: reports tell only of the newest blocks.
 */
async function bringFinality(
  { description }: World,
  process: RunningProcess,
  readiness: () => Promise<ApiAnswer>,
): Promise<void> {
  let isOver = false;
  void process.exitCode.then(() => {
    isOver = true;
  });
  while (!isOver) {
    // One that is being started, or has just been killed, gives no answer.
    const { status, body } = await readiness().catch(() => ({ status: 503, body: {} }));
    if (status === 200) return;
    for (const chain of description.chains) {
      if (!JSON.stringify(body).includes(`${chain.shard}: epoch`)) continue;
      // A chain that a test has stopped, or that fails to answer, is asked again.
      await finaliseEpoch(chain).catch(() => undefined);
    }
    await sleep(FINALITY_POLL_MS);
  }
}

async function finaliseEpoch({ rpcUrl, chainId, contracts }: WorldChain): Promise<void> {
  const client = chainClient(rpcUrl, chainId);
  const epochAt = (blockTag: "latest" | "finalized") =>
    client.readContract({
      address: contracts.vault,
      abi: shardVaultAbi,
      functionName: "epoch",
      blockTag,
    });
  if ((await epochAt("finalized")) === (await epochAt("latest"))) return;
  await rpc(rpcUrl, "anvil_mine", [BLOCKS_TO_FINALITY, "0x0"]);
}

/** A policy file beside the world's own, with what a test changes. */
export function policyFileWith(world: World, change: (policy: Policy) => Policy): string {
  const file = join(temporaryFolder(), "policy.yaml");
  writeFileSync(file, stringify(change(world.description.policy)));
  return file;
}
