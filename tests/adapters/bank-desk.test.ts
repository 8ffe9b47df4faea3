import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import fc from 'fast-check';
import { XmlDocument, XsdValidator } from 'libxml2-wasm';
import { describe, expect, test } from 'vitest';
import { bankDesk } from '../../src/adapters/bank/bank-desk.ts';
import { nachaReturns } from '../../src/adapters/bank/nacha.ts';
import { statusXml } from '../../src/adapters/bank/status-xml.ts';
import { latinText } from '../../src/adapters/latin-text.ts';
import { bankingDay } from '../../src/domain/banking-days.ts';
import type { BankCredit, BankOrder, BankStatusLine } from '../../src/ports/bank-desk.ts';

const shared = join(import.meta.dirname, '../../../shared/integrations/data');
const xsd = join(shared, 'iso20022/pain.001.001.09.xsd');
const present = existsSync(xsd);
if (!present) console.warn('../shared is not here: files are not held against the ISO and moov data');

const debtor = {
  name: 'Exämple & Söhne GmbH',
  iban: 'DE89370400440532013000',
  bic: 'COBADEFFXXX',
  country: 'DE',
  town: null,
};
const ach = {
  immediateDestination: '231380104',
  immediateOrigin: '121042882',
  companyName: 'Partner Portal',
  companyId: '121042882',
  odfiRouting: '121042882',
  entryClass: 'CCD' as const,
};
const desk = bankDesk({ debtor, ach });
const key = (n: number) => n.toString(16).padStart(32, '0');
const credit = (n: number, minor: bigint, more: Partial<BankCredit> = {}): BankCredit => ({
  key: key(n),
  amount: { minor, currency: 'EUR' },
  holderName: 'Jürgen Müller',
  country: 'FR',
  accountType: null,
  details: { iban: 'FR1420041010050500013M02606' },
  serial: n,
  ...more,
});
const american = (n: number, minor: bigint, more: Partial<BankCredit> = {}) =>
  credit(n, minor, {
    ...{ amount: { minor, currency: 'USD' }, country: 'US' },
    details: { accountNumber: '12345678', routingNumber: '231380104' },
    ...more,
  });
const order = (credits: BankCredit[], more: Partial<BankOrder> = {}): BankOrder => ({
  id: key(0xf11e),
  format: 'PAIN',
  currency: 'EUR',
  madeAt: new Date('2026-03-10T09:08:07.123Z'),
  executeOn: '2026-03-11',
  ofDay: 0,
  credits,
  ...more,
});
const achOrder = (credits: BankCredit[], more: Partial<BankOrder> = {}) =>
  order(credits, { format: 'NACHA', currency: 'USD', ...more });
const tags = (text: string, name: string) =>
  Array.from(text.matchAll(new RegExp(`<${name}[^>]*>([^<]*)</${name}>`, 'g')), ([, value]) => value);

