import { text, url } from './fields.ts';
import { section, variable } from './section.ts';

export const mail = section({
  title: 'Mail',
  variables: ({ production }) => ({
    SMTP_URL: variable(url('smtp', 'smtps').optional(), {
      description: 'Mail server that sends invitations. In production, people cannot be invited without it.',
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
      url('https', 'http')
        .transform((value) => value.replace(/\/+$/, ''))
        .refine(
          (value) => URL.canParse(value) && !/[?#]/.test(value),
          'must be an address such as https://portal.example.com.',
        )
        .refine(
          (value) => !production || value.startsWith('https://'),
          'must begin with https://: links in mails let people in.',
        )
        .optional(),
      {
        description: 'Address of the portal, for links in mails. In production it begins with `https://`.',
        otherwise: '`http://localhost:` with the port of the server',
        example: 'https://portal.example.com',
      },
    ),
  }),
  rules: [
    {
      sentence: 'In production, `SMTP_URL` needs `MAIL_FROM` and `PORTAL_URL`.',
      *faults(given, { production }) {
        if (!production || !given['SMTP_URL']) return;
        for (const name of ['MAIL_FROM', 'PORTAL_URL'])
          if (!given[name]) yield `${name} is missing: mails need it, and SMTP_URL is set.`;
      },
    },
  ],
  value: (set) => ({
    smtpUrl: set.SMTP_URL ?? null,
    mailFrom: set.MAIL_FROM,
    portalUrl: set.PORTAL_URL ?? null,
  }),
});
