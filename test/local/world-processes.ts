import { join } from "node:path";
import { FatalError } from "#shared/errors.ts";
import type { ConfigFiles } from "#test/local/config/process-configs.ts";
import type { SupervisedProcess, Supervisor } from "#test/local/processes/supervisor.ts";
import type { ProcessKind } from "#test/local/world-options.ts";

/**
 * The processes of a world by name: `lz-worker`, `agent-<shard>`, `coordinator`, `market`, `takers`.
 * A test may stop one and start it again.
 */
export type WorldProcesses = {
  readonly start: (name: string) => SupervisedProcess;
  /** Starts every process of a kind. */
  readonly startKind: (kind: ProcessKind) => void;
  /** The running process of a name. @throws {FatalError} If it was not started. */
  readonly get: (name: string) => SupervisedProcess;
};

const REPOSITORY = join(import.meta.dirname, "../..");

/** Compiled modules are kept between runs: the processes start in two thirds of the time. */
const COMPILE_CACHE = join(REPOSITORY, "node_modules/.cache/riskshard/compiled");

export function worldProcesses(
  supervisor: Supervisor,
  o: {
    readonly files: ConfigFiles;
    readonly worldFile: string;
    readonly prices: { readonly file: string; readonly speed: number } | null;
    readonly shadow: boolean;
  },
): WorldProcesses {
  const prices =
    o.prices === null ? [] : ["--prices", o.prices.file, "--speed", String(o.prices.speed)];
  const shadow = o.shadow ? ["--shadow"] : [];
  const agents = [...o.files.agents].map(([shard, file]) => [
    `agent-${shard}`,
    ["shard-agent/main.ts", "--config", file],
  ]);
  const commands: Readonly<Record<string, readonly string[]>> = {
    ...Object.fromEntries(agents),
    "lz-worker": ["test/local/lz-worker.ts", o.files.lzWorker],
    coordinator: ["coordinator/main.ts", "--config", o.files.coordinator, ...shadow],
    market: ["test/local/market/main.ts", o.worldFile, ...prices],
    takers: ["test/local/takers/main.ts", o.worldFile],
  };
  const running = new Map<string, SupervisedProcess>();
  const start = (name: string): SupervisedProcess => {
    const [script, ...args] = commands[name] ?? [];
    if (script === undefined) throw new FatalError("world-process", `${name}: no such process`);
    const started = supervisor.start({
      name,
      command: process.execPath,
      args: ["--disable-warning=ExperimentalWarning", join(REPOSITORY, script), ...args],
      env: { NODE_COMPILE_CACHE: COMPILE_CACHE },
    });
    running.set(name, started);
    return started;
  };
  const namesOf: Readonly<Record<ProcessKind, readonly string[]>> = {
    lzWorker: ["lz-worker"],
    agents: agents.map(([name]) => String(name)),
    coordinator: ["coordinator"],
    market: ["market"],
    takers: ["takers"],
  };
  return {
    start,
    startKind: (kind) => {
      for (const name of namesOf[kind]) start(name);
    },
    get: (name) => {
      const found = running.get(name);
      if (found === undefined) throw new FatalError("world-process", `${name}: was not started`);
      return found;
    },
  };
}