describe('a pain.001 file', () => {
  test('names each payment by its key, and counts and sums them exactly in the digits of the currency', () => {
    const text = desk.write(order([credit(1, 99_999_999_999n), credit(2, 1n), credit(3, 10n)]));
    expect(tags(text, 'NbOfTxs')).toEqual(['3', '3']);
    expect(tags(text, 'CtrlSum')).toEqual(['1000000000.10', '1000000000.10']);
    expect(tags(text, 'InstdAmt')).toEqual(['999999999.99', '0.01', '0.10']);
    expect(tags(text, 'EndToEndId')).toEqual([key(1), key(2), key(3)]);
    expect(tags(text, 'MsgId')).toEqual([key(0xf11e)]);
    expect(text).toContain('<Cd>SEPA</Cd>');
    expect(text).not.toContain('PstlAdr');
  });

  test('writes payments outside of SEPA into a separate batch with shared charges', () => {
    const outside = credit(2, 5n, { country: 'TR', details: { iban: 'TR330006100519786457841326' } });
    const text = desk.write(order([credit(1, 7n), outside]));
    expect(tags(text, 'PmtInfId')).toEqual([`${key(0xf11e)}-1`, `${key(0xf11e)}-2`]);
    expect(tags(text, 'ChrgBr')).toEqual(['SLEV', 'SHAR']);
    expect(tags(text, 'CtrlSum')).toEqual(['0.12', '0.07', '0.05']);
    expect([desk.namesOf('PAIN', credit(1, 7n)).batch, desk.namesOf('PAIN', outside).batch]).toEqual([1, 2]);
  });

  test('writes three, two and no decimals as ISO 4217 has them', () => {
    for (const [currency, minor, amount] of [
      ['KWD', 1852n, '1.852'],
      ['CHF', 5n, '0.05'],
      ['ISK', 1250n, '1250'],
    ] as const) {
      const one = credit(1, minor, { amount: { minor, currency } });
      expect(tags(desk.write(order([one], { currency })), 'InstdAmt')).toEqual([amount]);
    }
  });

  test('has an address only with town and country, where the bank asks for one', () => {
    const text = bankDesk({ debtor: { ...debtor, town: 'Köln' }, ach: null }).write(order([credit(1, 1n)]));
    expect(text).toContain('<PstlAdr><TwnNm>Koln</TwnNm><Ctry>DE</Ctry></PstlAdr>');
  });

  test('keeps names of any kind within the letters of the banks, and its own form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const written = latinText(name, 70);
        if (written === '') return;
        expect(written).toMatch(/^[A-Za-z0-9][A-Za-z0-9/\-?:().,'+ ]{0,69}$/);
        desk.write(order([credit(1, 1n, { holderName: name })])); // checks itself against the schema
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ['</Nm><Amt>1</Amt>', 'Nm Amt 1 /Amt'],
    ['=HYPERLINK("http://evil")', "HYPERLINK('http:/evil')"],
    ['+1-1', '1-1'],
    ['@SUM(A1)', 'at)SUM(A1)'],
    ['\t\r\nA\u0000B', 'A B'],
    ['Łukasz Žižek ß', 'Lukasz Zizek ss'],
    ['Ελλάς', 'Ellas'],
    ['Иван Щукин', 'Ivan Shtukin'],
    ['Smith & Sons', 'Smith + Sons'],
    ['Ђорђе Ћирић', 'Dorde Ciric'],
    ['ЖЕЉКО ШЋЕПАНОВИЋ', 'ZELJKO SCEPANOVIC'],
    ['Ѓорѓи Ќосев', 'Gjorgji Kjosev'],
    ['Олександр Щербак, Їжак', 'Oleksandr Shcherbak, Izhak'],
    ['Зеленський', 'Zelenskiy'],
    ['Святлана Ўладзіміраўна', 'Svyatlana Uladzimirauna'],
    ['Георги Щъркелов', 'Georgi Shtarkelov'],
    ['Юлия Ёлкина', 'Yuliya Elkina'],
    ['Γιώργος Παπαδόπουλος', 'Giorgos Papadopoylos'],
    ['Əli Həsənov', 'Eli Hesenov'],
    ['Әбдіғали Қасымов Ұлы', 'Abdighali Qasymov Uly'],
    ['გიორგი შენგელია', 'giorgi shengelia'],
    ['Արամ', 'Aram'],
    ['İstanbul Şğ', 'Istanbul Sg'],
    ['Nguyễn Văn Đức', 'Nguyen Van Duc'],
    ['Creme\u0301', 'Creme'],
    ['O’Brien “x” – y', "O'Brien 'x' - y"],
    ['山田太郎', ''],
    ['Müller 株式会社', ''],
    ['محمد علي', ''],
    ['דוד כהן', ''],
    ['김철수', ''],
    ['नैन्सी', ''],
    ['สมชาย', ''],
    ['Anna 😀', ''],
  ])('writes the name %j as %j', (name, written) => {
    expect(latinText(name, 70)).toBe(written);
  });

  test('refuses a name with a character that banks do not accept, in every format, and names it', () => {
    for (const [format, one] of [
      ['PAIN', credit(1, 1n, { holderName: 'Müller 株式会社' })],
      ['NACHA', american(1, 1n, { holderName: 'Müller 株式会社' })],
    ] as const) {
      expect(desk.objectionTo(format, one)).toMatchObject({
        code: 'holder_name_not_latin',
        reason: expect.stringContaining('"株"'),
      });
      expect(desk.objectionTo(format, { ...one, holderName: 'Ђорђе Ћирић' })).toBeNull();
    }
    expect(desk.write(achOrder([american(1, 1n, { holderName: 'Ђорђе Ћирић' })]))).toContain('DORDE CIRIC');
  });

  test.each([
    ['an amount of nothing', [credit(1, 0n)]],
    ['a key that is none', [credit(1, 1n, { key: 'x' })]],
    ['an IBAN of the wrong form', [credit(1, 1n, { details: { iban: 'NONE' } })]],
    ['a name without a letter', [credit(1, 1n, { holderName: '山' })]],
  ])('is never written with %s', (_, credits) => {
    expect(() => desk.write(order(credits))).toThrow();
  });

  test.skipIf(!present)("is valid by ISO's own schema, in every form that we write", () => {
    const validator = XsdValidator.fromDoc(XmlDocument.fromString(readFileSync(xsd, 'utf8')));
    const credits = [
      credit(1, 1n),
      credit(2, 99_999_999_999n, {
        holderName: 'x'.repeat(140),
        details: { iban: 'FR1420041010050500013M02606', bic: 'BNPAFRPP' },
      }),
      credit(3, 5n, { country: 'GB', details: { accountNumber: '31926819', sortCode: '601613' } }),
      credit(4, 5n, { country: 'JP', details: { accountNumber: '1234567', bic: 'BOTKJPJT' } }),
    ];
    for (const town of [null, 'Köln'])
      validator.validate(
        XmlDocument.fromString(bankDesk({ debtor: { ...debtor, town }, ach: null }).write(order(credits))),
      );
  });
});

describe('a NACHA file', () => {
  const lines = (text: string) => text.trimEnd().split('\r\n');

  test('has lines of 94 characters in blocks of ten, and sums that agree', () => {
    const text = desk.write(achOrder([american(1, 10_000n), american(2, 1n, { holderName: 'Zoë O’Neil' })]));
    const [header = '', batch = '', first = '', second = '', control = '', file = '', ...filler] =
      lines(text);
    expect(lines(text).every((line) => line.length === 94)).toBe(true);
    expect(header).toBe(
      `101 231380104 1210428822603100908A094101${' '.repeat(23)}PARTNER PORTAL         ${' '.repeat(8)}`,
    );
    expect(batch).toBe(
      `5220PARTNER PORTAL  ${' '.repeat(20)}121042882 CCDPAYOUT          260311   1121042880000001`,
    );
    expect(first).toBe(
      `62223138010412345678         0000010000${key(1).slice(-15)}JURGEN MULLER           0121042880000001`,
    );
    expect(second.slice(54, 76)).toBe("ZOE O'NEIL            ");
    expect(control.slice(0, 54)).toBe('82200000020046276020000000000000000000010001121042882 ');
    expect(file.slice(0, 55)).toBe('9000001000001000000020046276020000000000000000000010001');
    expect(filler).toEqual(Array(4).fill('9'.repeat(94)));
  });

  test('adds up for any amounts, its hash modulo ten digits and its traces ascending', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 9_999_999 }), { minLength: 1, maxLength: 40 }),
        fc.bigInt({ min: 1n, max: 9_999_999_999n }),
        (serials, minor) => {
          const credits = serials.map((n) =>
            american(n, minor, { details: { accountNumber: '1234', routingNumber: '999999992' } }),
          );
          const text = desk.write(achOrder(credits)); // checks itself
          const traces = lines(text)
            .filter((line) => line[0] === '6')
            .map((line) => line.slice(79));
          expect(traces).toEqual([...traces].sort((a, b) => (a < b ? -1 : 1)));
          expect(traces.every((trace) => trace.startsWith('12104288'))).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });

  test.each([
    ['CHECKING', '622'],
    ['SAVINGS', '632'],
  ] as const)('credits a %s account with %s', (accountType, code) => {
    const text = desk.write(achOrder([american(1, 10_000n, { accountType })]));
    expect(lines(text).find((line) => line[0] === '6')).toMatch(new RegExp(`^${code}`));
  });

  test.each([
    ['C05', '32'.padEnd(29), 'SAVINGS'],
    ['C05', '22'.padEnd(29), 'CHECKING'],
    ['C06', `${'987654321'.padEnd(17)}   37`.padEnd(29), 'SAVINGS'],
    ['C07', `231380104${'987654321'.padEnd(17)}27`.padEnd(29), 'CHECKING'],
    ['C01', '987654321'.padEnd(29), undefined],
  ])('notified of change by %s %s asks for the type %s', (code, corrected, accountType) => {
    const [entry = ''] = lines(desk.write(achOrder([american(1, 10_000n)]))).filter(
      (line) => line[0] === '6',
    );
    const addenda = `798${code}${entry.slice(79)}      23138010${corrected}`;
    const text = ['101 ', entry, addenda].map((line) => line.padEnd(94)).join('\n');
    expect(nachaReturns(text)).toMatchObject([{ status: 'NOTED', code }]);
    expect(nachaReturns(text)[0]?.accountType).toBe(accountType);
  });

  test.each([
    ['a digit of an amount', (text: string) => text.replace('0000010000', '0000010001')],
    ['a line that was cut', (text: string) => text.replace(/9\r\n$/, '\r\n')],
    ['the company of the batch', (text: string) => text.replace('121042882 CCD', '121042883 CCD')],
    [
      'a trace of another bank',
      (text: string) => text.replace('0121042880000001\r\n8', '0021000020000001\r\n8'),
    ],
  ])('that was changed in %s is not let go', (_, change) => {
    const text = desk.write(achOrder([american(1, 10_000n)]));
    expect(() => desk.check('NACHA', text)).not.toThrow();
    expect(change(text)).not.toBe(text);
    expect(() => desk.check('NACHA', change(text))).toThrow();
  });

  test.skipIf(!present)(
    "of moov's is read: returns by their code and trace, and what asks for a correction",
    async () => {
      const fixture = (name: string) => readFileSync(join(shared, 'nacha', name), 'utf8');
      expect(await desk.read(fixture('return-WEB.ach'), 'content')).toEqual({
        kind: 'NACHA_RETURN',
        lines: [
          {
            reference: { by: 'TRACE', trace: '091400600000001', identification: 'MjMxNDAwMjAtOGQ' },
            ...{ status: 'RETURNED', code: 'R01', amount: { minor: 12_354n, currency: 'USD' } },
          },
          {
            reference: { by: 'TRACE', trace: '091400600000003', identification: 'NmRjZTJmMzItMGN' },
            ...{ status: 'RETURNED', code: 'R03', amount: { minor: 4_565n, currency: 'USD' } },
          },
        ],
      });
      expect((await desk.read(fixture('cor-example.ach'), 'content')).lines).toMatchObject([
        { reference: { trace: '121042880000001' }, status: 'NOTED', code: 'C01', amount: null },
      ]);
      for (const name of ['ppd-debit.ach', 'ppd-mixedDebitCredit.ach', 'two-micro-deposits.ach'])
        expect((await desk.read(fixture(name), 'content')).lines).toEqual([]);
    },
  );
});

