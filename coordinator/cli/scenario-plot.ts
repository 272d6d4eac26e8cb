/** What the picture shows of an answer of `riskshard risk`. */
export type ScenarioSurface = {
  readonly scenarios: readonly {
    readonly spotShock: number;
    readonly volShock: number;
    readonly pnlUsd: number;
  }[];
};

const CELL_WIDTH = 74;
const CELL_HEIGHT = 34;
const MARGIN_LEFT = 110;
const MARGIN_TOP = 70;
const MARGIN_BOTTOM = 50;

/**
 * The scenario surface as an SVG heat map: spot moves across, volatility moves down, profit and loss in USD in
 * each cell, losses red and gains blue in proportion to the largest magnitude. Cells without a scenario stay empty.
 */
export function scenarioPlot(surface: ScenarioSurface): string {
  const { scenarios } = surface;
  const spotShocks = ascending(scenarios.map(({ spotShock }) => spotShock));
  const volShocks = ascending(scenarios.map(({ volShock }) => volShock)).reverse();
  const largest = Math.max(...scenarios.map(({ pnlUsd }) => Math.abs(pnlUsd)), Number.MIN_VALUE);
  const width = MARGIN_LEFT + spotShocks.length * CELL_WIDTH + 20;
  const height = MARGIN_TOP + volShocks.length * CELL_HEIGHT + MARGIN_BOTTOM;
  const cells = scenarios.map(({ spotShock, volShock, pnlUsd }) => {
    const x = MARGIN_LEFT + spotShocks.indexOf(spotShock) * CELL_WIDTH;
    const y = MARGIN_TOP + volShocks.indexOf(volShock) * CELL_HEIGHT;
    return cell({ x, y, pnlUsd, share: pnlUsd / largest });
  });
  const columns = spotShocks.map((shock, index) =>
    label({
      x: MARGIN_LEFT + (index + 0.5) * CELL_WIDTH,
      y: MARGIN_TOP - 8,
      text: percent(shock),
      anchor: "middle",
    }),
  );
  const rows = volShocks.map((shock, index) =>
    label({
      x: MARGIN_LEFT - 8,
      y: MARGIN_TOP + (index + 0.62) * CELL_HEIGHT,
      text: percent(shock),
      anchor: "end",
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN_LEFT}" y="24" font-size="15">Scenario profit and loss (USD)</text>`,
    `<text x="${MARGIN_LEFT}" y="44">spot move across, volatility move down; red is a loss</text>`,
    ...columns,
    ...rows,
    ...cells,
    "</svg>",
    "",
  ].join("\n");
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((left, right) => left - right);
}

function cell(of: { x: number; y: number; pnlUsd: number; share: number }): string {
  const pale = Math.round(255 * (1 - 0.85 * Math.min(1, Math.abs(of.share))));
  const colour = of.share < 0 ? `rgb(255,${pale},${pale})` : `rgb(${pale},${pale},255)`;
  const ink = Math.abs(of.share) > 0.7 ? "#ffffff" : "#000000";
  const text = label({
    x: of.x + CELL_WIDTH / 2,
    y: of.y + CELL_HEIGHT * 0.62,
    text: shortUsd(of.pnlUsd),
    anchor: "middle",
    ink,
  });
  return `<rect x="${of.x}" y="${of.y}" width="${CELL_WIDTH - 2}" height="${CELL_HEIGHT - 2}" fill="${colour}"/>${text}`;
}

function label(of: {
  x: number;
  y: number;
  text: string;
  anchor: "middle" | "end";
  ink?: string;
}): string {
  return `<text x="${of.x}" y="${of.y}" text-anchor="${of.anchor}" fill="${of.ink ?? "#000000"}">${of.text}</text>`;
}

function percent(shock: number): string {
  return `${shock > 0 ? "+" : ""}${Number((100 * shock).toPrecision(4))} %`;
}

function shortUsd(amount: number): string {
  const magnitude = Math.abs(amount);
  const [divisor, suffix] =
    magnitude >= 1e9
      ? [1e9, "bn"]
      : magnitude >= 1e6
        ? [1e6, "m"]
        : magnitude >= 1e4
          ? [1e3, "k"]
          : [1, ""];
  return `${Number((amount / Number(divisor)).toPrecision(3))}${suffix}`;
}
