import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, wrongAnswer } from './input.js';
import { inputs } from './inputs/index.js';
import { REFUSED } from './inputs/refused.js';
import { MeasuredReplica, type SendOptions } from './measured-replica.js';
import { Others } from './others.js';
import { RULE_MS } from './rule.js';

/**
 * What fails a run: machines differ, and a test that fails by chance is worse than a loose one. It still tells what a
 * quadratic parser or a product does (hundreds of milliseconds to minutes). `PAUSES_LIMIT_MS=50` holds the rule itself,
 * on a quiet machine.
 */
const MAX_PAUSE_MS = Number(process.env['PAUSES_LIMIT_MS'] ?? 4 * RULE_MS);

describe('no request holds the others up', () => {
  /** One by itself, and one that asks others. */
  const replicas: { alone?: MeasuredReplica; among?: MeasuredReplica } = {};
  let others: Others;
  /** The replica that an input is for; one that an input before it ended is started anew. */
  async function running(which: keyof typeof replicas): Promise<MeasuredReplica> {
    const known = replicas[which];
    if (known?.isRunning === true) return known;
    await known?.stop();
    const flags = which === 'among' ? (dir: string) => others.flags(dir) : undefined;
    return (replicas[which] = await MeasuredReplica.start(flags));
  }
  const only = process.env['PAUSES_ONLY'];
  const file = process.env['PAUSES_REPORT'];
  const tell = (line: string): void => {
    if (file !== undefined) appendFileSync(file, `${line}\n`);
  };
  beforeAll(async () => {
    others = await Others.start();
    await running('alone');
  });
  afterAll(async () => {
    await replicas.alone?.stop();
    await replicas.among?.stop();
    await others.close();
  });

  const chosen = inputs.filter((input) => only === undefined || new RegExp(only).test(input.name));
  it('has a name for each input', () => {
    const names = new Set(inputs.map((input) => input.name));
    expect(names.size).toBe(inputs.length);
    expect(Object.keys(REFUSED).filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(chosen)('$name', async (input) => {
    const replica = await running(input.withOthers === true ? 'among' : 'alone');
    await input.prepare?.(replica, others);
    const optionsOf = ({ options }: Asked): SendOptions | undefined =>
      typeof options === 'function' ? options() : options;
    const options = optionsOf(input);
    const beside = (input.beside ?? []).map((one) => ({ ...one, options: optionsOf(one) }));
    let wrong: string | undefined;
    const started = performance.now();
    const pause = await replica.measure(async () => {
      const rest = beside.map((one) => replica.send(one.method, one.path, one.options));
      const sent = await (input.send?.(replica) ?? replica.send(input.method, input.path, options));
      await Promise.all(rest);
      wrong = wrongAnswer(input, sent);
      if (wrong !== undefined) wrong += `\n${replica.logTail}`;
      tell(`    ${sent.status} ${sent.body.slice(0, 160).replaceAll('\n', ' ')}`);
    });
    const [cpu, wall, get] = [pause.cpuMs, pause.wallMs, pause.getMs].map(Math.round);
    const quiet = Math.round(pause.cpuMs / pause.slowness);
    tell(
      `${String(quiet).padStart(6)} quiet ${cpu} cpu ${wall} wall ${get} get ${Math.round(performance.now() - started)} all  ${input.name}${process.env['PAUSES_PROFILE'] === undefined ? '' : ` @${pause.endedAtUs}`}`,
    );
    expect(wrong).toBeUndefined();
    expect(
      quiet,
      `held the loop (${cpu} ms on this machine now, ${wall} by the clock; another connection waited ${get} ms)`,
    ).toBeLessThan(MAX_PAUSE_MS);
  });
});
