import { expect, test } from 'vitest';
import { addEventJson, eventJson } from './event-text.js';
import { annotated, authorizationNotes, plainStatus } from './shared-parts.js';
import { event } from './testing/events.js';
import { TextBytes } from './text-bytes.js';
import type { ObjectReference } from './types.js';

test('parts that events share read like others', () => {
  const reason = 'RBAC: allowed by ClusterRoleBinding "a\\b"';
  for (const isAllowed of [true, false]) {
    const own = annotated(new Map(), isAllowed, reason);
    for (const annotations of [authorizationNotes(isAllowed, reason), authorizationNotes(isAllowed, reason)]) {
      expect(annotations).toEqual(own);
      expect(eventJson(event('a', { annotations }))).toBe(eventJson(event('a', { annotations: own })));
      expect(eventJson(event('a', { annotations }))).toContain(`k8s.io/decision":"${isAllowed ? 'allow' : 'forbid'}"`);
    }
  }
  for (const code of [201, 404]) {
    const text = eventJson(event('a', { responseStatus: plainStatus(code) }));
    expect(text).toBe(eventJson(event('a', { responseStatus: { metadata: {}, code } })));
    expect(text).toContain(`"responseStatus":{"metadata":{},"code":${code}}`);
  }
});

test('many reasons, and long ones, are not kept for ever', () => {
  for (let i = 0; i < 2000; i++) authorizationNotes(true, `reason ${i}`);
  const first = authorizationNotes(true, 'reason 0');
  expect([...first.values()]).toEqual(['allow', 'reason 0']);
  expect(authorizationNotes(true, 'reason 0')).toBe(first);
  const long = 'x'.repeat(5000);
  expect(authorizationNotes(true, long)).not.toBe(authorizationNotes(true, long));
});

test('what all events of a request say alike is written at each of its stages', () => {
  const { request } = event('mine', { request: { verb: 'create' } });
  const texts = (['RequestReceived', 'ResponseComplete'] as const).map((stage) =>
    eventJson(event('x', { request, stage })),
  );
  for (const text of texts) {
    expect(JSON.parse(text)).toMatchObject({
      kind: 'Event',
      level: 'Metadata',
      auditID: 'mine',
      requestURI: '/api/v1/pods',
      verb: 'create',
      user: { username: 'ann', groups: ['g'] },
      sourceIPs: ['127.0.0.1'],
      userAgent: 'test/1',
    });
  }
  expect(texts[1]).toBe(texts[0]?.replace('RequestReceived', 'ResponseComplete'));
});

const reference = (more: Partial<ObjectReference>): ObjectReference => ({
  resource: '',
  namespace: '',
  name: '',
  uid: '',
  apiGroup: '',
  apiVersion: '',
  resourceVersion: '',
  subresource: '',
  ...more,
});

test('whatever clients send stands in an event on one line, and is read as it was sent', () => {
  const all = [...Array(0x180).keys()].map((code) => String.fromCharCode(code));
  for (const odd of [...all, 'a"b\\c\n', '\u2028', '\ud83d\ude00', '\ud800']) {
    const objectRef = reference({ resource: odd, namespace: odd, name: odd, uid: odd, subresource: odd });
    const request = { requestUri: odd, verb: odd, userAgent: odd, sourceIPs: [odd, '10.0.0.9'] };
    const text = eventJson(event(odd, { request, objectRef }));
    expect(text).not.toContain('\n');
    expect(JSON.parse(text)).toMatchObject({
      auditID: odd,
      requestURI: odd,
      verb: odd,
      userAgent: odd,
      sourceIPs: [odd, '10.0.0.9'],
      objectRef: { resource: odd, namespace: odd, name: odd, uid: odd, subresource: odd },
    });
  }
});

test('a reference says what it knows, in order, and nothing else', () => {
  const text = (more: Partial<ObjectReference>): string =>
    /"objectRef":(\{.*?\})/.exec(eventJson(event('a', { objectRef: reference(more) })))?.[1] ?? '';
  expect(text({})).toBe('{}');
  expect(text({ name: 'x', apiVersion: 'v1' })).toBe('{"name":"x","apiVersion":"v1"}');
  const whole = {
    resource: 'pods',
    namespace: 'n',
    name: 'p',
    uid: 'u',
    apiGroup: 'g',
    apiVersion: 'v1',
    resourceVersion: '7',
    subresource: 'log',
  };
  expect(text(whole)).toBe(JSON.stringify(whole));
});

