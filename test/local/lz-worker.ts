/**
 * LayerZero's off-chain part for a local world, as a process of its own: two DVNs, a committer and an
 * executor. `node test/local/lz-worker.ts <configuration file>` (test/local/layerzero/worker-config.ts).
 * It keeps no state: what to do next follows from the chains, so it may be killed and started again.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "#shared/units/ids.ts";
import { advancePacket } from "#test/local/layerzero/packet-delivery.ts";
import { readPackets, type SentPacket } from "#test/local/layerzero/packet-watch.ts";
import { workerConfigSchema } from "#test/local/layerzero/worker-config.ts";
import { type WorkerNode, workerNodes } from "#test/local/layerzero/worker-node.ts";

/** Failed steps of one packet before it is given up. */
const ATTEMPTS_MAX = 30;
const BACKOFF_MAX_MS = 10_000;

const configFile = process.argv[2];
if (configFile === undefined) {
  console.error("usage: lz-worker.ts <configuration file>");
  process.exit(2);
}
const config = workerConfigSchema.parse(JSON.parse(readFileSync(configFile, "utf8")));
const nodes = workerNodes(config);
/** Payload hash each message was taken up with: after a reorg one guid may come with another payload. */
const takenUp = new Map<Hex, Hex>();
let isStopping = false;

for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.on(name, () => {
    isStopping = true;
    // Steps under way are cut off: the chains know how far each packet came.
    setTimeout(() => process.exit(0), 200);
  });
}
log("started", { chains: config.chains.map((chain) => chain.key) });
await Promise.all([...nodes.values()].map(watch));

async function watch(source: WorkerNode): Promise<void> {
  let fromBlock = source.chain.fromBlock;
  let failures = 0;
  while (!isStopping) {
    try {
      const { packets, nextBlock } = await readPackets(source, fromBlock, config.confirmations);
      for (const sent of packets) takeUp(sent);
      fromBlock = nextBlock;
      failures = 0;
    } catch (error) {
      failures += 1;
      log("read-failed", { chain: source.chain.key, failures, error: String(error) });
    }
    await sleep(failures === 0 ? config.pollMs : backoffMs(failures));
  }
}

function takeUp(sent: SentPacket): void {
  const { guid, payloadHash, dstEid } = sent.packet;
  const known = takenUp.get(guid);
  if (known === payloadHash) return;
  if (known !== undefined) {
    log("payload-changed", { guid, known, payloadHash });
    return;
  }
  const target = nodes.get(dstEid);
  if (target === undefined) {
    log("no-such-target", { guid, dstEid });
    return;
  }
  takenUp.set(guid, payloadHash);
  log("sent", { guid, from: sent.packet.srcEid, to: dstEid });
  void carry(target, sent);
}

async function carry(target: WorkerNode, sent: SentPacket): Promise<void> {
  const { guid } = sent.packet;
  let failures = 0;
  while (!isStopping && failures < ATTEMPTS_MAX) {
    try {
      const step = await advancePacket(target, sent, config.confirmations);
      failures = 0;
      if (step === "waiting") await sleep(config.pollMs);
      else log(step, { guid });
      if (step === "delivered" || step === "already-delivered") return;
    } catch (error) {
      failures += 1;
      log("step-failed", { guid, failures, error: String(error) });
      await sleep(backoffMs(failures));
    }
  }
  if (!isStopping) log("given-up", { guid, failures });
}

function backoffMs(failures: number): number {
  return Math.min(BACKOFF_MAX_MS, 200 * 2 ** Math.min(failures, 10));
}

function log(event: string, fields: Record<string, unknown>): void {
  console.log(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}
