/**
 * Preloaded into an agent (`node --import`) it ends the process with SIGKILL at the point that
 * CRASH_AT names: a journal state, just after the write that reached it; or `sent`, between the node's
 * answer to a broadcast and the journal's note of it. The agent itself knows nothing of it.
 */
import { ClientRequest } from "node:http";
import { DatabaseSync, StatementSync } from "node:sqlite";

const point = process.env["CRASH_AT"] ?? "";
let isReached = false;

const run = StatementSync.prototype.run;
StatementSync.prototype.run = function (this: StatementSync, ...values: unknown[]) {
  const isTransition = this.sourceSQL.startsWith("INSERT INTO transitions");
  if (isTransition && values.includes(point)) isReached = true;
  return run.apply(this, values as Parameters<typeof run>);
};

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
  exec.call(this, sql);
  if (sql === "COMMIT" && isReached) process.kill(process.pid, "SIGKILL");
};

const end = ClientRequest.prototype.end as (
  this: ClientRequest,
  ...args: unknown[]
) => ClientRequest;
ClientRequest.prototype.end = function (this: ClientRequest, ...args: unknown[]) {
  const isBroadcast = String(args[0] ?? "").includes("eth_sendRawTransaction");
  if (point === "sent" && isBroadcast) {
    this.prependListener("response", () => process.kill(process.pid, "SIGKILL"));
  }
  return end.apply(this, args);
} as typeof ClientRequest.prototype.end;
