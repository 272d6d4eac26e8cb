import type { Command } from "commander";
import { type ApiConnection, callApi, findConnection } from "#coordinator/cli/api-connection.ts";
import { FatalError } from "#shared/errors.ts";
import { loadConfigFile } from "#shared/node/config-file.ts";
import { checkedPolicySchema } from "#shared/policy/checked-policy.ts";

type Options = { readonly api?: string; readonly key?: string };
type ListOptions = Options & { readonly limit?: string; readonly state?: string };

type PlanOptions = Options & { readonly dryRun?: boolean; readonly policy?: string };

const VIEWS = [
  { name: "ready", path: "/readyz", about: "whether the coordinator may plan, and why not" },
  { name: "net", path: "/v1/risk", about: "mode, market snapshot, net Greeks, band" },
  { name: "shards", path: "/v1/shards", about: "per shard: mode, report, collateral, capital" },
  { name: "breakers", path: "/v1/breakers", about: "breakers, quarantines, orders, their events" },
  { name: "counters", path: "/v1/counters", about: "reports, refusals, jobs by state" },
] as const;

/** Adds the commands that talk to a coordinator's admin API; each prints the answer as JSON. */
export function addOperatorCommands(program: Command): void {
  for (const { name, path, about } of VIEWS) {
    command(program, name, `coordinator: ${about}`).action((options: Options) =>
      show(options, path),
    );
  }
  command(program, "jobs", "coordinator: jobs, newest first")
    .option("--limit <n>", "at most this many")
    .option("--state <state>", "only jobs in this state, such as in-transit")
    .action((options: ListOptions) => show(options, `/v1/jobs${query(options)}`));
  command(program, "transfers", "coordinator: cross-chain messages, newest first")
    .option("--limit <n>", "at most this many")
    .option("--state <state>", "only those in this state, such as failed-retryable")
    .action((options: ListOptions) => show(options, `/v1/transfers${query(options)}`));
  addTransferOrders(program);
  command(program, "decisions", "coordinator: decisions with their reasons, newest first")
    .option("--limit <n>", "at most this many")
    .action((options: ListOptions) => show(options, `/v1/decisions${query(options)}`));
  command(program, "plan", "coordinator: what a pass would do now; nothing is recorded or sent")
    .option("--dry-run", "say that nothing is to be done; needed")
    .option("--policy <file>", "plan under this policy instead of the coordinator's own")
    .action((options: PlanOptions) => rehearse(options));
  command(program, "halt", "coordinator: issue no more jobs; the reason is recorded")
    .argument("<reason>", "3 to 500 characters")
    .action((reason: string, options: Options) => order(options, "halt", { reason }));
  command(program, "resume", "coordinator: lift halts; the reason is recorded")
    .argument("<reason>", "3 to 500 characters")
    .option("--shard <id>", "only those of this shard's breakers")
    .action((reason: string, options: Options & { readonly shard?: string }) => {
      const { shard } = options;
      return order(options, "resume", { reason, ...(shard !== undefined && { shard }) });
    });
  addShardOrders(program);
}

const SHARD_ORDERS = [
  { name: "flatten", about: "bring a shard's own net delta to zero" },
  { name: "drain", about: "flatten a shard and move what it does not need to others" },
  { name: "release", about: "end a shard's order and its quarantine" },
] as const;

function addShardOrders(program: Command): void {
  for (const { name, about } of SHARD_ORDERS) {
    const one = command(program, name, `coordinator: ${about}; the reason is recorded`)
      .argument("<shard>", "id of the shard")
      .argument("<reason>", "3 to 500 characters");
    if (name === "drain") one.option("--target <id>", "move it to this shard only");
    one.action((shard: string, reason: string, options: Options & { readonly target?: string }) => {
      const { target } = options;
      const body = { reason, ...(target !== undefined && { target }) };
      return order(options, `shards/${encodeURIComponent(shard)}/${name}`, body);
    });
  }
}

const TRANSFER_ORDERS = [
  { name: "recover", about: "order the call that brings a transfer on" },
  {
    name: "acknowledge",
    about: "note that a transfer is lost; its shards are not held back for it",
  },
] as const;

function addTransferOrders(program: Command): void {
  for (const { name, about } of TRANSFER_ORDERS) {
    command(program, `${name}-transfer`, `coordinator: ${about}; the reason is recorded`)
      .argument("<guid>", "as `transfers` shows it")
      .argument("<reason>", "3 to 500 characters")
      .action((guid: string, reason: string, options: Options) => {
        if (!/^0x[0-9a-f]{64}$/.test(guid)) {
          const text = `guid: must be 0x and 64 lower-case hex digits; found "${guid}"`;
          throw new FatalError("input-guid", text);
        }
        return order(options, `transfers/${guid}/${name}`, { reason });
      });
  }
}

function command(program: Command, name: string, about: string): Command {
  return program
    .command(name)
    .description(about)
    .option("--api <url>", "address of the admin API (or RISKSHARD_API_URL)")
    .option("--key <reference>", "${env:NAME} or file:path of its key (or RISKSHARD_API_KEY)");
}

function connectionOf(options: Options): ApiConnection {
  const given = { url: options.api, keyReference: options.key };
  return findConnection({ ...given, env: process.env, worldFile: ".local/world.json" });
}

async function show(options: Options, path: string): Promise<void> {
  print(await callApi(connectionOf(options), path));
}

/** @throws {FatalError} `input-arguments` without `--dry-run`: plans are issued by the coordinator alone. */
async function rehearse(options: PlanOptions): Promise<void> {
  if (options.dryRun !== true)
    throw new FatalError(
      "input-arguments",
      "plan: give --dry-run; only the coordinator issues plans",
    );
  const { policy: file } = options;
  const policy = file === undefined ? {} : { policy: loadConfigFile(checkedPolicySchema, file) };
  print(await callApi(connectionOf(options), "/v1/plans/dry-run", policy));
}

async function order(
  options: Options,
  path: string,
  body: { readonly reason: string } & Readonly<Record<string, string>>,
): Promise<void> {
  const { reason } = body;
  if (reason.length < 3 || reason.length > 500) {
    const text = `reason: must be 3 to 500 characters long; its length is ${reason.length}`;
    throw new FatalError("input-reason", text);
  }
  print(await callApi(connectionOf(options), `/v1/${path}`, body));
}

function query({ limit, state }: ListOptions): string {
  if (limit !== undefined && !/^[1-9][0-9]{0,5}$/.test(limit)) {
    throw new FatalError("input-limit", `--limit: must be a positive integer; found "${limit}"`);
  }
  const parameters = { ...(limit && { limit }), ...(state && { state }) };
  const text = new URLSearchParams(parameters).toString();
  return text === "" ? "" : `?${text}`;
}

function print(answer: unknown): void {
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
}
