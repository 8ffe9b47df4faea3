// Words that documentation and examples use as secrets.
const WORDS =
  `your my our the a an some any this that it is in at of for to with and or not be use used do dont please must
  should set put here change changeme changed replace replaceme me now later valid soon default example sample demo test testing tests
  dev devel develop development prod production staging local localhost env placeholder todo fixme none null undefined
  insecure unsafe secure safe very really super long short strong random string text value phrase pass passwd password
  passphrase secret secrets shared private public key keys sign signing signature token tokens jwt jws jose hmac hs hs256
  sha sha256 auth oauth oidc api apikey access refresh session cookie app application server client service web webhook hook site
  admin administrator root user username login sudo guest letmein welcome hello world foo bar baz foobar qwerty
  qwertyuiop asdf asdfgh asdfghjkl zxcv zxcvbn zxcvbnm abc abcd abcdef xyz x live sk pk rzp bit bits byte bytes char chars
  character characters least min minimum more than only graphql node express nest apollo postgres redis docker
  partner partners portal finaceverse finance acme company corp inc monkey dragon iloveyou master trustno
  supersecret topsecret keyboard cat correct horse battery staple`.split(/\s+/);

// Keys published in standards: RFC 7515 A.1.
const PUBLISHED = /aym1syspp/i;

const LEET: Record<string, string> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  $: 's',
  '@': 'a',
  '!': 'i',
};

/** Returns true for a secret that can be guessed: words of documentation, also repeated, joined or disguised, or a
 *  pattern. */
export function isWellKnownSecret(secret: string): boolean {
  const decoded = /^[\w+/-]+={0,2}$/.test(secret) ? Buffer.from(secret, 'base64').toString('latin1') : '';
  const plain = /^[\x20-\x7e]{4,}$/.test(decoded) ? [secret, decoded] : [secret];
  return plain.some((text) => PUBLISHED.test(text) || isPattern(text) || isMadeOfWords(text));
}

function isMadeOfWords(text: string): boolean {
  const lower = text.toLowerCase();
  const undisguised = lower.replace(/[013457$@!]/g, (sign) => LEET[sign] ?? sign);
  return [lower, undisguised].some((form) => isJoined(form.replace(/[^a-z0-9]/g, '')));
}

/** Returns true if the text consists of words and digits only. */
function isJoined(text: string): boolean {
  if (text.replace(/\d/g, '').length * 3 < text.length) return false; // digits alone say nothing
  const reached = new Set([0]); // grows while it is walked, always forward
  for (const at of reached) {
    if (/\d/.test(text[at] ?? '')) reached.add(at + 1);
    for (const word of WORDS) if (text.startsWith(word, at)) reached.add(at + word.length);
  }
  return reached.has(text.length);
}

/** Returns true for few different characters, a repeated part, or a sequence of the alphabet. */
function isPattern(text: string): boolean {
  if (new Set(text).size < 8 && text.length >= 8) return true;
  if (/^(.+?)\1+$/s.test(text) || repeats(text)) return true;
  const steps = Array.from(text.slice(1), (letter, i) => Math.abs(letter.charCodeAt(0) - text.charCodeAt(i)));
  return steps.length > 4 && steps.filter((step) => step <= 1).length > steps.length / 2;
}

const repeats = (text: string): boolean =>
  Array.from({ length: Math.floor(text.length / 2) }, (_, i) => i + 1).some((period) =>
    text.startsWith(text.slice(period)),
  );
