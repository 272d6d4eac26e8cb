import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { AgentConfigFile } from "#shard-agent/config.ts";
import type { Hex } from "#shared/units/ids.ts";
import { startWorld, type World } from "#test/local/world.ts";
import { type AgentSite, openSite, waitFor } from "#test/support/agent-site.ts";
import { keepFeedsFresh } from "#test/support/fresh-feeds.ts";
import { type RunningProcess, runProcess } from "#test/support/run-process.ts";
import { leadVault } from "#test/support/swap-job.ts";
import { temporaryFolder } from "#test/support/temporary-folder.ts";

/** A shard whose agents a test starts itself: real chains and Redis, fresh feeds, the planner leads the vault. */
export type LoneShard = {
  readonly world: World;
  readonly site: AgentSite;
  /** What the world would start the shard's agent with. */
  readonly agentConfig: AgentConfigFile;
  /**
   * Starts an agent with the world's configuration, changed, and by default a data folder of its own. It is
   * killed when the test ends.
   */
  readonly startAgent: (o?: AgentStart) => RunningProcess;
  /** A report of a block that is yet to come, by an agent that takes jobs now. */
  readonly freshReport: () => Promise<void>;
  readonly untilConsumed: (jobId: Hex) => Promise<void>;
  readonly settlementBalance: () => Promise<bigint>;
  readonly close: () => Promise<void>;
};

type AgentStart = {
  /** Where journal and configuration lie; given again, the agent goes on from its journal. */
  readonly folder?: string;
  /** Fields of the configuration that differ from the world's. */
  readonly change?: object;
  readonly env?: Record<string, string>;
  readonly nodeArgs?: readonly string[];
};

/** Opens the first shard of a world in which no agent, coordinator or market runs; the caller closes it. */
export async function openLoneShard(seed: number): Promise<LoneShard> {
  const processes = {
    coordinator: false,
    market: false,
    takers: false,
    agents: false,
    lzWorker: false,
  };
  const world = await startWorld({ chains: 2, seed, processes });
  const [chain] = world.description.chains;
  if (chain === undefined) throw new Error("a chain expected");
  const site = openSite(world, chain);
  const stopFeeds = keepFeedsFresh(world, [site]);
  await leadVault(world, site);
  const configFile = join(world.description.dataDir, `agent-${chain.shard}.yaml`);
  const agentConfig = parse(readFileSync(configFile, "utf8")) as AgentConfigFile;
  return {
    world,
    site,
    agentConfig,
    startAgent: (o = {}) => startAgent(agentConfig, o),
    freshReport: async () => {
      const head = Number(await site.client.getBlockNumber());
      await site.reportWith((one) => one.block.number > head && one.health.acceptsJobs);
    },
    untilConsumed: async (jobId) => {
      const read = () => site.vaultRead("consumed", [jobId]);
      await waitFor(read, (isConsumed) => isConsumed === true, "consumption");
    },
    settlementBalance: () => site.tokenBalance(chain.settlement.token, chain.contracts.vault),
    close: async () => {
      stopFeeds();
      await site.close();
      await world.stop();
    },
  };
}

function startAgent(agentConfig: AgentConfigFile, o: AgentStart): RunningProcess {
  const folder = o.folder ?? temporaryFolder();
  const config = { ...agentConfig, dataDir: folder, ...o.change };
  const file = join(folder, "agent.yaml");
  writeFileSync(file, stringify(config));
  const { env = {}, nodeArgs = [] } = o;
  return runProcess("shard-agent/main.ts", ["--config", file], { env, nodeArgs });
}
