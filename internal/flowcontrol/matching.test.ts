import { expect, test } from 'vitest';
import type { UserInfo } from '../auth/types.js';
import type { JsonObject } from '../machinery/json.js';
import { nonResourceInfo, requestInfo } from '../server/request-info.js';
import { matcherOf } from './matching.js';

const user = (username: string, ...groups: string[]): UserInfo => ({ username, uid: '', groups, extra: {} });
const get = (path: string) => requestInfo('GET', path, '');
const everyone = { kind: 'Group', group: { name: '*' } };
const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true };

const ofSubject = (subject: JsonObject) => matcherOf([{ subjects: [subject], resourceRules: [everything] }]);
const ofRule = (rule: JsonObject) =>
  matcherOf([{ subjects: [everyone], resourceRules: [{ ...everything, clusterScope: false, ...rule }] }]);

test('subjects are users, groups and service accounts', () => {
  const pods = get('/api/v1/pods');
  const jane = ofSubject({ kind: 'User', user: { name: 'jane' } });
  expect([jane(pods, user('jane')), jane(pods, user('joe', 'jane'))]).toEqual([true, false]);
  const nodes = ofSubject({ kind: 'Group', group: { name: 'system:nodes' } });
  expect([nodes(pods, user('n1', 'system:nodes')), nodes(pods, user('system:nodes'))]).toEqual([true, false]);
  const robot = ofSubject({ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: 'robot' } });
  expect(robot(pods, user('system:serviceaccount:kube-system:robot'))).toBe(true);
  expect(robot(pods, user('system:serviceaccount:kube-system:robots'))).toBe(false);
  const all = ofSubject({ kind: 'ServiceAccount', serviceAccount: { namespace: 'kube', name: '*' } });
  expect(all(pods, user('system:serviceaccount:kube:a'))).toBe(true);
  expect(all(pods, user('system:serviceaccount:kube-system:a'))).toBe(false);
});

test('rules are about verbs, groups, resources with their subresources, and namespaces', () => {
  const anybody = user('a', 'b');
  const asks = (rule: JsonObject, path: string): boolean => ofRule(rule)(get(path), anybody);
  const pod = '/api/v1/namespaces/ns/pods/p';
  expect(asks({ verbs: ['get'] }, pod)).toBe(true);
  expect(asks({ verbs: ['get'] }, '/api/v1/namespaces/ns/pods')).toBe(false);
  expect(asks({ apiGroups: [''] }, pod)).toBe(true);
  expect(asks({ apiGroups: ['apps'] }, pod)).toBe(false);
  expect(asks({ resources: ['pods'] }, `${pod}/status`)).toBe(false);
  expect(asks({ resources: ['pods/status'] }, `${pod}/status`)).toBe(true);
  expect(asks({ namespaces: ['other'] }, pod)).toBe(false);
  // What lies in no namespace is meant only by rules that say so.
  expect(asks({}, '/api/v1/nodes/n')).toBe(false);
  expect(asks({ clusterScope: true, namespaces: [] }, '/api/v1/nodes/n')).toBe(true);
  expect(asks({ clusterScope: true, namespaces: [] }, pod)).toBe(false);
});

test('paths that name no resource have rules of their own', () => {
  const urls = (...nonResourceURLs: string[]) =>
    matcherOf([
      { subjects: [everyone], resourceRules: [everything], nonResourceRules: [{ verbs: ['get'], nonResourceURLs }] },
    ]);
  const asks = (matcher: ReturnType<typeof urls>, path: string): boolean =>
    matcher(nonResourceInfo('GET', path), user('a', 'b'));
  expect(asks(urls('/healthz'), '/healthz')).toBe(true);
  expect(asks(urls('/healthz'), '/healthz/etcd')).toBe(false);
  expect(asks(urls('/healthz/*'), '/healthz/etcd')).toBe(true);
  expect(asks(urls('*'), '/metrics')).toBe(true);
  expect(asks(ofSubject(everyone), '/metrics')).toBe(false);
});
