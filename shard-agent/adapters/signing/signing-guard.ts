import {
  type Abi,
  type Address,
  type DecodeFunctionDataReturnType,
  decodeFunctionData,
  encodeFunctionData,
  type Hex,
  parseTransaction,
  type TransactionSerializableEIP1559,
} from "viem";
import { canonical } from "#shard-agent/adapters/rpc/rpc-vote.ts";
import {
  type RecoveryRules,
  recoveryProblem,
} from "#shard-agent/adapters/signing/guard-recovery.ts";
import {
  ceilingProblem,
  type SigningCeilings,
} from "#shard-agent/adapters/signing/signing-ceilings.ts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import { SigningCeilingError } from "#shard-agent/ports/sender.ts";
import type { SpendingBudget } from "#shard-agent/ports/spending-budget.ts";
import type { SigningIntent } from "#shard-agent/records/signing-intent.ts";
import { FatalError } from "#shared/errors.ts";
import { lyraV1AdapterAbi } from "#shared/evm/abi/lyra-v1-adapter.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { type MandateContracts, mandateCall } from "#shared/evm/mandate-call.ts";
import { mandateSigners, paramsHash, vaultDomain } from "#shared/evm/mandate-typed-data.ts";
import { type RebalanceJob, rebalanceJobSchema } from "#shared/wire/rebalance-job.ts";

/** Upkeep of an account at a venue: whole calls. */
const UPKEEP_CALLS = (["settleExpired", "refreshGreeks", "noteStrikes"] as const).map(
  (functionName) => encodeFunctionData({ abi: lyraV1AdapterAbi, functionName }),
);
const MANDATE_ABI: Abi = [...shardVaultAbi, ...venueDeskAbi];

export type GuardRules = MandateContracts & {
  readonly chainId: number;
  readonly optionBook: Address;
  /** Null where messages are not helped on. */
  readonly recovery: RecoveryRules | null;
  /** Accounts at venues whose upkeep anyone may do. */
  readonly upkeepAccounts: readonly Address[];
  readonly mandateSigners: readonly Address[];
  readonly mandateQuorum: number;
  readonly ceilings: SigningCeilings;
};

/** Signs transactions, each held to what it is signed for. */
export type GuardedSigner = {
  readonly address: Address;
  /**
   * 65-byte signature of the unsigned transaction.
   *
   * @throws {FatalError} `signing-refused` naming what does not fit; nothing is signed.
   * @throws {SigningCeilingError} Naming what is beyond the configured most; nothing is signed.
   */
  readonly sign: (unsigned: Hex, intent: SigningIntent) => Promise<Hex>;
};

/**
 * The last look before a key is used. Reads the bytes that will be signed, not what they were made
 * from, and refuses everything but: the mandate's own call, unchanged and signed by its quorum, with
 * no more value than it allows; the call that helps the message named on; the settlement of the series
 * named; a transfer of nothing to oneself.
 * Gas may cost no more than the entry's cap; and whatever the entry says, nothing goes beyond the configured ceilings and
 * the day's budget.
 */
export function signingGuard(
  key: KeySigner,
  rules: GuardRules,
  budget: Pick<SpendingBudget, "judge">,
): GuardedSigner {
  return {
    address: key.address,
    sign: async (unsigned, intent) => {
      const transaction = decode(unsigned);
      checkFrame(transaction, intent, rules);
      if (intent.kind === "job") await checkJob(transaction, intent, rules);
      else if (intent.kind === "recovery") checkRecovery(transaction, intent, rules);
      else if (intent.kind === "settlement") checkSettlement(transaction, intent, rules);
      else checkCancel(transaction, key.address);
      const beyond = ceilingProblem(transaction, rules.ceilings);
      if (beyond !== null) throw new SigningCeilingError(beyond, null);
      // Counted, and never refused: it frees a nonce behind which everything else would wait.
      const excess = intent.kind === "cancel" ? null : budget.judge(mostOf(transaction));
      if (excess !== null) throw new SigningCeilingError(excess.what, excess.liftsAtMs);
      return key.sign(unsigned);
    },
  };
}

/** The most it may cost, gas and coins. */
function mostOf({
  nonce = 0,
  gas = 0n,
  maxFeePerGas = 0n,
  value = 0n,
}: TransactionSerializableEIP1559) {
  return { nonce, costWei: gas * maxFeePerGas + value };
}

function refusal(what: string): FatalError {
  return new FatalError("signing-refused", `Transaction: ${what}; it is not signed`);
}

function decode(unsigned: Hex): TransactionSerializableEIP1559 {
  try {
    const transaction = parseTransaction(unsigned);
    if (transaction.type === "eip1559") return transaction as TransactionSerializableEIP1559;
  } catch (error) {
    throw refusal(`the bytes cannot be read (${String(error).split("\n")[0]})`);
  }
  throw refusal("must be of type 2 (EIP-1559)");
}

function checkFrame(
  transaction: TransactionSerializableEIP1559,
  intent: SigningIntent,
  rules: GuardRules,
): void {
  const { chainId, accessList, gas, maxFeePerGas, r, s } = transaction;
  if (chainId !== rules.chainId)
    throw refusal(`chainId: found ${chainId}; must be ${rules.chainId}`);
  if (r !== undefined || s !== undefined) throw refusal("it is signed already");
  if ((accessList ?? []).length > 0) throw refusal("accessList: must be empty");
  const costWei = (gas ?? 0n) * (maxFeePerGas ?? 0n);
  if (costWei > intent.gasFeeCapWei)
    throw refusal(`gas may cost ${costWei} wei; the cap is ${intent.gasFeeCapWei} wei`);
}

