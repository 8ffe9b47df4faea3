import { RailBusy } from '../../ports/payout-rail.ts';
import { type RailAnswer, type RailCall, type RailCallRequest, railCall } from '../rail-call.ts';

export interface RazorpayAccess {
  readonly keyId: string;
  readonly keySecret: string;
  /** Base URL without `/v1`. */
  readonly baseUrl: string;
  readonly timeoutMs?: number;
}

export interface RazorpayApi {
  get(path: string): Promise<RailAnswer>;
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<RailAnswer>;
}

/** Razorpay's API with our key. A refused key is not a failure of the payout: throws RailBusy. */
export function razorpayApi({ keyId, keySecret, baseUrl, timeoutMs }: RazorpayAccess): RazorpayApi {
  const call: RailCall = railCall('Razorpay', `${baseUrl}/v1`, timeoutMs ? { timeoutMs } : {});
  const authorization = `Basic ${Buffer.from(`${keyId}:${keySecret}`).toString('base64')}`;
  const ask = async (request: RailCallRequest): Promise<RailAnswer> => {
    const answer = await call({ ...request, headers: { authorization, ...request.headers } });
    if (answer.status === 401 || answer.status === 403)
      throw new RailBusy('Razorpay refuses our key or our IP address');
    return answer;
  };
  return {
    get: (path) => ask({ path, headers: {} }),
    post: (path, body, headers = {}) =>
      ask({
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
  };
}
