import { invalidArgument } from "../core/errors.ts";
import { endOfJsonString } from "../protocol/json-integers.ts";

/** Deeper than any body of the protocol. */
const depthMax = 16;
/** Values and names: more than the largest batch has. A small text of many values is large in memory. */
const partsMax = 250_000;

/**
 * Looks through a text before it is parsed: what is nested or split too much takes seconds and gigabytes to
 * become a value. Throws `invalid_argument`; whether it is JSON it does not know.
 */
export function requireBoundedJson(text: string): void {
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfJsonString(text, at) - 1;
        break;
      case "[":
      case "{":
        depth += 1;
        parts += 1;
        break;
      case "]":
      case "}":
        depth -= 1;
        break;
      case ",":
        parts += 1;
        break;
    }
    if (depth > depthMax) throw invalidArgument("body", `JSON of at most ${depthMax} levels`);
    if (parts > partsMax) throw invalidArgument("body", `JSON of at most ${partsMax} values`);
  }
}
