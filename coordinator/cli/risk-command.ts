import { offlineCommand, type TableSection } from "#coordinator/cli/offline-command.ts";
import {
  type CapitalAnswer,
  type PortfolioAnswer,
  type PortfolioQuestion,
  portfolioAnswer,
  portfolioQuestion,
  type UnderlyingAnswer,
} from "#coordinator/cli/risk-schemas.ts";
import type { ShardBook, UnderlyingExposure } from "#shared/risk/portfolio/portfolio.ts";
import {
  type CapitalFigures,
  type PortfolioRisk,
  portfolioRisk,
} from "#shared/risk/portfolio/portfolio-risk.ts";
import type { Position, PositionValue } from "#shared/risk/portfolio/position.ts";
import type { UnderlyingMarket } from "#shared/risk/volatility/underlying-market.ts";

/** `riskshard risk`: Greeks, scenario P&L, tail measures and capital of a portfolio of shards. */
export const riskCommand = offlineCommand({
  name: "risk",
  summary: "Greeks, scenarios, expected shortfall and capital of a portfolio",
  input: portfolioQuestion,
  output: portfolioAnswer,
  run: answer,
  tables,
});

function answer(question: PortfolioQuestion): PortfolioAnswer {
  const { scenarios, level } = question;
  const grid = scenarios?.spotShocks.flatMap((spotShock) =>
    scenarios.volShocks.map((volShock) => ({ spotShock, volShock, weight: 1 })),
  );
  const risk = portfolioRisk({
    shards: question.shards.map(shardBook),
    markets: new Map(
      Object.entries(question.market).map(([name, m]) => [name, market(m, question.asOf)]),
    ),
    level,
    ...(grid === undefined ? {} : { scenarios: grid }),
    ...(scenarios?.weights === undefined ? {} : { probabilities: scenarios.weights }),
  });
  const worst = scenarioRow(risk, risk.worstScenarioIndex);
  return {
    net: greeksOf(risk.total),
    total: capitalOf(risk.total),
    shards: [...risk.shards].map(([id, figures]) => ({ id, ...capitalOf(figures) })),
    scenarios: risk.scenarios.map((_scenario, index) => scenarioRow(risk, index)),
    worstScenario: {
      index: risk.worstScenarioIndex,
      spotShock: worst.spotShock,
      volShock: worst.volShock,
      pnlUsd: worst.pnlUsd,
    },
    level,
    valueAtRiskUsd: risk.tailRisk.valueAtRiskUsd,
    expectedShortfallUsd: risk.tailRisk.expectedShortfallUsd,
    tail: [...risk.tailRisk.tail],
    componentExpectedShortfallUsd: {
      byUnderlying: Object.fromEntries(risk.componentsByUnderlying),
      byExpiry: byTime(risk.componentsByExpiry).map(([expiryMs, componentUsd]) => ({
        expiry: isoText(expiryMs),
        componentUsd,
      })),
    },
  };
}

function shardBook(shard: PortfolioQuestion["shards"][number]): ShardBook {
  return { id: shard.id, collateral: shard.collateral, positions: shard.positions.map(positionOf) };
}

function positionOf(line: PortfolioQuestion["shards"][number]["positions"][number]): Position {
  const { underlying, quantity } = line;
  switch (line.kind) {
    case "spot":
      return { kind: "spot", underlying, quantity };
    case "perpetual":
      return {
        kind: "perpetual",
        underlying,
        quantity,
        ...(line.fundingPerYear === undefined ? {} : { fundingPerYear: line.fundingPerYear }),
      };
    case "forward":
      return {
        kind: "forward",
        underlying,
        quantity,
        expiryMs: line.expiry,
        ...(line.strike === undefined ? {} : { strikeUsd: line.strike }),
      };
    case "option":
      return {
        kind: "option",
        underlying,
        quantity,
        type: line.type,
        strikeUsd: line.strike,
        expiryMs: line.expiry,
      };
  }
}

