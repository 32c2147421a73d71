import { afterEach, expect, it } from 'vitest';
import type { JsonObject } from '../../../../machinery/json.js';
import { strategyFor } from '../../../index.js';
import { fieldErrorsOf } from '../../../generic/field-errors.testkit.js';
import { setAllowPrivileged } from '../../capabilities.js';

afterEach(() => {
  setAllowPrivileged(false);
});

const container = { name: 'c', image: 'i', securityContext: { privileged: true } };
const made = (group: string, resource: string, obj: JsonObject): string[] => {
  strategyFor(group, resource).defaults?.(obj);
  return fieldErrorsOf(group, resource)(obj);
};
const pod = (): string[] => made('', 'pods', { metadata: { name: 'p' }, spec: { containers: [{ ...container }] } });
const deployment = (): string[] =>
  made('apps', 'deployments', {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ ...container }] } },
    },
  });

it('privileged containers are refused unless --allow-privileged says otherwise, in templates too', () => {
  expect(pod()).toEqual(['spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy']);
  expect(deployment()).toEqual([
    'spec.template.spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy',
  ]);
  setAllowPrivileged(true);
  expect(pod()).toEqual([]);
  expect(deployment()).toEqual([]);
});
