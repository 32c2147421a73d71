import { type FunctionDecl, member, overload } from '../check/environment.js';
import { BOOL, type CelType, INT, STRING, structType } from '../check/types.js';
import { CelError, Opaque, type Value } from '../values/value.js';

/* Kubernetes' library of semantic versions (blang/semver's rules and texts). */

export const SEMVER_TYPE: CelType = structType('kubernetes.Semver');

class SemverError extends Error {}

const MAX_PART = 2n ** 64n - 1n;

class SemverValue extends Opaque {
  readonly typeName = 'kubernetes.Semver';
  constructor(
    readonly numbers: readonly [bigint, bigint, bigint],
    readonly prerelease: readonly string[],
  ) {
    super();
  }
  override equals(other: Value): boolean {
    return other instanceof SemverValue && compareVersions(this, other) === 0;
  }
}

const isNumeric = (s: string): boolean => /^[0-9]+$/.test(s);

function versionPart(s: string, name: string): bigint {
  if (!isNumeric(s)) throw new SemverError(`Invalid character(s) found in ${name} number "${s}"`);
  if (s.length > 1 && s.startsWith('0')) throw new SemverError(`${name} number must not contain leading zeroes "${s}"`);
  const n = BigInt(s);
  if (n > MAX_PART) throw new SemverError(`strconv.ParseUint: parsing "${s}": value out of range`);
  return n;
}

function identifiers(s: string, what: string): string[] {
  const parts = s.split('.');
  for (const part of parts) {
    if (part === '') throw new SemverError(what === 'PreRelease' ? 'Prerelease is empty' : 'Build meta data is empty');
    if (what === 'PreRelease' && isNumeric(part) && part.length > 1 && part.startsWith('0')) {
      throw new SemverError(`Numeric PreRelease version must not contain leading zeroes "${part}"`);
    }
    if (!/^[0-9A-Za-z-]+$/.test(part)) {
      const found =
        what === 'PreRelease'
          ? 'Invalid character(s) found in prerelease'
          : 'Invalid character(s) found in build meta data';
      throw new SemverError(`${found} "${part}"`);
    }
  }
  return parts;
}

/** The longest text that is looked at. */
const MAX_LENGTH = 1024;

function parseVersion(s: string): SemverValue {
  if (s === '') throw new SemverError('Version string empty');
  const first = s.indexOf('.');
  const second = first < 0 ? -1 : s.indexOf('.', first + 1);
  if (second < 0 || s.length > MAX_LENGTH) throw new SemverError('No Major.Minor.Patch elements found');
  const major = versionPart(s.slice(0, first), 'Major');
  const minor = versionPart(s.slice(first + 1, second), 'Minor');
  let patch = s.slice(second + 1);
  let prerelease: string[] = [];
  const plus = patch.indexOf('+');
  if (plus >= 0) {
    identifiers(patch.slice(plus + 1), 'Build');
    patch = patch.slice(0, plus);
  }
  const dash = patch.indexOf('-');
  if (dash >= 0) {
    prerelease = identifiers(patch.slice(dash + 1), 'PreRelease');
    patch = patch.slice(0, dash);
  }
  return new SemverValue([major, minor, versionPart(patch, 'Patch')], prerelease);
}

/** A `v` before it, leading zeros and missing parts are forgiven. */
function parseNormalized(s: string): SemverValue {
  const parts = s.replace(/^v/, '').split('.');
  const head = parts.length > 3 ? [parts[0] ?? '', parts[1] ?? '', parts.slice(2).join('.')] : parts;
  const plain = head.map((p) => {
    if (p.length <= 1) return p;
    const cut = p.replace(/^0+/, '');
    return /^[0-9]/.test(cut) ? cut : `0${cut}`;
  });
  if (plain.length < 3) {
    if (/[+-]/.test(plain[plain.length - 1] ?? '')) {
      throw new SemverError('short version cannot contain PreRelease/Build meta data');
    }
    while (plain.length < 3) plain.push('0');
  }
  return parseVersion(plain.join('.'));
}

function compareIdentifiers(a: string, b: string): number {
  const left = isNumeric(a);
  const right = isNumeric(b);
  if (left && right) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;
  if (left !== right) return left ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareVersions(a: SemverValue, b: SemverValue): number {
  for (const i of [0, 1, 2] as const) if (a.numbers[i] !== b.numbers[i]) return a.numbers[i] < b.numbers[i] ? -1 : 1;
  const [left, right] = [a.prerelease, b.prerelease];
  if (left.length === 0 || right.length === 0)
    return Math.sign(right.length - left.length) * (left.length === right.length ? 0 : 1);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = compareIdentifiers(left[i] ?? '', right[i] ?? '');
    if (order !== 0) return order;
  }
  return Math.sign(left.length - right.length);
}

function read(s: Value, normalize: Value): Value {
  try {
    return normalize === true ? parseNormalized(s as string) : parseVersion(s as string);
  } catch (e) {
    if (e instanceof SemverError) return new CelError(e.message);
    throw e;
  }
}

const V = SEMVER_TYPE;
const order = (a?: Value, b?: Value): number => compareVersions(a as SemverValue, b as SemverValue);
const part = (name: string, i: 0 | 1 | 2): FunctionDecl => ({
  name,
  overloads: [member(`semver_${name}`, [V], INT, (v) => BigInt.asIntN(64, (v as SemverValue).numbers[i]))],
});

export const SEMVER_FUNCTIONS: readonly FunctionDecl[] = [
  {
    name: 'semver',
    overloads: [
      overload('string_to_semver', [STRING], V, (s) => read(s, false)),
      overload('string_bool_to_semver', [STRING, BOOL], V, (s, n) => read(s, n)),
    ],
  },
  {
    name: 'isSemver',
    overloads: [
      overload('is_semver_string', [STRING], BOOL, (s) => read(s, false) instanceof SemverValue),
      overload('is_semver_string_bool', [STRING, BOOL], BOOL, (s, n) => read(s, n) instanceof SemverValue),
    ],
  },
  { name: 'isGreaterThan', overloads: [member('semver_is_greater_than', [V, V], BOOL, (a, b) => order(a, b) > 0)] },
  { name: 'isLessThan', overloads: [member('semver_is_less_than', [V, V], BOOL, (a, b) => order(a, b) < 0)] },
  { name: 'compareTo', overloads: [member('semver_compare_to', [V, V], INT, (a, b) => BigInt(order(a, b)))] },
  part('major', 0),
  part('minor', 1),
  part('patch', 2),
];
