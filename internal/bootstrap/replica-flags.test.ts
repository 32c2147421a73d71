import { expect, test } from 'vitest';
import { asArguments, makeWay, replicaFlags } from './replica-flags.js';

const flags = (): Map<string, string> =>
  replicaFlags({
    name: 'r1',
    pki: '/pki',
    data: '/data',
    advertiseAddress: '10.0.0.1',
    bindAddress: '0.0.0.0',
    port: 6443,
    peerAddress: '10.0.0.1:2380',
    serviceSubnet: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    membership: {},
  });

test('a file of authorizers takes the place of the modes, beside which serve refuses it', () => {
  const own = flags();
  makeWay(own, ['profiling']);
  expect(asArguments(own)).toContain('--authorization-mode=Node,RBAC');
  makeWay(own, ['authorization-config']);
  expect(own.has('authorization-mode')).toBe(false);
});
