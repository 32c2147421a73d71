import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { TestSink } from '../rest/testing.js';
import type { BytesReply, StreamReply } from '../rest/types.js';
import { encodeProtobuf } from '../schema/codec/index.js';
import { MAX_RECORDED_BYTES, objectOf, recorded, statusOfReply } from './audit-response.js';

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const reply = (body: Buffer | string, more: Partial<BytesReply> = {}): BytesReply => ({
  status: 200,
  contentType: JSON_TYPE,
  body,
  ...more,
});
const POD = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p' } };
const STATUS: JsonObject = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'no',
  reason: 'Forbidden',
  details: { name: 'p' },
  code: 403,
};
const KEPT = { status: 'Failure', message: 'no', reason: 'Forbidden', details: { name: 'p' } };

test.each<[string, BytesReply]>([
  ['JSON', reply(JSON.stringify(POD))],
  ['JSON with a charset', reply(JSON.stringify(POD), { contentType: 'application/json; charset=utf-8' })],
  ['JSON with blanks around', reply(JSON.stringify(POD), { contentType: ' application/json ; charset=utf-8' })],
  ['bytes', reply(Buffer.from(JSON.stringify(POD)))],
  ['YAML', reply('kind: Pod\napiVersion: v1\nmetadata: {name: p}\n', { contentType: 'application/yaml' })],
  ['protobuf', reply(encodeProtobuf(POD, 'io.k8s.api.core.v1.Pod'), { contentType: PROTOBUF })],
  ['gzip', reply(gzipSync(JSON.stringify(POD)), { headers: { 'content-encoding': 'gzip' } })],
])('An object is read in whatever form it was answered: %s', async (_form, answer) => {
  expect(await objectOf(answer)).toMatchObject(POD);
});

test.each<[string, BytesReply]>([
  ['no object', reply('[]')],
  ['no kind', reply('{"a":1}')],
  ['no JSON', reply('{')],
  ['no YAML', reply('a: [', { contentType: 'application/yaml' })],
  ['no protobuf', reply('{}', { contentType: PROTOBUF })],
  ['another form', reply(JSON.stringify(POD), { contentType: 'text/plain' })],
  ['a form that the client does not take', reply(JSON.stringify(POD), { status: 406 })],
  ['too much', reply(`{"kind":"Pod","a":"${'x'.repeat(MAX_RECORDED_BYTES)}"}`)],
  [
    'too much once it is unpacked',
    reply(gzipSync(`{"kind":"Pod","a":"${'x'.repeat(MAX_RECORDED_BYTES)}"}`), {
      headers: { 'content-encoding': 'gzip' },
    }),
  ],
])('Of what is none there is nothing to record: %s', async (_what, answer) => {
  expect(await objectOf(answer)).toBeUndefined();
});

test('As much as is recorded is recorded whole', async () => {
  const body = `{"kind":"Pod","a":"${'x'.repeat(MAX_RECORDED_BYTES - 21)}"}`;
  expect(body.length).toBe(MAX_RECORDED_BYTES);
  expect(await objectOf(reply(body))).toBeDefined();
  expect(await objectOf(reply(`${body} `))).toBeUndefined();
});

test.each<[string, BytesReply, string]>([
  ['a refusal', reply(JSON.stringify(STATUS), { status: 403 }), 'get'],
  ['a refusal as bytes', reply(Buffer.from(JSON.stringify(STATUS)), { status: 403 }), 'get'],
  ['a refusal in YAML', reply(JSON.stringify(STATUS), { status: 400, contentType: 'application/yaml' }), 'get'],
  ['one with a charset', reply(JSON.stringify(STATUS), { contentType: 'application/json; charset=utf-8' }), 'get'],
  [
    'of a deletion in YAML, as long as one may be',
    reply(JSON.stringify(STATUS).padEnd(4096), { contentType: 'application/yaml' }),
    'delete',
  ],
  ['one that is told with 200', reply(JSON.stringify(STATUS)), 'get'],
  ['one that is told with 200, as bytes', reply(Buffer.from(JSON.stringify(STATUS))), 'get'],
  ['of a deletion in YAML', reply(Buffer.from(JSON.stringify(STATUS)), { contentType: 'application/yaml' }), 'delete'],
  ['of a create in YAML', reply(Buffer.from(JSON.stringify(STATUS)), { contentType: 'application/yaml' }), 'create'],
])('Of a Status is kept what says something: %s', (_what, answer, verb) => {
  expect(statusOfReply(answer, verb)).toEqual(KEPT);
});

