import { describeSegmentLogHistories } from "./segment-log-shares.ts";

describeSegmentLogHistories(0);
