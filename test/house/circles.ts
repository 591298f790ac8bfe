/** Groups of nodes of which each reaches every other one along the arrows, by Tarjan's algorithm; each group sorted. */
export function circles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];

  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    for (const target of graph.get(node) ?? []) {
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) low.set(node, Math.min(low.get(node) ?? 0, low.get(target) ?? 0));
    }
    if (low.get(node) !== index.get(node)) return;
    const group = stack.splice(stack.indexOf(node)).sort();
    if (group.length > 1 || graph.get(node)?.includes(node) === true) found.push(group);
  };

  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}
