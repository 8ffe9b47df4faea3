import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

// Of example.com and its subdomains, until 2120; worth nothing outside of these tests.
const KEY = `
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggJwjlmKH0CVrgVoe
PDq3P41e+xmcAGt63S//cXn8wOKhRANCAASCCtL2/bxTjHsXhrpacH91XUP7N4if
WSC/Bf7iHzBfnhvZtkKGWirsXOPP83jBrdRZuhiaMVmjJ/CG79I443Tz
-----END PRIVATE KEY-----
`;
export const CERTIFICATE = `
-----BEGIN CERTIFICATE-----
MIIBiDCCAS6gAwIBAgIBATAKBggqhkjOPQQDAjAfMR0wGwYDVQQDDBRwYXJ0bmVy
IHBvcnRhbCB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFow
HzEdMBsGA1UEAwwUcGFydG5lciBwb3J0YWwgdGVzdHMwWTATBgcqhkjOPQIBBggq
hkjOPQMBBwNCAASCCtL2/bxTjHsXhrpacH91XUP7N4ifWSC/Bf7iHzBfnhvZtkKG
WirsXOPP83jBrdRZuhiaMVmjJ/CG79I443Tzo1kwVzAlBgNVHREEHjAcggtleGFt
cGxlLmNvbYINKi5leGFtcGxlLmNvbTAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQW
BBTLsIMxOy0W+bwncuufdQBQtMmRyjAKBggqhkjOPQQDAgNIADBFAiEAgBHpA0ZH
YV7GTr3fKwI1ZWXrgfn8J0fu825oP0QXUQ4CIGKVEGfivw9gIeH9nuyiuGGuEWSM
eSd9PhXZ7aDvPbY5
-----END CERTIFICATE-----
`;

/** A server on this machine that says it is example.com. */
export async function httpsServer(
  answer: RequestListener,
  address = '127.0.0.1',
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer({ key: KEY, cert: CERTIFICATE }, answer);
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
