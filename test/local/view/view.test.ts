import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { exampleRisk } from "#test/local/check/example-world.ts";
import { type AdminApi, adminApiClient, type RiskAnswer } from "#test/local/observe/admin-api.ts";
import {
  exampleDecision,
  exampleShard,
  exampleStatus,
  NOON_MS,
} from "#test/local/view/example-status.ts";
import { formatDuration, formatNumber, formatSigned, formatUsd } from "#test/local/view/figures.ts";
import { decisionLine, statusLine, statusTable } from "#test/local/view/status-table.ts";
import { fitLine, textTable } from "#test/local/view/text-table.ts";
import { startView } from "#test/local/view/view.ts";

describe("figures", () => {
  test.each([
    { shown: formatNumber(1234.5, 2), text: "1,234.50" },
    { shown: formatNumber(-0.00001, 2), text: "0.00" },
    { shown: formatNumber(null, 2), text: "-" },
    { shown: formatNumber(Number.NaN, 2), text: "-" },
    { shown: formatSigned(1.5, 3), text: "+1.500" },
    { shown: formatSigned(0.0001, 3), text: "0.000" },
    { shown: formatUsd(-1234.4), text: "-$1,234" },
    { shown: formatUsd(-0.2), text: "$0" },
    { shown: formatDuration(850), text: "850 ms" },
    { shown: formatDuration(2400), text: "2.4 s" },
    { shown: formatDuration(185_000), text: "3 min 05 s" },
    { shown: formatDuration(-1600), text: "-1.6 s" },
  ])("show $text", ({ shown, text }) => {
    expect(shown).toBe(text);
  });
});

describe("textTable", () => {
  test("lines columns up at their widest cell", () => {
    const columns = [
      { heading: "name", align: "left" as const },
      { heading: "n", align: "right" as const },
    ];
    expect(
      textTable(columns, [
        ["a", "100"],
        ["bcdef", "1"],
      ]),
    ).toEqual(["name     n", "a      100", "bcdef    1"]);
  });

  test("cuts a line that does not fit and shows the cut", () => {
    expect(fitLine("abcdef", 6)).toBe("abcdef");
    expect(fitLine("abcdef", 4)).toBe("abc…");
    expect(fitLine("abcdef", 0)).toBe("");
  });
});

describe("statusTable", () => {
  test("shows shards, net, band and decisions", () => {
    expect(`\n${statusTable(exampleStatus(), 200, 40).join("\n")}\n`).toMatchInlineSnapshot(`
      "
      riskshard 12:00:00 · RUN · jobs in flight 0 · 2 min 00 s left

      shard     block    age   Δ ETH     Γ ETH  vega ETH  collateral  solvency  mode
      ethereum     42  1.2 s  +1.500  -0.00321       -12    $100,000      1.83  run
      base          -      -  +1.500  -0.00321       -12    $100,000      1.83  stale no report

      net    spot       Δ  in flight  band ±         Γ  vega
      ETH  $2,000  -0.250      0.000   0.500  -0.00100   -12  inside

      last decisions
        11:59:59 buy 0.7500 ETH (net -1.000): outside the band
      "
    `);
  });

  test("gives each underlying its own row when the terminal is narrow, and fits 80 columns", () => {
    const both = { ...exampleRisk().net, BTC: exampleRisk().net["ETH"] } as RiskAnswer["net"];
    const greeks = { deltaUnits: -113.122, gammaUnitsPerUsd: -0.13238, vegaUsdPerVolPoint: -1895 };
    const shard = exampleShard({ greeks: { ETH: greeks, BTC: greeks }, collateralUsd: 1_220_457 });
    const status = exampleStatus({ risk: exampleRisk({ net: both }), shards: [shard] });
    expect(statusTable(status, 80, 40).slice(2, 5)).toEqual(
      [
        "shard     block    age  of          Δ         Γ    vega  collateral  mode, solvency",
        "ethereum     42  1.2 s  ETH  -113.122  -0.13238  -1,895  $1,220,457  run",
        "                        BTC  -113.122  -0.13238  -1,895              1.83",
      ].map((line) => fitLine(line, 80)),
    );
  });

  test("leaves out decisions first, then shards, when the terminal is low", () => {
    const shards = Array.from({ length: 8 }, (_, i) => exampleShard({ id: `chain-${i}` }));
    const decisions = Array.from({ length: 6 }, () => exampleDecision());
    const status = exampleStatus({ shards, decisions });
    const low = statusTable(status, 120, 18);
    expect(low).toHaveLength(18);
    expect(low.join("\n")).toContain("chain-7");
    expect(low.filter((line) => line.includes("buy"))).toHaveLength(2);
    const lower = statusTable(status, 120, 10);
    expect(lower).toHaveLength(10);
    expect(lower.join("\n")).toContain("… 5 more lines");
    expect(lower.at(-1)).toMatch(/^ETH/);
  });

  test("is never wider than the terminal", () => {
    for (const width of [20, 60, 80, 120]) {
      expect(
        Math.max(...statusTable(exampleStatus(), width, 40).map((line) => line.length)),
      ).toBeLessThanOrEqual(width);
    }
  });

  test("says why nothing is new when the admin API is silent", () => {
    const lines = statusTable(
      exampleStatus({ failure: "no answer", risk: null, shards: [] }),
      120,
      40,
    );
    expect(lines[0]).toContain("waiting for the first numbers");
    expect(lines[1]).toBe("admin API: no answer; showing what was last heard");
  });

  test("puts a halt and its reasons into the first line", () => {
    const risk = exampleRisk({ mode: "halt", haltReasons: ["operator: drill"] });
    expect(statusTable(exampleStatus({ risk }), 120, 40)[0]).toContain("HALT: operator: drill");
  });
});

