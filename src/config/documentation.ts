import { SECTIONS } from './sections.ts';
import { type Default, type Variable, variables } from './variables.ts';

const WIDTH = 100;

const GENERATED = 'made by `npm run config:docs` from `src/config`';

/** The text of docs/configuration.md. */
export function configurationPage(): string {
  return `<!-- This page is ${GENERATED}. Do not edit it. -->

# Configuration

The product reads its configuration from environment variables and from a file \`.env\` in its folder, once, at start-up.
A variable of the environment wins over the file. An empty variable counts as not set. If any variable is wrong, the
product prints every fault, one a line, and does not start.

In development every variable is optional. In production (\`NODE_ENV=production\`) the variables marked *needed in
production* must be set.

A variable marked *secret* can also come from a file: set its name with \`_FILE\` to the path of the file, for example
\`JWT_SECRET_FILE=/run/secrets/jwt_secret\`. Line breaks at the end of the file are ignored, and an empty file counts as
not set. Setting both the variable and its file is an error.

\`.env.example\` lists the same variables, ready to copy.
${SECTIONS.map(
  ({ title, about, rules }) => `
## ${title}
${[about, ...(rules ?? []).map(({ sentence }) => sentence)].map((text) => (text ? `\n${text}\n` : '')).join('')}
| Variable | Description | Default |
|---|---|---|
${variables
  .filter(({ section }) => section === title)
  .map(tableRow)
  .join('\n')}
`,
).join('')}`;
}

function tableRow(variable: Variable): string {
  const { name, description, example } = variable;
  const marks = [
    ...(variable.secret ? ['secret'] : []),
    ...(variable.neededInProduction ? ['needed in production'] : []),
  ];
  const first = [`\`${name}\``, ...marks.map((mark) => `*${mark}*`)].join('<br>');
  const second = example === null ? description : `${description} Example: \`${example}\``;
  return `| ${first} | ${second.replaceAll('|', '\\|')} | ${defaultWords(variable)} |`;
}

function defaultWords({ neededInProduction, development, production }: Variable): string {
  const [tried, live] = [wordsOf(development), wordsOf(production)];
  if (neededInProduction) return `${tried} (development)`;
  return tried === live ? tried : `${tried}; in production ${live}`;
}

const wordsOf = (value: Default): string => ('text' in value ? `\`${value.text}\`` : value.words);

/** The text of .env.example: every variable, commented out, with its default or an example. */
export function envExample(): string {
  return `# This file is ${GENERATED.replaceAll('`', '')}. Copy it to .env and change the copy.
# Every variable is optional in development. docs/configuration.md has all that is said here, and how a secret can
# come from a file.
${SECTIONS.map(
  ({ title, about, rules }) => `
# ${title} ${'-'.repeat(WIDTH - title.length - 3)}
${[about, ...(rules ?? []).map(({ sentence }) => sentence)].map((text) => (text ? comment(text) : '')).join('')}${variables
  .filter(({ section }) => section === title)
  .map(exampleOf)
  .join('')}`,
).join('')}`;
}

function exampleOf(variable: Variable): string {
  const { name, description, development, example } = variable;
  const without = 'text' in development ? '' : `Default: ${defaultWords(variable)}.`;
  const value = 'text' in development ? development.text : (example ?? '');
  const needed = variable.neededInProduction ? 'Needed in production.' : '';
  return `\n${comment([description, needed, without].filter(Boolean).join(' '))}# ${name}=${value}\n`;
}

/** Comment lines of a text of Markdown, wrapped. */
function comment(text: string): string {
  const lines: string[] = [''];
  for (const word of text.replaceAll('`', '').split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length < WIDTH) lines[lines.length - 1] = line;
    else lines.push(` ${word}`);
  }
  return lines.map((line) => `#${line}\n`).join('');
}
