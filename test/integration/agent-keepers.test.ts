import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Hex } from "#shared/units/ids.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { waitFor } from "#test/support/agent/agent-site.ts";
import { swapJob } from "#test/support/agent/swap-job.ts";
import { mining } from "#test/support/chain/reorganise.ts";
import { rpcProxy } from "#test/support/chain/rpc-proxy.ts";
import { type LoneShard, openLoneShard } from "#test/support/coordinator/lone-shard.ts";
import type { RunningProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const AMOUNT = 1_000_000_000n;
/** Longer than a busy agent takes to bring a job into a block. */
const STANDBY_MS = 8_000;
const SECOND_KEY = generatePrivateKey();
const SECOND = privateKeyToAddress(SECOND_KEY);
/** A job of 1000 USD may cost one per cent of that in gas, at 3000 USD per ETH. */
const GAS_CAP_WEI = 10n ** 18n / 300n;

let shard: LoneShard;

beforeAll(async () => {
  shard = await openLoneShard(27);
  await rpc(shard.site.chain.rpcUrl, "anvil_setBalance", [SECOND, "0x56bc75e2d63100000"]);
});

afterAll(() => shard?.close());

test("two that compete both reach a block: one takes effect, the other reverts, at a cost its receipt counts", async () => {
  const { world, site, freshReport } = shard;
  const [both, sent] = [gate(2), gate(2)];
  const proxies = await Promise.all([1, 2].map(() => rpcProxy(site.chain.rpcUrl)));
  const agents = proxies.map((proxy, index) =>
    startAgent(index === 0 ? "first" : "second", "compete", { rpcUrls: [proxy.url] }),
  );
  await Promise.all(agents.map((agent) => agent.printed("agent runs")));
  await freshReport();
  // Neither signs before both have seen that the vault would take the job, and no block comes before both are sent.
  for (const proxy of proxies) {
    proxy.lie(async (method, _params, result) => {
      if (method === "eth_estimateGas") await both.pass();
      if (method === "eth_sendRawTransaction") void sent.pass();
      return result;
    });
  }
  const before = await shard.settlementBalance();
  const noncesBefore = await nonces();
  const job = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  const { jobId } = job.mandate;
  await mining(site, false);
  await site.enqueue(job);
  await sent.opened;
  await mining(site, true);
  await shard.untilConsumed(jobId);
  const outcomes = await Promise.all([ended(jobId, site.chain.agent.id), ended(jobId, secondId())]);
  expect(outcomes.map((one) => one?.outcome).sort()).toEqual(["included", "reverted"]);
  const lost = outcomes.find((one) => one?.outcome === "reverted");
  const won = outcomes.find((one) => one?.outcome === "included");
  expect(lost?.reason).toBe("already-consumed");
  expect(won?.reason).toBeNull();
  expect(lost?.transactionHash).not.toBe(won?.transactionHash);
  const costWei = BigInt(lost?.gasCostWei ?? 0);
  expect(costWei).toBeGreaterThan(0n);
  expect(costWei).toBeLessThanOrEqual(GAS_CAP_WEI);
  expect(costWei).toBeLessThan(BigInt(won?.gasCostWei ?? 0));
  const receipt = await site.client.getTransactionReceipt({ hash: lost?.transactionHash as Hex });
  expect(receipt.status).toBe("reverted");
  expect(await nonces()).toEqual(noncesBefore.map((nonce) => nonce + 1));
  expect(before - (await shard.settlementBalance())).toBe(AMOUNT);
});

test("a stand-by leaves alone what is on chain in time, and does what a dead agent was given", async () => {
  const { world, site, freshReport } = shard;
  const first = startAgent("first", "share");
  const second = startAgent("second", "standby");
  await Promise.all([first, second].map((agent) => agent.printed("agent runs")));
  await freshReport();
  const [, standbyNonce] = await nonces();
  const done = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  await site.run(done);
  await shard.untilConsumed(done.mandate.jobId);
  await second.printed("a job that was seen is done");
  expect((await nonces())[1]).toBe(standbyNonce);
  first.kill("SIGKILL");
  await first.exitCode;
  const orphan = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  await site.enqueue(orphan);
  await shard.untilConsumed(orphan.mandate.jobId);
  const receipt = await ended(orphan.mandate.jobId, secondId());
  expect(receipt).toMatchObject({ outcome: "included", agent: secondId() });
  expect((await nonces())[1]).toBe((standbyNonce ?? 0) + 1);
});

test("a job that waited in the queue is seen by a stand-by that starts later", async () => {
  const { world, site } = shard;
  const job = await swapJob(world, site, { amountInRaw: String(AMOUNT) });
  await site.enqueue(job);
  const second = startAgent("second", "standby");
  await second.printed("agent runs");
  await shard.untilConsumed(job.mandate.jobId);
});

function startAgent(
  which: "first" | "second",
  role: "share" | "compete" | "standby",
  change: object = {},
): RunningProcess {
  const folder = temporaryFolder();
  const keyFile = join(folder, "sender");
  writeFileSync(keyFile, SECOND_KEY, { mode: 0o600 });
  const own = { agent: secondId(), senderKey: `file:${keyFile}` };
  return shard.startAgent({
    folder,
    change: {
      ...(which === "second" ? own : {}),
      queue: { role, standbyMs: STANDBY_MS },
      quotes: { ...shard.agentConfig.quotes, port: 0 },
      ...change,
    },
  });
}

function secondId(): string {
  return `${shard.site.chain.shard}-2`;
}

/** The receipt that says in which block a job ended. */
async function ended(jobId: Hex, agent: string) {
  const receipts = await waitFor(
    () => shard.site.receiptsOf(jobId, agent),
    (all) => all.some((one) => one.outcome === "included" || one.outcome === "reverted"),
    `receipt of ${agent}`,
  );
  return receipts.at(-1);
}

function nonces(): Promise<number[]> {
  const { client, chain } = shard.site;
  const senders = [chain.agent.sender, SECOND];
  return Promise.all(senders.map((address) => client.getTransactionCount({ address })));
}

/** Lets everybody on once `count` have come. */
function gate(count: number): {
  readonly pass: () => Promise<void>;
  readonly opened: Promise<void>;
} {
  const open = Promise.withResolvers<void>();
  let arrived = 0;
  return {
    pass: () => {
      arrived += 1;
      if (arrived >= count) open.resolve();
      return open.promise;
    },
    opened: open.promise,
  };
}
