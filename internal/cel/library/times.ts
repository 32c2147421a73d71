import { type FunctionDecl, member } from '../check/environment.js';
import { type CelType, DURATION, INT, STRING, TIMESTAMP } from '../check/types.js';
import { dayOfYear, inZone } from '../values/time.js';
import { CelError, type Duration, type Timestamp, type Value } from '../values/value.js';

type Field = (d: Date) => number;

function ofTimestamp(id: string, idWithZone: string, field: Field) {
  const run = (t: Value, zone: string): Value => {
    const d = inZone(t as Timestamp, zone);
    return d instanceof CelError ? d : BigInt(field(d));
  };
  return [
    member(id, [TIMESTAMP], INT, (t) => run(t, 'UTC')),
    member(idWithZone, [TIMESTAMP, STRING], INT, (t, zone) => run(t, zone as string)),
  ];
}

const ofDuration = (id: string, nanos: bigint) =>
  member(id, [DURATION] as readonly CelType[], INT, (d) => (d as Duration).nanos / nanos);

/** What timestamps and durations say of themselves; times are in UTC unless a zone is given. */
export const TIME_FUNCTIONS: readonly FunctionDecl[] = [
  {
    name: 'getFullYear',
    overloads: ofTimestamp('timestamp_to_year', 'timestamp_to_year_with_tz', (d) => d.getUTCFullYear()),
  },
  {
    name: 'getMonth',
    overloads: ofTimestamp('timestamp_to_month', 'timestamp_to_month_with_tz', (d) => d.getUTCMonth()),
  },
  {
    name: 'getDayOfYear',
    overloads: ofTimestamp('timestamp_to_day_of_year', 'timestamp_to_day_of_year_with_tz', dayOfYear),
  },
  {
    name: 'getDayOfMonth',
    overloads: ofTimestamp('timestamp_to_day_of_month', 'timestamp_to_day_of_month_with_tz', (d) => d.getUTCDate() - 1),
  },
  {
    name: 'getDate',
    overloads: ofTimestamp('timestamp_to_day_of_month_1_based', 'timestamp_to_day_of_month_1_based_with_tz', (d) =>
      d.getUTCDate(),
    ),
  },
  {
    name: 'getDayOfWeek',
    overloads: ofTimestamp('timestamp_to_day_of_week', 'timestamp_to_day_of_week_with_tz', (d) => d.getUTCDay()),
  },
  {
    name: 'getHours',
    overloads: [
      ...ofTimestamp('timestamp_to_hours', 'timestamp_to_hours_with_tz', (d) => d.getUTCHours()),
      ofDuration('duration_to_hours', 3_600_000_000_000n),
    ],
  },
  {
    name: 'getMinutes',
    overloads: [
      ...ofTimestamp('timestamp_to_minutes', 'timestamp_to_minutes_with_tz', (d) => d.getUTCMinutes()),
      ofDuration('duration_to_minutes', 60_000_000_000n),
    ],
  },
  {
    name: 'getSeconds',
    overloads: [
      ...ofTimestamp('timestamp_to_seconds', 'timestamp_to_seconds_tz', (d) => d.getUTCSeconds()),
      ofDuration('duration_to_seconds', 1_000_000_000n),
    ],
  },
  {
    name: 'getMilliseconds',
    overloads: [
      ...ofTimestamp('timestamp_to_milliseconds', 'timestamp_to_milliseconds_with_tz', (d) => d.getUTCMilliseconds()),
      ofDuration('duration_to_milliseconds', 1_000_000n),
    ],
  },
];
