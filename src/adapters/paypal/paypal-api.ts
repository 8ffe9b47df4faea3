import { RailBusy } from '../../ports/payout-rail.ts';
import { type RailAnswer, type RailCall, railCall } from '../rail-call.ts';

export interface PaypalAccess {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly baseUrl: string;
  readonly timeoutMs?: number;
  readonly now?: () => Date;
}

export interface PaypalApi {
  get(path: string): Promise<RailAnswer>;
  /** `body` is already JSON. */
  post(path: string, body: string, requestId?: string): Promise<RailAnswer>;
}

const EARLIER_MS = 60_000;

interface Token {
  readonly text: string;
  readonly until: number;
}

/** PayPal's API with an access token, which is kept until a minute before it expires. Concurrent calls wait for the same
 *  token; a refused token is replaced once. Without a token no call was made: throws RailBusy. */
export function paypalApi({ clientId, clientSecret, baseUrl, timeoutMs, now }: PaypalAccess): PaypalApi {
  const call: RailCall = railCall('PayPal', baseUrl, timeoutMs ? { timeoutMs } : {});
  const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
  const time = () => (now ? now().getTime() : Date.now());
  let current: Promise<Token> | null = null;

  async function fresh(): Promise<Token> {
    const { status, body } = await call({
      method: 'POST',
      path: '/v1/oauth2/token',
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    }).catch((error: unknown) => {
      throw error instanceof RailBusy ? error : new RailBusy('PayPal returned no token');
    });
    const { access_token: text, expires_in: seconds } = body;
    if (status !== 200) throw new RailBusy('PayPal refuses our client id or secret');
    if (typeof text !== 'string' || !/^[\w.~+/=-]{1,8000}$/.test(text) || typeof seconds !== 'number')
      throw new RailBusy('PayPal returned an invalid token');
    return { text, until: time() + seconds * 1_000 - EARLIER_MS };
  }

  function replace(): Promise<Token> {
    const asked = fresh();
    current = asked;
    asked.catch(() => {
      if (current === asked) current = null;
    });
    return asked;
  }

  async function token(refused: string | null): Promise<string> {
    const waitedFor = current;
    const known = await waitedFor;
    if (known && known.until > time() && known.text !== refused) return known.text;
    // Another call may have requested the next token in the meantime.
    return (await (current === waitedFor || !current ? replace() : current)).text;
  }

  async function ask(request: Omit<Parameters<RailCall>[0], 'headers'>, headers = {}): Promise<RailAnswer> {
    const send = (text: string) =>
      call({ ...request, headers: { authorization: `Bearer ${text}`, ...headers } });
    const first = await token(null);
    const answer = await send(first);
    if (answer.status !== 401) return answer;
    const second = await send(await token(first));
    if (second.status === 401) throw new RailBusy('PayPal refuses our token');
    return second;
  }

  return {
    get: (path) => ask({ path }),
    post: (path, body, requestId) =>
      ask(
        { method: 'POST', path, body },
        { 'content-type': 'application/json', ...(requestId && { 'paypal-request-id': requestId }) },
      ),
  };
}
