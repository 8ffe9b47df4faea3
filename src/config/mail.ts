import { neededInProduction, text, url } from './fields.ts';
import { section, variable } from './section.ts';

/** Names and addresses that lead to the machine that asks. */
const LOOPBACK = /^(.+\.)?localhost\.?$|^(127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[\da-f:]+\])$/;

export const mail = section({
  title: 'Mail',
  variables: ({ production }) => ({
    SMTP_URL: variable(url('smtp', 'smtps').optional(), {
      description:
        'Mail server that sends invitations and notices of changed owners. In production, people cannot be invited without it.',
      otherwise: production ? 'no mail is sent' : 'mails become files in `.data/mail`',
      example: 'smtps://user:password@mail.example.com',
      secret: true,
    }),
    MAIL_FROM: variable(
      text()
        .refine(
          (value) => !/[\r\n]/.test(value) && /^[^<>]*<?[^\s@<>]+@[^\s@<>]+>?$/.test(value),
          'must be an address such as Partner Portal <portal@example.com>.',
        )
        .prefault('Partner Portal <portal@localhost>'),
      { description: 'Sender of mails.', example: 'Partner Portal <portal@example.com>' },
    ),
    PORTAL_URL: variable(
      neededInProduction(
        url('https', 'http')
          .transform((value) => value.replace(/\/+$/, ''))
          .refine((value) => URL.canParse(value) && !/[?#]/.test(value), {
            error: 'must be an address such as https://portal.example.com.',
            abort: true,
          })
          .refine((value) => !production || value.startsWith('https://'), {
            error: 'must begin with https://: links in mails let people in.',
            abort: true,
          })
          .refine(
            (value) => !production || !LOOPBACK.test(new URL(value).hostname),
            'must be an address that visitors reach, not localhost.',
          ),
        production,
      ),
      {
        description:
          'Address of the portal, for links in mails, tracking links and redirects. In production it begins with `https://`.',
        otherwise: '`http://localhost:` with the port of the server',
        example: 'https://portal.example.com',
        neededInProduction: 'links in mails and tracking links begin with it.',
      },
    ),
  }),
  rules: [
    {
      sentence: 'In production, `SMTP_URL` needs `MAIL_FROM`.',
      *faults({ SMTP_URL, MAIL_FROM }, { production }) {
        if (production && SMTP_URL && !MAIL_FROM)
          yield 'MAIL_FROM is missing: mails need it, and SMTP_URL is set.';
      },
    },
  ],
  value: (set) => ({
    smtpUrl: set.SMTP_URL ?? null,
    mailFrom: set.MAIL_FROM,
    portalUrl: set.PORTAL_URL ?? null,
  }),
});
