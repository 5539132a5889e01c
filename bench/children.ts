import { spawnSync } from 'node:child_process';

/** Rows that a child process prints as JSON lines; a note instead when it fails. */
export function childRows<Row>(
  command: string,
  args: readonly string[],
  notes: string[],
  env: NodeJS.ProcessEnv = process.env,
): Row[] {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 24, env });
  if (status !== 0) {
    // The end of what it says, without the line of minified source that Node shows first.
    const said = stderr.split('\n').filter((line) => line !== '' && line.length < 500);
    notes.push([`not measured (exit ${status}): ${command} ${args.join(' ')}`, ...said.slice(-8)].join('\n'));
    return [];
  }
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Row] : []));
}

/** Rows of one of our own programs, run like this process. */
export function ownRows<Row>(file: string, args: readonly string[], notes: string[]): Row[] {
  return childRows(process.execPath, [...process.execArgv, file, ...args], notes);
}