function market(from: PortfolioQuestion["market"][string], nowMs: number): UnderlyingMarket {
  const { spotUsd, rate, volatility, forwards } = from;
  const surface =
    typeof volatility === "number"
      ? volatility
      : volatility.svi.map(({ expiry, ...svi }) => ({ ...svi, expiryMs: expiry }));
  return {
    spotUsd,
    nowMs,
    rate,
    volatility: surface,
    ...(forwards === undefined || forwards.length === 0
      ? {}
      : { forwards: forwards.map(({ expiry, forwardUsd }) => ({ expiryMs: expiry, forwardUsd })) }),
  };
}

function scenarioRow(risk: PortfolioRisk, index: number): PortfolioAnswer["scenarios"][number] {
  const scenario = risk.scenarios[index];
  return {
    spotShock: scenario?.spotShock ?? Number.NaN,
    volShock: scenario?.volShock ?? Number.NaN,
    damping: scenario?.weight ?? Number.NaN,
    pnlUsd: risk.pnl.total[index] ?? Number.NaN,
    pnlUsdByShard: Object.fromEntries(
      [...risk.pnl.byShard].map(([id, pnl]) => [id, pnl[index] ?? Number.NaN]),
    ),
  };
}

function capitalOf(figures: CapitalFigures): CapitalAnswer {
  const { exposures: _exposures, ...rest } = figures;
  return { greeks: greeksOf(figures), ...rest };
}

function greeksOf(figures: CapitalFigures): Record<string, UnderlyingAnswer> {
  return Object.fromEntries(
    [...figures.exposures].map(([name, exposure]) => [name, exposureOf(exposure)]),
  );
}

function exposureOf(exposure: UnderlyingExposure): UnderlyingAnswer {
  return {
    ...greeksRow(exposure.total),
    byExpiry: byTime(exposure.byExpiry).map(([expiryMs, value]) => ({
      expiry: isoText(expiryMs),
      ...greeksRow(value),
    })),
  };
}

function greeksRow(value: PositionValue): Omit<UnderlyingAnswer, "byExpiry"> {
  return {
    valueUsd: value.valueUsd,
    deltaUnits: value.deltaUnits,
    gammaUnitsPerUsd: value.gammaUnitsPerUsd,
    vegaUsdPerVolPoint: value.vegaUsdPerVolPoint,
    thetaUsdPerDay: value.thetaUsdPerDay,
    rhoUsdPerRatePoint: value.rhoUsdPerRatePoint,
    carryRhoUsdPerCarryPoint: value.carryRhoUsdPerCarryPoint,
    vannaUnitsPerVolPoint: value.vannaUnitsPerVolPoint,
    volgaUsdPerVolPointSquared: value.volgaUsdPerVolPointSquared,
  };
}

/** What has no expiry first, then by time. */
function byTime<Value>(map: ReadonlyMap<number | null, Value>): [number | null, Value][] {
  return [...map].sort(
    ([left], [right]) => (left ?? Number.NEGATIVE_INFINITY) - (right ?? Number.NEGATIVE_INFINITY),
  );
}

function isoText(instantMs: number | null): string | null {
  return instantMs === null ? null : new Date(instantMs).toISOString();
}

function tables(risk: PortfolioAnswer): readonly TableSection[] {
  const capital = ({ greeks: _greeks, ...row }: CapitalAnswer) => row;
  return [
    {
      title: "net Greeks",
      rows: Object.entries(risk.net).flatMap(([underlying, { byExpiry, ...all }]) => [
        { underlying, expiry: "all", ...all },
        ...byExpiry.map((row) => ({ underlying, ...row, expiry: row.expiry ?? "none" })),
      ]),
    },
    {
      title: "capital",
      rows: [...risk.shards.map(capital), { id: "total", ...capital(risk.total) }],
    },
    {
      title: `tail at level ${risk.level} over the grid (not a forecast of any horizon)`,
      rows: [
        {
          valueAtRiskUsd: risk.valueAtRiskUsd,
          expectedShortfallUsd: risk.expectedShortfallUsd,
          worstScenario: risk.worstScenario.index,
          worstPnlUsd: risk.worstScenario.pnlUsd,
        },
      ],
    },
    {
      title: "scenarios",
      rows: risk.scenarios.map(({ pnlUsdByShard, ...row }) => ({ ...row, ...pnlUsdByShard })),
    },
  ];
}
