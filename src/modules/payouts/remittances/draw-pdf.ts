import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { parentPort } from 'node:worker_threads';
import pdfmake from 'pdfmake';
import type { Content } from 'pdfmake/interfaces.js';
import type { Sheet } from './remittance-pdf.ts';

// Runs in its own thread, because the layout of a page blocks the thread. The thread starts from this source file, so nothing here
// and in its imports may need a compiler, such as decorators.

// The fonts of pdfmake, embedded in each file. No other file is read and nothing is downloaded.
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

function contentOf({ brand, color, facts, rows, total }: Sheet): Content {
  const amount = (text: string) => ({ text, alignment: 'right' as const, noWrap: true });
  return [
    { text: brand, fontSize: 18, bold: true, color },
    { text: 'Remittance statement', fontSize: 13, margin: [0, 2, 0, 10] },
    {
      table: { body: facts.map(([name, value]) => [name, value]) },
      layout: 'noBorders',
      margin: [0, 0, 0, 12],
    },
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
          ...rows.map(([date, line, money]) => [{ text: date, noWrap: true }, line, amount(money)]),
          ['', { text: total[0], bold: true }, amount(total[1])],
        ],
      },
    },
  ];
}

const drawn = (sheet: Sheet): Promise<Buffer> =>
  pdfmake
    .createPdf({
      content: contentOf(sheet),
      info: { title: `Remittance ${sheet.payoutId}`, author: sheet.brand },
      defaultStyle: { font: 'Roboto', fontSize: 9 },
      pageMargins: [40, 40, 40, 50],
      footer: (page: number, pages: number) => ({
        text: `${sheet.payoutId}   ${page} / ${pages}`,
        alignment: 'center',
        fontSize: 7,
        margin: [0, 15, 0, 0],
      }),
    })
    .getBuffer();

parentPort?.on('message', ({ no, sheet }: { no: number; sheet: Sheet }) => {
  drawn(sheet).then(
    (pdf) => parentPort?.postMessage({ no, base64: pdf.toString('base64') }),
    (error: unknown) => parentPort?.postMessage({ no, fault: String(error) }),
  );
});
