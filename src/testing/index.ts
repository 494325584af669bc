export { SuiteFailure } from "./assertion.ts";
export { BrokerTransport } from "./broker-transport.ts";
export { FakeClock } from "./fake-clock.ts";
export { FaultyStore } from "./faulty-store.ts";
export { HistoryChecker } from "./history-checker.ts";
export type {
  CrashEvent,
  HistoryEvent,
  LogEvent,
  RegisterEvent,
  SeenEntry,
} from "./history-events.ts";
export { createSeededRandom } from "./store-samples.ts";
export { storeSuite } from "./store-suite.ts";
export type { StoreSuiteOptions, SuiteRunner } from "./store-suite.ts";
export { TcpProxy } from "./tcp-proxy.ts";
export { transportSuite } from "./transport-suite.ts";
export type {
  TransportClient,
  TransportInput,
  TransportItem,
  TransportSuiteOptions,
  TransportWorld,
} from "./transport-suite.ts";
