import { describe, expect, it } from 'vitest';
import { StatusError } from '../machinery/status.js';
import { parseListOptions, parseResourceVersion } from './options.js';

const parse = (query: string): ReturnType<typeof parseListOptions> => parseListOptions(new URLSearchParams(query));
const refusal = (query: string): StatusError['status'] => {
  try {
    parse(query);
  } catch (e) {
    if (e instanceof StatusError) return e.status;
    throw e;
  }
  throw new Error(`${query} was accepted`);
};

describe('ListOptions', () => {
  it('reads what a client sends', () => {
    const o = parse('labelSelector=a%3Db&limit=500&continue=x&allowWatchBookmarks=true&watch=1&resourceVersion=7');
    expect(o).toMatchObject({
      limit: 500,
      continue: 'x',
      allowWatchBookmarks: true,
      watch: true,
      resourceVersion: '7',
    });
    expect(o.labelSelector).toHaveLength(1);
  });

  it('begins a watch from nowhere with the current state', () => {
    expect(parse('watch=true').sendInitialEvents).toBe(true);
    expect(parse('watch=true&resourceVersion=0').sendInitialEvents).toBe(true);
    expect(parse('watch=true&resourceVersion=5').sendInitialEvents).toBeUndefined();
    expect(parse('').sendInitialEvents).toBeUndefined();
  });

  it('refuses numbers and selectors that do not parse with 400', () => {
    expect(refusal('limit=abc')).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message: 'strconv.ParseInt: parsing "abc": invalid syntax',
    });
    expect(refusal('timeoutSeconds=99999999999999999999').message).toMatch(/value out of range$/);
    expect(refusal('labelSelector=a+b+c').code).toBe(400);
    expect(refusal('fieldSelector=x').code).toBe(400);
  });

  it.each([
    ['resourceVersionMatch=Exact', 'resourceVersionMatch is forbidden unless resourceVersion is provided'],
    [
      'resourceVersion=0&resourceVersionMatch=Exact',
      'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    ['resourceVersion=0&resourceVersionMatch=Bogus', 'supported values: "Exact", "NotOlderThan", ""'],
    ['sendInitialEvents=true', 'sendInitialEvents is forbidden for list'],
    ['watch=1&sendInitialEvents=true', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
    [
      'watch=1&resourceVersionMatch=NotOlderThan',
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is',
    ],
  ])('%s is 422', (query, text) => {
    const status = refusal(query);
    expect(status).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'ListOptions' } });
    expect(status.message).toContain(text);
  });

  it('answers a resourceVersion that is no number as kube-apiserver does', () => {
    expect(() => parseResourceVersion('x')).toThrow(
      'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    );
    expect(parseResourceVersion('12')).toBe(12);
  });
});
