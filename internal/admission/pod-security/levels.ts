/** How strict a policy is, from what allows everything to what follows best practice. */
export type Level = 'privileged' | 'baseline' | 'restricted';

const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'];

/** Which minor release's checks a policy means. */
export interface Version {
  /** `latest` or `v1.N`. */
  readonly text: string;
  /** N; Infinity for `latest`. */
  readonly minor: number;
}

export const LATEST: Version = { text: 'latest', minor: Number.POSITIVE_INFINITY };

/** A level as of a version. */
export interface LevelVersion {
  readonly level: Level;
  readonly version: Version;
}

/** `baseline:latest`, `restricted:v1.25`. */
export const levelVersionText = ({ level, version }: LevelVersion): string => `${level}:${version.text}`;

export const sameLevelVersion = (a: LevelVersion, b: LevelVersion): boolean =>
  a.level === b.level && a.version.text === b.version.text;

/** Above 0 when `a` is stricter than `b`, 0 when they are equal. */
export const compareLevels = (a: Level, b: Level): number => LEVELS.indexOf(a) - LEVELS.indexOf(b);

export const LEVEL_RULE = `must be one of ${LEVELS.join(', ')}`;
export const VERSION_RULE = 'must be "latest" or "v1.x"';

/** The level of this name; undefined for any other text. */
export const parseLevel = (text: string): Level | undefined => LEVELS.find((level) => level === text);

const MAX_INT64 = 9223372036854775807n;

/** The version of this name; undefined for any other text. Releases that are still to come are versions too. */
export function parseVersion(text: string): Version | undefined {
  if (text === LATEST.text) return LATEST;
  const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(text)?.[1];
  if (minor === undefined || minor.length > 19 || BigInt(minor) > MAX_INT64) return undefined;
  return { text, minor: Number(minor) };
}
