import { X509Certificate } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { readBounded } from '../machinery/bounded-file.js';
import { certificateTexts } from '../machinery/pem.js';
import { authorityOf, CERTIFICATES, type CertificateSpec, storePair } from './pki.js';

/** A certificate in a file that this process uses. */
export interface KeptCertificate {
  /** What metrics and warnings call it. */
  readonly name: string;
  readonly file: string;
  /** The process follows the file: one that is put in its place is used without a restart. */
  readonly followed: boolean;
}

export interface UpkeepOptions {
  /** Issue certificates anew in time, where the key of their authority lies beside them. */
  readonly renew: boolean;
  readonly now: () => number;
  readonly say: (level: 'info' | 'warn', text: string) => void;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** For metrics and warnings the files are read again when what was read is older than this. */
const REREAD_MS = 10_000;
/** A certificate is issued anew when less than this share of its time is left: a quarter of a year, of kubeadm's year. */
const RENEW_SHARE = 1 / 4;
/** A person is told when less is left than this, or than a tenth of its time where that is less. */
const WARN_MS = 30 * DAY_MS;
/** Replicas on one machine may share a directory: one renews at a time, and whoever died over it is forgotten. */
const LOCK = '.renewing';
const LOCK_MS = 60_000;

interface Lifetime {
  readonly from: number;
  readonly to: number;
}

/** Knows when certificates expire, and renews those that it can. Reads the files once an hour, and when asked to. */
export class CertificateUpkeep {
  readonly #certificates: readonly KeptCertificate[];
  readonly #options: UpkeepOptions;
  readonly #lifetimes = new Map<string, Lifetime>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #readAt = -Infinity;

  constructor(certificates: readonly KeptCertificate[], options: UpkeepOptions) {
    this.#certificates = certificates;
    this.#options = options;
    this.refresh();
  }

  /** Looks once an hour from now on, until it is stopped. */
  start(): void {
    const again = (): void => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => void this.look().then(again), EVERY_MS);
      this.#timer.unref();
    };
    again();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Renews what is due, and warns of what is about to expire. Never rejects: tomorrow is another day. */
  async look(): Promise<void> {
    this.refresh();
    if (this.#options.renew) {
      for (const certificate of this.#certificates) {
        if (!this.#isDue(certificate)) continue;
        try {
          if (await renewFile(certificate))
            this.#options.say('info', `${certificate.file} was about to expire, and is issued anew`);
        } catch (error) {
          this.#options.say(
            'warn',
            `${certificate.file} cannot be issued anew: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
      }
      this.refresh();
    }
    for (const text of this.warnings()) this.#options.say('warn', text);
  }

  #isDue({ name, file, followed }: KeptCertificate): boolean {
    const lifetime = this.#lifetimes.get(name);
    if (lifetime === undefined || !followed || specOf(file)?.ca === undefined) return false;
    return lifetime.to - this.#options.now() < (lifetime.to - lifetime.from) * RENEW_SHARE;
  }

  /** Reads the files again. What cannot be read keeps what was known of it. */
  refresh(): void {
    this.#readAt = performance.now();
    for (const { name, file } of this.#certificates) {
      try {
        this.#lifetimes.set(name, lifetimeOf(readBounded(file).toString()));
      } catch (error) {
        this.#options.say('warn', `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  /** Files change at any time; whoever asks often must not cost much. */
  #refreshSometimes(): void {
    if (performance.now() > this.#readAt + REREAD_MS) this.refresh();
  }

  /** When each expires, in ms since 1970. Of several authorities in one file the last counts. */
  expiries(): ReadonlyMap<string, number> {
    this.#refreshSometimes();
    return new Map([...this.#lifetimes].map(([name, { to }]) => [name, to]));
  }

  /** One line for each that is expired, or is about to. */
  warnings(): string[] {
    this.#refreshSometimes();
    const now = this.#options.now();
    return [...this.#lifetimes].flatMap(([name, { from, to }]) => {
      if (to - now > Math.min(WARN_MS, (to - from) / 10)) return [];
      return [
        `certificate ${name} ${to <= now ? 'has expired' : 'expires'} at ${new Date(to).toISOString().slice(0, 19)}Z`,
      ];
    });
  }
}

function lifetimeOf(pem: string): Lifetime {
  const blocks = certificateTexts(pem);
  if (blocks.length === 0) throw new Error('it holds no certificate');
  const lives = blocks.map((block) => {
    const certificate = new X509Certificate(block);
    return { from: Date.parse(certificate.validFrom), to: Date.parse(certificate.validTo), isCa: certificate.ca };
  });
  // Behind a leaf stand those that vouch for it.
  const [first] = lives;
  if (first === undefined || !first.isCa) return first ?? { from: 0, to: 0 };
  return lives.reduce((a, b) => (b.to > a.to ? b : a));
}

/** What a file in a directory of kubeadm's shape is. */
function specOf(file: string): CertificateSpec | undefined {
  return CERTIFICATES.find(({ name }) => file.endsWith(`/${name}.crt`));
}

/**
 * Issues the certificate in a file anew, for the same names and uses, with a new key, where the authority that issued it
 * lies in the same directory with its key; false where it does not, or another process is at it. Throws FatalError.
 */
async function renewFile({ file }: KeptCertificate): Promise<boolean> {
  const spec = specOf(file);
  if (spec?.ca === undefined) return false;
  const dir = file.slice(0, -`/${spec.name}.crt`.length);
  const caFile = join(dir, `${spec.ca}.crt`);
  if (!existsSync(caFile) || !existsSync(join(dir, `${spec.ca}.key`))) return false;
  const certificate = new X509Certificate(readBounded(file));
  const ca = new X509Certificate(readBounded(caFile));
  if (!certificate.checkIssued(ca) || !certificate.verify(ca.publicKey)) return false;
  return withLock(join(dirname(caFile), LOCK), () => renewPair(dir, spec, certificate.toString()));
}

/** Puts a new certificate with a new key in the place of one, for the same names and uses. Throws FatalError. */
export async function renewPair(dir: string, spec: CertificateSpec, cert: string, days?: number): Promise<void> {
  const { algorithmOf, issue, requestOf } = await import('./x509.js');
  storePair(dir, spec.name, await issue(authorityOf(dir, spec.ca ?? ''), requestOf(cert), days, algorithmOf(cert)));
}

async function withLock(path: string, work: () => Promise<void>): Promise<boolean> {
  try {
    if (existsSync(path) && Date.now() - statSync(path).mtimeMs > LOCK_MS) rmSync(path, { force: true });
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    await work();
    return true;
  } finally {
    rmSync(path, { force: true });
  }
}
