import { expect, test, vi } from 'vitest';
import { flagzPage, slisPage, statuszPage } from './pages.js';

const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

test('/flagz lists every flag by its name', () => {
  const { status, contentType, body } = flagzPage(
    new Map([
      ['name', 'r1'],
      ['audit-policy', ''],
      ['v', '2'],
    ]),
  );
  expect([status, contentType]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(String(body)).toBe(`\nquorate flagz\n${WARNING}\n\naudit-policy=\nname=r1\nv=2\n`);
});

test('/statusz tells which build this is, and since when it runs', () => {
  const { status, contentType, body } = statuszPage();
  expect([status, contentType]).toEqual([200, 'text/plain; charset=utf-8']);
  const [, started = ''] = /^Started: (.*)$/m.exec(String(body)) ?? [];
  const [, hours, minutes, seconds] = /^Up: (\d+) hr (\d\d) min (\d\d) sec$/m.exec(String(body)) ?? [];
  const up = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  expect(Math.abs(up - process.uptime())).toBeLessThan(5);
  expect(Math.abs(Date.parse(started) + up * 1000 - Date.now())).toBeLessThan(5000);
  expect(String(body)).toContain(`\nquorate statusz\n${WARNING}\n\nStarted: `);
  expect(String(body)).toMatch(
    /\nNode version: v[\d.]+\nBinary version: 1\.36\.\d+\+quorate\nEmulation version: 1\.36\n$/,
  );
});

test('/statusz counts hours beyond a day, and minutes and seconds within theirs', () => {
  const uptime = vi.spyOn(process, 'uptime').mockReturnValue(26 * 3600 + 3 * 60 + 4.4);
  try {
    const body = String(statuszPage().body);
    expect(body).toContain('\nUp: 26 hr 03 min 04 sec\n');
    const [, started = ''] = /^Started: (.*)$/m.exec(body) ?? [];
    expect(Math.abs(Date.parse(started) + (26 * 3600 + 3 * 60 + 4) * 1000 - Date.now())).toBeLessThan(5000);
  } finally {
    uptime.mockRestore();
  }
});

test('/metrics/slis shows each check of each endpoint as a number', () => {
  const check = (name: string, failure?: string) => ({ name, failure: () => failure });
  const { contentType, body } = slisPage(
    new Map([
      ['livez', [check('ping')]],
      ['readyz', [check('ping'), check('quorum', 'no')]],
    ]),
  );
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(String(body).split('\n')).toEqual([
    '# HELP kubernetes_healthcheck 1 when the health check passes, else 0.',
    '# TYPE kubernetes_healthcheck gauge',
    'kubernetes_healthcheck{name="ping",type="livez"} 1',
    'kubernetes_healthcheck{name="ping",type="readyz"} 1',
    'kubernetes_healthcheck{name="quorum",type="readyz"} 0',
    '',
  ]);
});
