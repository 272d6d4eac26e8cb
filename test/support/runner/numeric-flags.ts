import { InvalidArgumentError } from "commander";

type Range = readonly [number, number];

/** Takes a whole number of a range, both ends included. @throws {InvalidArgumentError} Saying what is allowed. */
export function whole([least, most]: Range): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Must be a whole number from ${least} to ${most}.`);
  };
}

/** Takes a number of a range, both ends included. @throws {InvalidArgumentError} Saying what is allowed. */
export function number([least, most]: Range): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Must be a number from ${least} to ${most}.`);
  };
}
