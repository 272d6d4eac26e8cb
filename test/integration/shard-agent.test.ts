import { setTimeout as sleep } from "node:timers/promises";
import { decodeErrorResult, encodeFunctionData, erc20Abi, maxUint256 } from "viem";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { JobParams, RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { rpc } from "#test/local/chains/anvil.ts";
import type { World } from "#test/local/world.ts";
import { type AgentSite, waitFor } from "#test/support/agent/agent-site.ts";
import { swapParams } from "#test/support/agent/swap-job.ts";
import { type AttendedWorld, openAttendedWorld } from "#test/support/chain/attended-world.ts";
import { refreshFeeds, setExpiries } from "#test/support/chain/fresh-feeds.ts";
import { mining, reorganiseAway } from "#test/support/chain/reorganise.ts";
import { type JobOptions, plannedJob, vaultCall } from "#test/support/coordinator/planner.ts";

const GAS = 2_000_000n;

let attended: AttendedWorld;
let world: World;
let site: AgentSite;
let sister: AgentSite;

beforeAll(async () => {
  attended = await openAttendedWorld({ seed: 21, chains: 2, open: [0, 1] });
  world = attended.world;
  const [first, second] = attended.sites;
  if (first === undefined || second === undefined) throw new Error("two sites expected");
  [site, sister] = [first, second];
});

afterAll(() => attended?.close());

describe("reports", () => {
  test("a signed report arrives for block after block, with growing numbers", async () => {
    const first = await site.reportWith((report) => report.capacity[0]?.buy.length === 6);
    const later = await site.reportWith((report) => report.block.number >= first.block.number + 3);
    const seqs = await site.reportSeqs();
    expect(later.seq).toBeGreaterThan(first.seq);
    expect(seqs).toEqual([...seqs].sort((one, other) => other - one));
    expect(later.chainId).toBe(site.chain.chainId);
    expect(later.collateral.map((line) => line.asset)).toEqual(["USDX", "ETH", "BTC"]);
    expect(later.health).toEqual({ acceptsJobs: true, reasons: [] });
  });

  test("numbers go on growing when the process is killed and started again", async () => {
    const before = await site.newestReport();
    process.kill(world.processes.get(`agent-${site.chain.shard}`).pid, "SIGKILL");
    world.processes.start(`agent-${site.chain.shard}`);
    const after = await site.reportWith((report) => report.block.number > before.block.number + 1);
    expect(after.seq).toBeGreaterThan(before.seq);
  });
});

describe("quotes", () => {
  test("the book takes a signed quote, and the next report shows the series short", async () => {
    const { quote, signature, deltaUnits } = await askQuote({ type: "call", side: "buy" });
    await trade(quote, signature);
    const report = await site.reportWith((one) => one.book.length > 0);
    expect(report.book[0]).toMatchObject({
      underlying: "ETH",
      type: "call",
      strikeUsd: 3000,
      quantity: -1.5,
    });
    const option = report.greeks.find(
      (line) => line.underlying === "ETH" && line.expiryMs !== null,
    );
    expect(option?.deltaUnits).toBeCloseTo(deltaUnits, 1);
    expect(report.scenarioPnlUsd.some((pnlUsd) => pnlUsd < -100)).toBe(true);
  });

  test("a taker sells back what it is long of a call and no more", async () => {
    const { quote, signature } = await askQuote({ type: "call", side: "sell", quantity: 0.5 });
    await trade(quote, signature);
    await site.reportWith((one) => one.book[0]?.quantity === -1);
    await expect(askQuote({ type: "call", side: "sell", quantity: 1.2 })).rejects.toThrow(
      "call-not-held",
    );
  });

  test("a taker writes a put against the full strike, and the vault is long", async () => {
    const { quote, signature } = await askQuote({ type: "put", side: "sell", quantity: 2 });
    await trade(quote, signature);
    const report = await site.reportWith((one) => one.book.some((line) => line.type === "put"));
    expect(report.book.find((line) => line.type === "put")?.quantity).toBe(2);
  });

  test("bad input names every wrong field and the series that exist", async () => {
    await expect(askQuote({ type: "call", side: "hold" as never, quantity: -1 })).rejects.toThrow(
      /bad-request.*side.*quantity/s,
    );
    await expect(askQuote({ expiryMs: 1_800_000_001_000 })).rejects.toThrow("unsupported-expiry");
    await expect(askQuote({ quantity: 100_000 })).rejects.toThrow("quantity-too-large");
    await expect(askQuote({ underlying: "DOGE" })).rejects.toThrow("unsupported-underlying");
  });
});

describe("jobs", () => {
  let done: RebalanceJob;

  test("a swap signed by the planner is executed once and appears in the next report", async () => {
    done = await plannedJob(jobOptions({ params: swapParams(site, "3000000000") }));
    const answer = await site.run(done);
    expect(answer).toMatchObject({ outcome: "broadcast", jobId: done.mandate.jobId });
    const report = await site.reportWith((one) => consumedIn(one, done) !== undefined);
    const consumed = consumedIn(report, done);
    expect(consumed).toMatchObject({
      action: 1,
      amountInRaw: "3000000000",
      transactionHash: answer.transactionHash,
    });
    const eth = report.collateral.find((line) => line.underlying === "ETH");
    expect(eth?.amountRaw).toBe(consumed?.amountOutRaw);
    const receipts = await waitFor(
      () => site.receiptsOf(done.mandate.jobId),
      (all) => all.length >= 2,
      "receipts",
    );
    expect(receipts.map((one) => one.outcome)).toEqual(["broadcast", "included"]);
    expect(receipts[1]).toMatchObject({
      amountInRaw: "3000000000",
      amountOutRaw: consumed?.amountOutRaw,
    });
    expect(BigInt(receipts[1]?.gasCostWei ?? 0)).toBeGreaterThan(0n);
  });

  test("an exact output is executed to the unit, the rest stays, and report and receipt say what was spent", async () => {
    const [amountOut, maxAmountIn] = ["1000000000000000000", "3060000000"];
    const { amountInRaw: _in, minAmountOutRaw: _out, ...place } = swapParams(site, "0");
    const params: JobParams = {
      ...place,
      kind: "swap-exact-output",
      amountOutRaw: amountOut,
      maxAmountInRaw: maxAmountIn,
    };
    const { assetOut } = place;
    const { vault } = site.chain.contracts;
    const before = await site.tokenBalance(assetOut, vault);
    const job = await plannedJob(jobOptions({ params }));
    expect(await site.run(job)).toMatchObject({ outcome: "broadcast", jobId: job.mandate.jobId });
    const report = await site.reportWith((one) => consumedIn(one, job) !== undefined);
    const consumed = consumedIn(report, job);
    expect(consumed).toMatchObject({ action: 7, amountOutRaw: amountOut });
    expect(BigInt(consumed?.amountInRaw ?? 0)).toBeGreaterThan(3_000_000_000n);
    expect(BigInt(consumed?.amountInRaw ?? 0)).toBeLessThan(BigInt(maxAmountIn));
    expect((await site.tokenBalance(assetOut, vault)) - before).toBe(BigInt(amountOut));
    const receipts = await waitFor(
      () => site.receiptsOf(job.mandate.jobId),
      (all) => all.length >= 2,
      "receipts",
    );
    expect(receipts[1]).toMatchObject({
      outcome: "included",
      amountInRaw: consumed?.amountInRaw,
      amountOutRaw: amountOut,
    });
    const dear = { ...params, maxAmountInRaw: "2990000000" };
    expect(await site.run(await plannedJob(jobOptions({ params: dear })))).toMatchObject({
      reason: "simulation-reverted",
      detail: expect.stringContaining("UniswapV3Adapter_OutputNotFilled"),
    });
  });

  test("a replay of the first swap is refused by the agent and by the vault", async () => {
    expect(await site.run(done, "j-replayed")).toMatchObject({
      outcome: "refused",
      reason: "already-consumed",
    });
    expect(await vaultRefusal(done)).toContain("ShardVault_AlreadyConsumed");
  });

  const refusals: readonly {
    readonly name: string;
    readonly job: () => Promise<RebalanceJob>;
    readonly reason: string;
    readonly revert: string;
  }[] = [
    {
      name: "expired",
      job: () => plannedJob(jobOptions({ lifetimeSeconds: -30 })),
      reason: "expired",
      revert: "ShardVault_Expired",
    },
    {
      name: "signed by a stranger",
      job: () => plannedJob(jobOptions({ signer: world.keys.account("user") })),
      reason: "forged",
      revert: "ShardVault_SignerNotAllowed",
    },
    {
      name: "for another shard",
      job: async () =>
        plannedJob({ ...jobOptions({}), chain: { ...site.chain, shard: sister.chain.shard } }),
      reason: "wrong-shard",
      revert: "ShardVault_WrongShard",
    },
    {
      name: "of an older epoch",
      job: () => plannedJob(jobOptions({ epoch: 0 })),
      reason: "wrong-epoch",
      revert: "ShardVault_WrongEpoch",
    },
    {
      name: "with parameters that were not signed",
      job: async () => ({
        ...(await plannedJob(jobOptions({}))),
        params: swapParams(site, "9000000000"),
      }),
      reason: "params-mismatch",
      revert: "ShardVault_ParamsMismatch",
    },
    {
      name: "not valid yet",
      job: () =>
        plannedJob(
          jobOptions({ change: { notBeforeSeconds: Math.floor(Date.now() / 1000) + 40 } }),
        ),
      reason: "too-early",
      revert: "ShardVault_TooEarly",
    },
    {
      name: "on a venue that is not allowed",
      job: () =>
        plannedJob(
          jobOptions({
            params: { ...swapParams(site, "1000000"), venue: site.chain.contracts.swapRouter },
          }),
        ),
      reason: "venue-not-allowed",
      revert: "ShardVault_VenueNotAllowed",
    },
    {
      name: "with a minimum the oracle forbids",
      job: () =>
        plannedJob(
          jobOptions({ params: { ...swapParams(site, "1000000"), minAmountOutRaw: "1" } }),
        ),
      reason: "simulation-reverted",
      revert: "ShardVault_MinimumOutTooLow",
    },
  ];

  test.each(refusals)(
    "a job $name is refused by the agent and by the vault",
    async ({ job, reason, revert }) => {
      const refused = await job();
      expect(await site.run(refused)).toMatchObject({ outcome: "refused", reason });
      expect(await vaultRefusal(refused)).toContain(revert);
      expect(await site.vaultRead("consumed", [refused.mandate.jobId])).toBe(false);
      const receipts = await waitFor(
        () => site.receiptsOf(refused.mandate.jobId),
        (all) => all.length > 0,
        "receipt",
      );
      expect(receipts[0]).toMatchObject({ outcome: "refused", reason });
    },
  );

  test("a job that is not a job is refused with every wrong field and does not block the next", async () => {
    const answer = await site.run({ version: 1, shard: "x" }, "j-broken");
    expect(answer).toMatchObject({ outcome: "refused", reason: "malformed" });
    expect(answer.detail).toContain("mandate");
    expect((await site.run(await plannedJob(jobOptions({})))).outcome).toBe("broadcast");
  });

  test("a sender under its gas floor starts no jobs and says so", async () => {
    const { sender } = site.chain.agent;
    await rpc(site.chain.rpcUrl, "anvil_setBalance", [sender, "0x2386f26fc10000"]);
    const report = await site.reportWith((one) => !one.health.acceptsJobs);
    expect(report.health.reasons).toEqual(["gas-below-floor"]);
    expect(await site.run(await plannedJob(jobOptions({})))).toMatchObject({
      reason: "gas-below-floor",
    });
    await rpc(site.chain.rpcUrl, "anvil_setBalance", [sender, "0x56bc75e2d63100000"]);
    await site.reportWith((one) => one.health.acceptsJobs);
  });

  test("a transfer pays its LayerZero fee and is reported delivered by the sister shard", async () => {
    const params: JobParams = {
      kind: "transfer",
      dstEid: sister.chain.endpointId,
      dstVault: `0x${sister.chain.contracts.vault.slice(2).toLowerCase().padStart(64, "0")}`,
      amountRaw: "5000000000",
      minAmountRaw: "5000000000",
      lzReceiveGas: 200_000,
      minCapitalAfterRaw: "0",
    };
    const tooLittle = await plannedJob(jobOptions({ params, change: { maxFeeNativeWei: "1" } }));
    expect(await site.run(tooLittle)).toMatchObject({ reason: "fee-too-high" });
    const job = await plannedJob(jobOptions({ params }));
    expect((await site.run(job)).outcome).toBe("broadcast");
    const sent = consumedIn(
      await site.reportWith((one) => consumedIn(one, job) !== undefined),
      job,
    );
    const reported = await site.reportWith((one) => one.routes.length > 0);
    const hash = sent?.transactionHash as Hex;
    const { value } = await site.client.getTransaction({ hash });
    expect(reported.routes).toMatchObject([
      { dstEid: sister.chain.endpointId, feeNativeWei: value.toString(), acceptsTransfers: true },
    ]);
    const { gasUsed } = await site.client.getTransactionReceipt({ hash });
    expect(Number(gasUsed)).toBeLessThanOrEqual(reported.routes[0]?.gasUnits ?? 0);
    expect(Number(gasUsed)).toBeGreaterThan(0.6 * (reported.routes[0]?.gasUnits ?? 0));
    const arrived = await sister.reportWith((one) =>
      one.deliveredTransfers.some(({ guid }) => guid === sent?.guid),
    );
    expect(arrived.deliveredTransfers.find(({ guid }) => guid === sent?.guid)?.amountRaw).toBe(
      "5000000000",
    );
  });

  test("a reorganisation takes a trade out, and the same bytes bring it back", async () => {
    const job = await plannedJob(jobOptions({}));
    const { transactionHash } = await site.run(job);
    const hash = transactionHash as Hex;
    await site.reportWith((one) => consumedIn(one, job) !== undefined);
    const before = await site.client.getTransactionReceipt({ hash });
    await reorganiseAway(site, hash);
    const after = await waitFor(
      () => site.client.getTransactionReceipt({ hash }),
      (receipt) => receipt.blockHash !== before.blockHash,
      "second inclusion",
    );
    expect(after.status).toBe("success");
    const report = await site.reportWith(
      (one) => consumedIn(one, job)?.blockHash === after.blockHash,
    );
    expect(report.consumedJobs.filter((one) => one.jobId === job.mandate.jobId)).toHaveLength(1);
  });

  test("a job outlives a killed agent and still takes effect once", async () => {
    const job = await plannedJob(jobOptions({}));
    await mining(site, false);
    const { transactionHash } = await site.run(job);
    await rpc(site.chain.rpcUrl, "anvil_dropTransaction", [transactionHash]);
    process.kill(world.processes.get(`agent-${site.chain.shard}`).pid, "SIGKILL");
    world.processes.start(`agent-${site.chain.shard}`);
    await mining(site, true);
    const report = await site.reportWith((one) => consumedIn(one, job) !== undefined);
    expect(consumedIn(report, job)?.transactionHash).toBe(transactionHash);
  });

  test("a job that misses its deadline frees its nonce, and the next job goes through", async () => {
    // Long enough for a busy agent to send it.
    const late = await plannedJob(jobOptions({ lifetimeSeconds: 10 }));
    await mining(site, false);
    const { transactionHash } = await site.run(late);
    await rpc(site.chain.rpcUrl, "anvil_dropTransaction", [transactionHash]);
    const leftMs = late.mandate.deadlineSeconds * 1000 - Date.now();
    await sleep(leftMs + 1_000 + (await chainLagMs()));
    await mining(site, true);
    await freshReport();
    const next = await plannedJob(jobOptions({}));
    expect((await site.run(next)).outcome).toBe("broadcast");
    await site.reportWith((one) => consumedIn(one, next) !== undefined);
    const receipts = await waitFor(
      () => site.receiptsOf(late.mandate.jobId),
      (all) => all.at(-1)?.outcome === "expired",
      "expiry",
    );
    expect(receipts.map((one) => one.outcome)).toEqual(["broadcast", "expired"]);
    expect(await site.vaultRead("consumed", [late.mandate.jobId])).toBe(false);
  });
});

test("an expired series is settled by the agent at the last price before its expiry", async () => {
  const expiryMs = Math.floor(Date.now() / 1000 + 35) * 1000;
  await setExpiries(world, site, expiryMs);
  await site.reportWith(
    (one) => one.market[0]?.volatility.some((slice) => slice.expiryMs === expiryMs) === true,
  );
  const { quote, signature } = await askQuote({
    expiryMs,
    type: "call",
    strikeUsd: 2900,
    quantity: 1,
  });
  await trade(quote, signature);
  await site.reportWith((one) => one.book.some((line) => line.expiryMs === expiryMs));
  const live = await site.liveSeriesCount();
  await sleep(expiryMs - Date.now() + 1_500);
  await refreshFeeds(world, site);
  await waitFor(site.liveSeriesCount, (count) => count === live - 1, "settlement");
  const report = await site.reportWith(
    (one) => !one.book.some((line) => line.expiryMs === expiryMs),
  );
  expect(report.health.acceptsJobs).toBe(true);
});

function consumedIn(report: { consumedJobs: { jobId: Hex }[] }, job: RebalanceJob) {
  const consumed = report.consumedJobs as Awaited<
    ReturnType<AgentSite["newestReport"]>
  >["consumedJobs"];
  return consumed.find((one) => one.jobId === job.mandate.jobId);
}

/** How far the chain is behind wall time: anvil's time lags after a reorganisation. */
async function chainLagMs(): Promise<number> {
  const { timestamp } = await site.client.getBlock();
  return Math.max(0, Date.now() - Number(timestamp) * 1000);
}

/** A report of a block that is yet to come. */
async function freshReport(): Promise<void> {
  const head = Number(await site.client.getBlockNumber());
  await site.reportWith((one) => one.block.number > head);
}

function jobOptions(change: Partial<JobOptions>): JobOptions {
  const planner = world.keys.account("planner");
  return {
    chain: site.chain,
    params: swapParams(site, "1000000000"),
    leader: planner.address,
    epoch: 1,
    signer: planner,
    ...change,
  };
}

async function vaultRefusal(job: RebalanceJob): Promise<string> {
  const answer = await fetch(site.chain.rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "eth_call",
      params: [{ to: site.chain.contracts.vault, data: vaultCall(job) }, "latest"],
    }),
  });
  const { error } = (await answer.json()) as { error?: { data?: Hex } };
  if (error?.data === undefined) return "no revert";
  return decodeErrorResult({ abi: shardVaultAbi, data: error.data }).errorName;
}

