/** What an error says, as the end of a clause: without its full stop. */
export function clause(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/[.\s]+$/, '');
}
