import { Jobwire } from "../../client/index.ts";
import { JobPage } from "../job/job-page.tsx";
import { route } from "./router.ts";

const url = new URL(".", location.href).href;
const wire = new Jobwire({ url, token: sessionStorage.getItem("token") ?? "" });

export function App() {
  const shown = route.value;
  if (shown.page === "jobs") return <h1>Jobs</h1>;
  const { processId, channel, view } = shown;
  return <JobPage wire={wire} processId={processId} channel={channel} view={view} />;
}
