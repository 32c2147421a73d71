import { describe, expect, it } from 'vitest';
import { StatusError } from '../../machinery/status.js';
import { decodeProtobuf } from './protobuf-decode.js';
import {
  PROTOBUF_LIST_TAIL,
  PROTOBUF_MAGIC,
  encodeProtobuf,
  protobufList,
  protobufListHead,
  protobufListItem,
  protobufMessage,
  protobufWatchFrame,
} from './protobuf-encode.js';

const CONFIG_MAP = 'io.k8s.api.core.v1.ConfigMap';
const POD = 'io.k8s.api.core.v1.Pod';
const configMap = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { b: '2', a: '1' } };

/** `0a 03 "abc"`: bytes as hex, strings in quotes. */
function bytes(text: string): Buffer {
  const parts = text.match(/"[^"]*"|[0-9a-f]{2}/g) ?? [];
  return Buffer.concat(parts.map((p) => (p.startsWith('"') ? Buffer.from(p.slice(1, -1)) : Buffer.from(p, 'hex'))));
}
function refusal(body: Buffer, type: string | undefined = CONFIG_MAP): string {
  try {
    decodeProtobuf(body, type);
  } catch (e) {
    if (e instanceof StatusError) return `${e.code} ${e.message}`;
    throw e;
  }
  return 'accepted';
}
const envelope = (raw: Buffer, kind = 'ConfigMap'): Buffer =>
  Buffer.concat([
    PROTOBUF_MAGIC,
    bytes(
      `0a ${(6 + kind.length).toString(16).padStart(2, '0')} 0a 02 "v1" 12 ${kind.length.toString(16).padStart(2, '0')} "${kind}"`,
    ),
    Buffer.from([0x12, raw.length]),
    raw,
  ]);

describe('encodeProtobuf', () => {
  it('writes what gogo/protobuf writes: zero strings too, maps by key, the envelope around it', () => {
    const meta = '0a 01 "a" 12 00 1a 00 22 00 2a 00 32 00 38 00 42 00';
    const data = '12 06 0a 01 "a" 12 01 "1" 12 06 0a 01 "b" 12 01 "2"';
    expect(encodeProtobuf(configMap, CONFIG_MAP)).toEqual(
      bytes(`"k8s" 00 0a 0f 0a 02 "v1" 12 09 "ConfigMap" 12 23 0a 11 ${meta} ${data} 1a 00 22 00`),
    );
  });
  it('writes a pointer only when it is there, and then even a zero', () => {
    const without = protobufMessage({ ...configMap, immutable: undefined }, CONFIG_MAP);
    const withFalse = protobufMessage({ ...configMap, immutable: false }, CONFIG_MAP);
    expect(withFalse.subarray(without.length)).toEqual(bytes('20 00'));
  });
  it('writes integers of 64 bits exactly', () => {
    for (const generation of [0, 1, 127, 128, 2 ** 31, Number.MAX_SAFE_INTEGER, 2n ** 63n - 1n, -1, -(2n ** 63n)]) {
      const object = { ...configMap, metadata: { name: 'a', generation } };
      const back = decodeProtobuf(encodeProtobuf(object, CONFIG_MAP), CONFIG_MAP).object;
      expect(back.metadata).toEqual(generation === 0 ? { name: 'a' } : { name: 'a', generation });
    }
  });
  it('writes objects larger than its buffer', () => {
    const data = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`k${i}`, 'ä'.repeat(1000)]));
    const big = { ...configMap, data };
    expect(decodeProtobuf(encodeProtobuf(big, CONFIG_MAP), CONFIG_MAP).object).toEqual(big);
    // And is as good as new afterwards.
    expect(decodeProtobuf(encodeProtobuf(configMap, CONFIG_MAP), CONFIG_MAP).object).toEqual(configMap);
  });
});

