import { type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { AppError, unauthenticated } from '../../domain/errors.ts';
import type { Outbound } from '../../ports/outbound.ts';

interface PaypalCertificate {
  readonly key: KeyObject;
  /** Whether an authority that the world trusts stands behind it; false: what links it to one did not come along. */
  readonly anchored: boolean;
}

export interface PaypalCertificates {
  /** Throws UNAUTHENTICATED for what is not PayPal's, SERVICE_UNAVAILABLE where PayPal can not be reached. */
  of(url: string): Promise<PaypalCertificate>;
}

interface Chain {
  readonly leaf: X509Certificate;
  readonly above: readonly X509Certificate[];
}

interface Kept {
  readonly until: number;
  readonly chain: Promise<Chain>;
  /** Whether PayPal gave one there. */
  readonly given: boolean;
}

const KEPT_MS = 6 * 3_600_000;
const FAILURE_KEPT_MS = 60_000;
const MOST_KEPT = 20;
const AT_ONCE = 4; // the address stands in a header that anybody can send
const LONGEST_CHAIN = 5;
const PASSING = new Set([408, 425, 429]);
const PATH = /^\/v1\/notifications\/certs\/CERT-[\w-]{1,100}$/;
const NAME = /^CN=messageverificationcerts\.([a-z]+\.)?paypal\.com$/m;

/** Certificates from PayPal's own hosts, through the guarded way out, kept for hours; of PayPal's name, in force now, and linked to
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
      // Nobody's certificate: who sent its address made it up, and is told so as who forges a signature is.
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
    if (fetching >= AT_ONCE) throw unreachable(); // not kept: it says nothing of this address
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

  /** The oldest go, and those that PayPal gave last: made up addresses push none of them out. */
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
    // A chain that ends at an authority of nobody's is a forgery; one that ends early may only be incomplete.
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

const notPaypals = () => unauthenticated('the certificate is not of PayPal');

const unreachable = () =>
  new AppError('SERVICE_UNAVAILABLE', 'PayPal does not give its certificate', { retryAfter: 60 });

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
  throw unauthenticated('the certificate can not be read');
}

const isInForce = ({ validFromDate, validToDate }: X509Certificate, at: Date): boolean =>
  validFromDate <= at && at <= validToDate;
