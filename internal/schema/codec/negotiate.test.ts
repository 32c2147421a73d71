import { describe, expect, it } from 'vitest';
import {
  ALL_MEDIA_TYPES,
  UNTYPED_MEDIA_TYPES,
  contentTypeHeader,
  contentTypeOf,
  negotiateAccept,
  representations,
  routeNotAcceptable,
  routeProduces,
  wantsPretty,
} from './negotiate.js';

const JSON_TYPE = 'application/json';
const YAML = 'application/yaml';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

describe('negotiateAccept', () => {
  it.each([
    ['', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['*', JSON_TYPE],
    ['application/*', JSON_TYPE],
    [YAML, YAML],
    [`${PROTOBUF}, ${JSON_TYPE}`, PROTOBUF],
    [`${PROTOBUF},*/*`, PROTOBUF],
    [`*/*,${PROTOBUF}`, PROTOBUF],
    ['application/xml,application/json;q=0.5', JSON_TYPE],
    [`${JSON_TYPE};q=0.1, ${YAML};q=0.9`, YAML],
    [`${JSON_TYPE};q=nonsense, ${YAML};q=0.9`, JSON_TYPE],
    ['application/json;charset=utf-8', JSON_TYPE],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_TYPE],
  ])('%j gets %s', (accept, mediaType) => {
    expect(negotiateAccept(accept)?.mediaType).toBe(mediaType);
  });

  it.each(['text/plain', 'application/cbor', 'nonsense', 'application/json;as=Nope;v=v1;g=meta.k8s.io'])(
    '%j gets nothing',
    (accept) => {
      expect(negotiateAccept(accept)).toBeUndefined();
    },
  );

  it('understands what kubectl get asks for', () => {
    const accept =
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
    expect(negotiateAccept(accept)).toMatchObject({
      mediaType: JSON_TYPE,
      as: { kind: 'Table', group: 'meta.k8s.io', version: 'v1' },
    });
  });
  it('passes over a version of the transformation that nobody knows', () => {
    expect(negotiateAccept('application/json;as=Table;v=v9;g=meta.k8s.io')).toBeUndefined();
    const chosen = negotiateAccept('application/json;as=Table;v=v9;g=meta.k8s.io,application/json');
    expect(chosen).toEqual({ mediaType: JSON_TYPE, streamWatch: false, pretty: false });
  });
  it('makes no tables in protobuf, but metadata', () => {
    const g = 'v=v1;g=meta.k8s.io';
    expect(negotiateAccept(`${PROTOBUF};as=Table;${g},${JSON_TYPE}`)?.mediaType).toBe(JSON_TYPE);
    expect(negotiateAccept(`${PROTOBUF};as=PartialObjectMetadataList;${g}`)).toMatchObject({
      mediaType: PROTOBUF,
      as: { kind: 'PartialObjectMetadataList' },
    });
  });
  it('takes stream=watch where a stream can be had', () => {
    expect(negotiateAccept(`${JSON_TYPE};stream=watch`)?.streamWatch).toBe(true);
    expect(negotiateAccept(`${YAML};stream=watch`)).toBeUndefined();
    expect(negotiateAccept(`${JSON_TYPE};stream=other`)).toBeUndefined();
  });
  it('offers custom resources no protobuf', () => {
    expect(negotiateAccept(`${PROTOBUF},${JSON_TYPE}`, UNTYPED_MEDIA_TYPES)?.mediaType).toBe(JSON_TYPE);
    expect(negotiateAccept(PROTOBUF, UNTYPED_MEDIA_TYPES)).toBeUndefined();
  });
});

describe('wantsPretty', () => {
  const plain = { mediaType: JSON_TYPE, streamWatch: false, pretty: false } as const;
  it('is asked for by the media type, the query, or the user agent', () => {
    expect(wantsPretty({ ...plain, pretty: true }, null, '')).toBe(true);
    expect(wantsPretty(plain, 'true', '')).toBe(true);
    expect(wantsPretty(plain, null, 'curl/8.5.0')).toBe(true);
    expect(wantsPretty(plain, null, 'Mozilla/5.0 (X11)')).toBe(true);
  });
  it('is not otherwise, and the query overrules the user agent', () => {
    expect(wantsPretty(plain, null, 'kubectl/v1.36.0')).toBe(false);
    expect(wantsPretty(plain, '0', 'curl/8.5.0')).toBe(false);
    expect(wantsPretty(plain, 'junk', 'curl/8.5.0')).toBe(false);
  });
});

describe('content types', () => {
  it('ignores parameters and case, and defaults to JSON', () => {
    expect(contentTypeOf('')).toBe(JSON_TYPE);
    expect(contentTypeOf('Application/YAML; charset=utf-8')).toBe(YAML);
    expect(contentTypeOf('text/plain')).toBeUndefined();
    expect(contentTypeOf(PROTOBUF, UNTYPED_MEDIA_TYPES)).toBeUndefined();
  });
  it('names the stream of a protobuf watch', () => {
    expect(contentTypeHeader(PROTOBUF, true)).toBe(`${PROTOBUF};stream=watch`);
    expect(contentTypeHeader(JSON_TYPE, true)).toBe(JSON_TYPE);
  });
});

describe('what a route produces', () => {
  const produces = representations(ALL_MEDIA_TYPES, true);
  it('is compared literally, without parameters', () => {
    expect(routeProduces('application/*', produces)).toBe(false);
    expect(routeProduces('text/plain, application/json;q=0.1', produces)).toBe(true);
    expect(routeProduces('*/*', produces)).toBe(true);
  });
  it('is listed in the refusal', () => {
    expect(routeNotAcceptable(produces).status).toMatchObject({
      code: 406,
      reason: 'NotAcceptable',
      message:
        '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    });
  });
});
