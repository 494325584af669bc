import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import ts from "typescript";

const linesMax = 400;
const bannedNames = [
  "utils",
  "util",
  "helpers",
  "helper",
  "common",
  "manager",
  "impl",
  "base",
  "types",
];
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench|d|config))?\.(ts|tsx|mjs|js)$/;
const folders = ["bench", "examples", "scripts", "src", "test"];
/** Folders of src: one for each part of the design. */
const parts = ["cli", "client", "console", "core", "protocol", "server", "stores", "testing"];

/** Code files of the project in `root`, as paths from there. */
export function listSourceFiles(root: string): string[] {
  return folders.flatMap((folder) =>
    readDirectory(join(root, folder))
      .map((path) => relative(root, path).split(sep).join("/"))
      .filter((path) => /\.(ts|tsx|js|mjs)$/.test(path)),
  );
}

function readDirectory(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    // Other tests keep what they make in hidden folders, which come and go; packages are somebody else's.
    if (entry.name.startsWith(".") || entry.name === "node_modules") return [];
    const inner = join(path, entry.name);
    return entry.isDirectory() ? readDirectory(inner) : [inner];
  });
}

/** What is wrong with the name, the place, the size or the exports of a file; usually nothing. */
export function findFaults(path: string, text: string): string[] {
  const faults = [...findNameFaults(path)];
  const lines = text.split("\n").length - 1;
  if (lines > linesMax) faults.push(`${path}: ${lines} lines, at most ${linesMax}`);
  if (path.startsWith("src/")) faults.push(...findExportFaults(path, text));
  return faults;
}

function* findNameFaults(path: string): Generator<string> {
  const name = basename(path);
  if (!kebabCase.test(name)) yield `${path}: the name is not in kebab-case`;
  const stem = name.split(".")[0] ?? "";
  const lastWord = stem.split("-").at(-1) ?? "";
  if (bannedNames.includes(stem) || bannedNames.includes(lastWord)) {
    yield `${path}: the name says nothing of what is in it`;
  }
  const [top, part = ""] = path.split("/");
  if (top === "src" && part !== "index.ts" && !parts.includes(part)) {
    yield `${path}: src/${part} is no part of the design`;
  }
}

function* findExportFaults(path: string, text: string): Generator<string> {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  for (const statement of file.statements) {
    if (isDefaultExport(statement)) yield `${path}: exports a default; named exports only`;
    const onlyExports = ts.isExportDeclaration(statement) || ts.isImportDeclaration(statement);
    if (basename(path) === "index.ts" && !onlyExports) {
      yield `${path}: an index file only exports`;
    }
  }
}

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true;
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  if (modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) === true) return true;
  return (
    ts.isExportDeclaration(statement) &&
    statement.exportClause !== undefined &&
    ts.isNamedExports(statement.exportClause) &&
    statement.exportClause.elements.some(({ name }) => name.text === "default")
  );
}

/** Reads and judges every code file of the project in `root`. */
export function findAllFaults(root: string): string[] {
  return listSourceFiles(root).flatMap((path) =>
    findFaults(path, readFileSync(join(root, path), "utf8")),
  );
}
