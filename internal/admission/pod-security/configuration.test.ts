import { expect, test } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { podSecurityConfiguration } from './configuration.js';
import { levelVersionText } from './levels.js';

const configuration = {
  path: 'test.yaml',
  object: {
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
    exemptions: { namespaces: ['exempt'], usernames: ['ann'], runtimeClasses: ['vm'] },
  },
};

test.each<[JsonObject, string]>([
  [{ usernames: [5] }, 'exemptions.usernames'],
  [{ namespaces: 'a' }, 'exemptions.namespaces'],
  [{ runtimeClasses: [{}] }, 'exemptions.runtimeClasses'],
  [{ users: [] }, 'unknown field "exemptions.users"'],
  [
    { usernames: ['', 'a', 'a'], namespaces: ['A'], runtimeClasses: ['a.b', 'a.b'] },
    'exemptions.namespaces[0]: Invalid value: "A": ',
  ],
  [{ usernames: ['', 'a'] }, 'exemptions.usernames[0]: Invalid value: "": username must not be empty. Mend the file.'],
  [{ usernames: ['a', 'a'] }, 'PodSecurity invalid: exemptions.usernames[1]: Duplicate value: "a". Mend the file.'],
])('exemptions %j are refused', (exemptions, message) => {
  expect(() =>
    podSecurityConfiguration({ path: 'test.yaml', object: { ...configuration.object, exemptions } }),
  ).toThrow(message);
});

test.each<[JsonObject, string]>([
  [{ enforce: 'none' }, 'defaults.enforce: Invalid value: "none": must be one of privileged, baseline, restricted'],
  [{ audit: 'none' }, 'defaults.audit: Invalid value'],
  [{ 'warn-version': '1' }, 'defaults.warn-version: Invalid value: "1": must be "latest" or "v1.x"'],
  [{ warning: 'baseline' }, 'unknown field "defaults.warning"'],
])('defaults %j are refused', (defaults, message) => {
  expect(() => podSecurityConfiguration({ path: 'test.yaml', object: { ...configuration.object, defaults } })).toThrow(
    message,
  );
});

test('a configuration is read in each of its versions, with its defaults', () => {
  for (const version of ['v1', 'v1beta1', 'v1alpha1']) {
    const object = {
      ...configuration.object,
      apiVersion: `pod-security.admission.config.k8s.io/${version}`,
      defaults: { enforce: 'baseline', 'enforce-version': 'v1.30', warn: '' },
    };
    const { defaults, exempt } = podSecurityConfiguration({ path: 'test.yaml', object });
    expect(Object.values(defaults).map(levelVersionText)).toEqual([
      'baseline:v1.30',
      'privileged:latest',
      'privileged:latest',
    ]);
    expect([exempt.usernames, exempt.namespaces, exempt.runtimeClasses]).toEqual([
      new Set(['ann']),
      new Set(['exempt']),
      new Set(['vm']),
    ]);
  }
  expect(() =>
    podSecurityConfiguration({ path: 'test.yaml', object: { ...configuration.object, apiVersion: 'v1' } }),
  ).toThrow('test.yaml');
});