type QuoteAnswer = { quote: Record<string, string | boolean>; signature: Hex; deltaUnits: number };

async function askQuote(change: object): Promise<QuoteAnswer> {
  const expiryMs = world.description.market?.expiriesMs.at(-1);
  const { address } = world.keys.account("user");
  const request = {
    taker: address,
    underlying: "ETH",
    type: "call",
    side: "buy",
    strikeUsd: 3000,
    quantity: 1.5,
    expiryMs,
    ...change,
  };
  const answer = await fetch(`${site.chain.quotesUrl}/v1/quotes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const body = (await answer.json()) as QuoteAnswer & { code?: string; detail?: string };
  if (!answer.ok) throw new Error(`${answer.status} ${body.code}: ${body.detail}`);
  return body;
}

async function trade(quote: QuoteAnswer["quote"], signature: Hex): Promise<void> {
  const { optionBook } = site.chain.contracts;
  const approve = encodeFunctionData({
    abi: erc20Abi,
    functionName: "approve",
    args: [optionBook, maxUint256],
  });
  await site.user.send({
    label: "approve",
    to: site.chain.settlement.token,
    data: approve,
    gas: GAS,
  });
  const fields = Object.entries(quote).map(([name, value]) => [
    name,
    typeof value === "string" && /^[0-9]+$/.test(value) ? BigInt(value) : value,
  ]);
  const args = [Object.fromEntries(fields), signature] as never;
  const data = encodeFunctionData({ abi: optionBookAbi, functionName: "trade", args });
  await site.user.send({ label: "trade", to: optionBook, data, gas: GAS });
}
