import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';
import { scheduleProblem } from './schedule.js';

const jobs = strategyFor('batch', 'jobs');
const fieldErrors = fieldErrorsOf('batch', 'jobs');
const UID = 'u1';
const GENERATED = {
  'controller-uid': UID,
  'job-name': 'j',
  'batch.kubernetes.io/controller-uid': UID,
  'batch.kubernetes.io/job-name': 'j',
};

/** A job with its defaults and what the server generates, `spec` laid over a valid one. */
function job(spec: JsonObject, pod: JsonObject = {}): JsonObject {
  const o: JsonObject = {
    metadata: { name: 'j', uid: UID },
    spec: {
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': UID } },
      template: {
        metadata: { labels: { ...GENERATED } },
        spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never', ...pod },
      },
      ...spec,
    },
  };
  jobs.defaults?.(o);
  return o;
}
const indexed = (spec: JsonObject): JsonObject => job({ completionMode: 'Indexed', completions: 5, ...spec });

describe('jobs (ValidateJob)', () => {
  it.each<[string, JsonObject, string[]]>([
    ['nothing wrong', job({}), []],
    [
      'pods that restart for ever',
      job({}, { restartPolicy: 'Always' }),
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      'a limit for each of no indexes',
      job({ backoffLimitPerIndex: 1 }),
      ['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode'],
    ],
    [
      'failed indexes that nobody counts',
      indexed({ maxFailedIndexes: 6 }),
      [
        'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
        'spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions',
      ],
    ],
    [
      'a manager without a domain',
      job({ managedBy: 'me' }),
      ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      "another job's selector",
      job({ selector: { matchLabels: { 'controller-uid': 'u2' } } }),
      [
        'spec.selector: Invalid value: {"matchLabels":{"controller-uid":"u2"}}: `selector` not auto-generated',
        `spec.template.metadata.labels: Invalid value: ${JSON.stringify({
          'batch.kubernetes.io/controller-uid': UID,
          'batch.kubernetes.io/job-name': 'j',
          'controller-uid': UID,
          'job-name': 'j',
        })}: \`selector\` does not match template \`labels\``,
      ],
    ],
    [
      'a policy for failures without a reason',
      job({ podFailurePolicy: { rules: [{ action: 'FailIndex' }] } }),
      [
        'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      ],
    ],
    [
      'exit codes in disorder',
      job({
        podFailurePolicy: {
          rules: [{ action: 'Ignore', onExitCodes: { containerName: 'x', operator: 'In', values: [3, 0, 3] } }],
        },
      }),
      [
        'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
        'spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 3',
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0,3]: must be ordered',
      ],
    ],
    [
      'success without indexes to succeed',
      job({ successPolicy: { rules: [{ succeededCount: 1 }] } }),
      [
        'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
      ],
    ],
    [
      'success of indexes that are none',
      indexed({
        successPolicy: {
          rules: [
            { succeededIndexes: '0,2-4', succeededCount: 5 },
            { succeededIndexes: '3-1' },
            { succeededIndexes: '1,5' },
            {},
          ],
        },
      }),
      [
        'spec.successPolicy.rules[0].succeededCount: Invalid value: 5: must be less than or equal to 4 (the number of indexes in the specified succeededIndexes field)',
        'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "3-1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1',
        'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "1,5": error parsing succeededIndexes: too large index: "5"',
        'spec.successPolicy.rules[3]: Required value: at least one of succeededCount or succeededIndexes must be specified',
      ],
    ],
  ])('%s', (_what, o, expected) => {
    expect(fieldErrors(o)).toEqual(expected);
  });

  it('an indexed job has a name that leaves room for numbers', () => {
    const o = indexed({});
    const name = 'j'.repeat(62);
    (o['metadata'] as JsonObject)['name'] = name;
    expect(fieldErrors(o)).toContain(
      `metadata.name: Invalid value: "${name}": will not able to create pod with invalid DNS label: ${name}-4`,
    );
  });
});

