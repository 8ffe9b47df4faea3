import { join, sep } from 'node:path';
import { parentPort } from 'node:worker_threads';
import pdfmake from 'pdfmake';
import type { Content } from 'pdfmake/interfaces.js';
import { type FontName, fileOf, MAIN_FOLDER, runsOf } from './fonts.ts';
import type { Sheet } from './remittance-pdf.ts';

// Runs in its own thread, because the layout of a page blocks the thread. The thread starts from this source file, so nothing here
// and in its imports may need a compiler, such as decorators.

pdfmake.addFonts({
  Roboto: {
    normal: join(MAIN_FOLDER, 'Roboto-Regular.ttf'),
    bold: join(MAIN_FOLDER, 'Roboto-Medium.ttf'),
    italics: join(MAIN_FOLDER, 'Roboto-Italic.ttf'),
    bolditalics: join(MAIN_FOLDER, 'Roboto-MediumItalic.ttf'),
  },
});
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy((path: string) => path.startsWith(MAIN_FOLDER + sep));

declare module 'pdfmake' {
  /** Files in memory, by name. */
  export const virtualfs: { writeFileSync(name: string, content: Buffer): void };
}

const added = new Set<FontName>(['Roboto']);

/** A text in the fonts that have its characters. */
function inFonts(text: string): { text: string; font: FontName }[] {
  const runs = runsOf(text);
  for (const { font } of runs)
    if (font !== 'Roboto' && !added.has(font)) {
      const file = `${font}.ttf`;
      pdfmake.virtualfs.writeFileSync(file, fileOf(font));
      pdfmake.addFonts({ [font]: { normal: file, bold: file, italics: file, bolditalics: file } });
      added.add(font);
    }
  return runs;
}

function contentOf({ brand, color, facts, rows, total }: Sheet): Content {
  const amount = (text: string) => ({ text: inFonts(text), alignment: 'right' as const, noWrap: true });
  return [
    { text: inFonts(brand), fontSize: 18, bold: true, color },
    { text: 'Remittance statement', fontSize: 13, margin: [0, 2, 0, 10] },
    {
      table: { body: facts.map(([name, value]) => [name, { text: inFonts(value) }]) },
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
          ...rows.map(([date, line, money]) => [
            { text: date, noWrap: true },
            { text: inFonts(line) },
            amount(money),
          ]),
          ['', { text: inFonts(total[0]), bold: true }, amount(total[1])],
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
