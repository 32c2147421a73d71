import { describe, expect, it } from 'vitest';
import { pemBlocks } from './pem.js';

const block = (type: string, body = 'QUJD\nREVG'): string =>
  `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;

describe('PEM', () => {
  it('is blocks amid other text, in order', () => {
    const text = `about it\n${block('CERTIFICATE')}and\r\n${block('EC PRIVATE KEY').replaceAll('\n', '\r\n')}`;
    expect(pemBlocks(text).map((b) => [b.type, b.der.toString()])).toEqual([
      ['CERTIFICATE', 'ABCDEF'],
      ['EC PRIVATE KEY', 'ABCDEF'],
    ]);
    expect(pemBlocks(block('KEY', 'Proc-Type: 4,ENCRYPTED\n\nQUJD'))).toMatchObject([{ hasHeaders: true }]);
  });
  it('skips what does not end as it began', () => {
    expect(pemBlocks('-----BEGIN A-----\nQUJD\n-----END B-----\n')).toEqual([]);
    expect(pemBlocks(`-----BEGIN A-----\n${block('B')}`).map((b) => b.type)).toEqual(['B']);
    expect(pemBlocks('-----BEGIN A\nQUJD\n-----END A-----\n')).toEqual([]);
  });
  it('is read in one pass, whatever a client puts together', () => {
    // Each of these took minutes as a regular expression that looks for the end from each beginning.
    for (const part of ['-----BEGIN a:b-----\n', '-----BEGIN A-----', '-----BEGIN A-----\n-----END B-----\n']) {
      expect(pemBlocks(part.repeat(100_000))).toEqual([]);
    }
  });
});