describe('a day on which banks pay', () => {
  test.each([
    ['2026-04-03', 'TARGET', 0, '2026-04-07'], // Good Friday to Easter Monday
    ['2026-05-01', 'TARGET', 0, '2026-05-04'],
    ['2026-12-25', 'TARGET', 0, '2026-12-28'],
    ['2026-03-10', 'TARGET', 2, '2026-03-12'],
    ['2026-07-04', 'FEDERAL_RESERVE', 0, '2026-07-06'], // a Saturday: Friday is no holiday
    ['2026-07-03', 'FEDERAL_RESERVE', 0, '2026-07-03'],
    ['2027-07-04', 'FEDERAL_RESERVE', 0, '2027-07-06'], // a Sunday: Monday is
    ['2026-11-26', 'FEDERAL_RESERVE', 0, '2026-11-27'],
    ['2026-01-19', 'FEDERAL_RESERVE', 0, '2026-01-20'],
    ['2026-05-25', 'FEDERAL_RESERVE', 0, '2026-05-26'],
    ['2026-10-12', 'FEDERAL_RESERVE', 0, '2026-10-13'],
  ] as const)('from %s by %s, %i later, is %s', (from, calendar, after, day) => {
    expect(bankingDay(from, calendar, after)).toBe(day);
  });
});

