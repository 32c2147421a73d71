import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeContinue, encodeContinue } from './continue.js';

const prefix = 'core/configmaps/ns/';

describe('continue tokens', () => {
  it('say where a list goes on', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?$/),
        fc.integer({ min: 1 }),
        (name, revision) => {
          fc.pre(!name.includes('..'));
          const start = `${prefix}${name}\0`;
          expect(decodeContinue(encodeContinue(start, prefix, revision), prefix)).toEqual({ start, revision });
        },
      ),
    );
  });

  it('have the form that clients of kube-apiserver have seen', () => {
    expect(encodeContinue('core/configmaps/oracle/page-1\0', 'core/configmaps/oracle/', 766)).toBe(
      Buffer.from('{"v":"meta.k8s.io/v1","rv":766,"start":"/page-1\\u0000"}').toString('base64url'),
    );
  });

  it.each([
    ['a$b', 'illegal base64 data at input byte 1'],
    [
      Buffer.from('{"v":"v9","rv":1,"start":"/a"}').toString('base64url'),
      'server does not recognize this encoded version v9',
    ],
    [
      Buffer.from('{"v":"meta.k8s.io/v1","start":"/a"}').toString('base64url'),
      'incorrect encoded start resourceVersion',
    ],
    [Buffer.from('{"v":"meta.k8s.io/v1","rv":1}').toString('base64url'), 'encoded start key empty'],
    [Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"/a/../b"}').toString('base64url'), '/a/../b'],
    [Buffer.from('{').toString('base64url'), 'unexpected end of JSON input'],
  ])('refuses %s', (token, why) => {
    expect(() => decodeContinue(token, prefix)).toThrow(`invalid continue token: continue key is not valid: ${why}`);
  });
});
