import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { erc20Abi } from "viem";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { messageFate } from "#coordinator/adapters/chain/message-fate.ts";
import { sentMessage } from "#coordinator/adapters/chain/sent-message.ts";
import type { Packet } from "#shared/evm/layerzero-packet.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import { startWorld, type World } from "#test/local/world.ts";
import { type AgentSite, openSite } from "#test/support/agent/agent-site.ts";
import { type MortalAgent, mortalAgent } from "#test/support/agent/mortal-agent.ts";
import { leadVault } from "#test/support/agent/swap-job.ts";
import { keepFeedsFresh } from "#test/support/chain/fresh-feeds.ts";
import {
  attest,
  deliver,
  forgeAlert,
  governMessage,
  NIL,
  sendCollateral,
  verify,
} from "#test/support/coordinator/bridge-desk.ts";
import {
  type CoordinatorProcess,
  startCoordinator,
} from "#test/support/coordinator/coordinator-process.ts";
import { runProcess } from "#test/support/runner/run-process.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const AMOUNT_RAW = 1_234_567_890n;
/** Far too little for a token to credit anything. */
const STARVED = 30_000;
const ENOUGH = 200_000;
/** Several times what a report looks back on. */
const SILENT_BLOCKS = 300;

type Transfer = {
  readonly guid: string;
  readonly state: string;
  readonly nextStep: string;
  readonly isStuck: boolean;
  readonly attestations: { readonly requiredDone: number; readonly required: number } | null;
  readonly alert: { readonly reason: string } | null;
  readonly recoveries: readonly {
    readonly kind: string;
    readonly orderedBy: string;
    readonly outcome: string | null;
    readonly transactionHash: string | null;
  }[];
};

let world: World;
let source: AgentSite;
let target: AgentSite;
let stopFeeds: () => Promise<void>;

beforeAll(async () => {
  const processes = { coordinator: false, market: false, takers: false };
  world = await startWorld({ chains: 2, seed: 41, processes });
  const [one, other] = world.description.chains.map((chain) => openSite(world, chain));
  if (one === undefined || other === undefined) throw new Error("two chains expected");
  [source, target] = [one, other];
  stopFeeds = keepFeedsFresh(world, [source, target]);
  await world.processes.get("lz-worker").stop();
  for (const site of [source, target]) await leadVault(world, site);
});

afterAll(async () => {
  await stopFeeds?.();
  for (const site of [source, target]) await site?.close();
  await world?.stop();
});

/** One that begins to coordinate as soon as both shards report. */
async function coordinate(transfers: object): Promise<CoordinatorProcess> {
  const coordinator = await coordinatorWith(transfers);
  await coordinator.until("/readyz", ({ status }) => status === 200);
  return coordinator;
}

/** A coordinator that may order calls as often and as soon as a test needs, and leaves the vaults' cash where messages bring it. */
async function coordinatorWith(transfers: object): Promise<CoordinatorProcess> {
  const policy = parse(readFileSync(world.description.coordinator.policyFile, "utf8"));
  const quick = { recoverAfterMs: 1_500, recoveriesMax: 6, stuckAfterMs: 2_000, ...transfers };
  const file = join(temporaryFolder(), "policy.yaml");
  const lending = { ...policy.lending, supplyMaxFraction: 0 };
  writeFileSync(
    file,
    stringify({ ...policy, lending, transfers: { ...policy.transfers, ...quick } }),
  );
  return startCoordinator(world, { change: () => ({ policyFile: file }) });
}

async function end(coordinator: CoordinatorProcess): Promise<void> {
  coordinator.kill("SIGTERM");
  expect(await coordinator.exitCode).toBe(0);
}

async function untilTransfer(
  coordinator: CoordinatorProcess,
  { guid }: Packet,
  accept: (transfer: Transfer) => boolean,
): Promise<Transfer> {
  const find = (body: Record<string, unknown>) =>
    (body["transfers"] as Transfer[]).find((one) => one.guid === guid);
  const answer = await coordinator.until("/v1/transfers", ({ body }) => {
    const found = find(body);
    return found !== undefined && accept(found);
  });
  return find(answer.body) as Transfer;
}

