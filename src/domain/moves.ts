export interface Move<Status extends string> {
  readonly from: Status;
  readonly to: Status;
}

/** Returns all changes of status that a table of actions allows, without duplicates. */
export function movesOf<Status extends string>(
  actions: Readonly<Record<string, { readonly from: readonly Status[]; readonly to: Status }>>,
): Move<Status>[] {
  const moves = Object.values(actions).flatMap(({ from, to }) =>
    from.map((status) => ({ from: status, to })),
  );
  const seen = new Set<string>();
  return moves.filter(({ from, to }) => {
    const name = `${from} ${to}`;
    if (from === to || seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}
