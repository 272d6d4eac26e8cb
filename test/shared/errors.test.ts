import { expect, test } from "vitest";
import { FatalError, RetryableError } from "#shared/errors.ts";

test.each([
  { text: "port: must be <= 65535", message: "port: must be <= 65535 [a-code]" },
  { text: "a.yaml: wrong\n  port\n  url", message: "a.yaml: wrong [a-code]\n  port\n  url" },
])("the code ends the first line of $text", ({ text, message }) => {
  for (const error of [new FatalError("a-code", text), new RetryableError("a-code", text)]) {
    expect(error).toMatchObject({ code: "a-code", text, message });
  }
});
