import { cruise } from "dependency-cruiser";
import type { ICruiseOptions, ICruiseResult } from "dependency-cruiser";
import arrows from "./arrows.mjs";

/** One forbidden import: the rule, who imports, and what. */
export interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

/** Runs the rules over `src` of the project in `root`. */
export async function findViolations(root: string): Promise<Violation[]> {
  const options: ICruiseOptions = {
    ...(arrows.options as ICruiseOptions),
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: arrows.forbidden },
    outputType: "json",
  };
  const { output } = await cruise(["src"], options, arrows.options.enhancedResolveOptions);
  const result = JSON.parse(output as string) as ICruiseResult;
  return result.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}
