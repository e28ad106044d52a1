// Sorting and filtering of rows, apart from any drawing.

export type Order = 'ascending' | 'descending';
export type SortValue = string | number | null | undefined;

// A new array. What was not measured is last in either order; equal rows keep their order.
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => SortValue, order: Order): Row[] {
  const sign = order === 'ascending' ? 1 : -1;
  return rows
    .map((row, place) => ({ row, place, value: value(row) }))
    .sort((a, b) => {
      if (a.value == null || b.value == null) {
        if (a.value == null && b.value == null) return a.place - b.place;
        return a.value == null ? 1 : -1;
      }
      return sign * compare(a.value, b.value) || a.place - b.place;
    })
    .map(({ row }) => row);
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

// Rows whose text holds every word of the filter, in any case.
export function filtered<Row>(rows: readonly Row[], filter: string, text: (row: Row) => string): Row[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [...rows];
  return rows.filter((row) => {
    const held = text(row).toLowerCase();
    return wanted.every((word) => held.includes(word));
  });
}
