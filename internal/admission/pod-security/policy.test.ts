import { describe, expect, test } from 'vitest';
import { errorText } from '../../machinery/field.js';
import { LATEST, levelVersionText, parseVersion } from './levels.js';
import { equivalent, isPrivileged, type Policy, policyOf, PREFIX, PRIVILEGED_POLICY } from './policy.js';

const read = (labels: Record<string, string>, defaults: Policy = PRIVILEGED_POLICY) => {
  const prefixed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [PREFIX + key, value]));
  const { policy, errors } = policyOf(prefixed, defaults);
  const { enforce, audit, warn } = policy;
  return { modes: [enforce, audit, warn].map(levelVersionText), errors: errors.map(errorText) };
};
const modesOf = (labels: Record<string, string>): string[] => read(labels).modes;

describe('labels', () => {
  test('without them the defaults hold', () => {
    const all = { level: 'baseline', version: LATEST } as const;
    expect(read({}, { enforce: all, audit: all, warn: all }).modes).toEqual(Array(3).fill('baseline:latest'));
    expect(policyOf(undefined, PRIVILEGED_POLICY).policy).toBe(PRIVILEGED_POLICY);
  });

  test('warnings follow what is enforced, unless a label says otherwise or they are stricter', () => {
    expect(modesOf({ enforce: 'baseline', 'enforce-version': 'v1.25' })).toEqual([
      'baseline:v1.25',
      'privileged:latest',
      'baseline:v1.25',
    ]);
    expect(modesOf({ enforce: 'baseline', 'warn-version': 'v1.3' })[2]).toBe('baseline:v1.3');
    expect(modesOf({ enforce: 'baseline', warn: 'privileged' })[2]).toBe('privileged:latest');
    expect(modesOf({ enforce: 'baseline', warn: 'restricted' })[2]).toBe('restricted:latest');
  });

  test('what cannot be read enforces the most and warns of nothing', () => {
    const { modes, errors } = read({ enforce: 'none', audit: 'Baseline', warn: '', 'enforce-version': 'v1.01' });
    expect(modes).toEqual(['restricted:latest', 'privileged:latest', 'privileged:latest']);
    const rule = 'must be one of privileged, baseline, restricted';
    expect(errors).toEqual([
      `metadata.labels[${PREFIX}enforce]: Invalid value: "none": ${rule}`,
      `metadata.labels[${PREFIX}enforce-version]: Invalid value: "v1.01": must be "latest" or "v1.x"`,
      `metadata.labels[${PREFIX}audit]: Invalid value: "Baseline": ${rule}`,
      `metadata.labels[${PREFIX}warn]: Invalid value: "": ${rule}`,
    ]);
  });
});

test('versions are minor releases of 1, also those to come, as far as an integer of Go goes', () => {
  expect(parseVersion('v1.999')).toEqual({ text: 'v1.999', minor: 999 });
  expect(parseVersion('v1.9223372036854775807')?.text).toBe('v1.9223372036854775807');
  for (const wrong of ['v1.9223372036854775808', 'v1', '1.2', 'v2.0', 'v1.-1', 'v1.2 ', 'newest', '']) {
    expect(parseVersion(wrong), wrong).toBeUndefined();
  }
});

test('versions of privileged make no difference', () => {
  const old = { level: 'privileged', version: { text: 'v1.2', minor: 2 } } as const;
  expect(equivalent(PRIVILEGED_POLICY, { ...PRIVILEGED_POLICY, warn: old })).toBe(true);
  const { enforce: baseline } = policyOf({ [`${PREFIX}enforce`]: 'baseline' }, PRIVILEGED_POLICY).policy;
  expect(equivalent(PRIVILEGED_POLICY, { ...PRIVILEGED_POLICY, warn: baseline })).toBe(false);
});

test('policies of one level and one version mean the same, in each mode', () => {
  const at = (level: 'baseline' | 'restricted', text: string) => ({
    level,
    version: { text, minor: Number(text.slice(3)) },
  });
  const of = (mode: string, one = at('baseline', 'v1.2')): Policy => ({ ...PRIVILEGED_POLICY, [mode]: one });
  for (const mode of ['enforce', 'audit', 'warn']) {
    expect(equivalent(of(mode), of(mode)), mode).toBe(true);
    expect(equivalent(of(mode), of(mode, at('restricted', 'v1.2'))), mode).toBe(false);
    expect(equivalent(of(mode), of(mode, at('baseline', 'v1.3'))), mode).toBe(false);
    expect(isPrivileged(of(mode)), mode).toBe(false);
  }
  expect(isPrivileged(PRIVILEGED_POLICY)).toBe(true);
});