function checkReceiver(transaction: TransactionSerializableEIP1559, allowed: Address): void {
  const { to } = transaction;
  if (to?.toLowerCase() !== allowed.toLowerCase())
    throw refusal(`to: found ${String(to)}; must be ${allowed}`);
}

async function checkJob(
  transaction: TransactionSerializableEIP1559,
  intent: SigningIntent,
  rules: GuardRules,
): Promise<void> {
  const job = rebalanceJobSchema.parse(JSON.parse(intent.payload));
  const { mandate, params } = job;
  const allowed = mandateCall(job, rules);
  checkReceiver(transaction, allowed.to);
  const call = callOf(transaction.data ?? "0x");
  const expected = callOf(allowed.data);
  if (call.functionName !== expected.functionName)
    throw refusal(`calls ${call.functionName}; must be ${expected.functionName}`);
  const parts = ["mandate", "parameters", "signatures"];
  parts.forEach((part, index) => {
    if (comparable(call.args?.[index]) !== comparable(expected.args?.[index]))
      throw refusal(`${part}: not those of job ${mandate.jobId}`);
  });
  const limitWei = params.kind === "transfer" ? BigInt(mandate.maxFeeNativeWei) : 0n;
  const valueWei = transaction.value ?? 0n;
  if (valueWei > limitWei)
    throw refusal(`value: found ${valueWei} wei; the mandate allows ${limitWei} wei`);
  await checkMandate(job, rules);
}

/** The mandate itself, from its signatures up: a job in the journal may have been altered. */
async function checkMandate(job: RebalanceJob, rules: GuardRules): Promise<void> {
  if (paramsHash(job.params) !== job.mandate.paramsHash)
    throw refusal("parameters: their hash is not the mandate's paramsHash");
  const domain = vaultDomain(rules.chainId, rules.vault);
  const signers = await mandateSigners(job.mandate, domain, job.signatures).catch(() => []);
  const allowed = new Set(rules.mandateSigners.map((signer) => signer.toLowerCase()));
  const good = new Set(signers.map((one) => one.toLowerCase()).filter((one) => allowed.has(one)));
  if (good.size < rules.mandateQuorum || good.size !== signers.length)
    throw refusal(`signatures: ${good.size} of allowed signers; must be ${rules.mandateQuorum}`);
}

function callOf(data: Hex): DecodeFunctionDataReturnType<Abi> {
  try {
    return decodeFunctionData({ abi: MANDATE_ABI, data });
  } catch {
    throw refusal(`data: ${data.slice(0, 10)} is no call that takes a mandate`);
  }
}

/** Equal for equal values: bigints as text, hex without regard to case, fields in any order. */
function comparable(value: unknown): string {
  const plain = JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "bigint" || typeof one === "number" ? `${one}` : one,
  );
  return canonical(JSON.parse(plain ?? "null"));
}

function checkSettlement(
  transaction: TransactionSerializableEIP1559,
  intent: SigningIntent,
  rules: GuardRules,
): void {
  checkNoValue(transaction);
  if ("upkeep" in JSON.parse(intent.payload)) {
    checkUpkeep(transaction, intent, rules);
    return;
  }
  checkReceiver(transaction, rules.optionBook);
  const { seriesId } = JSON.parse(intent.payload) as { seriesId: string };
  const { functionName, args } = decodeFunctionData({
    abi: optionBookAbi,
    data: transaction.data ?? "0x",
  });
  if (functionName !== "settle" || String(args?.[0]).toLowerCase() !== seriesId.toLowerCase())
    throw refusal(`calls ${functionName}; must be settle of series ${seriesId}`);
}

/** Without arguments: it can only settle or refresh. */
function checkUpkeep(
  { to, data }: TransactionSerializableEIP1559,
  intent: SigningIntent,
  { upkeepAccounts }: GuardRules,
): void {
  const named = JSON.parse(intent.payload) as { account: string; upkeep: string };
  if (!upkeepAccounts.some((one) => one.toLowerCase() === to?.toLowerCase()))
    throw refusal(`to: found ${String(to)}; must be one of ${upkeepAccounts.join(", ")}`);
  if (named.account.toLowerCase() !== to?.toLowerCase() || named.upkeep !== data)
    throw refusal("it is not the upkeep that was asked for");
  if (!UPKEEP_CALLS.some((one) => one === data))
    throw refusal(`data: ${String(data).slice(0, 10)} is no upkeep`);
}

function checkRecovery(
  transaction: TransactionSerializableEIP1559,
  intent: SigningIntent,
  { recovery }: GuardRules,
): void {
  if (recovery === null) throw refusal("layerZero: is not configured");
  const problem = recoveryProblem(transaction, intent.payload, recovery);
  if (problem !== null) throw refusal(problem);
}

function checkCancel(transaction: TransactionSerializableEIP1559, own: Address): void {
  checkReceiver(transaction, own);
  checkNoValue(transaction);
  const { data = "0x" } = transaction;
  if (data !== "0x") throw refusal("data: a cancel has none");
}

function checkNoValue(transaction: TransactionSerializableEIP1559): void {
  const { value = 0n } = transaction;
  if (value !== 0n) throw refusal(`value: found ${value} wei; must be 0`);
}
