import { z } from "zod";

/**
 * The same schema with generated code in front: what it takes is taken at once, and whatever that code does not
 * take is parsed by the schema itself, so that refusals and their messages are the same to the letter. A schema
 * that cannot be compiled stays as it is.
 */
export function compileSchema<Schema extends z.ZodType>(schema: Schema): Schema {
  return z.compile(schema);
}
