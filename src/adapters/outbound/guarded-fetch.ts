import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Client } from 'undici';
import { type Outbound, type OutboundAnswer, OutboundError } from '../../ports/outbound.ts';
import { isPublicAddress } from './public-address.ts';

const SECONDS = 15;
const BODY_LIMIT = 1_000_000;
const HEADER_LIMIT = 16_384;
const URL_LIMIT = 2_000;
// Names that exist only inside a network.
const INSIDE = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|arpa|onion)$/;

/** These options are for tests, which have no public address and no public certificate. */
export interface GuardOptions {
  readonly seconds?: number;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly isAllowed?: (address: string) => boolean;
  readonly ports?: readonly string[];
  readonly certificateAuthority?: string;
}

/** Fetches an address that a user gave without reaching internal hosts: https on port 443 to a host name, every address of the
 *  name checked in the same lookup that is used for the connection, no redirects, no proxy, limited in time and size. */
export function guardedFetch({
  seconds = SECONDS,
  resolve = addressesOf,
  isAllowed = isPublicAddress,
  ports = [''],
  certificateAuthority,
}: GuardOptions = {}): Outbound {
  /** The DNS lookup of the socket: the connection uses exactly these addresses. */
  const checkedLookup: LookupFunction = (host, { all }, done) => {
    const refuse = (error: Error) => done(error, '');
    resolve(host).then(
      (addresses) => {
        const first = addresses[0];
        if (first === undefined) refuse(new OutboundError('UNREACHABLE', 'the host name has no address'));
        else if (!addresses.every(isAllowed))
          refuse(new OutboundError('ADDRESS_REFUSED', 'the host is not on the public internet'));
        else if (all)
          done(
            null,
            addresses.map((address) => ({ address, family: isIP(address) })),
          );
        else done(null, first, isIP(first));
      },
      (error: unknown) => refuse(new OutboundError('UNREACHABLE', 'the host name has no address', error)),
    );
  };

  function objectionTo(text: string): string | null {
    if (text.length > URL_LIMIT) return `must be at most ${URL_LIMIT} characters long`;
    // URL removes line ends and converts backslashes; another parser of the same text may not.
    if (!/^[!-[\]-~\u00a1-\uffff]+$/.test(text) || !URL.canParse(text)) return 'must be an https address';
    const { protocol, username, password, hostname, port, hash } = new URL(text);
    if (protocol !== 'https:') return 'must be an https address';
    if (username || password) return 'must not contain a user name';
    if (!ports.includes(port)) return 'must not contain a port';
    if (hash || text.includes('#')) return 'must not have a fragment';
    // URL converts every spelling of an IPv4 address to the dotted form: octal, hexadecimal, one number, fullwidth.
    if (isIP(hostname) || hostname.startsWith('[')) return 'must contain a host name, not an IP address';
    if (!hostname.includes('.') || hostname.endsWith('.') || INSIDE.test(hostname))
      return 'must contain a host of the public internet';
    return null;
  }

  return {
    objectionTo,
    async fetch({ url, method = 'GET', headers = {}, body = null }) {
      const objection = objectionTo(url);
      if (objection) throw new OutboundError('ADDRESS_REFUSED', objection);
      const { origin, pathname, search } = new URL(url);
      const signal = AbortSignal.timeout(seconds * 1_000);
      // One client per request: a kept connection would outlive the check of its address.
      const client = new Client(origin, {
        connect: {
          lookup: checkedLookup,
          timeout: seconds * 1_000,
          ...(certificateAuthority && { ca: certificateAuthority }),
        },
        allowH2: false,
        maxHeaderSize: HEADER_LIMIT,
      });
      try {
        const answer = await client.request({
          path: pathname + search,
          method,
          headers: { 'user-agent': 'partner-portal', ...headers, 'accept-encoding': 'identity' },
          body,
          signal,
        });
        return {
          status: answer.statusCode,
          headers: Object.fromEntries(
            Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
          ),
          ...(await readUpTo(BODY_LIMIT, answer.body)),
        };
      } catch (error) {
        throw faultOf(error, signal);
      } finally {
        void client.destroy();
      }
    },
  };
}

/** Compressed bodies are not expanded, so that a small response never becomes a large one. */
async function readUpTo(
  limit: number,
  stream: AsyncIterable<Uint8Array>,
): Promise<Pick<OutboundAnswer, 'body' | 'cut'>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk.subarray(0, limit - size));
    size += chunk.length;
    if (size > limit) break; // leaving the loop ends the stream
  }
  return { body: Buffer.concat(chunks), cut: size > limit };
}

function faultOf(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error;
  if (signal.aborted || /TIMEOUT/.test(String((error as { code?: unknown }).code)))
    return new OutboundError('TIMEOUT', 'the host took too long', error);
  return new OutboundError('UNREACHABLE', 'the host does not answer', error);
}

/** Asks only the name servers: names from local files or the local network are not public. */
async function addressesOf(host: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 3_000, tries: 2 });
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}
