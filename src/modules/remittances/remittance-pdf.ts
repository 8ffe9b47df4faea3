import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import pdfmake from 'pdfmake';
import type { Content, TableCell } from 'pdfmake/interfaces.js';
import type { Context } from '../../kernel/context.ts';
import { amountText } from '../../kernel/currency.ts';
import { linesPaidBy } from '../commissions/payout-lines.service.ts';
import type { RemittanceHead } from './remittance.loader.ts';
import { totalOf } from './remittance-csv.ts';

const MAX_LINES = 500; // setting more of them would keep the process from its other callers

// The fonts that come with pdfmake, embedded in each file; nothing else is read and nothing is fetched.
const FONTS = join(
  dirname(createRequire(import.meta.url).resolve('pdfmake/package.json')),
  'fonts',
  'Roboto',
);
pdfmake.addFonts({
  Roboto: {
    normal: join(FONTS, 'Roboto-Regular.ttf'),
    bold: join(FONTS, 'Roboto-Medium.ttf'),
    italics: join(FONTS, 'Roboto-Italic.ttf'),
    bolditalics: join(FONTS, 'Roboto-MediumItalic.ttf'),
  },
});
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy((path: string) => path.startsWith(FONTS + sep));

/** A remittance statement to print or keep. Of a payout of more than 500 lines the others are one sum: the CSV has them. */
export async function remittancePdf(ctx: Context, head: RemittanceHead): Promise<Buffer> {
  const lines = await linesPaidBy(ctx, head.payoutId, MAX_LINES);
  const { currency, minor } = head.amount;
  const text = (amount: bigint) => `${amountText({ minor: amount, currency })} ${currency}`;
  const right = (amount: bigint): TableCell => ({ text: text(amount), alignment: 'right', noWrap: true });
  const left = head.lineCount - lines.length;
  const shown = lines.reduce((sum, line) => sum + line.amount.minor, 0n);
  const rest: TableCell[][] =
    left > 0 ? [['', `${left} further lines, which the CSV has one by one`, right(minor - shown)]] : [];
  const facts = [
    ['Partner', head.companyName],
    ['Payout', head.payoutId],
    ['Period', `${head.periodStart} to ${head.periodEnd}`],
    ['Paid by', `${head.method}${head.lastFour === null ? '' : `, account ending in ${head.lastFour}`}`],
    ['Status', head.paidAt ? `${head.status} at ${head.paidAt.toISOString()}` : head.status],
    ...(head.reference === null ? [] : [['Reference', head.reference]]),
  ];
  const content: Content = [
    { text: head.brand, fontSize: 18, bold: true, color: head.color },
    { text: 'Remittance statement', fontSize: 13, margin: [0, 2, 0, 10] },
    { table: { body: facts }, layout: 'noBorders', margin: [0, 0, 0, 12] },
    {
      layout: 'lightHorizontalLines',
      table: {
        headerRows: 1,
        widths: ['auto', '*', 'auto'],
        body: [
          [
            { text: 'Date', bold: true },
            { text: 'Line', bold: true },
            { text: 'Amount', bold: true, alignment: 'right' },
          ],
          ...lines.map((line): TableCell[] => [
            { text: line.occurredAt.toISOString().slice(0, 10), noWrap: true },
            {
              text: [
                line.orderId === null ? line.type : `${line.type}, order ${line.orderId}`,
                `: ${line.sentence}`,
              ],
            },
            right(line.amount.minor),
          ]),
          ...rest,
          ['', { text: `${totalOf(head)}`, bold: true }, right(minor)],
        ],
      },
    },
  ];
  return pdfmake
    .createPdf({
      content,
      info: { title: `Remittance ${head.payoutId}`, author: head.brand },
      defaultStyle: { font: 'Roboto', fontSize: 9 },
      pageMargins: [40, 40, 40, 50],
      footer: (page: number, pages: number) => ({
        text: `${head.payoutId}   ${page} / ${pages}`,
        alignment: 'center',
        fontSize: 7,
        margin: [0, 15, 0, 0],
      }),
    })
    .getBuffer();
}
