/** The input document was refused; the message is one line that names the field. Exit code 2. */
export class BadInputError extends Error {
  override readonly name = "BadInputError";
}
