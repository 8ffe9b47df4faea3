import {
  astFromValue,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  print,
} from 'graphql';
import { renderDescription } from './markdown.ts';
import { escapeHtml, type Heading, hrefOf, type Page, type SearchEntry } from './page.ts';

const ROOTS = [
  { type: 'Query', path: 'schema/queries.html', title: 'Queries', kind: 'query' },
  { type: 'Mutation', path: 'schema/mutations.html', title: 'Mutations', kind: 'mutation' },
  { type: 'Subscription', path: 'schema/subscriptions.html', title: 'Subscriptions', kind: 'subscription' },
] as const;

const KINDS = [
  { title: 'Objects', path: 'schema/objects.html', kind: 'object', is: isObjectType },
  { title: 'Interfaces', path: 'schema/interfaces.html', kind: 'interface', is: isInterfaceType },
  { title: 'Inputs', path: 'schema/inputs.html', kind: 'input', is: isInputObjectType },
  { title: 'Enums', path: 'schema/enums.html', kind: 'enum', is: isEnumType },
  { title: 'Scalars', path: 'schema/scalars.html', kind: 'scalar', is: isScalarType },
] as const;

const rootOf = (name: string) => ROOTS.find(({ type }) => type === name);
const pathOfType = (name: string): string => rootOf(name)?.path ?? `schema/${name}.html`;

/** True for connections and edges: their pages would repeat the page of the listed type. */
const isPaging = (name: string): boolean => /(Connection|Edge)$/.test(name);

/** Returns the path on the site of `Partner`, `Partner.email` or `createPartner`; null for any other text. */
export function schemaPath(schema: GraphQLSchema, text: string): string | null {
  const [name = '', member, more] = text.split('.');
  if (more !== undefined || name.startsWith('__')) return null;
  const type = Object.hasOwn(schema.getTypeMap(), name) ? schema.getType(name) : undefined;
  if (!type) return member === undefined && isTelling(name) ? pathOfOperation(schema, name) : null;
  if (member === undefined) return pathOfType(name);
  return membersOf(type).includes(member) ? `${pathOfType(name)}#${member}` : null;
}

/** True for a name such as `createPartner`. A single word such as `partner` is also the name of fields. */
const isTelling = (name: string): boolean => /[A-Z]/.test(name);

function pathOfOperation(schema: GraphQLSchema, name: string): string | null {
  const root = ROOTS.find(({ type }) => membersOf(schema.getType(type) as GraphQLNamedType).includes(name));
  return root ? `${root.path}#${name}` : null;
}

function membersOf(type: GraphQLNamedType): string[] {
  if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
    return Object.keys(type.getFields());
  return isEnumType(type) ? type.getValues().map(({ name }) => name) : [];
}

/** Returns a page for the operations of each kind, one for each type, and one that lists the types of each kind. */
export function schemaPages(schema: GraphQLSchema): Page[] {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  const render = renderer(schema);
  const pages: Page[] = [];
  for (const { type, path, title, kind } of ROOTS) {
    const root = schema.getType(type);
    if (isObjectType(root)) pages.push(operationsPage(root, { path, title, kind }, render));
  }
  const users = usersOf(types);
  for (const { title, path, kind, is } of KINDS) {
    const members = types.filter((type) => is(type) && !rootOf(type.name));
    for (const type of members) pages.push(typePage(type, kind, users.get(type.name) ?? [], render));
    const listed = members.filter(({ name }) => !isPaging(name));
    const items = listed.map(
      ({ name, description }) =>
        `<dt><a href="${hrefOf(pathOfType(name))}"><code>${name}</code></a></dt><dd>${render.text(description)}</dd>`,
    );
    const body = `<h1>${title}</h1>\n<dl class="types">${items.join('\n')}</dl>`;
    pages.push({ path, title, body, headings: [], entries: [] });
  }
  pages.push(overviewPage(types, render));
  return pages;
}

type Renderer = ReturnType<typeof renderer>;

