import { expect, it } from 'vitest';
import { UnavailableError } from '../store/types.js';
import { answerCall, callMember, readReply } from './calls.js';
import { MembershipError } from './membership.js';

it('an answer travels as it is, and an error by its name and text', async () => {
  expect(readReply(await answerCall(() => Promise.resolve(Buffer.from('yes'))))).toEqual(Buffer.from('yes'));
  const refused = await answerCall(() => Promise.reject(new MembershipError('no such member')));
  expect(() => readReply(refused)).toThrow(new MembershipError('no such member'));
  for (const error of [new Error('the disk is full'), 'the disk is full']) {
    const failed = await answerCall(() => Promise.reject(error));
    const read = (): unknown => {
      try {
        return readReply(failed);
      } catch (reason) {
        return reason;
      }
    };
    expect(read()).toBeInstanceOf(UnavailableError);
    expect(read()).toMatchObject({ message: 'the disk is full', outcomeUnknown: false });
  }
});

it('of a member that cannot be reached it is not known what it did', async () => {
  const failure = await callMember('127.0.0.1:1', undefined, Buffer.alloc(1), 5_000).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UnavailableError);
  expect(failure).toMatchObject({ outcomeUnknown: true });
  expect(String(failure)).toMatch(/127\.0\.0\.1:1 did not answer: .+/);
});
