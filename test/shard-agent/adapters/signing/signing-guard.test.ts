import {
  encodeFunctionData,
  type Hex,
  keccak256,
  parseTransaction,
  recoverAddress,
  serializeTransaction,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { beforeAll, expect, test } from "vitest";
import { localSigner } from "#shard-agent/adapters/signing/local-signer.ts";
import { signingGuard } from "#shard-agent/adapters/signing/signing-guard.ts";
import type { SigningIntent } from "#shard-agent/records/signing-intent.ts";
import { erc20Abi } from "#shared/evm/abi/erc20.ts";
import { lyraV1AdapterAbi } from "#shared/evm/abi/lyra-v1-adapter.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { MANDATE_TYPES, mandateStruct, vaultDomain } from "#shared/evm/mandate-typed-data.ts";
import type { JobParams, RebalanceJob } from "#shared/wire/rebalance-job.ts";
import {
  aRebalanceJob,
  MARGIN_MOVE_PARAMS,
  PERP_CHANGE_PARAMS,
  SWAP_PARAMS,
  TRANSFER_PARAMS,
} from "#test/support/agent/rebalance-job.ts";
import { NO_BUDGET, NO_CEILINGS } from "#test/support/agent/signing-ceilings.ts";
import { vaultCall } from "#test/support/coordinator/planner.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const KEY = localSigner(generatePrivateKey());
const PLANNER = privateKeyToAccount(generatePrivateKey());
const ACCOUNT = address20("6a");
const RULES = {
  chainId: 8453,
  vault: address20("01"),
  venueDesk: address20("0d"),
  optionBook: address20("02"),
  recovery: {
    endpoint: address20("1a"),
    endpointId: 30_184,
    receiveUln: address20("c7"),
    token: address20("c0"),
    vault: address20("01"),
  },
  upkeepAccounts: [ACCOUNT],
  mandateSigners: [PLANNER.address],
  mandateQuorum: 1,
  ceilings: NO_CEILINGS,
};
const GUARD = signingGuard(KEY, RULES, NO_BUDGET);
const CAP_WEI = 10n ** 15n;

let swap: RebalanceJob;
let transfer: RebalanceJob;

beforeAll(async () => {
  swap = await signed(SWAP_PARAMS);
  transfer = await signed(TRANSFER_PARAMS);
});

async function signed(
  params: JobParams,
  by = PLANNER,
  change: Partial<RebalanceJob["mandate"]> = {},
): Promise<RebalanceJob> {
  const made = aRebalanceJob(params);
  const job = { ...made, mandate: { ...made.mandate, ...change } };
  const signature = await by.signTypedData({
    domain: vaultDomain(RULES.chainId, RULES.vault),
    types: MANDATE_TYPES,
    primaryType: "Mandate",
    message: mandateStruct(job.mandate),
  });
  return { ...job, signatures: [signature] };
}

function intent(job: object, kind: SigningIntent["kind"] = "job"): SigningIntent {
  return { kind, payload: JSON.stringify(job), gasFeeCapWei: CAP_WEI };
}

type Fields = Partial<{
  to: Hex;
  data: Hex;
  value: bigint;
  chainId: number;
  maxFeePerGas: bigint;
}> & {
  readonly accessList?: { readonly address: Hex; readonly storageKeys: readonly Hex[] }[];
};

function unsigned(change: Fields): Hex {
  return serializeTransaction({
    type: "eip1559",
    chainId: RULES.chainId,
    nonce: 7,
    gas: 100_000n,
    to: RULES.vault,
    maxFeePerGas: CAP_WEI / 100_000n,
    maxPriorityFeePerGas: 1n,
    ...change,
  });
}

test("the mandate's own call is signed by the key", async () => {
  const cases = [
    { job: swap, bytes: unsigned({ data: vaultCall(swap) }) },
    { job: transfer, bytes: unsigned({ data: vaultCall(transfer), value: 10n ** 15n }) },
  ];
  for (const { job, bytes } of cases) {
    const signature = await GUARD.sign(bytes, intent(job));
    expect(await recoverAddress({ hash: keccak256(bytes), signature })).toBe(KEY.address);
  }
});

test("a swap carries no value, whatever native fee its mandate would allow", async () => {
  const job = await signed(SWAP_PARAMS, PLANNER, { maxFeeNativeWei: "1000" });
  const bytes = unsigned({ data: vaultCall(job), value: 1n });
  await expect(GUARD.sign(bytes, intent(job))).rejects.toThrow(/the mandate allows 0 wei/);
});

test("a signature more than the signers' own, repeated or a stranger's, is refused with the quorum reached", async () => {
  const [own] = swap.signatures;
  const [strangers] = (await signed(SWAP_PARAMS, privateKeyToAccount(generatePrivateKey())))
    .signatures;
  for (const more of [own, strangers] as Hex[]) {
    const job = { ...swap, signatures: [...swap.signatures, more] };
    const bytes = unsigned({ data: vaultCall(job) });
    await expect(GUARD.sign(bytes, intent(job))).rejects.toThrow(/of allowed signers/);
  }
});

test.each([MARGIN_MOVE_PARAMS, PERP_CHANGE_PARAMS])(
  "a $kind is signed to the desk, unchanged and without value",
  async (params) => {
    const job = await signed(params);
    const data = vaultCall(job);
    const to = RULES.venueDesk;
    const bytes = unsigned({ to, data });
    const signature = await GUARD.sign(bytes, intent(job));
    expect(await recoverAddress({ hash: keccak256(bytes), signature })).toBe(KEY.address);
    const bent = vaultCall({
      ...job,
      params: { ...params, minCapitalAfterRaw: "-6" } as JobParams,
    });
    for (const change of [
      { to: RULES.vault, data },
      { to, data, value: 1n },
      { to, data: bent },
    ])
      await expect(GUARD.sign(unsigned(change), intent(job))).rejects.toThrow(/signing-refused/);
  },
);

test("a settlement of its series and a transfer of nothing to oneself are signed", async () => {
  const seriesId = hash32("5e");
  const data = encodeFunctionData({
    abi: optionBookAbi,
    functionName: "settle",
    args: [seriesId, 3n],
  });
  const settle = unsigned({ to: RULES.optionBook, data });
  await GUARD.sign(settle, intent({ seriesId }, "settlement"));
  await GUARD.sign(unsigned({ to: KEY.address }), intent({}, "cancel"));
  await expect(
    GUARD.sign(settle, intent({ seriesId: hash32("5f") }, "settlement")),
  ).rejects.toThrow(/must be settle of series/);
  await expect(
    GUARD.sign(unsigned({ to: KEY.address, value: 1n }), intent({}, "cancel")),
  ).rejects.toThrow(/value: found 1 wei/);
});

test("a cancel that calls, an access list, and upkeep of another account than was asked for, are refused", async () => {
  const calling = unsigned({ to: KEY.address, data: "0x01" });
  await expect(GUARD.sign(calling, intent({}, "cancel"))).rejects.toThrow(/a cancel has none/);
  const listing = unsigned({
    to: KEY.address,
    accessList: [{ address: ACCOUNT, storageKeys: [] }],
  });
  await expect(GUARD.sign(listing, intent({}, "cancel"))).rejects.toThrow(/accessList/);
  const data = encodeFunctionData({ abi: lyraV1AdapterAbi, functionName: "noteStrikes" });
  const asked = intent({ account: address20("6b"), upkeep: data }, "settlement");
  await expect(GUARD.sign(unsigned({ to: ACCOUNT, data }), asked)).rejects.toThrow(
    /not the upkeep that was asked for/,
  );
});

test("upkeep of the vault's own account is signed as asked, and nothing else of it", async () => {
  const account = ACCOUNT;
  const call = (functionName: "settleExpired" | "refreshGreeks" | "noteStrikes") =>
    encodeFunctionData({ abi: lyraV1AdapterAbi, functionName });
  const data = call("settleExpired");
  const asked = intent({ account, upkeep: data }, "settlement");
  await GUARD.sign(unsigned({ to: account, data }), asked);
  const note = call("noteStrikes");
  await GUARD.sign(
    unsigned({ to: account, data: note }),
    intent({ account, upkeep: note }, "settlement"),
  );
  const take = encodeFunctionData({
    abi: lyraV1AdapterAbi,
    functionName: "take",
    args: [address20("c0"), 1n],
  });
  const taking = intent({ account, upkeep: take }, "settlement");
  const elsewhere = intent({ account: RULES.vault, upkeep: data }, "settlement");
  for (const [change, given] of [
    [{ to: account, data: call("refreshGreeks") }, asked],
    [{ to: RULES.vault, data }, asked],
    [{ to: RULES.vault, data }, elsewhere],
    [{ to: account, data, value: 1n }, asked],
    [{ to: account, data: take }, taking],
    [{ to: account, data: `${data}00` as const }, asked],
  ] as const)
    await expect(GUARD.sign(unsigned(change), given)).rejects.toThrow(/signing-refused/);
});

const STEAL = encodeFunctionData({
  abi: erc20Abi,
  functionName: "transfer",
  args: [address20("99"), 1n],
});

const REFUSED: readonly {
  readonly name: string;
  readonly bytes: () => Hex;
  readonly job?: () => Promise<RebalanceJob>;
  readonly message: RegExp;
}[] = [
  {
    name: "to a stranger",
    bytes: () => unsigned({ to: address20("99"), data: vaultCall(swap) }),
    message: /to: found/,
  },
  {
    name: "of another chain",
    bytes: () => unsigned({ chainId: 1, data: vaultCall(swap) }),
    message: /chainId: found 1/,
  },
  {
    name: "that pays for a swap",
    bytes: () => unsigned({ data: vaultCall(swap), value: 1n }),
    message: /value: found 1 wei; the mandate allows 0/,
  },
  {
    name: "above its gas cap",
    bytes: () => unsigned({ data: vaultCall(swap), maxFeePerGas: CAP_WEI / 100_000n + 1n }),
    message: /the cap is/,
  },
  {
    name: "with another call",
    bytes: () => unsigned({ data: STEAL }),
    message: /calls transfer; must be executeSwap/,
  },
  {
    name: "with another mandate",
    bytes: () =>
      unsigned({ data: vaultCall({ ...swap, mandate: { ...swap.mandate, deadlineSeconds: 1 } }) }),
    message: /mandate: not those of job/,
  },
  {
    name: "with another size",
    bytes: () =>
      unsigned({
        data: vaultCall({ ...swap, params: { ...SWAP_PARAMS, amountInRaw: "9" } as JobParams }),
      }),
    message: /parameters: not those/,
  },
  {
    name: "with other signatures",
    bytes: () => unsigned({ data: vaultCall({ ...swap, signatures: [hash32("11")] }) }),
    message: /signatures: not those/,
  },
  {
    name: "of a mandate a stranger signed",
    bytes: () => unsigned({ data: vaultCall(forged) }),
    job: async () => forged,
    message: /signatures: 0 of allowed signers; must be 1/,
  },
  {
    name: "that is not of type 2",
    bytes: () => serializeTransaction({ type: "legacy", to: RULES.vault, chainId: 8453 }),
    message: /must be of type 2/,
  },
];

let forged: RebalanceJob;
beforeAll(async () => {
  forged = await signed(SWAP_PARAMS, privateKeyToAccount(generatePrivateKey()));
});

test.each(REFUSED)("a transaction $name is not signed", async ({ bytes, job, message }) => {
  const used = job === undefined ? swap : await job();
  await expect(GUARD.sign(bytes(), intent(used))).rejects.toThrow(message);
  await expect(GUARD.sign(bytes(), intent(used))).rejects.toThrow(/signing-refused/);
});

test("bytes that are signed already, or no transaction, are refused", async () => {
  const bytes = unsigned({ data: vaultCall(swap) });
  const signature = { r: hash32("01"), s: hash32("02"), yParity: 0 } as const;
  const done = serializeTransaction(parseTransaction(bytes) as never, signature);
  await expect(GUARD.sign(done, intent(swap))).rejects.toThrow(/signed already/);
  await expect(GUARD.sign("0x02f00d", intent(swap))).rejects.toThrow(/cannot be read/);
});
