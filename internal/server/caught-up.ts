/** A replica may be so long behind what it knows to be committed before it counts as behind. */
const BEHIND_MS = 5_000;

/**
 * Does a replica keep up with what is committed? One that does not (its disk is full, it was away) can answer no read in
 * time. To be asked from time to time; the mark of one question is looked at in the next ones.
 */
export class CaughtUp {
  #mark = { commit: 0, at: 0 };

  /** `now` in ms. False when what was committed more than 5 s ago, as far as was asked then, is not applied. */
  is(applied: number, commit: number, now: number): boolean {
    if (applied >= this.#mark.commit) {
      this.#mark = { commit, at: now };
      return true;
    }
    return now - this.#mark.at <= BEHIND_MS;
  }
}
