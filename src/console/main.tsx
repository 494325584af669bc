import { render } from "preact";
import "./app/theme.css";
import "./app/controls.css";
import "./app/app.css";
import { App } from "./app/app.tsx";
import { startSession } from "./app/session.ts";
import { reloadWhenStale } from "./app/stale-page.ts";

reloadWhenStale();
startSession();
const place = document.getElementById("app");
if (place !== null) render(<App />, place);
