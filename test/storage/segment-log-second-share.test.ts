import { describeSeedShare } from "./seed-shares.ts";
import { segmentLogHistories } from "./segment-log-shares.ts";

describeSeedShare(1, segmentLogHistories);
