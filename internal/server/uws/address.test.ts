import { expect, test } from 'vitest';
import { addressText } from './address.js';

const bytes = (...all: number[]): ArrayBuffer => new Uint8Array(all).buffer;
const zeros = (n: number): number[] => Array.from({ length: n }, () => 0);

test('addresses of clients read as they are usually written', () => {
  // The second time they are known.
  for (let i = 0; i < 2; i++) {
    expect(addressText(bytes(10, 0, 0, 9))).toBe('10.0.0.9');
    expect(addressText(bytes(255, 254, 1, 0))).toBe('255.254.1.0');
    expect(addressText(bytes(...zeros(10), 255, 255, 192, 168, 3, 4))).toBe('192.168.3.4');
  }
  expect(addressText(bytes(...zeros(15), 1))).toBe('::1');
  expect(addressText(bytes(0x20, 1, 0x0d, 0xb8, ...zeros(11), 5))).toBe('2001:db8::5');
  expect(addressText(bytes(...zeros(10), 255, 254, 192, 168, 3, 4))).toBe('::fffe:c0a8:304');
  // What only ends like an IPv4 address is none.
  const mapped = [0, 0, 255, 255, 192, 168, 3, 4];
  expect(addressText(bytes(0x20, 1, 0x0d, 0xb8, ...zeros(4), ...mapped))).toBe('2001:db8::ffff:c0a8:304');
  expect(addressText(bytes(...zeros(5), 1, 0, 0, ...mapped))).toBe('::1:0:0:ffff:c0a8:304');
  expect(addressText(bytes())).toBe('');
});

test('of many clients each has its own address', () => {
  // More than are kept.
  const clients = Array.from({ length: 1100 }, (_, i) => [10, 1, i >> 8, i & 255]);
  expect(clients.map((client) => addressText(bytes(...client)))).toEqual(clients.map((client) => client.join('.')));
});
