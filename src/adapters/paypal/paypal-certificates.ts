import { type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { AppError, unauthenticated } from '../../domain/errors.ts';
import type { Outbound } from '../../ports/outbound.ts';

interface PaypalCertificate {
  readonly key: KeyObject;
  /** True when the certificate is linked to a trusted authority; false when an intermediate certificate is missing. */
  readonly anchored: boolean;
}

export interface PaypalCertificates {
  /** Throws UNAUTHENTICATED for a certificate that is not PayPal's, SERVICE_UNAVAILABLE when PayPal cannot be reached. */
  of(url: string): Promise<PaypalCertificate>;
}

interface Chain {
  readonly leaf: X509Certificate;
  readonly above: readonly X509Certificate[];
}

interface Kept {
  readonly until: number;
  readonly chain: Promise<Chain>;
  /** True when PayPal returned a certificate at the address. */
  readonly given: boolean;
}

const KEPT_MS = 6 * 3_600_000;
const FAILURE_KEPT_MS = 60_000;
const MOST_KEPT = 20;
const AT_ONCE = 4; // the address comes from a header, which an attacker can set
const LONGEST_CHAIN = 5;
const PASSING = new Set([408, 425, 429]);
const PATH = /^\/v1\/notifications\/certs\/CERT-[\w-]{1,100}$/;
const NAME = /^CN=messageverificationcerts\.([a-z]+\.)?paypal\.com$/m;

/** Certificates from PayPal's own hosts, loaded by the guarded fetch and kept for hours. They must have PayPal's name, be valid now, and be linked to
 *  one of `roots`. */
export function paypalCertificates(
  outbound: Outbound,
  now: () => Date,
  roots: readonly string[] = rootCertificates,
): PaypalCertificates {
  const kept = new Map<string, Kept>();
  let fetching = 0;
  let rootsByName: Map<string, X509Certificate[]> | undefined;

  async function fetched(url: string): Promise<Chain> {
    fetching += 1;
    try {
      const { status, body, cut } = await outbound.fetch({ url });
      // No certificate there: the sender made the address up, and gets the same error as for a forged signature.
      if (status >= 400 && status < 500 && !PASSING.has(status)) throw notPaypals();
      if (status !== 200 || cut) throw unreachable();
      return chainOf(Buffer.from(body).toString('latin1'));
    } catch (error) {
      throw error instanceof AppError ? error : unreachable();
    } finally {
      fetching -= 1;
    }
  }

  async function chainAt(url: string): Promise<Chain> {
    const known = kept.get(url);
    if (known && known.until > now().getTime()) return known.chain;
    if (fetching >= AT_ONCE) throw unreachable(); // not cached: this says nothing about the address
    const chain = fetched(url);
    const keep = (ms: number, given: boolean) => {
      kept.delete(url);
      kept.set(url, { until: now().getTime() + ms, chain, given });
      makeRoom();
    };
    keep(KEPT_MS, false);
    chain.then(
      () => keep(KEPT_MS, true),
      () => keep(FAILURE_KEPT_MS, false),
    );
    return chain;
  }

  /** Removes the oldest entries, and those with a certificate last, so that made-up addresses do not displace them. */
  function makeRoom(): void {
    for (const last of [false, true])
      for (const [url, { given }] of kept) {
        if (kept.size <= MOST_KEPT) return;
        if (given === last) kept.delete(url);
      }
  }

  return {
    async of(url) {
      if (!isPaypals(url, outbound)) throw notPaypals();
      const { leaf, above } = await chainAt(url);
      if (!NAME.test(leaf.subject) || !isInForce(leaf, now()) || leaf.publicKey.asymmetricKeyType !== 'rsa')
        throw notPaypals();
      return { key: leaf.publicKey, anchored: isAnchored(leaf, above, now()) };
    },
  };

  function isAnchored(leaf: X509Certificate, above: readonly X509Certificate[], at: Date): boolean {
    let last = leaf;
    for (let length = 0; length < LONGEST_CHAIN; length++) {
      const issuedLast = (issuer: X509Certificate) =>
        issuer.ca && isInForce(issuer, at) && last.checkIssued(issuer) && last.verify(issuer.publicKey);
      if (rootsNamed(last.issuer).some(issuedLast)) return true;
      const next = above.find((issuer) => issuer !== last && issuedLast(issuer));
      if (!next) break;
      last = next;
    }
    // A chain that ends at an unknown authority is a forgery. A chain that ends early may only be incomplete.
    if (last.checkIssued(last)) throw notPaypals();
    return false;
  }

  function rootsNamed(name: string): X509Certificate[] {
    rootsByName ??= Map.groupBy(
      roots.map((pem) => new X509Certificate(pem)),
      ({ subject }) => subject,
    );
    return rootsByName.get(name) ?? [];
  }
}

const notPaypals = () => unauthenticated('The certificate is not a certificate of PayPal.');

const unreachable = () =>
  new AppError('SERVICE_UNAVAILABLE', 'PayPal does not return its certificate. Try again later.', {
    retryAfter: 60,
  });

function isPaypals(url: string, outbound: Outbound): boolean {
  if (outbound.objectionTo(url) !== null) return false;
  const { hostname, pathname, search } = new URL(url);
  return hostname.endsWith('.paypal.com') && PATH.test(pathname) && search === '';
}

function chainOf(text: string): Chain {
  const pems = text.match(/-----BEGIN CERTIFICATE-----[\s\S]{1,10000}?-----END CERTIFICATE-----/g) ?? [];
  try {
    const [leaf, ...above] = pems.slice(0, LONGEST_CHAIN).map((pem) => new X509Certificate(pem));
    if (leaf) return { leaf, above };
  } catch {}
  throw unauthenticated('The certificate cannot be read.');
}

const isInForce = ({ validFromDate, validToDate }: X509Certificate, at: Date): boolean =>
  validFromDate <= at && at <= validToDate;
