import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addVersionFlag } from './version-flag.js';

function printed(...args: string[]): string | undefined {
  const command = new Command('serve').exitOverride().configureOutput({ writeErr: () => undefined });
  const text = addVersionFlag(command);
  command.parse(args, { from: 'user' });
  return text();
}

test('--version says which Kubernetes this is, and the server does not start', () => {
  for (const arg of ['--version', '--version=true', '--version=1']) {
    expect(printed(arg), arg).toMatch(/^Kubernetes v1\.36\.\d+\S*\n$/);
  }
  expect(printed('--version=raw')).toMatch(/^version\.Info\{.*"gitVersion":"v1\.36\..*\}\n$/);
});

test('without it the server starts, and it says no other version', () => {
  expect(printed()).toBeUndefined();
  expect(printed('--version=false')).toBeUndefined();
  expect(() => printed('--version=v1.30.0')).toThrow('this server is always of one version');
  expect(() => printed('--version=x')).toThrow('strconv.ParseBool: parsing "x": invalid syntax');
});
