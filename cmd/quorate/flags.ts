import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseBool } from '../../internal/machinery/parse-bool.js';
import { KNOWN_FLAGS } from './known-flags.js';

/** How a flag's text is read. */
export type FlagType = 'string' | 'strings' | 'int' | 'float32' | 'bool' | 'duration';

/** One flag of `quorate serve`. Names and meanings are kube-apiserver's where it has the flag. */
export interface Flag {
  readonly name: string;
  readonly type: FlagType;
  readonly default?: string;
  readonly help: string;
  /** Accepted so that a kube-apiserver command line works, and without effect; the text says why. */
  readonly ignored?: string;
  /** Protects something, and is not built: a server that went on without it would be open. Given, it ends the start. */
  readonly refused?: boolean;
  /** May be given several times; the values are joined. */
  readonly repeatable?: boolean;
  /** What they are joined with: a comma, or a line end where commas are part of a value. */
  readonly separator?: '\n';
}

/** Values by flag name, parsed. Flags that were not given and have no default are absent. */
export class FlagValues {
  /** `given`: the names of those that stand on the command line. */
  constructor(
    private readonly values: ReadonlyMap<string, string>,
    private readonly given: ReadonlySet<string> = new Set(),
  ) {}

  string(name: string): string {
    return this.values.get(name) ?? '';
  }
  /** The comma-separated parts, without empty ones. */
  list(name: string): string[] {
    return this.string(name)
      .split(',')
      .map((s) => s.trim())
      .filter((s) => s !== '');
  }
  /** Each value of a flag that may be given several times, with its commas. */
  each(name: string): string[] {
    return this.string(name)
      .split('\n')
      .filter((s) => s !== '');
  }
  /** Whether it stands on the command line, and is not only there by default. */
  isGiven(name: string): boolean {
    return this.given.has(name);
  }
  int(name: string): number {
    return Number(this.string(name));
  }
  float(name: string): number {
    return Number(this.string(name));
  }
  bool(name: string): boolean {
    return isTrue(this.string(name));
  }
  /** A Go duration in milliseconds. */
  duration(name: string): number {
    return parseDuration(this.string(name));
  }
  has(name: string): boolean {
    return this.values.has(name);
  }
  /** Given or by default, with its text. */
  all(): ReadonlyMap<string, string> {
    return this.values;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a Go duration such as `1h30m` or `500ms`. Throws InvalidArgumentError. */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  let total = 0;
  let rest = text;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (match === null)
      throw new InvalidArgumentError(`time: invalid duration ${JSON.stringify(text)}: write e.g. 5m0s`);
    total += Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
    rest = rest.slice(match[0].length);
  }
  if (text === '') throw new InvalidArgumentError('time: invalid duration "": write e.g. 5m0s');
  return total;
}

/** Whether a flag's text that `checkBool` took means yes. */
export const isTrue = (text: string): boolean => parseBool(text) === true;

/** Throws InvalidArgumentError, in Go's words, for what is no bool. */
export function checkBool(text: string): void {
  if (parseBool(text) !== undefined) return;
  throw new InvalidArgumentError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function check(flag: Flag, text: string): string {
  if (flag.type === 'int' && !/^-?\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (flag.type === 'float32' && !/^-?\d{1,15}(\.\d{1,15})?$/.test(text)) {
    throw new InvalidArgumentError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  if (flag.type === 'bool') checkBool(text);
  if (flag.type === 'duration') parseDuration(text);
  return text;
}

/**
 * Writes arguments as commander reads them: kube-apiserver takes `_` for `-` in names, and `-v=4`. What follows `--`
 * stays as it is.
 */
export function normalizeArguments(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, i) => {
    if (end >= 0 && i >= end) return arg;
    if (arg.startsWith('-v=')) return `--v=${arg.slice(3)}`;
    if (!arg.startsWith('--')) return arg;
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    return name.replaceAll('_', '-') + arg.slice(name.length);
  });
}

/** Adds every known flag to a command and returns the function that reads the parsed values. */
export function addFlags(command: Command): () => FlagValues {
  const given = new Map<string, string>();
  for (const flag of KNOWN_FLAGS) {
    const short = flag.name === 'v' ? '-v, ' : '';
    const value = flag.type === 'bool' ? '[bool]' : `<${flag.type}>`;
    const option = new Option(`${short}--${flag.name} ${value}`, helpText(flag));
    option.argParser((text: string) => {
      const checked = check(flag, text);
      const before = given.get(flag.name);
      given.set(
        flag.name,
        flag.repeatable === true && before !== undefined ? before + (flag.separator ?? ',') + checked : checked,
      );
      return checked;
    });
    if (flag.type === 'bool') option.preset('true');
    command.addOption(option);
  }
  return () => {
    const values = new Map<string, string>();
    for (const flag of KNOWN_FLAGS) {
      const text = given.get(flag.name) ?? flag.default;
      if (text !== undefined) values.set(flag.name, text);
    }
    return new FlagValues(values, new Set(given.keys()));
  };
}

/** The description of a flag, with its default as pflag shows it. */
function helpText(flag: Flag): string {
  if (flag.refused === true) return `(refused: ${flag.ignored}) ${flag.help}`;
  if (flag.ignored !== undefined) return `(accepted and ignored: ${flag.ignored}) ${flag.help}`;
  if (flag.default === undefined || flag.default === '') return flag.help;
  const isText = flag.type === 'string';
  return `${flag.help} (default ${isText ? JSON.stringify(flag.default) : flag.default})`;
}

/** A flag that was given and does nothing here, and why. */
export interface WithoutEffect {
  readonly name: string;
  readonly why: string;
}

/** The flags that were given and do nothing here, for one warning each in the log. */
export function ignoredFlags(values: FlagValues): WithoutEffect[] {
  return KNOWN_FLAGS.flatMap(({ name, ignored: why, refused }) =>
    why !== undefined && refused !== true && values.has(name) ? [{ name, why }] : [],
  );
}

/** The flags that were given, protect something, and are not built: nobody may believe in them. */
export function refusedFlags(values: FlagValues): WithoutEffect[] {
  return KNOWN_FLAGS.flatMap(({ name, ignored: why, refused }) =>
    why !== undefined && refused === true && values.has(name) ? [{ name, why }] : [],
  );
}