describe('what a bank says', () => {
  const pain002 = (version: string, inner: string) =>
    `<?xml version="1.0" encoding="ISO-8859-1"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.${version}"><CstmrPmtStsRpt>
     <OrgnlGrpInfAndSts><OrgnlMsgId>${key(9)}</OrgnlMsgId>${inner}</CstmrPmtStsRpt></Document>`;

  test.each(['03', '10', '14'])('is read of pain.002.001.%s', async (version) => {
    const text = pain002(
      version,
      `<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>${key(9)}-1</OrgnlPmtInfId>
       <TxInfAndSts><OrgnlEndToEndId>${key(1).toUpperCase()}</OrgnlEndToEndId><TxSts>RJCT</TxSts>
         <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>
         <OrgnlTxRef><Amt><InstdAmt Ccy="EUR">10.5</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>
       <TxInfAndSts><OrgnlEndToEndId>x</OrgnlEndToEndId><TxSts>ZZZZ</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>`,
    );
    expect(await desk.read(text, 'content')).toEqual({
      kind: 'PAIN_STATUS',
      lines: [
        {
          reference: { by: 'KEY', key: key(1) },
          ...{ status: 'REJECTED', code: 'AC04', amount: { minor: 1_050n, currency: 'EUR' } },
        },
        { reference: { by: 'KEY', key: 'x' }, status: 'NOTED', code: 'ZZZZ', amount: null },
      ],
    });
  });

  test('of a whole file counts for the whole file', async () => {
    const text = pain002(
      '10',
      '<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>',
    );
    expect((await desk.read(text, 'content')).lines).toEqual([
      {
        reference: { by: 'FILE', fileId: key(9), batch: null },
        status: 'REJECTED',
        code: 'FF01',
        amount: null,
      },
    ]);
  });

  const STATUSES = ['', 'PART', 'ACSC', 'ACCP', 'ACSP', 'PDNG', 'RCVD', 'RJCT'] as const;
  const meaning = (status: string) =>
    status === '' || status === 'PART' ? null : ({ ACSC: 'PAID', RJCT: 'REJECTED' }[status] ?? 'ACCEPTED');
  /** The payments that a line reports on, of a file with two payments in each of its two batches. */
  const covered = ({ reference }: BankStatusLine) =>
    [1, 2, 3, 4].filter((n) => {
      if (reference.by === 'KEY') return reference.key === key(n);
      const batch = n <= 2 ? 1 : 2;
      return (
        reference.by === 'FILE' &&
        (reference.batch ?? batch) === batch &&
        !reference.except?.keys.includes(key(n)) &&
        !reference.except?.batches.includes(batch)
      );
    });

  test('gives each payment the most specific status, for every combination of file, batch and payment', () => {
    const combinations = STATUSES.flatMap((group) =>
      STATUSES.flatMap((batch) => STATUSES.map((one) => [group, batch, one] as const)),
    );
    for (const [group, batch, one] of combinations) {
      const tag = (name: string, status: string) => status && `<${name}>${status}</${name}>`;
      const text = pain002(
        '10',
        `${tag('GrpSts', group)}</OrgnlGrpInfAndSts>
         <OrgnlPmtInfAndSts><OrgnlPmtInfId>${key(9)}-1</OrgnlPmtInfId>${tag('PmtInfSts', batch)}
         <TxInfAndSts><OrgnlEndToEndId>${key(1)}</OrgnlEndToEndId>${tag('TxSts', one)}</TxInfAndSts></OrgnlPmtInfAndSts>`,
      );
      const reported = statusXml(text).lines.flatMap((line) =>
        covered(line).map((n) => [n, line.status === 'NOTED' ? null : line.status] as const),
      );
      const given = Object.fromEntries(
        Array.from(
          Map.groupBy(reported, ([n]) => n),
          ([n, some]) => [n, some.map(([, status]) => status)],
        ),
      );
      const ofGroup = meaning(group);
      const above = batch === '' ? ofGroup : meaning(batch); // PART covers no payment
      const expected = {
        1: [one === 'PART' ? null : (meaning(one) ?? above)],
        ...(above && { 2: [above] }),
        ...(ofGroup && { 3: [ofGroup], 4: [ofGroup] }),
      };
      expect([group, batch, one, given]).toEqual([group, batch, one, expected]);
    }
    expect(combinations).toHaveLength(512);
  });

  test('has the code of the first reason that has one', () => {
    const text = pain002(
      '10',
      `<GrpSts>RJCT</GrpSts><StsRsnInf><AddtlInf>rejected</AddtlInf></StsRsnInf>
       <StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>`,
    );
    expect(statusXml(text).lines).toMatchObject([{ status: 'REJECTED', code: 'FF01' }]);
  });

  test('does not give the status of a foreign batch to our file', () => {
    const text = pain002(
      '10',
      '</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>X</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts>',
    );
    expect(statusXml(text).lines).toMatchObject([{ reference: { by: 'KEY', key: 'x' }, status: 'REJECTED' }]);
  });

  const camt = (entry: string) =>
    `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Ntry><Amt Ccy="EUR">1.00</Amt>${entry}</Ntry></Stmt></BkToCstmrStmt></Document>`;
  const domain = (family: string, sub: string) =>
    `<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>${family}</Cd><SubFmlyCd>${sub}</SubFmlyCd></Fmly></Domn></BkTxCd>`;
  const proprietary = (code: string) => `<BkTxCd><Prtry><Cd>${code}</Cd></Prtry></BkTxCd>`;
  const parts = (inner: string, refs = `<Refs><EndToEndId>${key(1)}</EndToEndId></Refs>`) =>
    `<NtryDtls><TxDtls>${refs}${inner}</TxDtls></NtryDtls>`;
  const credit1 = '<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>';
  const debit1 = '<CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>';
  test.each([
    [
      'a return by its reason',
      credit1 + parts('<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>'),
      'RETURNED',
      'AC04',
    ],
    ['a return by the code of its details', credit1 + parts(domain('ICDT', 'RRTN')), 'RETURNED', null],
    ['a return by the code of the entry', credit1 + domain('RCDT', 'RRTN') + parts(''), 'RETURNED', null],
    ['a canceled payment', credit1 + domain('ICDT', 'RPCR') + parts(''), 'RETURNED', null],
    ['a return of the ACH network', credit1 + domain('ICDT', 'ARET') + parts(''), 'RETURNED', null],
    [
      'a return by a code of German banks',
      credit1 + proprietary('NRTI+159+00931') + parts(''),
      'RETURNED',
      null,
    ],
    ['a reversed entry', `${credit1}<RvslInd>true</RvslInd>${parts('')}`, 'RETURNED', null],
    ['a credit of another kind', credit1 + domain('RCDT', 'ESCT') + parts(''), 'UNCLEAR', 'ESCT'],
    ['a credit without a code', credit1 + parts(''), 'UNCLEAR', null],
    ['a credit with an unknown code', credit1 + proprietary('XYZ') + parts(''), 'UNCLEAR', 'XYZ'],
    ['a reversed return', `${debit1}<RvslInd>true</RvslInd>${parts('')}`, 'UNCLEAR', null],
    ['a debit with a reason of a return', debit1 + parts('<RtrInf/>'), 'UNCLEAR', null],
    [
      'a credit that names the payment in its text',
      credit1 +
        domain('ICDT', 'RRTN') +
        parts(
          `<RmtInf><Ustrd>RETURN Partner payout ${key(1)}</Ustrd></RmtInf>`,
          '<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>',
        ),
      'RETURNED',
      null,
    ],
    ['a debit', debit1 + parts(''), 'PAID', null],
  ])('reads %s of a statement', (_, entry, status, code) => {
    expect(statusXml(camt(entry)).lines).toEqual([
      { reference: { by: 'KEY', key: key(1) }, status, code, amount: { minor: 100n, currency: 'EUR' } },
    ]);
  });

  const ours = 'f00dfeedcafe40008000abcdefabcdef';
  const none = '<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>';
  const remittance = (...texts: string[]) =>
    `<RmtInf>${texts.map((text) => `<Ustrd>${text}</Ustrd>`).join('\n')}</RmtInf>`;
  test.each([
    ['the text of the entry', `${credit1}<AddtlNtryInf>BACK:${ours}EREF</AddtlNtryInf>`, null],
    [
      'the text of an entry with details',
      `${credit1}${parts('', none)}<AddtlNtryInf>${ours}</AddtlNtryInf>`,
      null,
    ],
    [
      'the text of an entry with two details',
      `${credit1}<NtryDtls><TxDtls/><TxDtls/></NtryDtls><AddtlNtryInf>${ours}</AddtlNtryInf>`,
      null,
    ],
    ['the reference of the entry', `<NtryRef>${ours}</NtryRef>${credit1}`, null],
    [
      'a creditor reference',
      credit1 + parts(`<RmtInf><Strd><CdtrRefInf><Ref>${ours}</Ref></CdtrRefInf></Strd></RmtInf>`, none),
      null,
    ],
    ['a text in two pieces', credit1 + parts(remittance(ours.slice(0, 20), ours.slice(20)), none), null],
    ['a text without spaces', credit1 + parts(remittance(`EREF+${ours}KREF+X SVWZ+back`), none), null],
    [
      'a text with hexadecimal letters around',
      credit1 + parts(remittance(`ABC${ours.toUpperCase()}EREF`), none),
      null,
    ],
    [
      'a transaction id',
      credit1 + parts('', `<Refs><EndToEndId>NOTPROVIDED</EndToEndId><TxId>${ours}</TxId></Refs>`),
      null,
    ],
    [
      'a text beside another id',
      credit1 + parts(remittance(ours), '<Refs><EndToEndId>X</EndToEndId></Refs>'),
      'x',
    ],
  ])('finds our key of a credit in %s', (_, entry, main) => {
    expect(statusXml(camt(entry)).lines).toEqual([
      {
        reference: { by: 'KEY', key: main, mentions: expect.arrayContaining([ours]) },
        ...{ status: 'UNCLEAR', code: null, amount: { minor: 100n, currency: 'EUR' } },
      },
    ]);
  });

  test('reads a statement with a booking in gold, which is never the execution or the return of a payment', () => {
    const gold = (entry: string) => statusXml(camt(entry).replace('Ccy="EUR"', 'Ccy="XAU"')).lines;
    expect(gold(debit1)).toEqual([]);
    const unclear = [{ reference: { by: 'KEY', key: key(1) }, status: 'UNCLEAR', code: null, amount: null }];
    expect(gold(debit1 + parts(''))).toEqual(unclear);
    expect(gold(credit1 + parts('<RtrInf/>'))).toEqual(unclear);
  });

  test('keeps the file of a debit whose text has a key, and takes a bounded number of keys from a long text', () => {
    const batch = `<NtryDtls><Btch><MsgId>${key(9)}</MsgId></Btch></NtryDtls><AddtlNtryInf>${ours}</AddtlNtryInf>`;
    expect(statusXml(camt(debit1 + batch)).lines).toMatchObject([
      { reference: { by: 'FILE', fileId: key(9) }, status: 'PAID' },
    ]);
    const long = Array.from({ length: 5_000 }, (_, n) => n.toString(16)).join('');
    const [line] = statusXml(camt(`${credit1}<AddtlNtryInf>${long}</AddtlNtryInf>`)).lines;
    expect(line?.reference).toMatchObject({ mentions: { length: 200 } });
    expect(statusXml(camt(`${credit1}<AddtlNtryInf>Invoice 4711</AddtlNtryInf>`)).lines).toEqual([]);
  });

  test.each([
    ['of the root', '<Document xmlns="urn:evil"><CstmrPmtStsRpt/></Document>', '"urn:evil"'],
    [
      'of an element',
      pain002('10', '<x:GrpSts xmlns:x="urn:other">RJCT</x:GrpSts></OrgnlGrpInfAndSts>'),
      '"urn:other"',
    ],
    [
      'of another message',
      '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrPmtStsRpt/></Document>',
      'pain.001.001.09"',
    ],
  ])('in a namespace %s that is not known is refused by its name', async (_, text, name) => {
    await expect(desk.read(text, 'content')).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', message: expect.stringContaining(name) }),
    );
  });

  test('of eight megabytes is read while other work goes on', async () => {
    const one = (n: number) =>
      `<TxInfAndSts><OrgnlEndToEndId>${key(n)}</OrgnlEndToEndId><TxSts>ACSC</TxSts><OrgnlTxRef><Amt><InstdAmt Ccy="EUR">1.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>`;
    const text = pain002(
      '10',
      `<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>${Array.from({ length: 42_000 }, (_, n) => one(n)).join('')}</OrgnlPmtInfAndSts>`,
    );
    expect(text.length).toBeGreaterThan(7_500_000);
    const blocked = performance.now();
    statusXml(text);
    const inThisThread = performance.now() - blocked;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const { lines } = await desk.read(text, 'content');
    delay.disable();
    expect(lines).toHaveLength(42_000);
    console.info(
      `a bank status of 8 MB: ${inThisThread.toFixed(0)} ms in one piece, at most ${(delay.max / 1e6).toFixed(0)} ms beside a thread`,
    );
    expect(delay.max / 1e6).toBeLessThan(inThisThread / 2);
  });

  test.each([
    ['an entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>'],
    ['entities upon entities', '<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'],
    ['no end', '<Document><CstmrPmtStsRpt>'],
    ['another message', '<Document><Other/></Document>'],
    ['nothing', ''],
    ['prose', 'paid'],
    ['lines that are no records', '101\nhello'],
    ['more than 8 MB', `<Document>${' '.repeat(8_000_001)}</Document>`],
    [
      'an amount that is none',
      pain002(
        '10',
        `</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>a</OrgnlEndToEndId><TxSts>ACSC</TxSts><OrgnlTxRef><Amt><InstdAmt Ccy="EUR">1e3</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts></OrgnlPmtInfAndSts>`,
      ),
    ],
    [
      'a currency that is none',
      pain002(
        '10',
        `</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>a</OrgnlEndToEndId><TxSts>ACSC</TxSts><OrgnlTxRef><Amt><InstdAmt Ccy="XXX">1</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts></OrgnlPmtInfAndSts>`,
      ),
    ],
  ])('with %s is refused by the field', async (_, text) => {
    await expect(desk.read(text, 'content')).rejects.toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT', details: { field: 'content' } }),
    );
  });
});
