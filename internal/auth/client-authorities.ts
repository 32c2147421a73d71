import { type CertificateFacts, parseBundle } from './client-cert.js';

type Judge = (facts: CertificateFacts) => boolean;

/**
 * The authorities of client certificates: of users, and of front proxies. They may be replaced while the server runs, and
 * then count for connections that are open too.
 */
export class ClientAuthorities {
  /** How often they were replaced: what was found out under another is to be found out anew. */
  generation = 0;
  /** The PEM bundles that count now; '' for none. */
  bundles: { readonly clientCa: string; readonly requestHeaderCa: string };
  private users: Judge;
  private frontProxies: Judge;
  private readonly listeners = new Set<() => void>();

  /** PEM bundles; '' for none. */
  constructor(clientCa: string, requestHeaderCa: string) {
    this.bundles = { clientCa, requestHeaderCa };
    // Where the port accepts one authority only, the TLS layer has said all there is to say.
    this.users = requestHeaderCa === '' ? () => true : signedBy(clientCa);
    this.frontProxies = signedBy(requestHeaderCa);
  }

  /** Puts others in their place. Certificates must be signed by one of them directly from now on. Throws for what is no PEM. */
  replace(clientCa: string, requestHeaderCa: string): void {
    const [users, frontProxies] = [signedBy(clientCa), signedBy(requestHeaderCa)];
    [this.users, this.frontProxies] = [users, frontProxies];
    this.bundles = { clientCa, requestHeaderCa };
    this.generation++;
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` after each replacement; returns what ends that. */
  onReplaced(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Whether this is the certificate of a user. */
  isUser(facts: CertificateFacts): boolean {
    return this.users(facts);
  }

  /** Whether this is the certificate of a front proxy. */
  isFrontProxy(facts: CertificateFacts): boolean {
    return this.frontProxies(facts);
  }
}

function signedBy(bundle: string): Judge {
  const authorities = parseBundle(bundle);
  return ({ certificate }) => authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
}