describe('decodeProtobuf', () => {
  it('takes the kind from the envelope when nobody says what to expect', () => {
    expect(decodeProtobuf(encodeProtobuf(configMap, CONFIG_MAP))).toEqual({
      object: configMap,
      gvk: { group: '', version: 'v1', kind: 'ConfigMap' },
    });
  });
  it('leaves out the zero values that clients always send, as JSON does', () => {
    const pod = {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', resources: {} }] },
      status: {},
    };
    const sent = encodeProtobuf({ ...pod, spec: { ...pod.spec, hostNetwork: false, nodeName: '' } }, POD);
    expect(decodeProtobuf(sent, POD).object).toEqual(pod);
  });
  it('passes over fields that it does not know', () => {
    const raw = bytes('0a 03 0a 01 "a" f2 3f 02 "xx" 98 40 01 f9 3f 00 00 00 00 00 00 00 00 fd 3f 00 00 00 00');
    expect(decodeProtobuf(envelope(raw), CONFIG_MAP).object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a' },
    });
  });
  it('reads repeated numbers packed or not', () => {
    const spec = { containers: [], securityContext: { supplementalGroups: [1, 2, 300] } };
    const pod = { kind: 'Pod', apiVersion: 'v1', metadata: {}, spec, status: {} };
    expect(decodeProtobuf(encodeProtobuf(pod, POD), POD).object.spec).toMatchObject({
      securityContext: { supplementalGroups: [1, 2, 300] },
    });
    const packed = envelope(bytes('12 08 72 06 22 04 01 02 ac 02'), 'Pod');
    expect(decodeProtobuf(packed, POD).object.spec).toMatchObject({
      securityContext: { supplementalGroups: [1, 2, 300] },
    });
  });
  it('keeps a __proto__ key a key', () => {
    const raw = bytes('12 0e 0a 09 "__proto__" 12 01 "x"');
    const { data } = decodeProtobuf(envelope(raw), CONFIG_MAP).object;
    expect(Object.keys(data ?? {})).toEqual(['__proto__']);
  });
  it.each([
    ['', 'unrecognized (must be of type ConfigMap): empty data (<empty>)'],
    [
      '"{}"',
      'unrecognized (must be of type ConfigMap): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})',
    ],
    ['"k8s" 00', 'unrecognized (must be of type ConfigMap): empty body (6b387300)'],
    ['"k8s" 00 "junk"', 'unrecognized (must be of type ConfigMap): unexpected EOF (6b3873006a756e6b)'],
    ['"k8s" 00 12 05 0a 03 0a 01 "a"', 'accepted'],
    ['"k8s" 00 12 03 0a 7f 00', 'cannot be handled as a ConfigMap: unexpected EOF'],
    ['"k8s" 00 12 02 08 01', 'cannot be handled as a ConfigMap: proto: wrong wireType = 0 for field Metadata'],
    ['"k8s" 00 12 0c 0a ff ff ff ff ff ff ff ff ff ff 01', 'integer overflow'],
    ['"k8s" 00 12 02 0c 00', 'proto: ConfigMap: wiretype end group for non-group'],
  ])('%s is answered in the words of Go', (text, why) => {
    expect(refusal(bytes(text))).toContain(why);
  });
  it('refuses another kind', () => {
    expect(refusal(encodeProtobuf(configMap, CONFIG_MAP), POD)).toContain('converting (v1.ConfigMap) to (core.Pod)');
  });
});

describe('lists and watch frames', () => {
  it('builds a list around messages', () => {
    const items = [protobufMessage(configMap, CONFIG_MAP), protobufMessage({ metadata: { name: 'z' } }, CONFIG_MAP)];
    const list = protobufList('v1', 'ConfigMapList', { resourceVersion: '9' }, items);
    expect(decodeProtobuf(list).object).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '9' },
      items: [{ metadata: { name: 'a' }, data: { a: '1', b: '2' } }, { metadata: { name: 'z' } }],
    });
    const whole = {
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '9' },
      items: [configMap, { metadata: { name: 'z' } }],
    };
    expect(encodeProtobuf(whole, 'io.k8s.api.core.v1.ConfigMapList').equals(list)).toBe(true);
  });
  it('streams a list in pieces that make the same bytes', () => {
    const objects = [configMap, { metadata: { name: 'z' } }];
    const items = objects.map((o) => protobufListItem(o, CONFIG_MAP));
    const bytesOfItems = items.reduce((n, item) => n + item.length, 0);
    const head = protobufListHead('v1', 'ConfigMapList', { resourceVersion: '9' }, bytesOfItems);
    const whole = protobufList(
      'v1',
      'ConfigMapList',
      { resourceVersion: '9' },
      objects.map((o) => protobufMessage(o, CONFIG_MAP)),
    );
    expect(Buffer.concat([head, ...items, PROTOBUF_LIST_TAIL]).equals(whole)).toBe(true);
  });
  it('frames an event: length, type, the whole encoded object', () => {
    const object = encodeProtobuf(configMap, CONFIG_MAP);
    const frame = protobufWatchFrame('ADDED', object);
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4)).toEqual(
      Buffer.concat([bytes('0a 05 "ADDED" 12'), Buffer.from([object.length + 2, 0x0a, object.length]), object]),
    );
  });
});
