import js from "@eslint/js";
import tseslint from "typescript-eslint";

const typescript = ["**/*.ts", "**/*.tsx"];
const tests = ["**/*.test.ts", "test/**/*.ts"];

const clockMessage = "Core is given its clock, timers and randomness: see src/core/system.ts.";
/** What only src/core/system.ts may touch, so that every test can inject its own. */
const ambientGlobals = [
  "clearImmediate",
  "clearInterval",
  "clearTimeout",
  "crypto",
  "performance",
  "setImmediate",
  "setInterval",
  "setTimeout",
].map((name) => ({ name, message: clockMessage }));

const defaultExport = {
  selector: "ExportDefaultDeclaration",
  message: "Named exports only: a thing has one name everywhere.",
};
const ambientSyntax = [
  { selector: "MemberExpression[object.name='Math'][property.name='random']" },
  { selector: "MemberExpression[object.name='Date'][property.name='now']" },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]" },
  { selector: "CallExpression[callee.name='Date']" },
  { selector: "MemberExpression[object.name='globalThis']" },
].map((rule) => ({ ...rule, message: clockMessage }));

export default tseslint.config(
  {
    ignores: [
      "dist/",
      "coverage/",
      "node_modules/",
      "test/architecture/fixtures/",
      "**/.mutants-*/",
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  {
    files: typescript,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      // A number in a message is what it looks like.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // `() => stream.close()` says what it does; the value is nobody's.
      "@typescript-eslint/no-confusing-void-expression": "off",
      // Ports are asynchronous; some of their implementations have nothing to wait for.
      "@typescript-eslint/require-await": "off",
      // Public functions check what plain JavaScript passes in, whatever their types promise.
      "@typescript-eslint/no-unnecessary-condition": "off",
      "@typescript-eslint/no-unnecessary-type-conversion": "off",
      "no-restricted-syntax": ["error", defaultExport],
      eqeqeq: "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["src/**/*.ts", "src/**/*.tsx"],
    rules: {
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
      "no-console": "error",
    },
  },
  {
    files: ["src/core/**/*.ts"],
    ignores: ["src/core/system.ts", "**/*.test.ts"],
    rules: {
      "no-restricted-globals": ["error", ...ambientGlobals],
      "no-restricted-syntax": ["error", defaultExport, ...ambientSyntax],
    },
  },
  {
    files: tests,
    rules: {
      // A describe block is a list of tests, not a function to fit a screen.
      "max-lines-per-function": "off",
      // Vitest's `expect.any(String)` is an any, and made to be assigned.
      "@typescript-eslint/no-unsafe-assignment": "off",
      // `expectTypeOf(…).toEqualTypeOf<void>()`.
      "@typescript-eslint/no-invalid-void-type": "off",
      // Tests say what they know; the assertion fails if they are wrong.
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    // The tools ask for a default export in their own configuration.
    files: ["*.config.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    files: ["**/*.js", "**/*.mjs", "**/*.cjs"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "AbortController",
          "AbortSignal",
          "Buffer",
          "URL",
          "URLSearchParams",
          "console",
          "fetch",
          "module",
          "performance",
          "process",
          "setTimeout",
          "clearTimeout",
          "setInterval",
          "clearInterval",
          "TextDecoder",
          "TextEncoder",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
);
