/**
 * Every report lists what happened since this many blocks before its last final block. Both sides hold to it: the agent
 * lists no less, and the coordinator concludes from what is not listed.
 */
export const REPORT_WINDOW_BLOCKS = 64;
