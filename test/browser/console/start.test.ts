import { expect, it } from "vitest";
import { startSample } from "../../sample-start.ts";
import { ConsoleWorld, takeScreenshot } from "./console-world.ts";

it("npm start prints a link that opens signed in on the running sample job", async () => {
  // As long as somebody who starts it looks at it; the test leaves before it is over.
  await using starter = await startSample(["--port", "0"], 60);
  await using world = await ConsoleWorld.create();
  await starter.waitFor(/#code=\S+\s/);
  const [link = ""] = /http:\S+#code=\S+/.exec(starter.printed()) ?? [];
  const context = await world.context();
  const page = await context.newPage();
  await page.goto(link);

  await page.getByRole("heading", { level: 1, name: "sample" }).waitFor();
  await takeScreenshot(page, "npm-start");
  await page.getByRole("link", { name: "Jobs" }).click();
  const row = page.getByRole("row").filter({ hasText: "sample" });
  await row.getByText("Running").waitFor();
  expect(world.takeComplaints()).toEqual([]);
  await context.close();
});