test('What a Status does not say is not there', () => {
  expect(statusOfReply(reply('{"kind":"Status","status":"Success"}'), 'delete')).toStrictEqual({ status: 'Success' });
  expect(statusOfReply(reply('{"kind":"Status"}'), 'delete')).toStrictEqual({});
});

test.each<[string, BytesReply, string]>([
  ['an object', reply(JSON.stringify(POD)), 'create'],
  ['no object at all', reply('no', { status: 500, contentType: 'text/plain' }), 'get'],
  ['an object as bytes', reply(Buffer.from(JSON.stringify(POD))), 'create'],
  ['an object whose kind begins so', reply(Buffer.from(JSON.stringify({ kind: 'StatefulSet' }))), 'create'],
  ['an object that was refused', reply(JSON.stringify(POD), { status: 403 }), 'create'],
  ['a form that the client does not take', reply(JSON.stringify(STATUS), { status: 406 }), 'get'],
  ['what is read in YAML', reply(Buffer.from(JSON.stringify(STATUS)), { contentType: 'application/yaml' }), 'get'],
  [
    'what is too long for one',
    reply(`${JSON.stringify(STATUS)}${' '.repeat(4096)}`, { contentType: 'application/yaml' }),
    'delete',
  ],
])('Nothing else is a Status: %s', (_what, answer, verb) => {
  expect(statusOfReply(answer, verb)).toBeUndefined();
});

test('A stream is kept as it is written, and is written as it is', async () => {
  const streamed = (...pieces: (string | Buffer)[]): StreamReply => ({
    status: 201,
    contentType: JSON_TYPE,
    headers: { a: 'b' },
    stream(sink) {
      const [last, ...first] = pieces.toReversed();
      for (const piece of first.toReversed()) sink.write(piece);
      if (!sink.closed) sink.end(last);
    },
  });
  const small = recorded(streamed('{"kind":', Buffer.from('"Pod"'), '}'));
  const sink = new TestSink();
  small.reply.stream(sink);
  expect([sink.text, sink.closed]).toEqual(['{"kind":"Pod"}', true]);
  expect(small.read()).toEqual({
    status: 201,
    contentType: JSON_TYPE,
    headers: { a: 'b' },
    body: Buffer.from('{"kind":"Pod"}'),
  });
  const bare = recorded({ status: 200, contentType: JSON_TYPE, stream: (to) => to.end() });
  bare.reply.stream(new TestSink());
  expect(bare.read()).toStrictEqual({ status: 200, contentType: JSON_TYPE, body: Buffer.alloc(0) });
  const most = recorded(streamed('x'.repeat(MAX_RECORDED_BYTES - 1), 'y', ''));
  most.reply.stream(new TestSink());
  expect(most.read().body).toHaveLength(MAX_RECORDED_BYTES);
  const large = recorded(streamed('{"kind":"Pod"', 'x'.repeat(MAX_RECORDED_BYTES), 'y', 'z'));
  large.reply.stream(new TestSink());
  expect(await objectOf(large.read())).toBeUndefined();
  expect(large.read().body).toHaveLength(0);
});

test('A client that cannot keep up is waited for through the record', () => {
  const sink = new TestSink();
  sink.full = true;
  const seen: string[] = [];
  recorded({
    status: 200,
    contentType: '',
    stream(to) {
      to.onWritable(() => seen.push('writable'));
      to.onClose(() => seen.push('closed'));
      seen.push(String(to.write('a')), String(to.closed));
    },
  }).reply.stream(sink);
  sink.drain();
  sink.end();
  expect(seen).toEqual(['false', 'false', 'writable', 'closed']);
});
