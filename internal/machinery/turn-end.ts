let isAsked = false;
let short: (() => void)[] = [];
let long: (() => void)[] = [];

/**
 * Calls `action`, which must be short, at the end of this turn of the event loop, when what came in has been read: for
 * answers that are ready. At the end of the next turn where it is asked for at the end of one.
 */
export function atTurnEnd(action: () => void): void {
  short.push(action);
  ask();
}

/** The same for a piece of long work: it comes behind all that is short, so that no answer waits for it. */
export function behindAnswers(work: () => void): void {
  long.push(work);
  ask();
}

function ask(): void {
  if (isAsked) return;
  isAsked = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  isAsked = false;
  const actions = short.concat(long);
  short = [];
  long = [];
  for (const action of actions) action();
}