test('bodies stand in an event as they are, however long and whatever is in them', () => {
  const requestObject = JSON.stringify({ text: 'a\u00e9\u2028\ud83d\ude00'.repeat(30_000) });
  const responseObject = JSON.stringify({ text: 'x'.repeat(300_000) });
  const text = eventJson(event('a', { requestObject, responseObject, annotations: new Map([['k', 'v']]) }));
  expect(text).toContain(`,"requestObject":${requestObject},"responseObject":${responseObject},"requestReceived`);
  expect(JSON.parse(text)).toMatchObject({ auditID: 'a', annotations: { k: 'v' } });
});

test('events that are written together read as each of them does alone, whatever they have in common', () => {
  const ref = reference({ resource: 'pods', namespace: 'n' });
  const user = { username: 'ann', uid: '', groups: [], extra: {} };
  const other = { username: 'bob', uid: '', groups: [], extra: {} };
  const sourceIPs = ['127.0.0.1'];
  const [annotations, responseStatus] = [authorizationNotes(true, 'why'), plainStatus(200)];
  const ways: Parameters<typeof event>[1][] = [
    {},
    { stage: 'RequestReceived' },
    { stageMs: Date.UTC(2027, 0, 2, 3, 4, 6) + 0.25 },
    { request: { receivedMs: Date.UTC(2027, 0, 2, 3, 4, 5) + 0.75 } },
    { request: { auditId: 'a longer id' } },
    { request: { auditId: 'id"0' } },
    { request: { auditId: 'id \u00e9' } },
    { request: { level: 'Request' } },
    { responseStatus: plainStatus(404) },
    { responseStatus: undefined },
    { annotations: authorizationNotes(true, 'why not') },
    { annotations: new Map() },
    { requestObject: '{"a":1}' },
    { responseObject: '{"b":2}' },
    { objectRef: ref },
    { objectRef: { ...ref } },
    { objectRef: { ...ref, name: 'p' } },
    { objectRef: { ...ref, name: 'q"' } },
    { objectRef: { ...ref, name: 'a-name-that-is-longer' } },
    { objectRef: { ...ref, name: 'p', uid: 'u' } },
    { objectRef: { ...ref, name: 'p', subresource: 'log' } },
    { objectRef: { ...ref, namespace: 'm' } },
    { objectRef: { ...ref, resource: 'nodes' } },
    { objectRef: { ...ref, apiGroup: 'g' } },
    { objectRef: { ...ref, apiVersion: 'v2' } },
    { objectRef: { ...ref, resourceVersion: '1' } },
    { impersonatedUser: other },
    { impersonatedUser: other, impersonationConstraint: 'impersonate:user-info' },
    { request: { user: other } },
    { request: { verb: 'watch' } },
    { request: { requestUri: '/api/v1/nodes' } },
    { request: { userAgent: 'test/2' } },
    { request: { userAgent: '' } },
    { request: { sourceIPs: [] } },
    { request: { sourceIPs: ['10.0.0.9'] } },
    { request: { sourceIPs: ['10.0.0.9', '127.0.0.2'] } },
  ];
  const events = ways.map((way = {}, i) =>
    event('', {
      annotations,
      responseStatus,
      ...way,
      request: { auditId: `id ${i % 10}`, user, sourceIPs, ...way.request },
    }),
  );
  const out = new TextBytes();
  for (const a of events) {
    for (const b of events) {
      for (const e of [a, b, a]) addEventJson(out, e);
      expect(out.toString()).toBe(eventJson(a) + eventJson(b) + eventJson(a));
      out.clear();
    }
  }
});

test('a line is copied from the last one only where that still stands', () => {
  const [one, two] = [new TextBytes(), new TextBytes()];
  const { request, ...more } = event('a');
  const [a, b] = [event('', { ...more, request }), event('', { ...more, request: { ...request, auditId: 'b' } })];
  addEventJson(one, a);
  addEventJson(two, b);
  one.clear();
  one.addText('something else that is longer than nothing');
  one.clear();
  addEventJson(one, b);
  addEventJson(one, a);
  expect(one.toString()).toBe(eventJson(b) + eventJson(a));
  expect(two.toString()).toBe(eventJson(b));
});
