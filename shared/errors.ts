/**
 * The two families every thrown error of riskshard belongs to. Expected refusals are values, not
 * errors. A retry loop asks one question only: is it a {@link RetryableError}?
 */
abstract class RiskshardError extends Error {
  /** Stable, documented in docs/protocol.md; scripts may depend on it. */
  readonly code: string;
  /** The message without the code, for the text of another error. */
  readonly text: string;

  /** @param text Of several lines when it lists problems; the message shows the code at the end of the first. */
  constructor(code: string, text: string, options?: ErrorOptions) {
    super(
      text.replace(/$/m, () => ` [${code}]`),
      options,
    );
    this.name = new.target.name;
    this.code = code;
    this.text = text;
  }
}

/** The same call may succeed later: a peer is down, a reply was lost, a block is not there yet. */
export class RetryableError extends RiskshardError {}

/** The same call will never succeed: bad input, a broken invariant, a wrong configuration. */
export class FatalError extends RiskshardError {}
