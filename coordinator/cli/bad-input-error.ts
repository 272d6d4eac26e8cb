/** The input document was refused; the message names the field, or each of them on a line of its own. Exit code 2. */
export class BadInputError extends Error {
  override readonly name = "BadInputError";
}
