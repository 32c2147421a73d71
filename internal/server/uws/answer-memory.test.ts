import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { nextTurn } from '../../machinery/breathe.js';
import { AnswerMemory } from '../../rest/answer-memory.js';
import type { Reply } from '../../rest/types.js';
import type { RequestHandler } from '../http-listener.js';
import { startTestServer } from '../testing.js';
import { listen } from './listener.js';

const BYTES = 512 * 1024;
const PIECES = 3;

/** Answers `/whole/x` and `/stream/x` with half a mebibyte of x, or three times that, in memory that is used again. */
async function server() {
  // For its certificates.
  const files = await startTestServer(0, () => ({ status: 200, contentType: 'text/plain', body: '' }));
  const memory = new AnswerMemory();
  const used = new Set<ArrayBufferLike>();
  const filled = (letter: string): Buffer => {
    const body = memory.take(BYTES).fill(letter);
    used.add(body.buffer);
    return body;
  };
  const replyTo = (path: string): Reply => {
    const [, how = '', letter = ''] = path.split('/');
    const head = { status: 200, contentType: 'text/plain' };
    if (how === 'whole') {
      const body = filled(letter);
      return { ...head, body, written: () => memory.giveBack(body) };
    }
    return {
      ...head,
      stream: (sink) => {
        for (let i = 0; i < PIECES; i++) {
          const piece = filled(letter);
          sink.write(piece);
          expect(sink.copies).toBe(true);
          memory.giveBack(piece);
        }
        sink.end();
      },
    };
  };
  const handler: RequestHandler = { serve: ({ rawPath }) => ({ reply: replyTo(rawPath), auditId: '' }) };
  const certFile = `${files.dir}/apiserver.crt`;
  const keyFile = `${files.dir}/apiserver.key`;
  const listener = await listen({ host: '127.0.0.1', port: 0, certFile, keyFile, clientCaFile: undefined }, handler);
  onTestFinished(async () => {
    await listener.close(100);
    await files.close();
  });
  return { port: listener.port, used };
}

/** How many bytes the answer's body has, and of which letters. It is read a little in each turn of the loop. */
async function read(port: number, path: string): Promise<{ bytes: number; letters: string }> {
  const [response] = (await once(
    https.get({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }),
    'response',
  )) as [IncomingMessage];
  const letters = new Set<number>();
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    const letter = chunk[0] ?? 0;
    letters.add(letter);
    if (!chunk.equals(Buffer.alloc(chunk.length, letter))) letters.add(chunk.find((each) => each !== letter) ?? 0);
    await nextTurn();
  }
  return { bytes, letters: String.fromCharCode(...letters) };
}

test('answers that are written at the same time do not mix, though their memory is used again', async () => {
  const { port, used } = await server();
  const letters = Array.from('abcdefgh');
  for (let round = 0; round < 2; round++) {
    const isStream = (i: number): boolean => i % 4 === 3;
    const bodies = letters.map((letter, i) => read(port, `/${isStream(i) ? 'stream' : 'whole'}/${letter}`));
    expect(await Promise.all(bodies)).toEqual(
      letters.map((letter, i) => ({ bytes: isStream(i) ? PIECES * BYTES : BYTES, letters: letter })),
    );
  }
  const before = new Set(used);
  for (const letter of letters) expect(await read(port, `/whole/${letter}`)).toEqual({ bytes: BYTES, letters: letter });
  // One after another they need no more than there is.
  expect([...used].every((buffer) => before.has(buffer))).toBe(true);
});
