import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt } from "../../scripts/ensure-built.mjs";
import { BrowserPage } from "./browser-page.ts";

beforeAll(() => ensureBuilt());

describe("the main entry point in a browser", () => {
  it("routes entries between submitter and executor", async () => {
    await using browser = await BrowserPage.create();

    const texts = await browser.page.evaluate(async () => {
      const { Router } = window.jobwire;
      const router = new Router();
      const [processId, submitterId] = ["p1", "ada"];
      router.create({ id: "c1", processId, name: "chat", submitterId, executorId: "model" });
      const subscription = router.subscribe("c1", "ada");
      router.append("c1", "model", 2, 0, "second");
      router.append("c1", "model", 1, 0, "first");
      const texts: string[] = [];
      for await (const { payload } of subscription) {
        texts.push(new TextDecoder().decode(payload));
        if (texts.length === 2) break;
      }
      return texts;
    });

    expect(texts).toEqual(["first", "second"]);
  });

  it("keeps entries in a memory store until a reader comes", async () => {
    await using browser = await BrowserPage.create();

    const kinds = await browser.page.evaluate(async () => {
      const { Broker, MemoryStore } = window.jobwire;
      const broker = new Broker({ store: new MemoryStore() });
      const ada = { identity: "ada", isAdmin: false };
      const { process } = await broker.createProcess(ada, { channels: [{ name: "chat" }] });
      await broker.append(ada, process.id, "chat", [{ payload: "one" }]);
      await broker.closeProcess(ada, process.id, { status: "success" });
      const kinds: string[] = [];
      const items = await broker.subscribe(ada, process.id, "chat", { after: "start" });
      for await (const { kind } of items) kinds.push(kind);
      return kinds;
    });

    expect(kinds).toEqual(["entries", "end"]);
  });
});
