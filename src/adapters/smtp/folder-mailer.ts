import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Mailer } from '../../ports/mailer.ts';
import { messageOf } from './message.ts';

/** For installations without a mail server: each mail becomes a file that a mail program can open. `wrote` is called with its path. */
export function folderMailer(folder: string, from: string, wrote: (file: string) => void): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true });
  return {
    async send(mail) {
      const { message } = await transport.sendMail(messageOf(mail, from));
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, `${mail.id}.eml`);
      await writeFile(file, message as Buffer, { mode: 0o600 });
      wrote(file);
    },
  };
}
