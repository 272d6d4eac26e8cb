import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { AgentConfigFile } from "#shard-agent/config.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { onlySite, openAttendedWorld } from "#test/support/chain/attended-world.ts";
import { type RunningProcess, runProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

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
  const attended = await openAttendedWorld({
    seed,
    chains: 2,
    open: [0],
    without: ["agents", "lzWorker"],
  });
  const { world } = attended;
  const site = onlySite(attended);
  const configFile = join(world.description.dataDir, `agent-${site.chain.shard}.yaml`);
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
    settlementBalance: () => {
      const { settlement, contracts } = site.chain;
      return site.tokenBalance(settlement.token, contracts.vault);
    },
    close: attended.close,
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