describe('changed jobs (ValidateJobUpdate)', () => {
  const fields = (now: JsonObject, old: JsonObject): string[] =>
    fieldErrors(now, old).map((c) => c.slice(0, c.indexOf(': ')));

  it('keep their template, unless they were suspended before they began', () => {
    const moved = (suspend: boolean): JsonObject => job({ suspend }, { nodeSelector: { a: 'b' } });
    expect(fields(moved(false), job({}))).toEqual(['spec.template']);
    expect(fields(moved(false), job({ suspend: true }))).toEqual([]);
    const begun: JsonObject = { ...job({ suspend: true }), status: { startTime: '2026-01-01T00:00:00Z' } };
    expect(fields(moved(false), begun)).toEqual(['spec.template']);
    const stopped: JsonObject = {
      ...begun,
      status: { startTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Suspended', status: 'True' }] },
    };
    expect(fields(moved(false), stopped)).toEqual([]);
    expect(fields(job({}, { hostNetwork: true }), job({ suspend: true }))).toEqual(['spec.template']);
  });

  it('keep how many must succeed, but for indexed ones as many as run at once', () => {
    expect(fields(job({ completions: 2 }), job({ completions: 1 }))).toEqual(['spec.completions']);
    expect(fields(indexed({ completions: 6, parallelism: 6 }), indexed({}))).toEqual([]);
    expect(fields(indexed({ completions: 6, parallelism: 5 }), indexed({}))).toEqual(['spec.completions']);
  });
});

describe('cron jobs', () => {
  const cron = (spec: JsonObject, name = 'c'): JsonObject => {
    const o: JsonObject = {
      metadata: { name },
      spec: {
        schedule: '0 3 * * *',
        jobTemplate: {
          spec: { template: { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } } },
        },
        ...spec,
      },
    };
    strategyFor('batch', 'cronjobs').defaults?.(o);
    return o;
  };
  const of = fieldErrorsOf('batch', 'cronjobs');

  it.each<[string, JsonObject, string[]]>([
    ['nothing wrong', cron({ timeZone: 'Europe/Paris' }), []],
    [
      'a zone that nobody keeps',
      cron({ timeZone: 'Mars/Olympus' }),
      ['spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    ],
    [
      'a zone in another case: on the disk there is no such file',
      cron({ timeZone: 'europe/paris' }),
      ['spec.timeZone: Invalid value: "europe/paris": unknown time zone europe/paris'],
    ],
    [
      'the zone of the machine',
      cron({ timeZone: 'Local' }),
      [
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
      ],
    ],
    [
      'a zone in the schedule',
      cron({ schedule: 'TZ=UTC 0 3 * * *' }),
      [
        'spec.schedule: Invalid value: "TZ=UTC 0 3 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [
      'a name without room for the names of jobs',
      cron({}, 'c'.repeat(53)),
      [`metadata.name: Invalid value: "${'c'.repeat(53)}": must be no more than 52 characters`],
    ],
  ])('%s', (_what, o, expected) => {
    expect(of(o)).toEqual(expected);
  });

  it('may keep a zone in the schedule, and a name of any length', () => {
    const old = cron({ schedule: 'CRON_TZ=UTC 0 3 * * *' }, 'c'.repeat(53));
    expect(of(structuredClone(old), old)).toEqual([]);
  });
});

describe('schedules', () => {
  it.each([
    '* * * * *',
    '*/5 0-23/2 1,15 JAN-mar mon-fri',
    '0 0 ? * 0',
    '5/10 * * * *',
    '@hourly',
    '@every 1h30m',
    'TZ=UTC 0 3 * * *',
  ])('%s can be read', (schedule) => {
    expect(scheduleProblem(schedule, () => true)).toBeUndefined();
  });

  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-3 * * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['*/1/2 * * * *', 'too many slashes: */1/2'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['*/-1 * * * *', 'negative number (-1) not allowed: -1'],
    ['@fortnightly', 'unrecognized descriptor: @fortnightly'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
    ['TZ=X/Y 0 3 * * *', 'provided bad location X/Y: unknown time zone X/Y'],
  ])('%s cannot: %s', (schedule, why) => {
    expect(scheduleProblem(schedule, () => false)).toBe(why);
  });
});