/** The message as the coordinator reads it from the source's chain when no report told of it. */
async function readSent({ guid }: Packet) {
  const { contracts, settlement } = source.chain;
  const setup = { vault: contracts.vault, settlement };
  const head = Number(await source.client.getBlockNumber());
  for (let number = head; number > head - 20; number -= 1) {
    const found = await sentMessage(source.client, setup, number, guid);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What the coordinator's own reading of the target's endpoint says of a message, at its newest block or an older one. */
async function fateOf({ guid, srcEid, sender, nonce }: Packet, atBlock?: number) {
  const { contracts, settlement } = target.chain;
  const setup = { vault: contracts.vault, settlement };
  const path = { guid, srcEid, sender, nonce: nonce.toString() };
  const blockNumber = atBlock ?? Number(await target.client.getBlockNumber());
  return messageFate(target.client, setup, path, { blockNumber, fromBlock: blockNumber - 100 });
}

/** What an endpoint keeps of a message of which it has heard nothing, or not any more. */
const UNKNOWN = { committedHash: null, isPast: false, isCredited: false };
const PAST = { ...UNKNOWN, isPast: true };

async function supplies(): Promise<{ vault: bigint; supply: bigint }> {
  const { settlement, contracts } = target.chain;
  const supply = await target.client.readContract({
    address: settlement.token,
    abi: erc20Abi,
    functionName: "totalSupply",
  });
  return { vault: await target.tokenBalance(settlement.token, contracts.vault), supply };
}

async function untilSettled(coordinator: CoordinatorProcess, { guid }: Packet): Promise<void> {
  await coordinator.until("/v1/jobs?state=settled", ({ body }) =>
    (body["jobs"] as { guid: string }[]).some((job) => job.guid === guid),
  );
}

test("a delivery that ran out of gas is retried by the target's agent, once, and every unit arrives", async () => {
  const before = await supplies();
  const sent = await sendCollateral(
    world,
    { source, target },
    {
      amountRaw: AMOUNT_RAW,
      lzReceiveGas: STARVED,
    },
  );
  expect(await readSent(sent)).toMatchObject({
    guid: sent.guid,
    payloadHash: sent.payloadHash,
    message: sent.message,
    nonce: sent.nonce.toString(),
    amountRaw: AMOUNT_RAW.toString(),
  });
  const sentAtBlock = Number(await target.client.getBlockNumber());
  expect(await fateOf(sent)).toEqual(UNKNOWN);
  world.processes.start("lz-worker");
  const coordinator = await coordinate({ recoveriesMax: 0 });
  const failed = await untilTransfer(coordinator, sent, ({ state }) => {
    return state === "failed-retryable";
  });
  expect(failed).toMatchObject({ nextStep: "retry-receive", recoveries: [], alert: {} });
  expect(await fateOf(sent)).toEqual({ ...UNKNOWN, committedHash: sent.payloadHash });
  await world.processes.get("lz-worker").stop();
  const order = { reason: "the executor will not do it" };
  const path = `/v1/transfers/${sent.guid}/recover`;
  expect((await coordinator.post(path, order)).body).toEqual({ ordered: "retry-receive" });
  expect((await coordinator.post(path, order)).body).toMatchObject({ code: "not-recoverable" });
  const done = await untilTransfer(coordinator, sent, ({ state, recoveries }) => {
    return state === "delivered" && recoveries[0]?.outcome === "included";
  });
  expect(done.recoveries).toMatchObject([{ kind: "retry-receive", orderedBy: "operator" }]);
  await untilSettled(coordinator, sent);
  const after = await supplies();
  expect(after.vault - before.vault).toBe(AMOUNT_RAW);
  expect(after.supply - before.supply).toBe(AMOUNT_RAW);
  expect((await coordinator.post(path, order)).body).toMatchObject({ code: "not-recoverable" });
  expect(await fateOf(sent)).toEqual({ ...PAST, isCredited: true });
  // At an older block it is what it was then; of one that is yet to come nothing is said.
  expect(await fateOf(sent, sentAtBlock)).toEqual(UNKNOWN);
  expect(await fateOf(sent, sentAtBlock + 1_000_000)).toBeUndefined();
  await end(coordinator);
});

test("with a silent DVN it is stuck and says so; with neither committer nor executor the agent does both; a stranger's alert changes nothing", async () => {
  const before = await supplies();
  const sent = await sendCollateral(
    world,
    { source, target },
    {
      amountRaw: AMOUNT_RAW,
      lzReceiveGas: ENOUGH,
    },
  );
  const coordinator = await coordinate({});
  const silent = await untilTransfer(coordinator, sent, (one) => {
    return one.isStuck && one.attestations !== null;
  });
  expect(silent).toMatchObject({
    state: "sent",
    nextStep: "wait-for-dvn",
    attestations: { requiredDone: 0, required: 2 },
    recoveries: [],
  });
  await attest(world, target, sent, 0);
  await untilTransfer(coordinator, sent, (one) => one.attestations?.requiredDone === 1);
  const halt = { reason: "to look at one state at a time" };
  await coordinator.post("/v1/halt", halt);
  await attest(world, target, sent, 1);
  await untilTransfer(coordinator, sent, ({ state }) => state === "dvn-quorum-reached");
  expect(await fateOf(sent)).toEqual(UNKNOWN);
  const path = `/v1/transfers/${sent.guid}/recover`;
  expect((await coordinator.post(path, halt)).body).toEqual({ ordered: "commit-verification" });
  await untilTransfer(coordinator, sent, ({ state }) => state === "verified-executable");
  const verified = { ...UNKNOWN, committedHash: sent.payloadHash };
  expect(await fateOf(sent)).toEqual(verified);
  await forgeAlert(target, sent);
  expect(await fateOf(sent)).toEqual(verified);
  const head = Number(await target.client.getBlockNumber());
  const report = await target.reportWith((one) => one.block.number > head);
  const [line] = report.transfers.filter((one) => one.guid === sent.guid);
  expect(line).toMatchObject({ state: "verified-executable", alert: null });
  await coordinator.post("/v1/resume", halt);
  const done = await untilTransfer(coordinator, sent, ({ state }) => state === "delivered");
  expect(done.recoveries).toMatchObject([
    { kind: "commit-verification", orderedBy: "operator" },
    { kind: "retry-receive", orderedBy: "policy" },
  ]);
  await untilSettled(coordinator, sent);
  const after = await supplies();
  expect(after.vault - before.vault).toBe(AMOUNT_RAW);
  expect(after.supply - before.supply).toBe(AMOUNT_RAW);
  await end(coordinator);
});

test("an agent killed at every state of a recovery delivers the message once", async () => {
  const before = await supplies();
  const sent = await sendVerified();
  const agent = await mortalTarget();
  // The target's last report may be too old by now: the next one comes with the agent.
  const coordinator = await coordinatorWith({ recoveriesMax: 1 });
  for (const point of ["received", "checked", "signed"]) await agent.killedAt(point);
  await mining(false);
  for (const point of ["sent-bytes", "broadcast"]) await agent.killedAt(point);
  await mining(true);
  await agent.killedAt("included");
  await agent.killedAt("final", finalise);
  const life = await agent.lives();
  const done = await untilTransfer(coordinator, sent, ({ state, recoveries }) => {
    return state === "delivered" && recoveries[0]?.outcome === "included";
  });
  expect(done.recoveries).toMatchObject([{ kind: "retry-receive", orderedBy: "policy" }]);
  await untilSettled(coordinator, sent);
  await life.rests();
  expect(recoverySteps(agent, sent)).toEqual([
    ...["received", "checked", "signed", "broadcast", "included", "final"],
  ]);
  expect(signedFor(agent, sent)).toHaveLength(1);
  const after = await supplies();
  expect(after.vault - before.vault).toBe(AMOUNT_RAW);
  expect(after.supply - before.supply).toBe(AMOUNT_RAW);
  await end(coordinator);
});

test("an agent killed as somebody else delivers before it sees its recovery revert, and orders nothing more", async () => {
  const before = await supplies();
  const sent = await sendVerified();
  const agent = await mortalTarget();
  // The target's last report may be too old by now: the next one comes with the agent.
  const coordinator = await coordinatorWith({ recoveriesMax: 1 });
  await agent.killedAt("signed");
  await deliver(target, sent);
  await agent.killedAt("included");
  await agent.killedAt("reverted", finalise);
  const life = await agent.lives();
  await untilTransfer(coordinator, sent, ({ state, recoveries }) => {
    return state === "delivered" && recoveries[0]?.outcome === "reverted";
  });
  await untilSettled(coordinator, sent);
  await life.rests();
  expect(recoverySteps(agent, sent).at(-1)).toBe("reverted");
  expect(signedFor(agent, sent)).toHaveLength(1);
  const after = await supplies();
  expect(after.vault - before.vault).toBe(AMOUNT_RAW);
  expect(after.supply - before.supply).toBe(AMOUNT_RAW);
  await end(coordinator);
});

/** While the target's agent is away, until no report can list the delivery any more. */
async function deliverInSilence(agent: MortalAgent, sent: Packet): Promise<void> {
  await deliver(target, sent);
  const deliveredAt = Number(await target.client.getBlockNumber());
  await rpc(target.chain.rpcUrl, "anvil_mine", [`0x${SILENT_BLOCKS.toString(16)}`, "0x0"]);
  const life = await agent.lives();
  const first = await target.reportWith(({ block }) => block.number > deliveredAt);
  expect(first.block.number).toBeGreaterThanOrEqual(deliveredAt + SILENT_BLOCKS);
  expect(first.deliveredTransfers.map(({ guid }) => guid)).not.toContain(sent.guid);
  await life.rests();
}

/** Verified at its target, and executed by nobody. */
async function sendVerified(): Promise<Packet> {
  const amounts = { amountRaw: AMOUNT_RAW, lzReceiveGas: ENOUGH };
  const sent = await sendCollateral(world, { source, target }, amounts);
  await verify(world, target, sent);
  return sent;
}

/** The target's agent instead of the world's own. */
async function mortalTarget(): Promise<MortalAgent> {
  const { id } = target.chain.agent;
  await world.processes.get(`agent-${target.chain.shard}`).stop();
  return mortalAgent(id, ({ folder, env, nodeArgs }) => {
    return runProcess("shard-agent/main.ts", ["--config", configIn(folder)], { env, nodeArgs });
  });
}

/** States of a message's recovery: the queue may give a dead agent's recovery of an earlier test to this one. */
function recoverySteps(agent: MortalAgent, { guid }: Packet): string[] {
  const steps = agent.story().steps.filter(({ id }) => id.startsWith(`recover:${guid}:`));
  return steps.map(({ to }) => to);
}

function signedFor(agent: MortalAgent, { guid }: Packet) {
  const { signed } = agent.story();
  return signed.filter(({ entryId }) => entryId.startsWith(`recover:${guid}:`));
}

function mining(isOn: boolean): Promise<unknown> {
  return rpc(target.chain.rpcUrl, "evm_setIntervalMining", [isOn ? 1 : 0]);
}

/** Anvil's newest block but eight is final. */
async function finalise(): Promise<void> {
  await rpc(target.chain.rpcUrl, "anvil_mine", ["0x9", "0x0"]);
}

test("what the token's delegate does to a message is told for what it is, counts as lost or held, and nothing more is ordered; a delivery in a long silence is found on its chain", async () => {
  const before = await supplies();
  const amounts = { amountRaw: AMOUNT_RAW, lzReceiveGas: ENOUGH };
  const send = () => sendCollateral(world, { source, target }, amounts);
  const [first, second, third] = [await send(), await send(), await send()];
  const fourth = await send();
  const agent = await mortalTarget();
  const life = await agent.lives();
  const coordinator = await coordinate({ recoveriesMax: 0 });
  const become = (packet: Packet, state: string) =>
    untilTransfer(coordinator, packet, (one) => one.state === state);
  await governMessage(world, target, first, "nilify");
  expect(await become(first, "nilified")).toMatchObject({ nextStep: "verify-again" });
  expect(await fateOf(first)).toEqual({ ...UNKNOWN, committedHash: NIL });
  // The endpoint passes over what counts as nothing: the second is executed without its token ever being called.
  await verify(world, target, second);
  await become(second, "verified-executable");
  expect(await fateOf(second)).toEqual({ ...UNKNOWN, committedHash: second.payloadHash });
  await governMessage(world, target, second, "clear");
  expect(await become(second, "cleared-or-silent")).toMatchObject({ nextStep: "governance" });
  await governMessage(world, target, first, "burn");
  expect(await become(first, "burnt")).toMatchObject({ nextStep: "governance" });
  await governMessage(world, target, third, "skip");
  expect(await become(third, "skipped")).toMatchObject({ nextStep: "governance" });
  // Cleared, burnt and skipped are past, and none was credited: which of them it was only the events tell.
  for (const one of [first, second, third]) expect(await fateOf(one)).toEqual(PAST);
  for (const { guid } of [first, second, third]) {
    const order = { reason: "to see that nothing helps" };
    const { body } = await coordinator.post(`/v1/transfers/${guid}/recover`, order);
    expect(body).toMatchObject({ code: "not-recoverable" });
  }
  const { body } = await coordinator.get("/v1/jobs?state=in-transit&limit=100");
  const held = (body["jobs"] as { guid: string }[]).map((job) => job.guid);
  expect(held).toEqual(expect.arrayContaining([first.guid, second.guid, third.guid]));
  expect(await supplies()).toEqual(before);
  await verify(world, target, fourth);
  await become(fourth, "verified-executable");
  await life.rests();
  await deliverInSilence(agent, fourth);
  await become(fourth, "delivered");
  await untilSettled(coordinator, fourth);
  const after = await supplies();
  expect(after.vault - before.vault).toBe(AMOUNT_RAW);
  expect(after.supply - before.supply).toBe(AMOUNT_RAW);
  await end(coordinator);
});

/** The world's configuration of the target's agent, with its journal in a folder. */
function configIn(folder: string): string {
  const original = join(world.description.dataDir, `agent-${target.chain.shard}.yaml`);
  const config = { ...parse(readFileSync(original, "utf8")), dataDir: folder };
  const file = join(folder, "agent.yaml");
  writeFileSync(file, stringify(config));
  return file;
}
