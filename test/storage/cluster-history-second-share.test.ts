import { clusterHistories } from "./cluster-history-shares.ts";
import { describeSeedShare } from "./seed-shares.ts";

describeSeedShare(1, clusterHistories);
