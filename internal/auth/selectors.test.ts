import { expect, test } from 'vitest';
import { selectorAttributes } from './selectors.js';
import { asks, user } from './testing.js';

const of = (fieldSelector?: string, labelSelector?: string) =>
  selectorAttributes(
    asks(user('ann'), 'list', 'pods', {
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
    }),
  );

test('the selectors of a request are told by requirements', () => {
  expect(of('spec.nodeName=n1,metadata.name!=a')).toEqual({
    fieldSelector: {
      requirements: [
        { key: 'metadata.name', operator: 'NotIn', values: ['a'] },
        { key: 'spec.nodeName', operator: 'In', values: ['n1'] },
      ],
    },
  });
  expect(of(undefined, 'a in (x,y),b notin (z),c,!d,e=1,f==2,g!=3')).toEqual({
    labelSelector: {
      requirements: [
        { key: 'a', operator: 'In', values: ['x', 'y'] },
        { key: 'b', operator: 'NotIn', values: ['z'] },
        { key: 'c', operator: 'Exists' },
        { key: 'd', operator: 'DoesNotExist' },
        { key: 'e', operator: 'In', values: ['1'] },
        { key: 'f', operator: 'In', values: ['2'] },
        { key: 'g', operator: 'NotIn', values: ['3'] },
      ],
    },
  });
});

test('what cannot be told, or read, is left out: then everything is asked for', () => {
  expect(of()).toEqual({});
  expect(of('', '')).toEqual({});
  expect(of('a=b=c\\', 'a in (')).toEqual({});
  expect(of(undefined, 'a>1,b<2')).toEqual({});
  expect(of(undefined, 'a>1,b')).toEqual({ labelSelector: { requirements: [{ key: 'b', operator: 'Exists' }] } });
});
