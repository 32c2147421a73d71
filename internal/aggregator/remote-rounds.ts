import type { ApiService } from './api-service.js';
import type { ApiServices } from './api-services.js';
import { Rounds } from './rounds.js';

/** What is asked anew when it changes. */
export const fingerprint = ({ name, service, ca, insecureSkipTLSVerify, available }: ApiService): string =>
  JSON.stringify([name, service, ca, insecureSkipTLSVerify, available]);

export interface RemoteRoundsOptions {
  /** Servers asked at the same time. */
  readonly concurrency: number;
  /** Between two questions to a server whose APIService does not change, milliseconds. */
  readonly intervalMs: number;
  /** Told of all remote APIServices before each round: what was kept of others is to be forgotten. */
  readonly remain: (remote: readonly ApiService[]) => void;
  /** Asks the server behind one. */
  readonly read: (api: ApiService) => Promise<void>;
}

/**
 * Asks the servers behind remote APIServices that are available, each on its own: when an APIService changes, and all of
 * them once in an interval. One that does not answer is not asked in between.
 */
export class RemoteRounds {
  readonly #services: ApiServices;
  readonly #options: RemoteRoundsOptions;
  readonly #asked = new Map<string, string>();
  readonly #timer: NodeJS.Timeout;
  readonly #rounds: Rounds<ApiService>;

  constructor(services: ApiServices, options: RemoteRoundsOptions) {
    this.#services = services;
    this.#options = options;
    this.#rounds = new Rounds(options.concurrency, () => this.#due(), options.read);
    services.onChange(() => {
      void this.#rounds.run();
    });
    this.#timer = setInterval(() => {
      this.#asked.clear();
      void this.#rounds.run();
    }, options.intervalMs).unref();
    void this.#rounds.run();
  }

  stop(): void {
    this.#rounds.stop();
    clearInterval(this.#timer);
  }

  #due(): ApiService[] {
    const remote = this.#services.all().filter((api) => api.service !== undefined);
    const names = new Set(remote.map(({ name }) => name));
    for (const name of this.#asked.keys()) if (!names.has(name)) this.#asked.delete(name);
    this.#options.remain(remote);
    return remote.filter((api) => {
      const seen = fingerprint(api);
      if (!api.available || this.#asked.get(api.name) === seen) return false;
      this.#asked.set(api.name, seen);
      return true;
    });
  }
}
