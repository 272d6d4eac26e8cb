import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatHex, encodeErrorResult, type Hex, numberToHex, parseAbi, size } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { viemSender } from "#shard-agent/adapters/sending/viem-sender.ts";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import type { Address } from "#shared/units/ids.ts";
import { rpc, startAnvil } from "#test/local/chains/anvil.ts";
import { createSupervisor, type Supervisor } from "#test/local/processes/supervisor.ts";

let folder: string;
let supervisor: Supervisor;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "riskshard-failures-"));
  supervisor = createSupervisor(folder);
  const chain = { name: "failures", chainId: 31_337, forkUrl: null, startsAtSeconds: null };
  ({ rpcUrl: url } = await startAnvil(supervisor, { ...chain, cacheDir: folder }));
});
afterAll(async () => {
  await supervisor.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Puts bytes of the machine at an address of their own. */
async function contractOf(code: Hex): Promise<Address> {
  const { address } = privateKeyToAccount(generatePrivateKey());
  await rpc(url, "anvil_setCode", [address, code]);
  return address;
}

/** Copies what follows the twelve bytes into memory, and reverts with it. */
function revertingWith(data: Hex): Hex {
  const length = numberToHex(size(data), { size: 2 });
  return concatHex(["0x61", length, "0x600f5f39", "0x61", length, "0x5ffd", "0x000000", data]);
}

async function prepared(o: {
  readonly to: Address;
  readonly valueWei?: bigint;
  readonly heldWei?: bigint;
}) {
  const key = generatePrivateKey();
  const { address } = privateKeyToAccount(key);
  await rpc(url, "anvil_setBalance", [address, numberToHex(o.heldWei ?? 10n ** 18n)]);
  const sender = viemSender(rpcClient([url]), { signer: localSigner(key), chainId: 31_337 });
  return { address, outcome: sender.prepare({ to: o.to, data: "0x", valueWei: o.valueWei ?? 0n }) };
}

const REASONS = parseAbi(["error Error(string)", "error Unknown(uint256)"]);
const because = (reason: string): Hex =>
  revertingWith(encodeErrorResult({ abi: REASONS, errorName: "Error", args: [reason] }));

test.each([
  [
    "an allowance that is missing",
    because("ERC20: insufficient allowance"),
    /insufficient allowance/,
  ],
  [
    "words of a sender without coins",
    because("insufficient funds for gas * price + value"),
    /insufficient funds/,
  ],
  ["an error nobody knows", revertingWith("0xdeadbeef"), /0xdeadbeef/],
  ["nothing at all", "0x5f5ffd", /revert/i],
  ["an invalid opcode", "0xfe", /invalid|opcode/i],
  ["all the gas there is", "0x5b5f56", /gas/i],
] as const)("a contract that reverts with %s is a revert", async (_name, code, detail) => {
  const { outcome } = await prepared({ to: await contractOf(code) });
  const found = await outcome;
  expect(found).toMatchObject({ reverts: true, detail: expect.stringMatching(detail) });
});

test("a sender without the coins a call carries is told of by its own code, with its address and the amount", async () => {
  const to = await contractOf("0x00");
  const { address, outcome } = await prepared({ to, valueWei: 10n ** 17n, heldWei: 10n ** 16n });
  await expect(outcome).rejects.toMatchObject({ code: "sender-unfunded" });
  await expect(outcome).rejects.toThrow(new RegExp(`sender ${address}.*100000000000000000 wei`));
});

test("a call that goes through has the gas it needs and a half", async () => {
  const { outcome } = await prepared({ to: await contractOf("0x00") });
  const found = await outcome;
  expect(found).toMatchObject({ reverts: false });
  if (!found.reverts) expect(Number(found.gasLimit)).toBeGreaterThanOrEqual(31_500);
});
