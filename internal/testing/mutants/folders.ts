/** A folder of the product, the test files that are asked about it, and the least share of breaks that they notice. */
export interface Folder {
  readonly name: string;
  /** Where its tests are: parts of their paths. */
  readonly tests: readonly string[];
  /** In percent. */
  readonly floor: number;
}

/** The folders of which mutation runs keep the score. */
export const FOLDERS: readonly Folder[] = [
  {
    name: 'auth',
    tests: [
      'internal/auth/',
      'internal/server/filters/',
      'internal/server/reviews/',
      'internal/server/tokens/',
      'internal/admission/role-escalation/',
      'cmd/quorate/auth',
    ],
    floor: 82,
  },
  { name: 'admission', tests: ['internal/admission/', 'internal/rest/write/'], floor: 79 },
  { name: 'server', tests: ['internal/server/', 'cmd/quorate/authentication', 'cmd/quorate/shutdown'], floor: 80 },
  {
    name: 'transport',
    tests: ['internal/transport/', 'internal/replica/peers', 'internal/replica/membership', 'internal/replica/cluster'],
    floor: 86,
  },
  { name: 'raft', tests: ['internal/raft/', 'internal/replica/cluster', 'internal/replica/membership'], floor: 84 },
  { name: 'replica', tests: ['internal/replica/'], floor: 79 },
  { name: 'store', tests: ['internal/store/', 'internal/replica/check', 'internal/replica/snapshot'], floor: 80 },
];
