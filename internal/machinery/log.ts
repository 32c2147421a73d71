/** What a line says about itself: information, warning, error, fatal (klog's severities). */
export type Severity = 'I' | 'W' | 'E' | 'F';

let verbosity = 2;

/** Sets `-v`: lines of `verbose(n, ...)` with n above it are not written. */
export function setVerbosity(level: number): void {
  verbosity = level;
}

const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** The head of a klog line: severity, month and day, local time to the microsecond, process id, source. */
function head(severity: Severity, source: string): string {
  const now = new Date();
  const micros = Math.floor((performance.now() % 1) * 1000);
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const fraction = String(now.getMilliseconds()).padStart(3, '0') + String(micros).padStart(3, '0');
  return `${severity}${two(now.getMonth() + 1)}${two(now.getDate())} ${time}.${fraction} ${String(process.pid).padStart(7)} ${source}] `;
}

const NAMES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * The text without control characters: none of it can forge another line or steer the terminal that shows it. They are
 * written as escapes of Go's strings.
 */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is being escaped
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => {
    const code = c.charCodeAt(0);
    return NAMES[c] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`);
  });
}

function write(severity: Severity, source: string, text: string): void {
  process.stderr.write(`${head(severity, source)}${oneLine(text)}\n`);
}

/** Text of an error with what caused it, for the log only: never for a client. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? stack : `${stack} caused by ${errorText(error.cause)}`;
}

/** Writes klog lines to standard error in the name of one source file. */
export interface Logger {
  info(text: string): void;
  warn(text: string): void;
  error(text: string, cause?: unknown): void;
  fatal(text: string): void;
  /** Only with `-v` at `level` or above. */
  verbose(level: number, text: string): void;
}

/** A logger whose lines carry `source`, e.g. `chain.ts`. */
export function logger(source: string): Logger {
  return {
    info: (text) => write('I', source, text),
    warn: (text) => write('W', source, text),
    error: (text, cause) => write('E', source, cause === undefined ? text : `${text}: ${errorText(cause)}`),
    fatal: (text) => write('F', source, text),
    verbose: (level, text) => {
      if (level <= verbosity) write('I', source, text);
    },
  };
}
