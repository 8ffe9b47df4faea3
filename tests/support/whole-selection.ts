import {
  type GraphQLOutputType,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

/** A selection of all that can be read below a type without arguments, `depth` levels of objects down, no type within itself. The
 *  rows of a page are selected once, by its edges. */
export function wholeSelection(
  type: GraphQLOutputType,
  depth: number,
  above: readonly string[] = [],
): string {
  const named = getNamedType(type);
  if (isInterfaceType(named)) return ' { __typename id }';
  if (isLeafType(named) || !isObjectType(named)) return '';
  const inside = [...above, named.name];
  const fields = Object.values(named.getFields()).flatMap((field) => {
    if (field.args.some(isRequiredArgument)) return [];
    if (field.name === 'nodes' && named.getFields()['edges']) return [];
    const below = getNamedType(field.type);
    if (isLeafType(below)) return [field.name];
    if (depth <= 1 || inside.includes(below.name)) return [];
    const selection = wholeSelection(field.type, depth - 1, inside);
    return selection ? [`${field.name}${selection}`] : [];
  });
  return fields.length ? ` { ${fields.join(' ')} }` : '';
}
