import { generateKeyPairSync } from "node:crypto";
import { reportedNet } from "#coordinator/records/planning/reported-net.ts";
import { acceptReport } from "#coordinator/stages/messages/accept-report.ts";
import type { Greeks } from "#shared/risk/pricing/greeks.ts";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { publicKeyHex, signBytes } from "#shared/wire/signed-bytes.ts";
import { type BenchRow, compare, threadMs } from "#test/bench/compare.ts";
import { type JsonReport, plainIngest, signJsonReport } from "#test/bench/ingest-baseline.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { address20, aShardReport } from "#test/support/coordinator/shard-report.ts";

/** Least ratio to the straightforward way that is asked for at 20 KB; sizes are those that travel. */
const GOAL = 12;
const BASELINE_CALLS = 8;

/**
 * Taking in one signed report, from the bytes of the stream to the net: the coordinator's own decode, checks and
 * running net, in turns with JSON, zod, viem's verifyTypedData and maps. Neither uses a native addon.
 */
export async function ingestRows(rounds: number): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { size, report, goal } of reports()) {
    rows.push(...(await sizeRows(size, report, { rounds, goal })));
  }
  return rows;
}

type Sized = { readonly size: string; readonly report: ShardReport; readonly goal: number | null };

function reports(): Sized[] {
  const { book, greeks, ...rest } = aShardReport();
  const least = { ...rest, book: [], greeks };
  return [
    { size: "1 KB", report: least, goal: null },
    { size: "20 KB", report: aFullReport(110), goal: GOAL },
    { size: "110 KB", report: aFullReport(790), goal: null },
  ];
}

async function sizeRows(
  size: string,
  report: ShardReport,
  { rounds, goal }: { readonly rounds: number; readonly goal: number | null },
): Promise<BenchRow[]> {
  const ours = ourIngest(report);
  const json = await signJsonReport(report);
  const plain = plainIngest();
  requireSame(ours.ingest(), await plain.ingest(json));
  const baseline = {
    name: `JSON + zod + verifyTypedData + maps, ${json.body.length} bytes`,
    roundMs: () => timePlain(plain.ingest, json),
  };
  const contender = {
    name: `ingest a signed report of ${size}`,
    run: ours.ingest,
    note: `${ours.bytes} bytes; decode, schema, signature, checks, net`,
  };
  return compare(baseline, [goal === null ? contender : { ...contender, goal }], rounds);
}

async function timePlain(
  ingest: (message: JsonReport) => Promise<unknown>,
  message: JsonReport,
): Promise<number> {
  const startedMs = threadMs();
  for (let call = 0; call < BASELINE_CALLS; call += 1) await ingest(message);
  return (threadMs() - startedMs) / BASELINE_CALLS;
}

/** What the coordinator does with a stream entry, without the journal. */
function ourIngest(report: ShardReport): { readonly ingest: () => Greeks; readonly bytes: number } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const body = encodeMessage(report);
  const { shard, agent, chainId, seq } = report;
  const signature = signBytes(body, privateKey);
  const message = { shard, agent, entryId: `${seq}-0`, body, signature };
  const setup = {
    shard,
    chainId,
    endpointId: 30_184,
    nativeTicker: "ETH",
    blockTimeMs: 1000,
    staleAfterMs: 5000,
    vault: address20("fa"),
    settlement: { ticker: "USDX", token: address20("c0"), decimals: 6 },
    underlyings: [{ ticker: "ETH", token: address20("e0"), decimals: 18 }],
    agents: [{ id: agent, reporterPublicKey: publicKeyHex(privateKey) }],
  };
  const nowMs = report.block.timestampMs + 500;
  const context = { setup, lastSeq: 0, lastEntry: undefined, nowMs, sequenceAheadMaxMs: 60_000 };
  const net = reportedNet(new Map([["ETH", 1e-6]]));
  return {
    bytes: body.length,
    ingest: () => {
      const outcome = acceptReport(message, context);
      if (!outcome.accepted) throw new Error(`${outcome.reason}: ${outcome.detail}`);
      net.take(outcome.entry.report);
      return net.of("ETH") ?? failUnknown();
    },
  };
}

function failUnknown(): never {
  throw new Error("the net is not known");
}

/** The times compare only if both come to the same net. */
function requireSame(ours: Greeks, plain: Greeks): void {
  if (Math.abs(ours.deltaUnits - plain.deltaUnits) > 1e-5) {
    throw new Error(`our net delta is ${ours.deltaUnits}, the plain one ${plain.deltaUnits}`);
  }
}
