/**
 * Preloaded into an agent or a coordinator (`node --import`) it ends the process with SIGKILL at the first of the points
 * that CRASH_AT names, parted by commas. The process itself knows nothing of it.
 *
 * A point is a state of the process's journal, just after the write that reached it. An agent's may also say from where
 * it was reached (`broadcast-signed`: a replacement at higher fees, `included-signed`: a reorganisation) or by what kind
 * of housekeeping (`cancel:signed`), or be `sent-bytes`, between the node's answer to a broadcast and the journal's note
 * of it, `pruning`, when old entries and links are gone from the journal and the transaction is not on disk, or `pruned`,
 * when it is and the mark beside the journal names the link before it. A coordinator's may be `queueing`, when a job is signed and not yet on its way to the queue, or `queued`, when
 * the queue has it and the journal does not know.
 */
import { ClientRequest } from "node:http";
import { Socket } from "node:net";
import { DatabaseSync, StatementSync } from "node:sqlite";

const points = (process.env["CRASH_AT"] ?? "").split(",");
let isReached = false;

/** What the points of a transition may be called, by the columns of each process's table. */
const TRANSITIONS: Readonly<Record<string, (values: readonly string[]) => string[]>> = {
  "INSERT INTO transitions": ([, id = "", from = "", to = ""]) => [
    to,
    `${from}-${to}`,
    `${id.split(":")[0]}:${to}`,
  ],
  "INSERT INTO job_events": (values) => [...values],
};
/** As BullMQ names a job of ours. */
const QUEUE_ID = /j-[0-9a-f]{64}/;

const run = StatementSync.prototype.run;
StatementSync.prototype.run = function (this: StatementSync, ...values: unknown[]) {
  for (const [start, namesOf] of Object.entries(TRANSITIONS)) {
    const names = this.sourceSQL.startsWith(start) ? namesOf(values.map(String)) : [];
    if (names.some((name) => points.includes(name))) isReached = true;
  }
  const result = run.apply(this, values as Parameters<typeof run>);
  const isPruning = this.sourceSQL.startsWith("DELETE FROM transitions");
  if (isPruning && points.includes("pruning")) process.kill(process.pid, "SIGKILL");
  return result;
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
  if (points.includes("sent-bytes") && isBroadcast) {
    this.prependListener("response", () => process.kill(process.pid, "SIGKILL"));
  }
  return end.apply(this, args);
} as typeof ClientRequest.prototype.end;

const write = Socket.prototype.write as (this: Socket, ...args: unknown[]) => boolean;
Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
  const [chunk] = args;
  const text = Buffer.isBuffer(chunk) ? chunk.toString("latin1") : String(chunk);
  if (QUEUE_ID.test(text)) {
    // It is read back once the queue has answered that it has it.
    const point = /hgetall/i.test(text) ? "queued" : "queueing";
    if (points.includes(point)) process.kill(process.pid, "SIGKILL");
  }
  return write.apply(this, args);
} as typeof Socket.prototype.write;
