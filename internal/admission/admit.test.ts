import { expect, test } from 'vitest';
import { forbidden } from '../machinery/status.js';
import { AdmissionChain } from './admit.js';
import type { AttemptContext } from './context.js';
import { admissionDurations } from './durations.js';
import { attributesOf, contextOf } from './testing/attributes.js';
import type { AdmissionPlugin } from './types.js';

const attributes = attributesOf('pods');
const context = (): AttemptContext => contextOf();
const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A plugin that writes its name and phase down; at once, or later. */
function plugin(name: string, done: string[], waits = false): AdmissionPlugin {
  const note = (phase: string): void | Promise<void> => {
    if (!waits) {
      done.push(`${name} ${phase}`);
      return undefined;
    }
    return later().then(() => {
      done.push(`${name} ${phase}`);
    });
  };
  return { name, handles: (o) => o === 'CREATE', admit: () => note('admit'), validate: () => note('validate') };
}

test('Every mutating part runs before the registry and every validating part behind it, in the order of the list', async () => {
  const expected = ['a admit', 'b admit', 'c admit', 'registry', 'a validate', 'b validate', 'c validate'];
  for (const waiting of ['', 'a', 'b', 'c', 'abc']) {
    const done: string[] = [];
    const chain = new AdmissionChain(['a', 'b', 'c'].map((name) => plugin(name, done, waiting.includes(name))));
    await chain.admit(context(), attributes, () => {
      done.push('registry');
    });
    expect(done).toEqual(expected);
  }
});

test('Nobody waits when no plugin does', () => {
  const done: string[] = [];
  const chain = new AdmissionChain([plugin('a', done), plugin('b', done)]);
  expect(chain.admit(context(), attributes, () => undefined)).toBeUndefined();
  expect(done).toHaveLength(4);
});

test('The validating parts wait for a registry that waits', async () => {
  const done: string[] = [];
  const chain = new AdmissionChain([plugin('a', done)]);
  await chain.admit(context(), attributes, async () => {
    await later();
    done.push('registry');
  });
  expect(done).toEqual(['a admit', 'registry', 'a validate']);
});

test('A plugin is asked only about operations that it handles', () => {
  const done: string[] = [];
  const chain = new AdmissionChain([plugin('a', done)]);
  expect(chain.admit(context(), { ...attributes, operation: 'DELETE' }, () => undefined)).toBeUndefined();
  expect(done).toEqual([]);
});

test('Whoever refuses ends it: nothing behind it runs', async () => {
  for (const waits of [false, true]) {
    const done: string[] = [];
    const refuse = (): void | Promise<void> => {
      const error = forbidden(attributes.def, 'p', 'no');
      if (waits) return later().then(() => Promise.reject(error));
      throw error;
    };
    const first: AdmissionPlugin = { name: 'no', handles: () => true, admit: refuse };
    const chain = new AdmissionChain([first, plugin('a', done)]);
    const asked = async (): Promise<void> => {
      await chain.admit(context(), attributes, () => {
        done.push('registry');
      });
    };
    await expect(asked()).rejects.toMatchObject({ code: 403 });
    expect(done).toEqual([]);
  }
});

test('Mutating parts run once more when one asks for it, and only once', async () => {
  for (const waits of [false, true]) {
    const done: string[] = [];
    const again: AdmissionPlugin = {
      name: 'again',
      handles: () => true,
      admit(ctx) {
        done.push(ctx.reinvocation.isReinvocation ? 'second' : 'first');
        ctx.reinvocation.values.set('again', done.length);
        ctx.reinvocation.request();
        return waits ? later() : undefined;
      },
    };
    const chain = new AdmissionChain([plugin('a', done), again]);
    await chain.admit(context(), attributes, () => {
      done.push('registry');
    });
    expect(done).toEqual(['a admit', 'first', 'a admit', 'second', 'registry', 'a validate']);
  }
});

test('Listeners hear once that an attempt is over', () => {
  const ctx = context();
  let heard = 0;
  ctx.afterAttempt(() => heard++);
  ctx.finish();
  ctx.finish();
  expect(heard).toBe(1);
});

test('how long each plugin and each phase took is shown, of refusals too', async () => {
  const chain = new AdmissionChain([plugin('quick', []), plugin('slow', [], true)]);
  await chain.admit(context(), attributes, () => undefined);
  const refusing: AdmissionPlugin = {
    name: 'refusing',
    handles: () => true,
    validate: () => later().then(() => Promise.reject(forbidden(attributes.def, 'p', 'no'))),
  };
  await expect(new AdmissionChain([refusing]).admit(context(), attributes, () => undefined)).rejects.toThrow('no');
  const shown = [...admissionDurations()].join('');
  for (const labels of [
    'name="quick",operation="CREATE",rejected="false",type="admit"',
    'name="slow",operation="CREATE",rejected="false",type="validate"',
    'name="refusing",operation="CREATE",rejected="true",type="validate"',
  ]) {
    expect(shown).toContain(`apiserver_admission_controller_admission_duration_seconds_count{${labels}} 1\n`);
  }
  expect(shown).toMatch(
    /apiserver_admission_step_admission_duration_seconds_count\{operation="CREATE",rejected="true",type="validate"\} [1-9]/,
  );
});
