import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderMailer } from '../../src/adapters/smtp/folder-mailer.ts';
import { smtpMailer } from '../../src/adapters/smtp/smtp-mailer.ts';
import { startMailServer } from '../support/mail-server.ts';

const mail = {
  id: '42',
  to: { name: 'Mia\r\nBcc: everybody@example.com', address: 'mia@example.com' },
  subject: 'Hello\r\nX-Evil: 1\u2028Y-Evil: 2',
  text: 'Text\n',
  html: '<p>Text</p>\n',
};
const EVIL = /^(bcc|x-evil|y-evil):/im;

test('without a mail server a mail is a file that only its owner reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-mail-'));
  const wrote: string[] = [];
  await folderMailer(join(folder, 'mail'), 'Portal <p@example.com>', (file) => wrote.push(file)).send(mail);
  expect(wrote).toEqual([join(folder, 'mail', '42.eml')]);
  const text = await readFile(wrote[0] as string, 'utf8');
  expect(text).toContain('Message-ID: <42@example.com>');
  expect(text).not.toMatch(EVIL);
  expect((await stat(wrote[0] as string)).mode & 0o077).toBe(0);
  await rm(folder, { recursive: true });
});

test('no name and no subject becomes a header or a recipient', async () => {
  const server = await startMailServer();
  await smtpMailer(`smtp://127.0.0.1:${server.port}`, 'Portal <p@example.com>').send(mail);
  await server.stop();
  const [received] = server.mails;
  expect(received?.to).toEqual(['mia@example.com']);
  expect(received?.raw).not.toMatch(EVIL);
});

test('a mail does not leave this machine in the clear', async () => {
  const server = await startMailServer(); // offers no STARTTLS
  // 0.0.0.0 leads here, but is not taken for this machine.
  const sending = smtpMailer(`smtp://0.0.0.0:${server.port}`, 'p@example.com').send(mail);
  await expect(sending).rejects.toThrow(/STARTTLS/i);
  await server.stop();
  expect(server.mails).toEqual([]);
});
