import { describe, expect, it } from 'vitest';
import { certificateTexts, pemBlocks } from './pem.js';

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

describe('certificates of a text', () => {
  const one = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;
  it('are found as they stand there, whatever is between them', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nQUFB\n-----END PRIVATE KEY-----\n';
    expect(certificateTexts(`# a\n${one('QUFB')}\n${key}${one('QkJC')}-----BEGIN CERTIFICATE-----`)).toEqual([
      one('QUFB'),
      one('QkJC'),
    ]);
    expect(certificateTexts('')).toEqual([]);
  });
  it('that begin and never end take no time', () => {
    expect(certificateTexts('-----BEGIN CERTIFICATE-----\n'.repeat(250_000))).toEqual([]);
  });
  it('are 512 at most', () => {
    expect(certificateTexts(one('QUFB').repeat(512))).toHaveLength(512);
    expect(() => certificateTexts(one('QUFB').repeat(513))).toThrow('more than 512 certificates');
  });
});
