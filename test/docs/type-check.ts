import { join } from "node:path";
import ts from "typescript";
import { root } from "./page-world.ts";
import type { Snippet } from "./snippet.ts";

/** Type errors of TypeScript snippets, each taken as a module that uses the built package. */
export function findTypeErrors(snippets: readonly Snippet[]): string[] {
  const sources = new Map(snippets.map((snippet) => [pathOf(snippet), snippet]));
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => sources.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => sources.get(path)?.code ?? ts.sys.readFile(path);
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(describe);

  function describe({ file, start = 0, messageText }: ts.Diagnostic): string {
    const message = ts.flattenDiagnosticMessageText(messageText, "\n");
    const snippet = sources.get(file?.fileName ?? "");
    if (file === undefined || snippet === undefined) return message;
    const line = snippet.line + 1 + file.getLineAndCharacterOfPosition(start).line;
    return `${snippet.page}:${line}: ${message}`;
  }
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ["node"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
};

/** In the project's folder, so that "jobwire" is found there. */
function pathOf({ page, line }: Snippet): string {
  return join(root, `snippet-${page.replace(/\W+/g, "-")}-${line}.mts`);
}
