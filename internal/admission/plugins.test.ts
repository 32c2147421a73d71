import { expect, test } from 'vitest';
import { admissionChain, defaultAdmission, missingPlugins, pluginNames } from './plugins.js';
import type { AdmissionChain } from './admit.js';

const names = (chain: AdmissionChain): string[] => chain.plugins.map((plugin) => plugin.name);

test('Plugins that are on by default run in the order of kube-apiserver, whatever order a flag names them in', () => {
  const all = names(admissionChain({ enable: [...pluginNames].reverse() }));
  expect(all).toEqual(pluginNames.filter((name) => all.includes(name)));
  expect(names(defaultAdmission)).toEqual(all.filter((name) => name !== 'NodeRestriction'));
});

test('Every name of kube-apiserver 1.36 is known, once', () => {
  expect(new Set(pluginNames).size).toBe(41);
  expect(pluginNames).toHaveLength(41);
});

test('The quota counts behind everything that may still change or refuse the object', () => {
  expect(pluginNames.slice(-6)).toEqual([
    'MutatingAdmissionPolicy',
    'MutatingAdmissionWebhook',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionWebhook',
    'ResourceQuota',
    'AlwaysDeny',
  ]);
});

test('Flags turn plugins on and off, but no check of the storage', () => {
  const always = [{ name: 'Escalation', handles: () => true }];
  const chain = admissionChain({ enable: ['NodeRestriction'], disable: ['LimitRanger', 'Escalation'], always });
  expect(names(chain)).toContain('NodeRestriction');
  expect(names(chain)).not.toContain('LimitRanger');
  expect(names(chain).at(-1)).toBe('Escalation');
});

test('What is asked for and not built is told; a plugin that does nothing is complete', () => {
  expect(missingPlugins(['AlwaysAdmit', 'NodeRestriction', 'AlwaysDeny'])).toEqual(['AlwaysDeny']);
});
