/** The rule: no request, however built, holds the event loop for longer (milliseconds of the main thread's own time). */
export const RULE_MS = 50;
