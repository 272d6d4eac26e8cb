import fc from "fast-check";
import { expect, test } from "vitest";
import { packProgram } from "#coordinator/adapters/solver/pack-program.ts";
import type { LinearProgram } from "#coordinator/records/planning/linear-program.ts";

const number = fc.double({ noNaN: true });
const aColumn = fc.record({
  name: fc.string(),
  cost: number,
  lower: number,
  upper: number,
  isInteger: fc.boolean(),
});
const term = fc.tuple(fc.nat({ max: 5 }), number);
const aRow = fc.record({ name: fc.string(), lower: number, upper: number, terms: fc.array(term) });
const start = fc.array(fc.record({ column: fc.nat({ max: 5 }), value: number }));
const aProgram: fc.Arbitrary<LinearProgram> = fc.record({
  columns: fc.array(aColumn),
  rows: fc.array(aRow),
  start,
});

test("every number of a program is in its arrays, row by row", () => {
  fc.assert(
    fc.property(aProgram, (program) => {
      const packed = packProgram(program);
      const { rowStarts, termColumns, termCoefficients } = packed;
      const columns = [...packed.cost].map((cost, at) => {
        const [lower, upper] = [packed.lower[at], packed.upper[at]];
        return { cost, lower, upper, isInteger: packed.integrality[at] === 1 };
      });
      const rows = [...packed.rowLower].map((lower, at) => {
        const places = Array.from(termColumns.keys()).slice(rowStarts[at], rowStarts[at + 1]);
        const terms = places.map((place) => [termColumns[place], termCoefficients[place]]);
        return { lower, upper: packed.rowUpper[at], terms };
      });
      const begun = [...packed.startColumns].map((column, at) => {
        return { column, value: packed.startValues[at] };
      });
      expect(columns).toEqual(program.columns.map(({ name, ...rest }) => rest));
      expect(rows).toEqual(program.rows.map(({ name, ...rest }) => rest));
      expect(begun).toEqual(program.start);
    }),
  );
});

test("a program without a known solution has none to begin with", () => {
  const { startColumns, startValues, rowStarts } = packProgram({ columns: [], rows: [] });
  expect([startColumns.length, startValues.length]).toEqual([0, 0]);
  expect([...rowStarts]).toEqual([0]);
});
