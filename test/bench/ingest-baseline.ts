import { type Hex, keccak256, type TypedDataDomain, verifyTypedData } from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { addGreeks, type Greeks, scaleGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import { type ShardReport, shardReportSchema } from "#shared/wire/shard-report.ts";

const SIGNER = privateKeyToAccount(`0x${"11".repeat(32)}`);
const DOMAIN: TypedDataDomain = { name: "reports", version: "1", chainId: 8453 };
const TYPES = {
  Report: [
    { name: "shard", type: "string" },
    { name: "chainId", type: "uint256" },
    { name: "seq", type: "uint256" },
    { name: "blockNumber", type: "uint256" },
    { name: "blockHash", type: "bytes32" },
    { name: "timestampMs", type: "uint256" },
    { name: "payloadHash", type: "bytes32" },
  ],
} as const;

/** A report as the straightforward way sends it: JSON, and an EIP-712 signature over its head and its hash. */
export type JsonReport = { readonly body: Buffer; readonly signature: Hex };

/** The straightforward way to take a report in. */
export type PlainIngest = { readonly ingest: (message: JsonReport) => Promise<Greeks> };

function typedDataOf(report: ShardReport, body: Buffer) {
  const { shard, chainId, seq, block } = report;
  return {
    domain: DOMAIN,
    types: TYPES,
    primaryType: "Report",
    message: {
      shard,
      chainId: BigInt(chainId),
      seq: BigInt(seq),
      blockNumber: BigInt(block.number),
      blockHash: block.hash,
      timestampMs: BigInt(block.timestampMs),
      payloadHash: keccak256(body),
    },
  } as const;
}

/** Signs a report for {@link plainIngest}. */
export async function signJsonReport(
  report: ShardReport,
  signer: PrivateKeyAccount = SIGNER,
): Promise<JsonReport> {
  const body = Buffer.from(JSON.stringify(report));
  return { body, signature: await signer.signTypedData(typedDataOf(report, body)) };
}

/** JSON, zod's parse, viem's keccak and verifyTypedData, and a net in maps brought up to date. */
export function plainIngest(): PlainIngest {
  const net = new Map<string, Greeks>();
  const held = new Map<string, ShardReport["greeks"]>();
  const add = (line: ShardReport["greeks"][number], sign: 1 | -1): void => {
    const key = `${line.underlying} ${line.expiryMs}`;
    net.set(key, addGreeks(net.get(key) ?? ZERO_GREEKS, scaleGreeks(line, sign)));
  };
  return {
    ingest: async ({ body, signature }) => {
      const report = shardReportSchema.parse(JSON.parse(body.toString()));
      const isSigned = await verifyTypedData({
        address: SIGNER.address,
        ...typedDataOf(report, body),
        signature,
      });
      if (!isSigned) throw new Error("the signature is not the agent's");
      for (const line of held.get(report.shard) ?? []) add(line, -1);
      for (const line of report.greeks) add(line, 1);
      held.set(report.shard, report.greeks);
      return [...net.values()].reduce(addGreeks, ZERO_GREEKS);
    },
  };
}
