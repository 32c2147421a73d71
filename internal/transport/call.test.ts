import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { askAt } from './call.js';
import { fetchState } from './fetch.js';
import { TestMembers } from './members.testkit.js';

const members = new TestMembers();

it('a question, and a copy of the state, leave no connection behind, whether they fail or not', async () => {
  const [port = 0] = await freePorts(1);
  await members.start(1, port, {
    onCall: (payload) => (payload.length > 0 ? Promise.resolve(payload) : Promise.reject(new Error('nothing asked'))),
    onFetch: async function* (from) {
      yield Buffer.from('a');
      await Promise.resolve();
      if (from === 3) throw new Error('this state is damaged');
    },
  });
  const open = new Set<Socket>();
  const door = createServer((near: Socket) => {
    open.add(near);
    const far = connect(port, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.on('close', () => {
      open.delete(near);
      far.destroy();
    });
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  const bound = door.address();
  const address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
  const copied = async (id: number): Promise<string[]> => {
    const all: string[] = [];
    for await (const chunk of fetchState(address, members.tls, { cluster: 1, id, nonce: 'n' }, 1))
      all.push(String(chunk));
    return all;
  };
  expect(String(await askAt(address, members.tls, Buffer.from('x'), 5_000))).toBe('x');
  await until(() => open.size === 0);
  await expect(askAt(address, members.tls, Buffer.alloc(0), 5_000)).rejects.toMatchObject({ details: 'nothing asked' });
  await until(() => open.size === 0);
  expect(await copied(2)).toEqual(['a']);
  await until(() => open.size === 0);
  await expect(copied(3)).rejects.toMatchObject({ code: status.ABORTED });
  await until(() => open.size === 0);
  door.close();
});