function renderer(schema: GraphQLSchema) {
  const site = { schemaPath: (name: string) => schemaPath(schema, name) };
  const text = (description: string | null | undefined): string =>
    description ? renderDescription(description, site) : '';
  const reference = (type: GraphQLType): string => {
    if (isNonNullType(type)) return `${reference(type.ofType)}!`;
    if (isListType(type)) return `[${reference(type.ofType)}]`;
    return `<a href="${hrefOf(pathOfType(type.name))}">${type.name}</a>`;
  };
  const typed = (it: GraphQLArgument | GraphQLInputField): string => {
    const fallback = it.defaultValue === undefined ? null : astFromValue(it.defaultValue, it.type);
    return `${reference(it.type)}${fallback ? ` = ${escapeHtml(print(fallback))}` : ''}`;
  };
  const deprecation = (reason: string | null | undefined): string =>
    reason ? `<div class="deprecated"><strong>Deprecated.</strong> ${text(reason)}</div>` : '';
  const member = (
    name: string,
    signature: string,
    it: { description?: string | null | undefined; deprecationReason?: string | null | undefined },
    more = '',
  ) =>
    `<section class="member" id="${name}"><h3 class="signature"><a href="#${name}">${name}</a>${signature}</h3>${deprecation(it.deprecationReason)}${text(it.description)}${more}</section>`;

  function field(it: GraphQLField<unknown, unknown>): string {
    const list = it.args.map(
      (argument) =>
        `<li><code class="signature"><b>${argument.name}</b>: ${typed(argument)}</code>${text(argument.description)}</li>`,
    );
    const args = list.length ? `<ul class="arguments" aria-label="Arguments">${list.join('')}</ul>` : '';
    return member(it.name, `: ${reference(it.type)}`, it, args);
  }
  const inputField = (it: GraphQLInputField): string => member(it.name, `: ${typed(it)}`, it);
  return { text, field, inputField, member };
}

/** Returns the operations of one kind, grouped by the type that they return. */
function operationsPage(
  root: GraphQLObjectType,
  { path, title, kind }: { path: string; title: string; kind: string },
  render: Renderer,
): Page {
  const groups = new Map<string, GraphQLField<unknown, unknown>[]>();
  for (const field of Object.values(root.getFields())) {
    const returned = getNamedType(field.type);
    const subject = isObjectType(returned) ? returned.name.replace(/Connection$/, '') : 'Other';
    groups.set(subject, [...(groups.get(subject) ?? []), field]);
  }
  const sorted = [...groups].sort(([a], [b]) => (a === 'Other' ? 1 : b === 'Other' ? -1 : a < b ? -1 : 1));
  const headings: Heading[] = sorted.flatMap(([subject, fields]) => [
    { id: `group-${subject}`, text: subject, level: 2 as const },
    ...fields.map(({ name }) => ({ id: name, text: name, level: 3 as const })),
  ]);
  const sections = sorted.map(
    ([subject, fields]) =>
      `<h2 id="group-${subject}">${subject}</h2>\n${fields.map(render.field).join('\n')}`,
  );
  const body = `<h1>${title}</h1>\n${render.text(root.description)}${sections.join('\n')}`;
  const entries: SearchEntry[] = Object.values(root.getFields()).map(({ name, description, args }) => ({
    title: name,
    kind,
    path: `${path}#${name}`,
    text: description ?? '',
    names: args.map((argument) => argument.name).join(' '),
  }));
  return { path, title, body, headings, entries };
}

