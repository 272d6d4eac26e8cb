import { z } from "zod";
import { BadInputError } from "#coordinator/cli/bad-input-error.ts";
import { describeIssues, issuesText } from "#shared/wire/describe-issues.ts";

/** Wrong fields that are listed: a document may have thousands of rows, and the same mistake in each. */
const LINES_MAX = 20;

/** One block of a table for people: a heading and flat rows with the same keys. */
export type TableSection = {
  readonly title: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
};

/** A tool that turns one JSON document into another, without a network or a clock. */
export type OfflineCommand<Input, Output> = {
  readonly name: string;
  readonly summary: string;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  /** May throw a RangeError, whose message then names the field. */
  readonly run: (input: Input) => Output;
  readonly tables: (output: Output) => readonly TableSection[];
};

/** A command whose types the caller need not know. */
export type AnyOfflineCommand = {
  readonly name: string;
  readonly summary: string;
  /** Runs on an untrusted document. @throws {BadInputError} When it is refused. */
  readonly answer: (document: unknown) => {
    readonly output: unknown;
    readonly tables: () => readonly TableSection[];
  };
  /** JSON schemas of both documents (draft 2020-12). */
  readonly schemas: () => { readonly input: unknown; readonly output: unknown };
};

/** Hides a command's types behind its schemas. */
export function offlineCommand<Input, Output>(
  command: OfflineCommand<Input, Output>,
): AnyOfflineCommand {
  return {
    name: command.name,
    summary: command.summary,
    answer: (document) => {
      const parsed = command.input.safeParse(document);
      if (!parsed.success) {
        const lines = describeIssues(parsed.error, document);
        throw new BadInputError(issuesText(lines, LINES_MAX));
      }
      const output = refusingRangeErrors(() => command.run(parsed.data));
      return { output, tables: () => command.tables(output) };
    },
    schemas: () => ({
      input: z.toJSONSchema(command.input, { io: "input", unrepresentable: "any" }),
      output: z.toJSONSchema(command.output, { io: "output", unrepresentable: "any" }),
    }),
  };
}

function refusingRangeErrors<Output>(run: () => Output): Output {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) {
      throw new BadInputError(error.message);
    }
    throw error;
  }
}