describe("decisions in the table", () => {
  test("name underlyings with the same outcome together", () => {
    const hold = { underlying: "ETH", netDeltaUnits: 0, halfWidthUnits: 1, tradeUnits: 0 };
    const rest = { ...hold, tier: "absorb", action: "hold" as const, reason: "inside the band" };
    const decision = exampleDecision({ underlyings: [rest, { ...rest, underlying: "BTC" }] });
    expect(statusTable(exampleStatus({ decisions: [decision] }), 120, 40).at(-1)).toBe(
      "  11:59:59 ETH, BTC absorb, hold: inside the band",
    );
  });
});

describe("plain lines", () => {
  test("say everything in one", () => {
    expect(statusLine(exampleStatus())).toBe(
      "12:00:00 ETH net -0.250 band ±0.500 inside · in flight 0 · ethereum run, base stale",
    );
  });

  test("say that nothing is known yet", () => {
    const risk = exampleRisk({ net: {} });
    expect(statusLine(exampleStatus({ risk }))).toBe("12:00:00 waiting for the first numbers");
  });

  test("tell a decision that acts and leave out one that does not", () => {
    expect(decisionLine(exampleDecision())).toBe(
      "11:59:59 buy 0.7500 ETH (net -1.000): outside the band",
    );
    const margin = { shard: "base", venue: "curie", reason: "margin for hedges" };
    const treasury = [
      { ...margin, amountUsd: 3000 },
      { ...margin, amountUsd: -1000 },
    ];
    expect(decisionLine(exampleDecision({ underlyings: [], treasury }))).toBe(
      "11:59:59 move $3,000 base → curie: margin for hedges; move $1,000 curie → base: margin for hedges",
    );
    expect(decisionLine(exampleDecision({ underlyings: [] }))).toBeNull();
    const transfers = [
      { source: "base", target: "ethereum", amountUsd: 5000, reason: "target short of capital" },
    ];
    expect(decisionLine(exampleDecision({ underlyings: [], transfers }))).toBe(
      "11:59:59 move $5,000 base → ethereum: target short of capital",
    );
  });
});

const WORLD = { startedAtMs: NOON_MS, minutes: null };

function calmApi(): AdminApi {
  return {
    risk: async () => exampleRisk(),
    shards: async () => [exampleShard()],
    decisions: async () => [exampleDecision()],
    jobs: async () => [],
    counters: async () => ({
      reports: { accepted: 0, refused: {} },
      passes: 0,
      decisions: 0,
      jobs: {},
    }),
  };
}

async function shown(
  api: AdminApi,
  o: { isTTY: boolean; columns?: number },
  forMs: number,
): Promise<string> {
  let text = "";
  const view = startView(WORLD, api, { ...o, write: (part) => (text += part) });
  await sleep(forMs);
  await view.stop();
  return text;
}

describe("startView", () => {
  test("redraws over its own table on a terminal", async () => {
    const text = await shown(calmApi(), { isTTY: true, columns: 60 }, 800);
    const drawings = text.split("\u001b[J").slice(1);
    expect(drawings.length).toBe(2);
    const lines = (drawings[0] ?? "").split("\n");
    expect(
      lines.every((line) => line.replace("\r", "").length <= 60 || line.startsWith("\u001b")),
    ).toBe(true);
    expect(text).toContain(`\u001b[${lines.length - 1}A`);
  });

  test("goes on below a message instead of over it", async () => {
    let text = "";
    const write = (part: string) => (text += part);
    const view = startView(WORLD, calmApi(), { isTTY: true, columns: 60, write });
    await sleep(100);
    view.continueBelow();
    text = "";
    await sleep(600);
    await view.stop();
    // Nothing goes up before the first table is drawn anew.
    expect(text.split("\u001b[J")[0]).toBe("\r");
    expect(text).toContain("riskshard");
  });

  test("writes each acting decision and one status line when there is no terminal", async () => {
    const text = await shown(calmApi(), { isTTY: false }, 1200);
    const lines = text.trimEnd().split("\n");
    expect(lines[0]).toBe("11:59:59 buy 0.7500 ETH (net -1.000): outside the band");
    expect(lines[1]).toContain("ETH net -0.250");
    expect(lines).toHaveLength(2);
    expect(text).not.toContain("\u001b");
  });

  test("shows an admin API that does not answer, and does not throw", async () => {
    const api = adminApiClient({ url: "http://127.0.0.1:1", key: "k" });
    expect(await shown(api, { isTTY: false }, 300)).toContain("admin API: GET /v1/risk");
    expect(await shown(api, { isTTY: true }, 300)).toContain("no answer");
  });
});