function typePage(type: GraphQLNamedType, kind: string, users: readonly string[], render: Renderer): Page {
  const members =
    isObjectType(type) || isInterfaceType(type)
      ? Object.values(type.getFields()).map(render.field)
      : isInputObjectType(type)
        ? Object.values(type.getFields()).map(render.inputField)
        : isEnumType(type)
          ? type.getValues().map((value) => render.member(value.name, '', value))
          : [];
  const path = pathOfType(type.name);
  const links = users.map((user) => {
    const [name = '', member] = user.split('.');
    return `<li><a href="${hrefOf(`${pathOfType(name)}#${member}`)}"><code>${user}</code></a></li>`;
  });
  const specified =
    isScalarType(type) && type.specifiedByURL
      ? `<p><a href="${escapeHtml(type.specifiedByURL)}">Specification</a></p>`
      : '';
  const usedBy = links.length ? `<h2 id="used-by">Used by</h2><ul class="users">${links.join('')}</ul>` : '';
  const label = isEnumType(type) ? 'Values' : 'Fields';
  const list = members.length ? `<h2 id="all-members">${label}</h2>${members.join('\n')}` : '';
  const body = `<p class="kind">${kind}</p><h1><code>${type.name}</code></h1>\n${render.text(type.description)}${specified}${list}${usedBy}`;
  const names = membersOf(type);
  const headings: Heading[] = [
    ...(names.length ? [{ id: 'all-members', text: label, level: 2 as const }] : []),
    ...names.map((name) => ({ id: name, text: name, level: 3 as const })),
    ...(links.length ? [{ id: 'used-by', text: 'Used by', level: 2 as const }] : []),
  ];
  const found = { title: type.name, kind, path, text: type.description ?? '', names: names.join(' ') };
  const entries = isPaging(type.name) ? [] : [found];
  return { path, title: type.name, body, headings, entries };
}

/** Returns for each type the fields that return it, and the fields and operations that take it. */
function usersOf(types: readonly GraphQLNamedType[]): Map<string, string[]> {
  const users = new Map<string, Set<string>>();
  const use = (type: GraphQLType, user: string) => {
    const { name } = getNamedType(type);
    users.set(name, (users.get(name) ?? new Set()).add(user));
  };
  for (const type of types) {
    if (!isObjectType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const user = `${type.name}.${field.name}`;
      use(field.type, user);
      if ('args' in field) for (const argument of field.args) use(argument.type, user);
    }
  }
  const builtIn = new Set(
    types.filter((type) => isScalarType(type) && isSpecifiedScalarType(type)).map(({ name }) => name),
  );
  return new Map(
    [...users]
      .filter(([name]) => !builtIn.has(name))
      .map(([name, list]) => [name, [...list].sort((a, b) => (a < b ? -1 : 1))]),
  );
}

function overviewPage(types: readonly GraphQLNamedType[], render: Renderer): Page {
  const count = (is: (type: GraphQLNamedType) => boolean) => types.filter(is).length;
  const operations = ROOTS.map(({ type, path, title }) => {
    const root = types.find(({ name }) => name === type);
    const size = isObjectType(root) ? Object.keys(root.getFields()).length : 0;
    return `<li><a href="${hrefOf(path)}">${title}</a> <span class="count">${size}</span></li>`;
  });
  const kinds = KINDS.map(
    ({ title, path, is }) =>
      `<li><a href="${hrefOf(path)}">${title}</a> <span class="count">${count((type) => is(type) && !rootOf(type.name) && !isPaging(type.name))}</span></li>`,
  );
  const body = `<h1>GraphQL schema</h1>
<p>All operations are sent to <code>/graphql</code>. Each type, field, argument and enum value has a description here.</p>
${render.text('A type that ends in `!` is never null, and `[Type]` is a list. A `…Connection` is a page of a list: its `edges` hold the rows as `node`, and its `pageInfo` says where the page lies.')}
<h2 id="operations">Operations</h2><ul class="overview">${operations.join('')}</ul>
<h2 id="types">Types</h2><ul class="overview">${kinds.join('')}</ul>`;
  return {
    path: 'schema/index.html',
    title: 'GraphQL schema',
    body,
    headings: [],
    entries: [{ title: 'GraphQL schema', kind: 'Reference', path: 'schema/index.html', text: '' }],
  };
}

/** Returns the links of the sidebar to the schema. */
export const SCHEMA_LINKS = [
  { path: 'schema/index.html', title: 'Overview' },
  ...[...ROOTS, ...KINDS].map(({ path, title }) => ({ path, title })),
];
