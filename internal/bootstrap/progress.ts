/** Says how long work gets on: a bar on a terminal, plain lines elsewhere. */
export interface Progress {
  /** One line that stays, such as `[certs] Generating "ca" certificate and key`. */
  say(text: string): void;
  /** Something to know that does not stop the work. */
  warn(text: string): void;
  /** How far the current work is; `total` 0 while that is not known. Ended by the next `say`. */
  at(what: string, done: number, total: number): void;
}

const WIDTH = 30;
/** Lines about work that goes on come no more often than this where there is no bar. */
const LINE_MS = 5_000;

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Progress on a stream; with `quiet` (`--output json`) only warnings are written, to standard error. */
export function progressOn(out: Output, errors: Output = process.stderr, quiet = false): Progress {
  const isTerminal = out.isTTY === true;
  let open = false;
  let saidAt = -Infinity;
  let last = '';
  const endBar = (): void => {
    if (open) out.write('\r\x1b[K');
    open = false;
  };
  return {
    say(text) {
      if (quiet) return;
      endBar();
      saidAt = -Infinity;
      out.write(`${text}\n`);
    },
    warn(text) {
      endBar();
      errors.write(`\t[WARNING] ${text}\n`);
    },
    at(what, done, total) {
      if (quiet) return;
      const share = total > 0 ? Math.min(1, done / total) : 0;
      const percent = total > 0 ? ` ${Math.floor(share * 100)}%` : '';
      if (isTerminal) {
        const full = Math.round(share * WIDTH);
        out.write(`\r\x1b[K[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}]${percent} ${what}`);
        open = true;
        return;
      }
      const line = `${what}${percent}`;
      // What is done sooner than that needs no line.
      if (saidAt === -Infinity) saidAt = performance.now();
      if (line === last || performance.now() < saidAt + LINE_MS) return;
      last = line;
      saidAt = performance.now();
      out.write(`${line}\n`);
    },
  };
}
