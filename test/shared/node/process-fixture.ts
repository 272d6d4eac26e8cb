import { FatalError } from "#shared/errors.ts";
import { jsonLog } from "#shared/node/json-log.ts";
import { runMain } from "#shared/node/run-main.ts";
import { shutdownOnSignals } from "#shared/node/shutdown.ts";
import { sleep } from "#shared/node/sleep.ts";

/** A small process for shutdown.test.ts and run-main.test.ts; the first argument says how it behaves. */
const MAINS: Readonly<Record<string, () => Promise<void>>> = {
  "config-error": async () => {
    throw new FatalError("config-invalid", "port: must be <= 65535; found 70000");
  },
  "fatal-error": async () => {
    throw new FatalError("vault-missing", "no contract at https://rpc.example/v2/k3y");
  },
  bug: async () => {
    throw new TypeError("undefined is not a function");
  },
  fine: async () => undefined,
  orderly: () => serve(async () => sleep(30)),
  failing: () =>
    serve(async () => {
      throw new Error("disk full");
    }),
  hanging: () => serve(async () => sleep(60_000)),
};

async function serve(last: () => Promise<unknown>): Promise<void> {
  const log = jsonLog({ level: "info", name: "fixture" });
  const shutdown = shutdownOnSignals({ log, stepTimeoutMs: 300 });
  shutdown.add("journal", () => log.info("journal closed"));
  shutdown.add("worker", async () => {
    await last();
    log.info("worker closed");
  });
  shutdown.add("api", () => log.info("api closed", { aborted: shutdown.signal.aborted }));
  log.info("ready");
  await sleep(60_000, shutdown.signal);
  await shutdown.begin("loop ended");
}

await runMain(MAINS[process.argv[2] ?? ""] ?? (async () => undefined));
