/** So many appends are remembered, of some minutes at full load. */
const MARKS_MAX = 65_536;

/**
 * When entries of the log were appended here, on this machine's wall clock, which is taken never to go back. A leader
 * appends an entry before anybody acknowledges it, and after its client has sent it: what was acknowledged by a moment has a
 * time up to that, and what was begun later has a later one.
 */
export class AppendTimes {
  /** The last index of an append, and its time; both grow. */
  #marks: { readonly last: number; readonly timeMs: number }[] = [];

  /** `last` is the end of the log at the start: all that is in it was appended by now. */
  constructor(last: number) {
    this.#marks.push({ last, timeMs: Date.now() });
  }

  /** Entries from `first` to `last` were appended now, in the place of any from `first` on. */
  note(first: number, last: number): void {
    const latest = this.#marks.at(-1)?.timeMs ?? 0;
    while ((this.#marks.at(-1)?.last ?? 0) >= first) this.#marks.pop();
    this.#marks.push({ last, timeMs: Math.max(latest, Date.now()) });
    if (this.#marks.length > MARKS_MAX) this.#marks = this.#marks.slice(MARKS_MAX / 2);
  }

  /** When this entry was appended, in ms since 1970; the earliest time that is remembered for what is older. */
  timeOf(index: number): number {
    let [low, high] = [0, this.#marks.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#marks[middle]?.last ?? 0) >= index) high = middle;
      else low = middle + 1;
    }
    return this.#marks[low]?.timeMs ?? Date.now();
  }
}
