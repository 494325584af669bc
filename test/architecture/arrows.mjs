/**
 * Who may know whom: core ← protocol ← {server, client}; core ← {stores, testing}; client ← console; cli → everything.
 * Rules for dependency-cruiser; test/architecture/arrows.test.ts plants one violation for each.
 */
const testFile = "\\.test\\.ts$";
const severity = /** @type {const} */ ("error");
/** @type {import("dependency-cruiser").DependencyType[]} */
const nodeBuiltin = ["core"];
/** @type {import("dependency-cruiser").DependencyType[]} */
const npmPackage = ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"];

/**
 * Files of `folder`, except its tests: a test may use whatever it needs.
 * @param {string} folder
 */
const from = (folder) => ({ path: `^src/${folder}/`, pathNot: testFile });

/**
 * `folder` may import these folders of src only; packages are the business of other rules.
 * @param {string} folder
 * @param {string[]} known
 */
const onlyKnows = (folder, known) => ({
  name: `${folder}-knows-only-${known.join("-and-")}`,
  comment: `src/${folder} may import from src/{${known.join(",")}} only.`,
  severity,
  from: from(folder),
  to: { path: "^src/", pathNot: `^src/(${[folder, ...known].join("|")})/` },
});

/** @param {string} folder */
const withoutNode = (folder) => ({
  name: `${folder}-without-node`,
  comment: `src/${folder} runs in browsers too.`,
  severity,
  from: from(folder),
  to: { dependencyTypes: nodeBuiltin },
});

/** @type {import("dependency-cruiser").IForbiddenRuleType[]} */
const forbidden = [
  {
    name: "no-cycles",
    comment: "Parts that need each other are one part; a part may know the type of its owner.",
    severity,
    from: { path: "^src/" },
    to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
  },
  {
    name: "core-stands-alone",
    comment: "Core imports nothing from outside core, neither node nor packages.",
    severity,
    from: from("core"),
    to: { pathNot: "^src/core/" },
  },
  onlyKnows("protocol", ["core"]),
  withoutNode("protocol"),
  onlyKnows("server", ["core", "protocol"]),
  onlyKnows("client", ["core", "protocol"]),
  withoutNode("client"),
  onlyKnows("console", ["client"]),
  withoutNode("console"),
  {
    name: "nothing-imports-the-console",
    comment: "It is built by itself: files that the server sends without knowing what is in them.",
    severity,
    from: { path: "^src/", pathNot: "^src/console/" },
    to: { path: "^src/console/" },
  },
  onlyKnows("stores", ["core"]),
  {
    name: "stores-know-no-other-store",
    comment: "A store can be taken away without touching another.",
    severity,
    from: { path: "^src/stores/([^/]+)/", pathNot: testFile },
    to: { path: "^src/stores/[^/]+/", pathNot: "^src/stores/$1/" },
  },
  onlyKnows("testing", ["core"]),
  {
    name: "testing-without-packages",
    comment: "The suites take their user's test function, and bring no runner along.",
    severity,
    from: from("testing"),
    to: { dependencyTypes: npmPackage },
  },
  {
    name: "index-knows-core-and-memory-store",
    comment: "The main entry point is the router, the broker and the memory store.",
    severity,
    from: { path: "^src/index\\.ts$" },
    to: { pathNot: "^src/(core|stores/memory)/" },
  },
  {
    name: "only-cli-chooses-stores",
    comment: "Only cli/ and examples/ choose concrete parts; the main entry point exports one.",
    severity,
    from: { path: "^src/", pathNot: ["^src/(cli|stores)/", "^src/index\\.ts$", testFile] },
    to: { path: "^src/stores/" },
  },
  {
    name: "nothing-imports-tests",
    comment: "Tests are not part of the package.",
    severity,
    from: { path: "^src/" },
    to: { path: testFile },
  },
  {
    name: "product-uses-declared-dependencies",
    comment: "What users get must be in `dependencies`; what the console uses is in its bundle.",
    severity,
    from: { path: "^src/", pathNot: ["^src/console/", testFile] },
    to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown", "undetermined"] },
  },
];

export default {
  forbidden,
  options: {
    // Importing only a type is knowing it, too.
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node"] },
  },
};
